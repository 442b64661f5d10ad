"""What every constraint is: a yes/no demand on a response, with partial credit beside it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from pydantic import BaseModel, ConfigDict

_SHOWN = 60

Places: TypeAlias = tuple[tuple[int, int], ...]
"""Stretches of a text in order: the first character of each, and one past its last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """What one constraint says of one response."""

    passed: bool
    score: float
    """Partial credit, 0–1; a near miss is close to 1."""
    found: str = ""
    """A short reason for people, such as `23 words`."""


class Constraint(BaseModel):
    """A yes/no demand on a response."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    key: ClassVar[str]
    """Its name in a suite."""
    short: ClassVar[str | None] = None
    """The field that a bare value fills, as in `- words: 19`; None when there is no such form."""
    takes_mapping: ClassVar[bool] = False
    """Whether a mapping is the value of `short` instead of the constraint's fields."""
    about: ClassVar[str]
    """One line for people."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Take the description from the docstring, so that it is written once."""
        cls.about = (cls.__doc__ or "").partition("\n")[0]

    @abstractmethod
    def check(self, text: str) -> Check:
        """Judge a response, or what was extracted from it."""

    def places(self, text: str) -> Places:
        """Where a response breaks it, for eyes only; none where nothing can be pointed at, as what is lacking.

        Args:
            text: As for `check`, which it fails.
        """
        return ()

    def wishes(self) -> tuple[str, ...]:
        """What a user who wanted the opposite would ask for, each as it follows "please"; none if nothing sensible."""
        return ()


def places_of(parts: Iterable[str], text: str) -> Iterator[tuple[int, int]]:
    """Where parts of a text stand that occur in it in this order."""
    end = 0
    for part in parts:
        start = text.find(part, end)
        if start >= 0:
            end = start + len(part)
            yield start, end


def quoted(text: str) -> str:
    r"""Text as a reason shows it: on one line, in quotes, at most 60 characters.

    >>> quoted("two\nlines")
    '"two lines"'
    """
    # Only the beginning is shown, so only the beginning is tidied: responses can be long.
    line = " ".join(text[: 4 * _SHOWN].split())
    return f'"{line[:_SHOWN]}…"' if len(line) > _SHOWN or len(text) > 4 * _SHOWN else f'"{line}"'
