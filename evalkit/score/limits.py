from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar, Self

from pydantic import model_validator

from evalkit.plain import counted
from evalkit.score.constraint import Check, Constraint, Places, places_of
from evalkit.score.sentences import sentences
from evalkit.score.values import Count

_RUN = re.compile(r"\S+")


class Limits(Constraint):
    """A length within limits."""

    short: ClassVar[str | None] = "max"
    unit: ClassVar[str]
    generous: ClassVar[int]
    """What a user who wants more asks for is a multiple of this."""
    min: Count | None = None
    """The least that passes."""
    max: Count | None = None
    """The most that passes."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("found no limit, expected min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"found min {self.min} above max {self.max}")
        return self

    @abstractmethod
    def count(self, text: str) -> int:
        """How long a text is, in units of the constraint."""

    @abstractmethod
    def units(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the units of a text stand, in order."""

    def places(self, text: str) -> Places:
        """From the first unit too many to the end."""
        if self.max is None:
            return ()
        return tuple((start, len(text)) for start, _ in islice(self.units(text), self.max, self.max + 1))

    def check(self, text: str) -> Check:
        """Pass within the limits; outside, the score is the ratio of the nearer limit and the length."""
        n = self.count(text)
        score = 1.0
        if self.max is not None and n > self.max:
            score = self.max / n
        elif self.min is not None and n < self.min:
            score = n / self.min
        return Check(passed=score == 1.0, score=score, found=counted(n, self.unit))

    def wishes(self) -> tuple[str, ...]:
        """Three times what is allowed, or a third of what is demanded."""
        if self.max is not None:
            wanted = counted(-(-3 * self.max // self.generous) * self.generous, self.unit)
            return f"write at least {wanted}", f"take your time and use no fewer than {wanted}"
        if self.min is not None and self.min > 1:
            allowed = counted(max(1, self.min // 3), self.unit)
            return f"use at most {allowed}", f"keep it down to {allowed}"
        return ()


class Words(Limits):
    """The number of words, separated by white space, is within limits."""

    key: ClassVar[str] = "words"
    unit: ClassVar[str] = "word"
    generous: ClassVar[int] = 10

    def count(self, text: str) -> int:
        """Words; a dash or a bullet that stands alone is none."""
        return sum(1 for word in text.split() if word[0].isalnum() or any(map(str.isalnum, word)))

    def units(self, text: str) -> Iterator[tuple[int, int]]:
        """Likewise."""
        return (found.span() for found in _RUN.finditer(text) if any(map(str.isalnum, found.group())))


class Characters(Limits):
    """The number of characters, white space included, is within limits."""

    key: ClassVar[str] = "characters"
    unit: ClassVar[str] = "character"
    generous: ClassVar[int] = 100

    def count(self, text: str) -> int:
        """Unicode code points."""
        return len(text)

    def units(self, text: str) -> Iterator[tuple[int, int]]:
        """Likewise."""
        return ((start, start + 1) for start in range(len(text)))


class Lines(Limits):
    """The number of lines that are not blank is within limits."""

    key: ClassVar[str] = "lines"
    unit: ClassVar[str] = "line"
    generous: ClassVar[int] = 5

    def count(self, text: str) -> int:
        """Lines that hold anything but white space."""
        return sum(1 for line in text.splitlines() if not line.isspace() and line)

    def units(self, text: str) -> Iterator[tuple[int, int]]:
        """Likewise."""
        return places_of((line for line in text.splitlines() if line.strip()), text)


class Sentences(Limits):
    """The number of sentences is within limits."""

    key: ClassVar[str] = "sentences"
    unit: ClassVar[str] = "sentence"
    generous: ClassVar[int] = 2

    def count(self, text: str) -> int:
        """Sentences by their marks; paragraphs and elements of a list end one too."""
        return len(sentences(text))

    def units(self, text: str) -> Iterator[tuple[int, int]]:
        """Likewise."""
        return places_of(sentences(text), text)


class OneLine(Constraint):
    """The response is one line."""

    key: ClassVar[str] = "one_line"

    def check(self, text: str) -> Check:
        """Pass without a line break; else the score is one over the number of lines."""
        n = max(1, len(text.splitlines()))
        return Check(passed=n == 1, score=1 / n, found=counted(n, "line"))

    def places(self, text: str) -> Places:
        """From the second line to the end."""
        first = len(text.splitlines(keepends=True)[0])
        return ((first, len(text)),)

    def wishes(self) -> tuple[str, ...]:
        """Several lines."""
        return "spread your answer over at least three lines", "put every thought on a line of its own, three at least"
