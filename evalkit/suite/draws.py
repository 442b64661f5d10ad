"""What generators share: reading a suite's arguments, and drawing from a random source.

Everything is drawn with `random.Random.random` or `randrange`, whose sequences Python keeps from version to version.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar

from evalkit.errors import did_you_mean

T = TypeVar("T")


class GeneratorError(ValueError):
    """A generator was asked for something that it cannot make."""


def refuse_unknown(arguments: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse arguments that a generator does not have.

    Raises:
        GeneratorError: Naming the first of them, and the nearest one that there is.
    """
    unknown = set(arguments) - set(known)
    if unknown:
        raise GeneratorError(f'unknown argument "{min(unknown)}". {did_you_mean(min(unknown), known)}')


def whole_numbers(
    arguments: Mapping[str, Any],
    name: str,
    *,
    default: Sequence[int],
    within: tuple[int, int],
    descending: bool = False,
) -> tuple[int, ...]:
    """An argument that lists whole numbers, each once and in order; a lone number is a list of one.

    Args:
        arguments: Of the generator.
        name: Of the argument.
        default: When it is not given.
        within: The least and the greatest that is allowed.
        descending: From large to small, for an axis whose large values are the easy ones.

    Raises:
        GeneratorError: If it is anything else.
    """
    given = arguments.get(name, list(default))
    numbers = [given] if type(given) is int else given
    low, high = within
    if (
        not isinstance(numbers, list)
        or not numbers
        or not all(type(number) is int and low <= number <= high for number in numbers)
        or sorted(set(numbers), reverse=descending) != numbers
    ):
        order = "descending" if descending else "ascending"
        raise GeneratorError(f"{name}: found {numbers!r}, expected numbers from {low} to {high}, each once, {order}")
    return tuple(numbers)


def below(rng: random.Random, limit: int) -> int:
    """A whole number from 0, below a limit that is small beside 2**53."""
    return int(rng.random() * limit)


def between(rng: random.Random, low: int, high: int) -> int:
    """A whole number from `low` to `high`, both included."""
    return low + int(rng.random() * (high - low + 1))


def pick(rng: random.Random, choices: Sequence[T]) -> T:
    """One of some choices, each as likely as another."""
    return choices[int(rng.random() * len(choices))]


def picks(rng: random.Random, choices: Sequence[T], n: int) -> list[T]:
    """So many different choices, in random order; at most as many as there are."""
    pool = list(choices)
    return [pool.pop(int(rng.random() * len(pool))) for _ in range(min(n, len(pool)))]


def shuffled(rng: random.Random, choices: Sequence[T]) -> list[T]:
    """All choices in random order."""
    return picks(rng, choices, len(choices))
