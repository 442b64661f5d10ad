"""Whether one of several rates in a row is surely lower, or higher, than an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


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
    import numpy as np

    falls, earlier, later = _p_falls(rates)
    found: list[Difference] = []
    corrected = 0.0
    for rank, index in enumerate(np.argsort(falls, kind="stable")):
        corrected = max(corrected, min(float(falls[index]) * (len(falls) - rank), 1.0))
        if corrected > alpha:
            break
        found.append(Difference(earlier=int(earlier[index]), later=int(later[index]), p=corrected))
    return found


def rises(rates: Sequence[Rate], *, alpha: float = 0.05) -> list[Difference]:
    """Pairs of which the later rate is surely higher; otherwise as `declines`."""
    failed = [Rate(passes=each.trials - each.passes, trials=each.trials, error=each.error) for each in rates]
    return declines(failed, alpha=alpha)


def _p_falls(rates: Sequence[Rate]) -> tuple[Any, Any, Any]:
    """For each pair, the chance of so much of a fall, or more, if there is none; and the pairs, as two indexes."""
    import numpy as np
    from scipy.special import ndtr
    from scipy.stats import hypergeom

    passes, trials = (np.array([getattr(each, name) for each in rates], dtype=float) for name in ("passes", "trials"))
    errors = np.array([np.nan if each.error is None else each.error for each in rates])
    earlier, later = np.triu_indices(len(rates), 1)
    fall = passes[earlier] / trials[earlier] - passes[later] / trials[later]
    error = np.hypot(errors[earlier], errors[later])
    chances = np.ones(len(fall))
    normal = (fall > 0) & ~np.isnan(error)
    # An error of nothing leaves no doubt.
    chances[normal] = ndtr(-fall[normal] / np.maximum(error[normal], 1e-300))
    exact = (fall > 0) & np.isnan(error)
    first, second = earlier[exact], later[exact]
    passed, tried = np.round(passes), np.round(trials)
    everything = tried[first] + tried[second], passed[first] + passed[second]
    chances[exact] = hypergeom.cdf(passed[second], *everything, tried[second])
    return chances, earlier, later
