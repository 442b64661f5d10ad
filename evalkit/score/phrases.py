"""Find words and phrases in a text, whatever their case and simple English inflection.

A word of letters is met by its inflected forms in both directions: `refund` by `refunds`, `refunded`, `refunding`, and
`refunds` by `refund`. Irregular forms (`paid`) are alternatives that an author has to name. A phrase with anything but
letters, hyphens and apostrophes (`A-1042`, `3.5 %`, `C++`) is an identifier: it must stand there as it is, and not
inside a longer one. Hyphens and white space between words are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from evalkit.score.normal import unified

_WORD = re.compile(r"[^\W_]+")
# The same before it is folded: accents may be characters of their own.
_WRITTEN_WORD = re.compile(r"(?:[^\W_][\u0300-\u036f]*)+")
_JOINERS = frozenset("-.,/'’")
_VOWELS = frozenset("aeiouy")
_HISSING = ("s", "x", "z", "ch", "sh")
_SHORTEST_STEM = 3
# Their stems are words of another meaning.
_UNINFLECTED = frozenset({"news", "goods", "customs", "means", "evening", "wedding", "during"})


class Wording:
    """A text prepared for looking up phrases."""

    __slots__ = ("flat", "known", "words")

    def __init__(self, text: str) -> None:
        folded = unified(text).casefold()
        self.words: list[str] = _WORD.findall(folded)
        """Folded to lower case; hyphens and apostrophes separate."""
        self.known: frozenset[str] = frozenset(self.words)
        """Each word once."""
        self.flat: str = " ".join(folded.split())
        """Folded, with single spaces."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrase:
    """One or more words to look for."""

    words: tuple[frozenset[str], ...]
    """The forms of each word; empty for an identifier."""
    flat: str
    """The identifier, folded."""

    def is_in(self, wording: Wording) -> bool:
        """Whether the text mentions it."""
        if not self.words:
            return _stands_in(self.flat, wording.flat)
        # Most phrases fail at a word that the text does not have at all.
        if any(forms.isdisjoint(wording.known) for forms in self.words):
            return False
        if len(self.words) == 1:
            return True
        last = len(wording.words) - len(self.words) + 1
        return any(
            all(wording.words[start + offset] in forms for offset, forms in enumerate(self.words))
            for start in range(last)
            if wording.words[start] in self.words[0]
        )

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where a text mentions it."""
        if not self.words:
            yield from _places_of_name(self.flat, text)
            return
        words = list(written_words(text))
        for start in range(len(words) - len(self.words) + 1):
            if all(words[start + offset][0] in forms for offset, forms in enumerate(self.words)):
                yield words[start][1], words[start + len(self.words) - 1][2]


def written_words(text: str) -> Iterator[tuple[str, int, int]]:
    """The words of a text as `Wording` has them, with where each begins and ends."""
    for found in _WRITTEN_WORD.finditer(text):
        yield unified(found.group()).casefold(), *found.span()


@lru_cache(maxsize=8192)
def phrase(text: str) -> Phrase:
    """Prepare a phrase; cached, since items and conditions ask for the same ones again."""
    flat = " ".join(unified(text).casefold().split())
    plain = all(char.isspace() or char in "-'’" or (char.isalpha() and _is_spaced(char)) for char in flat)
    words = _WORD.findall(flat) if plain else []
    return Phrase(words=tuple(map(forms, words)), flat=flat)


@lru_cache(maxsize=8192)
def forms(word: str) -> frozenset[str]:
    """A word with its regular inflections, some of which may not exist.

    >>> sorted(forms("carries") & {"carry", "carried", "carrying"})
    ['carried', 'carry', 'carrying']
    """
    if len(word) < _SHORTEST_STEM or not word.isascii() or word in _UNINFLECTED:
        return frozenset({word})
    return frozenset({word, *(form for stem in _stems(word) for form in _inflections(stem))})


def _stems(word: str) -> Iterator[str]:
    yield word
    for stem in _cut(word):
        if len(stem) >= _SHORTEST_STEM and not _VOWELS.isdisjoint(stem):
            yield stem


def _cut(word: str) -> Iterator[str]:
    if word.endswith(("ies", "ied")):
        yield f"{word[:-3]}y"
        yield word[:-1]
    elif word.endswith("es") and word[:-2].endswith((*_HISSING, "o")):
        yield word[:-2]
        yield word[:-1]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        yield word[:-1]
    elif (word.endswith("ed") and not word.endswith("eed")) or word.endswith("ing"):
        stem = word[:-2] if word.endswith("ed") else word[:-3]
        if not _doubles(stem):
            yield stem
        yield f"{stem}e"
        if stem[-2:-1] == stem[-1:]:
            yield stem[:-1]


def _inflections(stem: str) -> Iterator[str]:
    yield stem
    after_consonant = stem[-2] not in _VOWELS
    if stem.endswith("y") and after_consonant:
        yield from (f"{stem[:-1]}ies", f"{stem[:-1]}ied", f"{stem}ing")
    elif stem.endswith("e"):
        yield from (f"{stem}s", f"{stem}d", f"{stem[:-1]}ing", f"{stem}ing")
    else:
        if not _doubles(stem):
            yield from (f"{stem}ed", f"{stem}ing")
        if stem.endswith((*_HISSING, "o")):
            yield f"{stem}es"
        if not stem.endswith(_HISSING):
            yield f"{stem}s"
        if stem[-1] not in _VOWELS and not after_consonant:
            yield from (f"{stem}{stem[-1]}ed", f"{stem}{stem[-1]}ing")


def _doubles(stem: str) -> bool:
    """Whether a stem is one short syllable, which doubles its last letter: `caring` is no form of `car`."""
    if len(stem) < _SHORTEST_STEM or stem[-1] in "wxy" or stem[-1] in _VOWELS or stem[-2] not in _VOWELS:
        return False
    return _VOWELS.isdisjoint(stem[:-2])


def _is_spaced(char: str) -> bool:
    """Whether a letter's script puts spaces between words (and particles apart); Thai to Khmer and East Asia do not."""
    return not ("\u0e00" <= char <= "\u109f" or "\u1780" <= char <= "\u17ff" or char >= "\u2e80")


def _stands_in(name: str, flat: str) -> bool:
    """Whether an identifier occurs, and not as a part of a longer one."""
    start = flat.find(name)
    while start >= 0:
        end = start + len(name)
        before = flat[max(0, start - 2) : start][::-1]
        if not (_goes_on(before, name[0]) or _goes_on(flat[end : end + 2], name[-1])):
            return True
        start = flat.find(name, start + 1)
    return False


def _places_of_name(name: str, text: str) -> Iterator[tuple[int, int]]:
    """Where an identifier stands in a text as it is written, in one case or another."""
    pattern = r"\s+".join(map(re.escape, name.split()))
    for found in re.finditer(pattern, text, re.IGNORECASE):
        before, after = text[max(0, found.start() - 2) : found.start()][::-1], text[found.end() : found.end() + 2]
        if not (_goes_on(before, name[0]) or _goes_on(after, name[-1])):
            yield found.span()


def _goes_on(beside: str, edge: str) -> bool:
    """Whether the two characters beside an edge continue it: `4` beside `2`, or `.5` beside `42`."""
    if not beside or not edge.isalnum() or not _is_spaced(edge):
        return False
    return beside[0].isalnum() or beside[0] == "_" or (beside[0] in _JOINERS and beside[1:].isdigit())
