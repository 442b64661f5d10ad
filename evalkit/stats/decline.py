"""Whether one of several rates in a row is surely lower, or higher, than an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """A pass rate as it was measured."""

    passes: float
    trials: float
    """Above 0."""
    error: float | None = None
    """Its standard error where that was measured; then passes / trials is the rate, and its precision is not used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """Two of the rates that differ beyond chance."""

    earlier: int
    """Indexes into the rates."""
    later: int
    p: float
    """One-sided, after Holm's correction for all pairs; at most 1."""


def declines(rates: Sequence[Rate], *, alpha: float = 0.05) -> list[Difference]:
    """Pairs of which the later rate is surely lower.

    Every earlier rate is compared with every later one: comparing only with the best so far would choose the pair by
    what it shows.

    Args:
        rates: In their order.
        alpha: Chance that any pair is named if no rate truly falls; above 0, below 1.

    Returns:
        The surest first.

    Assumes:
        Independent trials. Models that are asked the same items pass together more often than not, and then the test is
        more careful than it says.

    Source:
        Fisher 1935, exact and one-sided (conditional on all passes); Holm 1979, Scandinavian Journal of Statistics
        6:65. With standard errors: the normal approximation.

    >>> [each.later for each in declines([Rate(passes=90, trials=100), Rate(passes=60, trials=100)])]
    [1]
    """
    pairs = [(earlier, later) for later in range(len(rates)) for earlier in range(later)]
    tested = sorted((_p_falls(rates[earlier], rates[later]), earlier, later) for earlier, later in pairs)
    found: list[Difference] = []
    corrected = 0.0
    for index, (p, earlier, later) in enumerate(tested):
        corrected = max(corrected, min(p * (len(tested) - index), 1.0))
        if corrected > alpha:
            break
        found.append(Difference(earlier=earlier, later=later, p=corrected))
    return found


def rises(rates: Sequence[Rate], *, alpha: float = 0.05) -> list[Difference]:
    """Pairs of which the later rate is surely higher; otherwise as `declines`."""
    failed = [Rate(passes=each.trials - each.passes, trials=each.trials, error=each.error) for each in rates]
    return declines(failed, alpha=alpha)


def _p_falls(before: Rate, after: Rate) -> float:
    """Chance of so much of a fall, or more, if there is none."""
    first, second = before.passes / before.trials, after.passes / after.trials
    if second >= first:
        return 1.0
    if before.error is not None and after.error is not None:
        error = sqrt(before.error**2 + after.error**2)
        return erfc((first - second) / error / sqrt(2)) / 2 if error > 0 else 0.0
    from scipy.stats import hypergeom

    counts = (before.passes, before.trials, after.passes, after.trials)
    passes, trials, passes_after, trials_after = (round(count) for count in counts)
    return float(hypergeom.cdf(passes_after, trials + trials_after, passes + passes_after, trials_after))
