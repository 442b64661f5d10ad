"""Figures of a reply: token counts as chat completions give them, which programs may give too, and numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

_MOST = 2**63 - 1
"""The largest count that a record can hold."""
_LARGEST = 1e12
"""No price and no logarithm of a probability is as large."""


class Tokens(TypedDict, total=False):
    """The token fields of a response; None, or left out, where the provider does not say."""

    tokens_in: int | None
    tokens_out: int | None
    tokens_cached: int | None
    tokens_cache_write: int | None
    tokens_reasoning: int | None


def tokens_of(usage: Any) -> Tokens:
    """Read a `usage` object; anything that is not a count there is taken as unknown.

    Args:
        usage: `{"prompt_tokens": …, "completion_tokens": …, "prompt_tokens_details": {"cached_tokens": …},
            "completion_tokens_details": {"reasoning_tokens": …}}`, or anything else when the provider sent none.

    >>> tokens_of({"prompt_tokens": 12, "completion_tokens": 3})["tokens_in"]
    12
    """
    return {
        "tokens_in": count_of(usage, "prompt_tokens"),
        "tokens_out": count_of(usage, "completion_tokens"),
        "tokens_cached": count_of(usage, "prompt_tokens_details", "cached_tokens"),
        "tokens_reasoning": count_of(usage, "completion_tokens_details", "reasoning_tokens"),
    }


def count_of(holder: Any, *path: str) -> int | None:
    """Read a count out of nested JSON objects; None when it is missing or no count.

    Args:
        holder: A JSON value.
        path: The names that lead to the count.

    >>> count_of({"details": {"cached": 7}}, "details", "cached")
    7
    """
    value = holder
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST else None


def sum_of(*counts: int | None) -> int | None:
    """Add the counts that are known; None when none is, or when no record could hold the sum.

    >>> sum_of(7, None, 3)
    10
    """
    known = [count for count in counts if count is not None]
    return sum(known) if known and sum(known) <= _MOST else None


def number_of(value: Any) -> float | None:
    """Read a price or a log-probability; None where it is no number, not finite, or larger than any of these.

    >>> number_of(-2), number_of("-2")
    (-2.0, None)
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST
    return float(value) if is_number else None


def logprob_of(values: Iterable[Any]) -> float | None:
    """Add the log-probabilities of an answer's tokens up, natural logarithm; None when there are none, or one is none.

    >>> logprob_of([-0.5, -0.25])
    -0.75
    """
    numbers = [number_of(value) for value in values]
    known = [number for number in numbers if number is not None]
    return math.fsum(known) if known and len(known) == len(numbers) else None
