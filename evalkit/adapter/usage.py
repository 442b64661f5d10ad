"""Token counts as chat completions give them, which programs may give too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

_MOST = 2**63 - 1
"""The largest count that a record can hold."""


class Tokens(TypedDict):
    """The token fields of a response; None where the provider does not say."""

    tokens_in: int | None
    tokens_out: int | None
    tokens_cached: int | None


def tokens_of(usage: Any) -> Tokens:
    """Read a `usage` object; anything that is not a count there is taken as unknown.

    Args:
        usage: `{"prompt_tokens": …, "completion_tokens": …, "prompt_tokens_details": {"cached_tokens": …}}`, or
            anything else when the provider sent none.

    >>> tokens_of({"prompt_tokens": 12, "completion_tokens": 3})
    {'tokens_in': 12, 'tokens_out': 3, 'tokens_cached': None}
    """
    return {
        "tokens_in": _count(usage, "prompt_tokens"),
        "tokens_out": _count(usage, "completion_tokens"),
        "tokens_cached": _count(usage.get("prompt_tokens_details"), "cached_tokens")
        if isinstance(usage, Mapping)
        else None,
    }


def _count(holder: Any, key: str) -> int | None:
    value = holder.get(key) if isinstance(holder, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST else None
