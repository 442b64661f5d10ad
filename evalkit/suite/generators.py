"""Functions that make items: endless supplies with known answers.

A generator draws one item at random from a population that its arguments describe, and says how many different items
that population has. Drawing is with replacement, so the population is known and never runs out.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from evalkit.errors import did_you_mean


class GeneratorError(ValueError):
    """A generator was asked for something that it cannot make."""


class Generator(Protocol):
    """What a suite's `{generate: NAME, …}` names."""

    axis: str
    """The argument that makes items harder, and the field of the items that tells their level."""

    def levels(self) -> list[int]:
        """The values of the axis, from easy to hard."""
        ...

    def size(self, level: int) -> int | None:
        """How many different items there are at a level; None when they cannot be enumerated."""
        ...

    def draw(self, rng: random.Random, level: int) -> dict[str, Any]:
        """The fields of one item, `id` included."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Arithmetic:
    """Two whole numbers of the same number of digits, and what an operation makes of them.

    Numbers of one digit are 0 to 9; longer ones never start with 0. In a subtraction the larger number comes first.
    """

    symbol: str
    operation: Callable[[int, int], int]
    digits: tuple[int, ...]
    larger_first: bool = False
    axis: str = "digits"

    def levels(self) -> list[int]:
        """Numbers of digits, from few to many."""
        return list(self.digits)

    def size(self, level: int) -> int:
        """Pairs of numbers; for subtraction, unordered ones."""
        numbers = 10 if level == 1 else 9 * 10 ** (level - 1)
        return numbers * (numbers + 1) // 2 if self.larger_first else numbers**2

    def draw(self, rng: random.Random, level: int) -> dict[str, Any]:
        """Fields `a`, `b`, `answer`, and `digits`."""
        low = 0 if level == 1 else 10 ** (level - 1)
        a, b = rng.randrange(low, 10**level), rng.randrange(low, 10**level)
        if self.larger_first:
            a, b = max(a, b), min(a, b)
        return {"id": f"{a}{self.symbol}{b}", "a": a, "b": b, "answer": self.operation(a, b), self.axis: level}


def _arithmetic(symbol: str, operation: Callable[[int, int], int], *, larger_first: bool = False) -> Any:
    def make(arguments: Mapping[str, Any]) -> Arithmetic:
        unknown = set(arguments) - {"digits"}
        if unknown:
            raise GeneratorError(f'unknown argument "{min(unknown)}". {did_you_mean(min(unknown), ["digits"])}')
        digits = arguments.get("digits", [1, 2, 3])
        digits = [digits] if isinstance(digits, int) else digits
        if (
            not isinstance(digits, list)
            or not digits
            or not all(type(number) is int and 1 <= number <= 100 for number in digits)
            or sorted(set(digits)) != digits
        ):
            raise GeneratorError(f"digits: found {digits!r}, expected numbers from 1 to 100, each once, ascending")
        return Arithmetic(symbol=symbol, operation=operation, digits=tuple(digits), larger_first=larger_first)

    return make


GENERATORS: dict[str, Callable[[Mapping[str, Any]], Generator]] = {
    "addition": _arithmetic("+", operator.add),
    "subtraction": _arithmetic("-", operator.sub, larger_first=True),
    "multiplication": _arithmetic("*", operator.mul),
}
"""Each makes a generator from a suite's arguments, or raises GeneratorError."""


def generator(name: str, arguments: Mapping[str, Any]) -> Generator:
    """The generator that a suite names.

    Raises:
        GeneratorError: If there is none of that name, or its arguments are wrong.
    """
    if name not in GENERATORS:
        raise GeneratorError(f'no generator "{name}". {did_you_mean(name, GENERATORS)}')
    return GENERATORS[name](arguments)
