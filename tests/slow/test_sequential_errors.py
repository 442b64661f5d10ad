"""Error rates, coverage and cost of the sequential test, exactly where trials are independent; marked slow."""

from __future__ import annotations

from functools import lru_cache
from math import log
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from statsmodels.stats.proportion import proportion_confint

from evalkit.stats import Bet, Boundary, alternatives, crossing_chance, kl, prospect
from evalkit.verdict import SequentialTest, calibrated, make_test
from evalkit.verdict.running import RunningCounts
from evalkit.verdict.sequential_test import boundaries

pytestmark = pytest.mark.slow

SEED = 20261127
THRESHOLDS = [0.8, 0.9, 0.95, 0.99]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The real cache folder is left alone."""
    folder = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


# --- verdicts


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("alpha", [0.025, 0.05])
@pytest.mark.parametrize("n_counting", [1, 4])
@pytest.mark.parametrize("budget", [500, 2000])
def test_a_verdict_is_wrong_no_more_often_than_promised(
    threshold: float, alpha: float, n_counting: int, budget: int
) -> None:
    up, down = boundaries(threshold, make_test(threshold, alpha, alpha / n_counting, budget))
    for distance in (0.0, 0.002, 0.01, 0.05):
        below, above = threshold - distance, min(threshold + distance, 1.0)
        for futility in (False, True):
            assert prospect(up, down, below, budget, futility=futility).above <= alpha
            assert prospect(up, down, above, budget, futility=futility).below <= alpha / n_counting


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("n_counting", [1, 4])
def test_a_large_budget_keeps_the_promise(threshold: float, n_counting: int) -> None:
    up, down = boundaries(threshold, make_test(threshold, 0.025, 0.025 / n_counting, 20_000))
    assert crossing_chance(up, threshold, 20_000) <= 0.025
    assert crossing_chance(down, 1 - threshold, 20_000) <= 0.025 / n_counting


@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_a_calibrated_verdict_is_wrong_hardly_less_often_than_promised_and_not_more_often(threshold: float) -> None:
    test = calibrated(make_test(threshold, 0.025, 0.025 / 4, 500), threshold, 500)
    up, down = boundaries(threshold, test)
    for chance, alpha in (
        (crossing_chance(up, threshold, 500), 0.025),
        (crossing_chance(down, 1 - threshold, 500), 0.025 / 4),
    ):
        assert 0.75 * alpha <= chance <= alpha


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("alpha", [0.025, 0.05])
def test_lowered_evidence_comes_close_to_the_best_possible_rule(threshold: float, alpha: float) -> None:
    """Mean calls over sixteen alternatives against the least that any rule needs; no least number of trials."""
    n_max, budget = 500, 2000

    def lowered(rate: float) -> Boundary:
        bet, low, high = Bet(rate, alternatives(rate, alpha, n_max)), 1.0, 1 / alpha
        while high / low > 1.001:
            middle = (low * high) ** 0.5
            keeps = crossing_chance(Boundary(bet, middle, least_trials=1), rate, budget) <= alpha
            low, high = (low, middle) if keeps else (middle, high)
        return Boundary(bet, high, least_trials=1)

    up, down = lowered(threshold), lowered(1 - threshold)
    above = alternatives(threshold, alpha, n_max, n_points=8)
    below = [1 - rate for rate in alternatives(1 - threshold, alpha, n_max, n_points=8)]
    calls = [(rate, prospect(up, down, rate, budget, futility=False).mean_trials) for rate in (*above, *below)]
    assert sum(mean * kl(rate, threshold) for rate, mean in calls) / -log(alpha) / 16 <= 1.23


# --- intervals


@lru_cache
def against(rate: float, alpha: float, n_max: float) -> Boundary:
    """The test that excludes one rate from an interval."""
    return Boundary(Bet(rate, alternatives(rate, alpha, n_max)), 1 / alpha, least_trials=1)


def miscoverage(
    pass_rate: float, threshold: float, test: SequentialTest, budget: int, *, stops: bool, alpha: float = 0.025
) -> tuple[float, float]:
    """The chance that the true rate has left the interval at its low and at its high end when trials end.

    A verdict pushes an end just beyond the threshold, if it does not lie there already.

    Args:
        pass_rate: The true one.
        threshold: Of the condition.
        test: Of the condition.
        budget: Trials, if they do not stop before.
        stops: Whether they stop at the verdict.
        alpha: Of each end.
    """
    low, high = against(pass_rate, alpha, test.n_max), against(1 - pass_rate, alpha, test.n_max)
    up, down = boundaries(threshold, test)
    chances: NDArray[np.float64] = np.ones(1)
    too_high = too_low = 0.0
    for n in range(1, budget + 1):
        chances = np.append(chances * (1 - pass_rate), 0) + np.append(0, chances * pass_rate)
        usable, unusable = (each.hits(n) if n >= each.least_trials else n + 1 for each in (up, down))
        passes = min(low.hits(n), usable) if pass_rate <= threshold else low.hits(n)
        fails = min(high.hits(n), unusable) if pass_rate >= threshold else high.hits(n)
        too_high += chances[passes:].sum()
        too_low += chances[: max(n - fails + 1, 0)].sum()
        chances[passes:] = chances[: max(n - fails + 1, 0)] = 0
        if stops:
            chances[usable:] = chances[: max(n - unusable + 1, 0)] = 0
    return too_high, too_low


@pytest.mark.parametrize("pass_rate", [0.5, 0.85, 0.93, 0.95, 0.97, 0.99, 0.999])
@pytest.mark.parametrize("threshold", [0.8, 0.95, 0.99])
def test_the_interval_holds_the_true_rate_wherever_trials_stop(pass_rate: float, threshold: float) -> None:
    test = make_test(threshold, 0.025, 0.025, 1000)
    at_verdict, at_budget = (miscoverage(pass_rate, threshold, test, 1000, stops=each) for each in (True, False))
    for too_high, too_low in (at_verdict, at_budget):
        assert too_high <= 0.025
        assert too_low <= 0.025
    assert sum(at_verdict) <= sum(at_budget) + 1e-12


@pytest.mark.parametrize("threshold", [0.8, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("distance", [-0.005, -0.0005, -0.0001, 0.0, 0.0001, 0.0005, 0.005])
def test_the_interval_of_a_calibrated_test_holds_the_true_rate_too(threshold: float, distance: float) -> None:
    test = calibrated(make_test(threshold, 0.025, 0.025, 500), threshold, 500)
    at_verdict, at_budget = (
        miscoverage(threshold + distance, threshold, test, 500, stops=each) for each in (True, False)
    )
    assert sum(at_verdict) <= sum(at_budget) <= 0.05
    assert max(at_budget) <= 0.025


def test_the_interval_is_not_much_wider_than_one_for_a_single_look() -> None:
    rng = np.random.default_rng(SEED)
    widths, single = [], []
    for pass_rate in (0.8, 0.9, 0.95):
        for path in rng.random((100, 500)) < pass_rate:
            counts = RunningCounts(alpha_low=0.025, alpha_high=0.025, n_max=500)
            for passed in path.tolist():
                counts.add(passed)
            found = counts.interval()
            low, high = proportion_confint(counts.passes, 500, alpha=0.05, method="wilson")
            widths.append(found.high - found.low)
            single.append(high - low)
    assert sum(widths) <= 1.6 * sum(single)


# --- items of different difficulty


def crossed(hits: NDArray[np.bool_], boundary: Boundary) -> NDArray[np.bool_]:
    """Which runs are ever decided; a row each."""
    trials = np.arange(1, hits.shape[1] + 1)
    needed = np.array([boundary.hits(n) for n in trials.tolist()])
    decided = (hits.cumsum(axis=1) >= needed) & (trials >= boundary.least_trials)
    found: NDArray[np.bool_] = np.any(decided, axis=1)
    return found


def difficulties(rng: np.random.Generator, pass_rate: float, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Chances to pass of items whose outcomes correlate by 0.3 within an item."""
    strength = 1 / 0.3 - 1
    return rng.beta(pass_rate * strength, (1 - pass_rate) * strength, shape)


