"""What noise must leave alone: numbers, identifiers, quoted names, and the values that a suite protects.

Spans are half-open `(start, end)` offsets. All searches take time linear in the text: it is untrusted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from evalkit.perturb.source import scalars

Spans: TypeAlias = list[tuple[int, int]]

WHOLE_WORD_BELOW = 3
"""Protected values shorter than this count as whole words only: the label "a" must not freeze every word with an a."""

# Look-behinds come after the character that they are about: patterns that start with a plain character search faster.
_TELLTALE = re.compile(r"[\d@_/\\#]|[.:](?<=\w.)(?=\w)")
_WORD = re.compile(r"[^\W\d_]+")
_NUMBER_WORDS = frozenset({
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty",
    "fifty", "sixty", "seventy", "eighty", "ninety", "hundred", "thousand", "million", "billion", "dozen", "half",
})  # fmt: skip
# A name is short: a whole complaint between quotation marks is text like any other. An apostrophe inside a word
# neither opens nor closes.
_QUOTED = re.compile(
    r"\"[^\"\n]{1,60}\"|“[^”\n]{1,60}”|„[^“”\n]{1,60}[“”]|«[^»\n]{1,60}»"
    r"|'(?<!\w')(?:[^'\n]|(?<=\w)'(?=\w)){1,60}'(?!\w)|‘(?:[^’\n]|(?<=\w)’(?=\w)){1,60}’(?!\w)"
)


def identifiers(text: str) -> Spans:
    """Words that hold a digit, `@`, `_`, `#`, a slash, or an inner dot or colon: numbers, ids, addresses, paths.

    >>> [text[a:b] for text in ["Order A-1042 to jo@example.org."] for a, b in identifiers(text)]
    ['A-1042', 'jo@example.org.']
    """
    found: Spans = []
    end = 0
    for match in _TELLTALE.finditer(text):
        start = match.start()
        if start < end:
            continue
        while start > 0 and not text[start - 1].isspace():
            start -= 1
        end = match.end()
        while end < len(text) and not text[end].isspace():
            end += 1
        found.append((start, end))
    return found


def number_words(text: str) -> Spans:
    """Numbers written in English words."""
    return [match.span() for match in _WORD.finditer(text) if match.group().lower() in _NUMBER_WORDS]


def quoted(text: str, start: int, end: int) -> Spans:
    """Names in quotation marks, marks included, that open and close between two offsets."""
    return [(start + match.start(), start + match.end()) for match in _QUOTED.finditer(text[start:end])]


def occurrences(text: str, value: str, *, whole_word: bool) -> Iterator[tuple[int, int]]:
    """Every place where a value stands in a text.

    Args:
        text: Case-folded by `fold`.
        value: Likewise; not empty.
        whole_word: Leave out places inside longer words.
    """
    start = text.find(value)
    while start >= 0:
        end = start + len(value)
        inside = text[max(start - 1, 0) : start].isalnum() or text[end : end + 1].isalnum()
        if not (whole_word and inside):
            yield start, end
        start = text.find(value, start + 1)


def fold(text: str) -> str:
    """Lower case, one character for one, so that offsets stay true."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)


def protected_values(protect: Iterable[str], fields: Mapping[str, Any]) -> list[str]:
    """The texts that a suite protects in one item, folded, without repeats; see `Source.protect`."""
    values = [value for name in protect for value in (scalars(fields[name]) if name in fields else [name])]
    return list(dict.fromkeys(fold(str(value)) for value in values if str(value).strip()))


def protected(text: str, values: Sequence[str]) -> Spans:
    """Spans of a whole message that noise leaves alone; `quoted` comes on top, span by span.

    Args:
        text: The message as it would be sent.
        values: As `protected_values` gives them.
    """
    folded = fold(text)
    found = identifiers(text) + number_words(text)
    for value in values:
        found += occurrences(folded, value, whole_word=len(value) < WHOLE_WORD_BELOW)
    return found
