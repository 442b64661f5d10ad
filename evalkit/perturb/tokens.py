"""One reference counter, the same for every model: how long a context is must not depend on who reads it."""

from __future__ import annotations

TOKEN_COUNTER = "chars/4"
"""Name of the reference counter, for the record of a run."""

CHARACTERS_PER_TOKEN = 4


def count_tokens(text: str) -> int:
    """Length of a text in reference tokens: characters divided by four, rounded up.

    >>> count_tokens("Hello")
    2
    """
    return -(-len(text) // CHARACTERS_PER_TOKEN)
