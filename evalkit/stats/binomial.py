from __future__ import annotations

from math import exp, lgamma, log


def binomial_probabilities(n_trials: int, p: float) -> list[float]:
    """The chances of 0, 1, …, n_trials passes among independent trials.

    Written without scipy, for commands that must start fast.

    Args:
        n_trials: At least 0.
        p: Pass rate, 0–1.

    Returns:
        n_trials + 1 chances; each within a relative 1e-9 for n_trials up to 100,000, and 0 below the least float.

    Raises:
        ValueError: If an argument is out of range.

    >>> [round(chance, 9) for chance in binomial_probabilities(2, 0.5)]
    [0.25, 0.5, 0.25]
    """
    if n_trials < 0 or not 0 <= p <= 1:
        raise ValueError(f"found {n_trials} trials at pass rate {p}, expected at least 0 trials and a rate from 0 to 1")
    chances = [0.0] * (n_trials + 1)
    if p in (0, 1):
        chances[n_trials if p == 1 else 0] = 1.0
        return chances
    # Neighbours differ by a simple factor. Starting at the most likely count, no chance that matters underflows.
    peak = min(int((n_trials + 1) * p), n_trials)
    ways = lgamma(n_trials + 1) - lgamma(peak + 1) - lgamma(n_trials - peak + 1)
    chances[peak] = exp(ways + peak * log(p) + (n_trials - peak) * log(1 - p))
    odds = p / (1 - p)
    for count in range(peak, n_trials):
        chances[count + 1] = chances[count] * (n_trials - count) / (count + 1) * odds
    for count in range(peak, 0, -1):
        chances[count - 1] = chances[count] * count / (n_trials - count + 1) / odds
    return chances
