"""Slips of the hand, drawn one after the other.

A draw of n slips is the start of every longer draw from the same random source, because each slip depends on those
before it alone: that is what makes the levels of `noise` nested. Every slip is anchored at one character (a
transposition takes its right neighbour along), and no character is touched twice.
"""

from __future__ import annotations

import random
import re
from bisect import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, TypeAlias

from evalkit.perturb.keyboard import NEIGHBOURS
from evalkit.perturb.letters import VOWELS, sounding_like
from evalkit.score.normal import without_accents

Kind: TypeAlias = Literal[
    "deletion",
    "insertion",
    "doubling",
    "transposition",
    "neighbour",
    "substitution",
    "case",
    "punctuation",
    "spacing",
    "accent",
]

_CORPORA: tuple[Mapping[Kind, float], ...] = (
    {
        "deletion": 15.6,
        "insertion": 10.6,
        "doubling": 3.6,
        "transposition": 28.9,
        "neighbour": 3.5,
        "substitution": 15.5,
    },
    {
        "deletion": 27.6,
        "insertion": 15.7,
        "doubling": 7.3,
        "transposition": 15.3,
        "neighbour": 5.0,
        "substitution": 11.2,
    },
)
"""Per cent of real misspellings that are one edit away from the word, in two corpora; the others are further away.

Source:
    client9/misspell (MIT), words.go at c0b55c82, 28,047 words; and a second corpus. Both classified by restricted
    Damerau–Levenshtein distance.
"""

_OTHERS: Mapping[Kind, float] = {"case": 3.0, "punctuation": 4.0, "spacing": 5.0, "accent": 3.0}
"""Per cent of all slips. Lists of misspelt words cannot show these; the figures are our choice: present, and rare."""

FIRST_LETTER = 0.017
"""Share of the misspellings that change a word's first letter, in the second corpus."""


def _shares() -> dict[Kind, float]:
    """The mean of both corpora, each counted alike, and what neither shows."""
    others = {kind: share / 100 for kind, share in _OTHERS.items()}
    letters = 1 - sum(others.values())
    totals = [sum(corpus.values()) for corpus in _CORPORA]
    means = {
        kind: sum(corpus[kind] / total for corpus, total in zip(_CORPORA, totals, strict=True)) / len(_CORPORA)
        for kind in _CORPORA[0]
    }
    return {**{kind: share * letters for kind, share in means.items()}, **others}


SHARES: Mapping[Kind, float] = _shares()
"""Kind of slip → its share of all slips; they sum to 1.

A text without accents has no slip of that kind, and the others take its share. The shares hold while every third
character is touched; at every second one, pairs of untouched letters run short and transpositions become rarer.
"""

_SLIPPED, _REPEATED = 0.43, 0.30
"""Shares of inserted letters whose key touches one beside the place, and that stand within three places of it already.

The rest are vowels. Measured on 2,964 real insertions that double no letter, those of no such kind (14 per cent) left
out: 37, 26 and 23 per cent. Source as above.
"""

