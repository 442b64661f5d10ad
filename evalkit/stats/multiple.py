"""Many tests at once."""

from __future__ import annotations

from collections.abc import Sequence


def e_bh(evidence: Sequence[float], level: float) -> list[int]:
    """Which of many null hypotheses to reject, however their evidence hangs together.

    Args:
        evidence: Against each hypothesis; at least 0, may be infinite. On average at most 1 where the hypothesis is
            true, as the evidence of a sequential test is, whenever it stopped.
        level: Highest expected share of wrong rejections among all rejections; above 0, below 1.

    Returns:
        Their places in `evidence`, in its order.

    Raises:
        ValueError: If an argument is out of range.

    Source:
        Wang and Ramdas 2022, Journal of the Royal Statistical Society B 84:822.

    >>> e_bh([100, 50, 1, 0.1], 0.05)
    [0, 1]
    """
    if not 0 < level < 1:
        raise ValueError(f"found level {level}, expected one between 0 and 1")
    for place, value in enumerate(evidence):
        if not value >= 0:
            raise ValueError(f"found evidence {value} at place {place}, expected at least 0")
    falling = sorted(evidence, reverse=True)
    needed = [len(falling) / (level * n) for n in range(1, len(falling) + 1)]
    least = min((bar for value, bar in zip(falling, needed, strict=True) if value >= bar), default=None)
    return [place for place, value in enumerate(evidence) if least is not None and value >= least]
