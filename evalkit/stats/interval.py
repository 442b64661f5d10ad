from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """Where a pass rate lies."""

    low: float
    """Pass-rate units; 0 ≤ low ≤ high."""
    high: float
    """Pass-rate units; low ≤ high ≤ 1."""


def clopper_pearson(n_passes: float, n_trials: float, *, alpha_low: float, alpha_high: float) -> Interval:
    """Bound a pass rate from a number of independent trials that was fixed beforehand.

    Args:
        n_passes: Trials that passed; 0 ≤ n_passes ≤ n_trials. Need not be whole: an effective sample size is real.
        n_trials: Trials that count; above 0.
        alpha_low: Chance that the low end lies above the true rate; above 0, at most 0.5.
        alpha_high: Chance that the high end lies below the true rate; above 0, at most 0.5.

    Returns:
        Interval that holds n_passes / n_trials; its low end is 0 without a pass, its high end 1 without a fail.

    Raises:
        ValueError: If an argument is out of range.

    Assumes:
        Independence. Trials that stand or fall together need clustered_interval.

    Source:
        Clopper and Pearson 1934, Biometrika 26:404; for real counts Korn and Graubard 1998, Survey Methodology 24:193.

    >>> round(clopper_pearson(30, 30, alpha_low=0.025, alpha_high=0.025).low, 5)
    0.8843
    """
    if not (0 <= n_passes <= n_trials and n_trials > 0):
        raise ValueError(f"found {n_passes} passes in {n_trials} trials, expected 0 ≤ passes ≤ trials and a trial")
    if not (0 < alpha_low <= 0.5 and 0 < alpha_high <= 0.5):
        raise ValueError(f"found error rates {alpha_low} and {alpha_high}, expected each above 0 and at most 0.5")
    # Importing scipy takes a third of a second, which commands that compute nothing must not wait for.
    from scipy.special import betainccinv, betaincinv

    n_fails = n_trials - n_passes
    low = float(betaincinv(n_passes, n_fails + 1, alpha_low)) if n_passes > 0 else 0.0
    high = float(betainccinv(n_passes + 1, n_fails, alpha_high)) if n_fails > 0 else 1.0
    return Interval(low=low, high=high)
