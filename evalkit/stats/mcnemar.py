from __future__ import annotations

from evalkit.stats.binomial import binomial_probabilities


def mcnemar_exact(worse: int, better: int) -> float:
    """How surprising it is that pairs flip so unevenly, were a flip as likely in one direction as in the other.

    Args:
        worse: Pairs that passed before and fail now; at least 0.
        better: Pairs that failed before and pass now; at least 0.

    Returns:
        The two-sided p-value, 0 to 1; 1 where nothing flips.

    Raises:
        ValueError: If a count is below 0.

    Assumes:
        Independent pairs, whose number was fixed beforehand: of runs that stopped by what they found it is wrong.

    Source:
        McNemar 1947, Psychometrika 12:153; exactly, by the binomial distribution of the flips.

    >>> round(mcnemar_exact(15, 5), 6)
    0.041389
    """
    if worse < 0 or better < 0:
        raise ValueError(f"found {worse} pairs that got worse and {better} better, expected at least 0 of each")
    chances = binomial_probabilities(worse + better, 0.5)
    return min(2 * sum(chances[max(worse, better) :]), 1.0)
