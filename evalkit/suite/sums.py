"""Arithmetic on two whole numbers of the same number of digits.

How hard a sum is depends on its digits and on its carries, so an item tells both, and a suite may ask for items with
certain numbers of carries only. Those are drawn directly, without trying: digit by digit, with as many ways to go on
counted beforehand, so that each item with a wanted number of carries is as likely as another.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeAlias

from evalkit.suite.draws import GeneratorError, refuse_unknown, whole_numbers

Sign: TypeAlias = Literal["+", "-", "*"]

MAX_DIGITS = 100

_OPERATIONS: Mapping[Sign, Callable[[int, int], int]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}


@dataclass(frozen=True, kw_only=True, slots=True)
class Arithmetic:
    """Two whole numbers of the same number of digits, and what an operation makes of them.

    Numbers of one digit are 0 to 9; longer ones never start with 0. In a subtraction the larger number comes first.
    """

    sign: Sign
    digits: tuple[int, ...]
    carries: tuple[int, ...] | None = None
    """The numbers of carries, or borrows, that items may have; None for any."""
    axis: str = "digits"

    def levels(self) -> list[int]:
        """Numbers of digits, from few to many."""
        return list(self.digits)

    def size(self, level: int) -> int:
        """Pairs of numbers; for subtraction, those with the larger one first."""
        if self.carries is not None:
            return sum(_pairs(self.sign, level, 0, wanted, 0) for wanted in self.carries)
        numbers = 10 if level == 1 else 9 * 10 ** (level - 1)
        return numbers * (numbers + 1) // 2 if self.sign == "-" else numbers**2

    def draw(self, rng: random.Random, level: int) -> dict[str, Any]:
        """Fields `a`, `b`, `answer`, `digits` and, except for a product, `carries`."""
        a, b = self._any_pair(rng, level) if self.carries is None else self._chosen_pair(rng, level, self.carries)
        fields = {"id": f"{a}{self.sign}{b}", "a": a, "b": b, "answer": _OPERATIONS[self.sign](a, b), self.axis: level}
        return fields if self.sign == "*" else {**fields, "carries": count_carries(self.sign, a, b)}

    def _any_pair(self, rng: random.Random, level: int) -> tuple[int, int]:
        low = 0 if level == 1 else 10 ** (level - 1)
        a, b = rng.randrange(low, 10**level), rng.randrange(low, 10**level)
        return (max(a, b), min(a, b)) if self.sign == "-" else (a, b)

    def _chosen_pair(self, rng: random.Random, level: int, carries: tuple[int, ...]) -> tuple[int, int]:
        """One of the pairs that `size` counts, each as likely as another."""
        rank = rng.randrange(self.size(level))
        for wanted in carries:
            pairs = _pairs(self.sign, level, 0, wanted, 0)
            if rank < pairs:
                return _pair(self.sign, level, wanted, rank)
            rank -= pairs
        raise AssertionError("a rank below the size has its pair")


def count_carries(sign: Sign, a: int, b: int) -> int:
    """How often adding by hand carries a 1, or subtracting by hand borrows one.

    >>> count_carries("+", 958, 47), count_carries("-", 1000, 1)
    (3, 3)
    """
    carried, carry = 0, 0
    while a or b:
        a, first = divmod(a, 10)
        b, second = divmod(b, 10)
        carry = _carries(sign, first, second, carry)
        carried += carry
    return carried


def _carries(sign: Sign, first: int, second: int, carry: int) -> int:
    return int(first + second + carry > 9) if sign == "+" else int(first < second + carry)


@cache
def _steps(sign: Sign, leading: bool, carry: int) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    """The pairs of digits that carry nothing on to the next place, and those that do."""
    pairs = [(first, second) for first in range(leading, 10) for second in range(leading, 10)]
    quiet = tuple(pair for pair in pairs if not _carries(sign, *pair, carry))
    return quiet, tuple(pair for pair in pairs if _carries(sign, *pair, carry))


@cache
def _pairs(sign: Sign, digits: int, place: int, wanted: int, carry: int) -> int:
    """In how many ways the digits from a place on, units first, can be chosen to carry so often."""
    if place == digits:
        # A subtraction that still borrows has the smaller number first.
        return int(wanted == 0 and not (sign == "-" and carry))
    if not 0 <= wanted <= digits - place:
        return 0
    quiet, loud = _steps(sign, 1 < digits == place + 1, carry)
    return len(quiet) * _pairs(sign, digits, place + 1, wanted, 0) + len(loud) * _pairs(
        sign, digits, place + 1, wanted - 1, 1
    )


def _pair(sign: Sign, digits: int, wanted: int, rank: int) -> tuple[int, int]:
    """The pair of a rank among those that `_pairs` counts."""
    a, b, carry = 0, 0, 0
    for place in range(digits):
        quiet, loud = _steps(sign, 1 < digits == place + 1, carry)
        rest = _pairs(sign, digits, place + 1, wanted, 0)
        carry = int(rank >= len(quiet) * rest)
        if carry:
            rank -= len(quiet) * rest
            wanted -= 1
            rest = _pairs(sign, digits, place + 1, wanted, 1)
        chosen, rank = divmod(rank, rest)
        first, second = (loud if carry else quiet)[chosen]
        a, b = a + first * 10**place, b + second * 10**place
    return a, b


def arithmetic(sign: Sign) -> Callable[[Mapping[str, Any]], Arithmetic]:
    """What makes a generator for an operation from a suite's arguments, `digits` and perhaps `carries`."""

    def make(arguments: Mapping[str, Any]) -> Arithmetic:
        refuse_unknown(arguments, ["digits"] if sign == "*" else ["digits", "carries"])
        digits = whole_numbers(arguments, "digits", default=[1, 2, 3], within=(1, MAX_DIGITS))
        if "carries" not in arguments:
            return Arithmetic(sign=sign, digits=digits)
        carries = whole_numbers(arguments, "carries", default=[], within=(0, MAX_DIGITS))
        made = Arithmetic(sign=sign, digits=digits, carries=carries)
        for level in digits:
            if not made.size(level):
                raise GeneratorError(_no_such_item(sign, level, carries))
        return made

    return make


def _no_such_item(sign: Sign, level: int, carries: tuple[int, ...]) -> str:
    most = level if sign == "+" else level - 1
    kind = "addition" if sign == "+" else "subtraction"
    wanted = " or ".join(str(number) for number in carries)
    can = f"0 to {most}" if most else "0"
    return f"carries: no {kind} of {level}-digit numbers has {wanted} carries; expected {can}"