def test_a_fresh_item_for_each_trial_keeps_the_error_rates_and_repeats_counted_as_trials_do_not() -> None:
    threshold, budget, alpha, runs = 0.95, 1000, 0.025, 10_000
    rng = np.random.default_rng(SEED)
    up, down = boundaries(threshold, make_test(threshold, alpha, alpha, budget))
    fresh = rng.random((runs, budget)) < difficulties(rng, threshold, (runs, budget))
    repeated = rng.random((runs, budget)) < difficulties(rng, threshold, (runs, budget // 5)).repeat(5, axis=1)
    assert crossed(fresh, up).mean() <= alpha
    assert crossed(~fresh, down).mean() <= alpha
    assert crossed(repeated, up).mean() >= 0.1
    assert crossed(~repeated, down).mean() >= 0.1


def test_conditions_that_share_their_items_keep_the_error_rates() -> None:
    """Ten conditions at the threshold: one alone may be called usable, and any unusable, no more often than alpha."""
    threshold, budget, alpha, runs, n_counting = 0.9, 400, 0.025, 4000, 10
    rng = np.random.default_rng(SEED)
    up, down = boundaries(threshold, make_test(threshold, alpha, alpha / n_counting, budget))
    difficulty = difficulties(rng, threshold, (runs, budget))
    passed = [rng.random((runs, budget)) < difficulty for _ in range(n_counting)]
    usable = np.array([crossed(each, up) for each in passed])
    unusable = np.array([crossed(~each, down) for each in passed])
    assert usable.all(axis=0).mean() <= usable.mean() <= alpha
    assert 0 < unusable.any(axis=0).mean() <= alpha
