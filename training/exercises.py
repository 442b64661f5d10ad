"""What the models learn, as items with fields: sums, lists of letters, and messages.

Each kind draws an item of a level of difficulty. Whether it may be learnt from is decided by its key alone, so what a
suite asks is never among it; see `held_out`.
"""

from __future__ import annotations

import operator
import random
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from training.held_out import is_held_out
from training.messages import ordered, routed, ticket

Fields: TypeAlias = dict[str, Any]
"""An item's; `key` and `answer` always."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exercise:
    """A kind of item.

    `draw(rng, level)` makes one, whoever it is for.
    """

    axis: str
    """The field that says how hard an item is."""
    taught: Mapping[int, float]
    """Levels that are taught, each with its weight."""
    asked: tuple[int, ...]
    """Levels that the suite asks for."""
    draw: Callable[[random.Random, int], Fields]


def exercise(task: str, rng: random.Random, level: int, *, held_out: bool) -> Fields:
    """Draw an item from one side of the fence.

    Args:
        task: One of `EXERCISES`.
        rng: Draws.
        level: Of difficulty.
        held_out: Whether it is for evaluation, or for training.
    """
    kind = EXERCISES[task]
    while True:
        fields = kind.draw(rng, level)
        if is_held_out(fields["key"]) == held_out:
            return {**fields, kind.axis: level}


def _sum(sign: str) -> Callable[[random.Random, int], Fields]:
    calculate = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign]

    def draw(rng: random.Random, digits: int) -> Fields:
        low = 0 if digits == 1 else 10 ** (digits - 1)
        a, b = rng.randrange(low, 10**digits), rng.randrange(low, 10**digits)
        if sign == "-":
            a, b = max(a, b), min(a, b)
        # 3 + 5 gives 5 + 3 away.
        return {"key": f"{min(a, b)}{sign}{max(a, b)}", "a": a, "b": b, "answer": str(calculate(a, b))}

    return draw


def _letters(rng: random.Random, n: int) -> str:
    return "".join(rng.choices(string.ascii_lowercase, k=n))


def _reversed(rng: random.Random, length: int) -> Fields:
    letters = _letters(rng, length)
    answer = letters[::-1]
    return {"key": f"reverse/{min(letters, answer)}", "letters": letters, "answer": answer}


def _sorted(rng: random.Random, length: int) -> Fields:
    letters = _letters(rng, length)
    answer = "".join(sorted(letters))
    return {"key": f"sort/{answer}", "letters": letters, "answer": answer}


EXERCISES: Mapping[str, Exercise] = {
    "addition": Exercise(
        axis="digits",
        taught={1: 1, 2: 3, 3: 5, 4: 6, 5: 6, 6: 6},
        asked=(2, 3, 4, 5, 6, 7),
        draw=_sum("+"),
    ),
    "subtraction": Exercise(axis="digits", taught={1: 1, 2: 3, 3: 5, 4: 6}, asked=(2, 3, 4, 5), draw=_sum("-")),
    "multiplication": Exercise(axis="digits", taught={1: 1, 2: 8}, asked=(2, 3), draw=_sum("*")),
    "reversing": Exercise(
        axis="length",
        taught=dict.fromkeys(range(2, 13), 1),
        asked=(4, 8, 12, 16),
        draw=_reversed,
    ),
    "sorting": Exercise(axis="length", taught=dict.fromkeys(range(2, 13), 1), asked=(4, 8, 12, 16), draw=_sorted),
    "routing": Exercise(axis="sentences", taught={1: 1, 2: 2, 3: 2, 4: 1}, asked=(1, 2, 4, 6), draw=routed),
    "extraction": Exercise(axis="sentences", taught={3: 2, 4: 2, 5: 1}, asked=(3, 4, 5, 7), draw=ordered),
    "ticket-title": Exercise(axis="sentences", taught={3: 2, 4: 2, 5: 1}, asked=(3, 4, 5, 7), draw=ticket),
}
