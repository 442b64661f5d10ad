"""Can these terms lead to a verdict, and for how many calls? Asked before anything is paid for, so without scipy."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import floor, log, prod

from evalkit.stats import LEAST_TRIALS, RunningBound, binomial_probabilities, prospect
from evalkit.verdict.sequential_test import boundaries
from evalkit.verdict.terms import SequentialTest, Terms

ASSUMED_PASS_RATES = (0.8, 0.9, 0.97, 0.98, 0.99, 1.0)
"""True pass rates for which whoever plans a run is told what to expect."""
VOID_PASS_RATE = 0.99 * 0.99
"""What a pass rate of 0.99 comes to for "usable" when one unit in a hundred is void."""
MOST_UNITS_IN_A_ROW = 10_000
"""Where more passes in a row are needed for "usable", nobody will ask for them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decidability:
    """What a condition's units can decide, and how many it will take."""

    least_units: int | None
    """So many units, all passing, would be called usable, and fewer never; None when no number would."""
    enough: bool
    """Whether the planned units are at least as many."""
    chances: Mapping[float, float]
    """By true pass rate of a unit: the chance of a verdict, usable or unusable."""
    expected_units: Mapping[float, float]
    """By true pass rate of a unit: units until the verdict, or until the hope of one or the budget ends."""
    with_void: tuple[float, float]
    """At a pass rate of 0.99, with one unit in a hundred void, which counts as failed: the chance of a verdict, and the
    units until then."""


def decidability(terms: Terms) -> Decidability:
    """What one condition's terms can lead to.

    Assumes:
        Units are independent and none is void. Clusters and void units lower the chances: read them as upper ends.

    >>> terms = Terms(task="t", condition="clean", perturbation="clean", level=None, counts=True, threshold=0.95,
    ...               alpha=0.025, n_counting=1, units=40, exhausted=True)
    >>> decidability(terms).least_units, decidability(terms).enough
    (72, False)
    """
    if terms.test is not None:
        return _sequential(terms.threshold, terms.test, terms.units)
    least = least_units(terms.threshold, terms.alpha)
    chances = dict(_chances(terms.units, terms.threshold, terms.alpha, terms.alpha_high))
    return Decidability(
        least_units=least,
        enough=least is not None and terms.units >= least,
        with_void=(chances.pop(VOID_PASS_RATE), float(terms.units)),
        chances=chances,
        expected_units=dict.fromkeys(ASSUMED_PASS_RATES, float(terms.units)),
    )


@lru_cache(maxsize=256)
def _sequential(threshold: float, test: SequentialTest, units: int) -> Decidability:
    """Exactly, by recursion over every course that the test can take."""
    up, down = boundaries(threshold, test)
    within = max(units, MOST_UNITS_IN_A_ROW)
    least = next((n for n in range(LEAST_TRIALS, within + 1) if up.hits(n) <= n), None)
    prospects = {rate: prospect(up, down, rate, units) for rate in ASSUMED_PASS_RATES if units}
    void = prospect(up, down, VOID_PASS_RATE, max(units, 1))
    return Decidability(
        least_units=least,
        enough=least is not None and units >= least,
        chances={rate: 1 - prospects[rate].undecided if units else 0.0 for rate in ASSUMED_PASS_RATES},
        expected_units={rate: prospects[rate].mean_trials if units else 0.0 for rate in ASSUMED_PASS_RATES},
        with_void=(1 - void.undecided, void.mean_trials) if units else (0.0, 0.0),
    )


def task_decidability(terms: Sequence[Terms]) -> Decidability:
    """What a task's counting conditions can lead to, taken together.

    Args:
        terms: Of one task; at least one condition counts.

    Returns:
        The units that the neediest condition takes, the sum of those expected, whether each has enough, and the chance
        that all get a verdict as if conditions were independent. They share items, so they tend to be decided together:
        a lower figure than the true one.

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
        expected_units={rate: sum(part.expected_units[rate] for part in parts) for rate in ASSUMED_PASS_RATES},
        with_void=(prod(part.with_void[0] for part in parts), sum(part.with_void[1] for part in parts)),
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


def units_to_precision(terms: Terms, pass_rate: float, precision: float) -> int:
    """Units until the interval's half-width is a precision, if exactly the expected share passes; at most all.

    Args:
        terms: Of a test that may stop at any unit.
        pass_rate: The true one, 0–1.
        precision: In pass-rate units.
    """
    assert terms.test is not None
    return _units_to_width(terms.alpha, terms.alpha_high, terms.test.n_max, pass_rate, (2 * precision, terms.units))


@lru_cache(maxsize=256)
def _units_to_width(alpha: float, alpha_high: float, n_max: float, rate: float, wanted: tuple[float, int]) -> int:
    width, most = wanted

    def bound(hits: int, n: int, error_rate: float) -> float:
        running = RunningBound(error_rate, n_max)
        running.add(hits, n, hit=hits > 0)
        return running.bound()

    def narrow(n: int) -> bool:
        passes = round(rate * n)
        return 1 - bound(n - passes, n, alpha_high) - bound(passes, n, alpha) <= width

    return bisect_left(range(most), True, key=narrow)


@lru_cache(maxsize=256)
def _chances(units: int, threshold: float, alpha: float, alpha_high: float) -> tuple[tuple[float, float], ...]:
    """The chance of a verdict at each assumed pass rate, and with void units, exactly.

    The low end for c passes exceeds the threshold where P(c passes or more) < alpha at the threshold; likewise the
    high end (Clopper and Pearson 1934).
    """
    at_threshold = binomial_probabilities(units, threshold)
    n_usable = sum(tail < alpha for tail in accumulate(reversed(at_threshold)))
    n_unusable = sum(tail < alpha_high for tail in accumulate(at_threshold))
    chances = []
    for rate in (*ASSUMED_PASS_RATES, VOID_PASS_RATE):
        at_rate = binomial_probabilities(units, rate)
        chances.append((rate, sum(at_rate[units + 1 - n_usable :]) + sum(at_rate[:n_unusable])))
    return tuple(chances)
