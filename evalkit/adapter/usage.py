"""Token counts as chat completions give them, which programs may give too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

_MOST = 2**63 - 1
"""The largest count that a record can hold."""


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
