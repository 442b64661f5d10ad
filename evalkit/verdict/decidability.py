"""Can these terms lead to a verdict at all? Asked before anything is paid for, so without scipy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import floor, log, prod

from evalkit.stats import binomial_probabilities
from evalkit.verdict.terms import Terms

ASSUMED_PASS_RATES = (0.97, 0.98, 0.99)
"""True pass rates for which a suite's author is told the chance of a verdict."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decidability:
    """What a fixed number of units can decide."""

    least_units: int | None
    """So many units, all passing, would be called usable, and fewer never; None when no number would."""
    enough: bool
    """Whether the planned units are at least as many."""
    chances: Mapping[float, float]
    """By true pass rate of a unit: the chance of a verdict, usable or unusable."""


def decidability(terms: Terms) -> Decidability:
    """What one condition's terms can lead to.

    Assumes:
        Units are independent and none is void. Clusters and void units lower the chances: read them as upper ends.

    >>> terms = Terms(task="t", condition="clean", perturbation="clean", level=None, counts=True, threshold=0.95,
    ...               alpha=0.025, n_counting=1, units=40, exhausted=True)
    >>> decidability(terms).least_units, decidability(terms).enough
    (72, False)
    """
    least = least_units(terms.threshold, terms.alpha)
    return Decidability(
        least_units=least,
        enough=least is not None and terms.units >= least,
        chances=dict(_chances(terms.units, terms.threshold, terms.alpha, terms.alpha_high)),
    )


def task_decidability(terms: Sequence[Terms]) -> Decidability:
    """What a task's counting conditions can lead to, taken together.

    Args:
        terms: Of one task; at least one condition counts.

    Returns:
        The units that the neediest condition takes, whether each has enough, and the chance that all get a verdict as
        if conditions were independent. They share items, so they tend to be decided together: a lower figure than
        the true one.

    Raises:
        ValueError: If no condition counts.
    """
    parts = [decidability(each) for each in terms if each.counts]
    if not parts:
        raise ValueError("found no counting condition, expected at least one")
    least = [part.least_units for part in parts if part.least_units is not None]
    return Decidability(
        least_units=max(least) if len(least) == len(parts) else None,
        enough=all(part.enough for part in parts),
        chances={rate: prod(part.chances[rate] for part in parts) for rate in ASSUMED_PASS_RATES},
    )


def least_units(threshold: float, alpha: float) -> int | None:
    """The least number of units that, all passing, would be called usable; None when no number would.

    It is the least n with threshold^n < alpha: then the low end of n passes in n exceeds the threshold.
    """
    if threshold == 0:
        return 1
    if threshold == 1:
        return None
    return floor(log(alpha) / log(threshold)) + 1


@lru_cache(maxsize=256)
def _chances(units: int, threshold: float, alpha: float, alpha_high: float) -> tuple[tuple[float, float], ...]:
    """The chance of a verdict at each assumed pass rate, exactly.

    The low end for c passes exceeds the threshold where P(c passes or more) < alpha at the threshold; likewise the
    high end (Clopper and Pearson 1934).
    """
    at_threshold = binomial_probabilities(units, threshold)
    n_usable = sum(tail < alpha for tail in accumulate(reversed(at_threshold)))
    n_unusable = sum(tail < alpha_high for tail in accumulate(at_threshold))
    chances = []
    for rate in ASSUMED_PASS_RATES:
        at_rate = binomial_probabilities(units, rate)
        chances.append((rate, sum(at_rate[units + 1 - n_usable :]) + sum(at_rate[:n_unusable])))
    return tuple(chances)
