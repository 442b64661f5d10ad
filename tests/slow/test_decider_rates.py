"""Verdicts of the decider with many calls in flight and slow fails, simulated; marked slow."""

from __future__ import annotations

from functools import cache
from random import Random
from statistics import mean

import pytest
from scipy.stats import binom

from benchmarks.simulations import (
    ALPHA,
    Simulated,
    a_set_of_fifty,
    clustered,
    one_bad_of_ten,
    one_condition,
    outcome,
    sixteen,
    terms,
)
from evalkit.verdict import Outcome, SequentialDecider, Verdict

pytestmark = pytest.mark.slow

IN_FLIGHT = 32
THRESHOLDS = [0.8, 0.9, 0.95, 0.99]
N_AT_THRESHOLD = 250
N_EACH = 25
N_CLUSTERED = 50
N_MEASURED = 60


def most_wrong(n: int, chance: float) -> int:
    """So many wrong ones among n are not exceeded, but once in a thousand times, if each has the chance."""
    return int(binom.ppf(0.999, n, chance))


@cache
def simulated(threshold: float) -> dict[float, list[Simulated]]:
    """Conditions at sixteen pass rates, and at the threshold itself."""
    above, below = sixteen(threshold)
    return {
        rate: [one_condition(seed, rate=rate, threshold=threshold, in_flight=IN_FLIGHT) for seed in range(n)]
        for rate, n in {**dict.fromkeys([*above, *below], N_EACH), threshold: N_AT_THRESHOLD}.items()
    }


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("wrong", ["usable", "unusable"])
def test_at_the_threshold_each_verdict_is_as_rare_as_promised(threshold: float, wrong: Verdict) -> None:
    found = sum(each.result.verdict == wrong for each in simulated(threshold)[threshold])
    assert found <= most_wrong(N_AT_THRESHOLD, ALPHA)


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_verdicts_are_right_on_either_side_of_the_threshold(threshold: float) -> None:
    found = [
        (rate, each.result.verdict) for rate, runs in simulated(threshold).items() if rate != threshold for each in runs
    ]
    wrong = sum(verdict == ("unusable" if rate > threshold else "usable") for rate, verdict in found)
    assert wrong <= most_wrong(len(found), ALPHA)
    assert sum(verdict != "edge" for _, verdict in found) >= 0.8 * len(found)


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_verdict_and_interval_never_disagree(threshold: float) -> None:
    assert all(each.consistent for runs in simulated(threshold).values() for each in runs)


def test_at_most_a_tenth_of_the_calls_go_beyond_the_verdict() -> None:
    over = []
    for threshold in THRESHOLDS:
        for runs in simulated(threshold).values():
            decided = [(each.asked, each.result.decided_at) for each in runs if each.result.decided_at is not None]
            over.append(sum(asked for asked, _ in decided) / sum(at for _, at in decided) - 1)
    assert 0 <= mean(over) <= 0.1


def test_one_bad_condition_of_ten_is_found_within_the_goal() -> None:
    assert mean(one_bad_of_ten(seed) for seed in range(60)) <= 350
    assert mean(one_bad_of_ten(seed, in_flight=IN_FLIGHT) for seed in range(60)) <= 385


@pytest.mark.parametrize("steady", [True, False])
def test_a_verdict_about_a_set_of_fifty_is_right(steady: bool) -> None:
    found = [
        (passes, a_set_of_fifty(seed, passes=passes, steady=steady)[0].verdict)
        for passes in (40, 43, 44, 46, 47, 50)
        for seed in range(N_EACH)
    ]
    right = sum(verdict in ("edge", "usable" if passes > 45 else "unusable") for passes, verdict in found)
    assert right >= 0.975 * len(found)


def test_conditions_that_share_items_are_wrong_no_more_often_than_promised() -> None:
    """Items of different difficulty (correlation .3), each asked once by ten conditions at the threshold."""
    n_conditions = 10
    found = [clustered(seed, n_conditions=n_conditions) for seed in range(N_CLUSTERED)]
    # Verdicts of one run hang together, so their number is not binomial: three standard errors, estimated.
    share = sum(found) / N_CLUSTERED / n_conditions
    spread = (sum((each / n_conditions - share) ** 2 for each in found) / (N_CLUSTERED - 1) / N_CLUSTERED) ** 0.5
    assert share <= 2 * ALPHA + 3 * spread


@pytest.mark.parametrize("rate", [0.8, 0.9, 0.95, 0.97, 0.99])
def test_the_interval_holds_the_true_rate_where_the_margin_was_measured(rate: float) -> None:
    found = [one_condition(seed, rate=rate, until="margin", in_flight=IN_FLIGHT).result for seed in range(N_MEASURED)]
    missed = sum(not (each.low or 0) <= rate <= (each.high or 0) for each in found)
    assert missed <= most_wrong(N_MEASURED, 2 * ALPHA)
    assert all((each.high or 1) - (each.low or 0) <= 0.1 for each in found)


def test_void_units_make_no_verdict_more_often_wrong() -> None:
    """A tenth of all units is void, among them most that would have failed; the rate is at the threshold."""
    each = terms(threshold=0.8)
    n, usable = 200, 0
    for seed in range(n):
        rng, decider = Random(seed), SequentialDecider([each], until="verdict", precision=0.05, seed=seed)

        def unit(position: int, rng: Random = rng) -> Outcome:
            passed = rng.random() < 0.8
            void = rng.random() < (0.02 if passed else 0.42)
            return (
                outcome(position, passed)
                if not void
                else Outcome(position=position, cluster="", asks=(None,), score=None, constraints={})
            )

        position = 0
        while decider.next() is not None:
            decider.observe(each.key, unit(position))
            position += 1
        usable += decider.verdict(each.key) == "usable"
    assert usable <= most_wrong(n, ALPHA)
