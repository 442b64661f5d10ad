from __future__ import annotations

from collections.abc import Sequence
from math import ceil


def percentile(values: Sequence[float], share: float) -> float:
    """The least of the values that at least this share of them does not exceed (nearest rank).

    Always one of the values, so a latency that is reported is one that somebody waited.

    Args:
        values: At least one; any order.
        share: Above 0, at most 1: 0.95 for the 95th percentile.

    Raises:
        ValueError: If there is no value, or the share is out of range.

    Source:
        Hyndman and Fan 1996, The American Statistician 50:361, definition 1.

    >>> percentile([15, 20, 35, 40, 50], 0.3)
    20
    """
    if not values:
        raise ValueError("found no value, expected at least one")
    if not 0 < share <= 1:
        raise ValueError(f"found share {share}, expected above 0 and at most 1")
    # 0.07 * 100 is 7.000000000000001: without rounding, its rank would be 8.
    rank = ceil(round(share * len(values), 9))
    return sorted(values)[max(rank, 1) - 1]
