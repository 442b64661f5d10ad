"""Which items a model may learn from, and which are kept for its examination."""

from __future__ import annotations

import zlib

SHARE = 10
"""One item in so many is held out."""


def is_held_out(key: str) -> bool:
    """Whether an item is for evaluation only.

    Args:
        key: What makes the item this item and no other, such as its two operands in order of size. Everything that
            would give its answer away has the same key.

    >>> sum(is_held_out(f"{a}+{b}") for a in range(100) for b in range(100))
    1006
    """
    return zlib.crc32(key.encode()) % SHARE == 0
