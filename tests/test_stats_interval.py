from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from evalkit.stats import Interval, clopper_pearson

counts = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
alphas = st.floats(0.0005, 0.5)


def both(n_passes: float, n_trials: float, alpha: float = 0.025) -> Interval:
    return clopper_pearson(n_passes, n_trials, alpha_low=alpha, alpha_high=alpha)


@pytest.mark.parametrize(("n_passes", "n_trials", "low", "high"), [(95, 100, 0.88717, 0.98357), (30, 30, 0.88430, 1.0)])
def test_published_intervals_are_reproduced(n_passes: int, n_trials: int, low: float, high: float) -> None:
    found = both(n_passes, n_trials)
    assert (low, high) == (round(found.low, 5), round(found.high, 5))


def test_a_one_sided_low_end_is_reproduced() -> None:
    assert round(both(30, 30, 0.05).low, 5) == 0.90497


@given(counts)
def test_agrees_with_statsmodels(count: tuple[int, int]) -> None:
    # Not needed by whoever only collects the tests, which is every worker.
    from statsmodels.stats.proportion import proportion_confint

    expected = proportion_confint(*count, alpha=0.05, method="beta")
    found = both(*count)
    assert pytest.approx(expected, rel=1e-9, abs=1e-12) == (found.low, found.high)


@pytest.mark.parametrize(("n_passes", "low", "high"), [(0, 0.0, 1 - 0.025**0.1), (10, 0.025**0.1, 1.0)])
def test_ends_are_zero_and_one_at_the_extremes(n_passes: int, low: float, high: float) -> None:
    found = both(n_passes, 10)
    assert pytest.approx((low, high)) == (found.low, found.high)


@given(counts)
def test_passes_and_fails_mirror_each_other(count: tuple[int, int]) -> None:
    n_passes, n_trials = count
    found, mirrored = both(n_passes, n_trials), both(n_trials - n_passes, n_trials)
    assert pytest.approx((1 - found.high, 1 - found.low), abs=1e-12) == (mirrored.low, mirrored.high)


@given(counts, alphas, alphas)
def test_holds_the_observed_rate_and_a_smaller_error_rate_only_widens(
    count: tuple[int, int], one: float, other: float
) -> None:
    narrow, wide = both(*count, max(one, other)), both(*count, min(one, other))
    assert wide.low - 1e-12 <= narrow.low <= count[0] / count[1] + 1e-12
    assert wide.high + 1e-12 >= narrow.high >= count[0] / count[1] - 1e-12


@given(counts)
def test_one_more_pass_raises_both_ends(count: tuple[int, int]) -> None:
    n_passes, n_trials = count
    before, after = both(n_passes, n_trials + 1), both(n_passes + 1, n_trials + 1)
    assert before.low < after.low
    assert before.high < after.high


def test_each_end_has_its_own_error_rate() -> None:
    found = clopper_pearson(95, 100, alpha_low=0.025, alpha_high=0.005)
    assert (both(95, 100).low, both(95, 100, 0.005).high) == (found.low, found.high)


def test_real_counts_lie_between_their_whole_neighbours() -> None:
    assert both(17, 20).low < both(17.5, 20).low < both(18, 20).low


@pytest.mark.parametrize("n_trials", [1, 7, 40, 150])
@pytest.mark.parametrize("p", [0.05, 0.5, 0.8, 0.95, 0.99])
def test_neither_end_errs_more_often_than_promised(n_trials: int, p: float) -> None:
    """Exact: every count that can come up is weighed with its chance."""
    chances = binom.pmf(range(n_trials + 1), n_trials, p)
    found = [clopper_pearson(k, n_trials, alpha_low=0.025, alpha_high=0.01) for k in range(n_trials + 1)]
    assert sum(chance for chance, each in zip(chances, found, strict=True) if each.low > p) <= 0.025
    assert sum(chance for chance, each in zip(chances, found, strict=True) if each.high < p) <= 0.01


@pytest.mark.parametrize(("n_passes", "n_trials"), [(-1, 10), (11, 10), (0, 0), (float("nan"), 10)])
def test_counts_out_of_range_are_refused(n_passes: float, n_trials: float) -> None:
    with pytest.raises(ValueError, match="expected 0 ≤ passes ≤ trials"):
        both(n_passes, n_trials)


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.025), (0.025, 0.0), (0.6, 0.025), (0.025, 0.6)])
def test_error_rates_out_of_range_are_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="error rates"):
        clopper_pearson(5, 10, alpha_low=low, alpha_high=high)
