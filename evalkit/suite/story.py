"""What a word problem is told with: settings, the states that a story can be in, the steps between them.

A story follows one whole number. Its state says what the number counts (rolls, then bags, then euros); a step says
what happens to it, in a sentence, and perhaps leads to another state. Texts name what is filled in by braces:

- `{n}` and `{m}`, the step's numbers, always at least 2, so that plurals are right;
- `{name}`, `{She}` (name or pronoun, as a subject), `{she}`, `{her}`, and `{friend}`, who has the other pronoun;
- `{this}` and `{last}`, in comparisons: what a statement is about, and what the one before it was about;
- the setting's own nouns, such as `{items}`.

They begin with a small letter; whoever puts them together makes it a capital where a sentence begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Does: TypeAlias = Literal["add", "add each", "take", "take each", "multiply", "divide"]
"""What a step does to the number: `each` adds or takes `m` times `n`. Division leaves no remainder."""

Aside: TypeAlias = tuple[str, int, int]
"""A fact with a number `n`, and the range of that number; in comparisons, about `{any}` of the things."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens."""

    does: Does
    text: str
    low: int
    """Least value of `n`."""
    high: int
    """Greatest value of `n`; where it is the least as well, the text may say it in a word (`half`)."""
    to: str = ""
    """The state that it leads to; empty when it stays."""

    @property
    def cost(self) -> int:
        """How many calculations it takes."""
        return 2 if self.does in ("add each", "take each") else 1


@dataclass(frozen=True, slots=True)
class State:
    """What the number counts, and what can happen to it."""

    questions: tuple[str, ...]
    most: int
    """Greatest value that makes sense."""
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """A small world that stories are told in."""

    name: str
    state: str
    """The state that stories start in."""
    openings: tuple[str, ...]
    """With one number, `n`."""
    products: tuple[str, ...]
    """Openings with `m` times `n`."""
    low: int
    """Least number that a story starts with."""
    high: int
    states: Mapping[str, State]
    nouns: tuple[Mapping[str, str], ...]
    """One of these is drawn for a story."""
    asides: tuple[Aside, ...]
    """Facts that no question needs."""
    units: frozenset[str] = frozenset()
    """Units that the story's numbers have; facts from elsewhere must have others."""
    compared: tuple[str, ...] = ()
    """In settings where each statement compares a thing with the one before: the things."""
    each: tuple[int, int] = (2, 9)
    """Range of `m`."""
    part: tuple[int, int] = (2, 1000)
    """Range of `n` in openings with `m` times `n`, within `low` and `high` for the product."""


def add(text: str, low: int, high: int, to: str = "") -> Step:
    """`n` more."""
    return Step("add", text, low, high, to)


def add_each(text: str, low: int, high: int) -> Step:
    """`m` times `n` more."""
    return Step("add each", text, low, high)


def take(text: str, low: int, high: int, to: str = "") -> Step:
    """`n` less."""
    return Step("take", text, low, high, to)


def take_each(text: str, low: int, high: int) -> Step:
    """`m` times `n` less."""
    return Step("take each", text, low, high)


def multiply(text: str, low: int, high: int, to: str = "") -> Step:
    """`n` times as much."""
    return Step("multiply", text, low, high, to)


def double(text: str, to: str = "") -> Step:
    """Twice as much, said in words."""
    return Step("multiply", text, 2, 2, to)


def divide(text: str, low: int, high: int, to: str = "") -> Step:
    """An `n`-th of it, or so many groups of `n`."""
    return Step("divide", text, low, high, to)


def halve(text: str) -> Step:
    """Half of it, said in words."""
    return Step("divide", text, 2, 2)


def third(text: str) -> Step:
    """A third of it, said in words."""
    return Step("divide", text, 3, 3)