_OTHER_MARKS = {",": ".", ".": ",", ";": ":", ":": ";", "!": "!!", "?": "??", "'": "", "’": ""}
_WORD = re.compile(r"[^\W\d_]+")
_GAP = re.compile(r" (?<=[^\W\d_] )(?=[^\W\d_])")
# Only marks with a letter before and white space, the end or (apostrophes) a letter behind: taking any of these away
# joins no two words into something that looks like an identifier.
_MARK = re.compile(r"[,.;:!?'’](?<=[^\W\d_].)(?:(?<=[,.;:!?])(?!\S)|(?<=['’])(?=[^\W\d_]))")
_TRIES = 8
_MOST_PROBES = 1000
"""Places that are tried for one slip; with more, a long text of one letter would take quadratic time."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One slip: the characters from `start` to `end` become `new`."""

    kind: Kind
    start: int
    end: int
    new: str


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Carry out slips that do not overlap."""
    parts: list[str] = []
    end = 0
    for edit in sorted(edits, key=lambda edit: edit.start):
        parts += [text[end : edit.start], edit.new]
        end = edit.end
    return "".join([*parts, text[end:]])


class Slips:
    """The slips that one hand makes on one text.

    Args:
        text: What was meant.
        touchable: One byte a character; 0 where no slip may happen.
        rng: Only its `random` is used, the one method whose sequence Python promises to keep.
    """

    def __init__(self, text: str, touchable: bytearray, rng: random.Random) -> None:
        self._text = text
        self._rng = rng
        self._first: list[int] = []
        self._inner: list[int] = []
        for match in _WORD.finditer(text):
            self._survey(match.start(), match.end(), touchable)
        # Both neighbours must be touchable too: a protected value keeps its own spaces and marks.
        self._gaps = [at for at in _starts(_GAP, text) if touchable[at] and touchable[at - 1] and touchable[at + 1]]
        self._marks = [at for at in _starts(_MARK, text) if touchable[at] and touchable[at - 1]]
        self._touchable = touchable
        self._edits: dict[int, Edit] = {}
        self.n_eligible = len(self._first) + len(self._inner) + len(self._gaps) + len(self._marks)
        self._makers: dict[Kind, Callable[[int], str | None]] = {
            "deletion": self._delete,
            "insertion": self._insert,
            "doubling": lambda at: text[at] * 2,
            "transposition": self._transpose,
            "neighbour": self._hit_neighbour,
            "substitution": self._substitute,
            "case": self._change_case,
            "punctuation": self._punctuate,
            "spacing": self._space,
            "accent": self._drop_accent,
        }

    def draw(self, n_edits: int) -> list[Edit]:
        """The first slips, in the order in which they were drawn.

        Args:
            n_edits: How many; fewer come back when no slip of any kind is possible any more.
        """
        edits: list[Edit] = []
        kinds = list(SHARES)
        bounds = list(accumulate(SHARES.values()))
        while kinds and len(edits) < n_edits:
            kind = kinds[bisect(bounds, self._rng.random() * bounds[-1], hi=len(bounds) - 1)]
            edit = self._place(kind)
            if edit is None:
                kinds.remove(kind)
                bounds = list(accumulate(SHARES[kind] for kind in kinds))
            else:
                edits.append(edit)
        return edits

    def _survey(self, start: int, end: int, touchable: bytearray) -> None:
        if touchable[start]:
            self._first.append(start)
        if touchable.find(0, start, end) < 0:
            self._inner.extend(range(start + 1, end))
        else:
            self._inner.extend(at for at in range(start + 1, end) if touchable[at])

    def _pools(self, kind: Kind) -> tuple[list[int], ...]:
        if kind == "punctuation":
            return (self._marks,)
        if kind in {"case", "accent"}:
            return self._first, self._inner
        if kind == "spacing":
            return (self._gaps, self._inner) if self._rng.random() < 0.75 else (self._inner,)
        return (self._first, self._inner) if self._rng.random() < FIRST_LETTER else (self._inner,)

    def _place(self, kind: Kind) -> Edit | None:
        make = self._makers[kind]
        for pool in self._pools(kind):
            offset = int(self._rng.random() * len(pool))
            for step in range(min(len(pool), _MOST_PROBES)):
                index = (offset + step) % len(pool)
                at = pool[index]
                new = None if at in self._edits else make(at)
                if new is not None:
                    # The last one takes the free place: neighbours in the list are then no neighbours in the text.
                    pool[index] = pool[-1]
                    pool.pop()
                    return self._note(kind, at, new)
        return None

    def _note(self, kind: Kind, at: int, new: str) -> Edit:
        edit = Edit(kind, at, at + (2 if kind == "transposition" else 1), new)
        for touched in range(edit.start, edit.end):
            self._edits[touched] = edit
        return edit

    def _deleted(self, at: int) -> bool:
        edit = self._edits.get(at)
        return edit is not None and edit.new == ""

    def _delete(self, at: int) -> str | None:
        # No two neighbours go, so that no word vanishes whole.
        if self._deleted(at - 1) or self._deleted(at + 1):
            return None
        has_neighbour = self._text[max(at - 1, 0) : at].isalpha() or self._text[at + 1 : at + 2].isalpha()
        return "" if has_neighbour else None

    def _insert(self, at: int) -> str | None:
        beside = self._text[max(at - 1, 0) : at + 1]
        letter = self._letter_to_insert(at, beside.lower())
        # In capitals all through, a slip is a capital too.
        return None if letter is None else _like(beside, letter) + self._text[at]

    def _letter_to_insert(self, at: int, beside: str) -> str | None:
        slipped = "".join(NEIGHBOURS.get(letter, "") for letter in beside)
        if not slipped:
            return self._letter_unlike(beside)
        draw = self._rng.random()
        if draw < _SLIPPED:
            wanted = slipped
        elif draw < _SLIPPED + _REPEATED:
            wanted = self._text[max(at - 3, 0) : at + 3].lower()
        else:
            wanted = VOWELS
        choices = [letter for letter in wanted if letter.isalpha() and letter not in beside]
        return self._one_of(choices or [letter for letter in slipped if letter not in beside])

    def _transpose(self, at: int) -> str | None:
        pair = self._text[at : at + 2]
        if not pair.isalpha() or not all(self._touchable[at + 1 : at + 2]) or at + 1 in self._edits:
            return None
        if pair[0].lower() == pair[-1].lower():
            return None
        return _like(pair[0], pair[1]) + _like(pair[1], pair[0])

    def _hit_neighbour(self, at: int) -> str | None:
        near = NEIGHBOURS.get(self._text[at].lower())
        return None if near is None else _like(self._text[at], self._one_of(near))

    def _substitute(self, at: int) -> str | None:
        letter = self._text[at]
        alike = sounding_like(letter.lower(), self._text[at + 1 : at + 2].lower())
        if alike:
            return _like(letter, self._one_of(alike))
        # A Latin letter without one that sounds like it is not mistaken at all; of other scripts we know nothing.
        return None if letter.isascii() else self._letter_unlike(letter, like=letter)

    def _change_case(self, at: int) -> str | None:
        swapped = self._text[at].swapcase()
        return swapped if len(swapped) == 1 and swapped != self._text[at] else None

    def _drop_accent(self, at: int) -> str | None:
        plain = without_accents(self._text[at])
        # Marks of other scripts are vowels and consonants, not accents.
        return plain if len(plain) == 1 and plain.isascii() and plain != self._text[at] else None

    def _punctuate(self, at: int) -> str:
        return "" if self._rng.random() < 0.5 else _OTHER_MARKS[self._text[at]]

    def _space(self, at: int) -> str | None:
        char = self._text[at]
        if char == " ":
            return "" if self._rng.random() < 2 / 3 else "  "
        return " " + char if self._touchable[at - 1] and not self._deleted(at - 1) else None

    def _one_of(self, letters: Sequence[str]) -> str:
        return letters[int(self._rng.random() * len(letters))]

    def _letter_unlike(self, others: str, like: str = "") -> str | None:
        # For scripts whose keys and sounds we do not know: letters of the text itself are at least of its script.
        unlike = others.lower()
        n_first = len(self._first)
        for _ in range(_TRIES):
            index = int(self._rng.random() * (n_first + len(self._inner)))
            at = self._first[index] if index < n_first else self._inner[index - n_first]
            letter = _like(like, self._text[at].lower())
            if len(letter) == 1 and letter.lower() not in unlike:
                return letter
        return None


def _like(model: str, letter: str) -> str:
    """The letter in the model's case, where it has one of a single character."""
    changed = letter.upper() if model.isupper() else letter.lower() if model.islower() else letter
    return changed if len(changed) == 1 else letter


def _starts(pattern: re.Pattern[str], text: str) -> list[int]:
    return [match.start() for match in pattern.finditer(text)]
