from __future__ import annotations

from math import ceil, log

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from evalkit.stats import LEAST_TRIALS, Bet, Boundary, alternatives, kl
from evalkit.stats.boundary import OPTIMISM, optimistic_rate

thresholds = st.floats(0.02, 0.98)
alphas = st.floats(0.001, 0.5)
counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def boundary(threshold: float, alpha: float = 0.025, n_max: float = 500, least_trials: int = LEAST_TRIALS) -> Boundary:
    return Boundary(Bet(threshold, alternatives(threshold, alpha, n_max)), 1 / alpha, least_trials=least_trials)


def first_decided_when_all_hit(tested: Boundary) -> int:
    return next(n for n in range(1, 1000) if tested.decided(n, n))


@pytest.mark.parametrize(("threshold", "trials"), [(0.8, 23), (0.9, 47), (0.95, 90), (0.99, 380)])
def test_published_numbers_of_passes_in_a_row_decide(threshold: float, trials: int) -> None:
    assert trials == first_decided_when_all_hit(boundary(threshold))


@pytest.mark.parametrize(
    ("threshold", "alpha", "trials"),
    [(0.95, 0.05, 59), (0.95, 0.025, 72), (0.99, 0.05, 299), (0.9, 0.05, 29), (0.8, 0.05, 14)],
)
def test_a_bet_on_one_alone_is_decided_by_the_fewest_passes_that_can(
    threshold: float, alpha: float, trials: int
) -> None:
    assert trials == first_decided_when_all_hit(Boundary(Bet(threshold, (1.0,)), 1 / alpha))


@pytest.mark.parametrize(("trials", "below", "above"), [(500, 457, 489), (1000, 924, 972), (2000, 1861, 1936)])
def test_published_boundaries_are_reproduced(trials: int, below: int, above: int) -> None:
    assert (below, above) == (trials - boundary(0.05).hits(trials), boundary(0.95).hits(trials))


@given(thresholds, alphas, st.floats(1, 2000), st.integers(1, 200))
def test_the_boundary_is_the_least_number_of_hits_with_enough_evidence(
    threshold: float, alpha: float, n_max: float, trials: int
) -> None:
    tested = boundary(threshold, alpha, n_max)
    enough = [hits for hits in range(trials + 1) if tested.bet.log_evidence(hits, trials) >= log(1 / alpha)]
    assert min(enough, default=trials + 1) == tested.hits(trials)


@given(thresholds, alphas, st.floats(1, 2000))
def test_a_further_trial_asks_for_the_same_number_of_hits_or_one_more(
    threshold: float, alpha: float, n_max: float
) -> None:
    tested = boundary(threshold, alpha, n_max)
    assert {tested.hits(n + 1) - tested.hits(n) for n in range(150)} <= {0, 1}


def test_looking_far_ahead_changes_nothing_earlier() -> None:
    ahead, step_by_step = boundary(0.9), boundary(0.9)
    ahead.hits(300)
    assert [step_by_step.hits(n) for n in range(301)] == [ahead.hits(n) for n in range(301)]


def test_without_a_trial_nothing_is_decided() -> None:
    assert boundary(0.9).hits(0) == 1
    assert not boundary(0.9, least_trials=0).decided(0, 0)


def test_nothing_is_decided_before_the_least_number_of_trials() -> None:
    tested = boundary(0.01)
    assert [tested.hits(n) <= n for n in (9, 10)] == [True, True]
    assert [tested.decided(n, n) for n in (9, 10)] == [False, True]


def test_decided_means_at_or_beyond_the_boundary() -> None:
    assert [boundary(0.95).decided(hits, 500) for hits in (488, 489, 500)] == [False, True, True]


@given(counts)
def test_the_optimistic_rate_is_the_upper_end_of_wilson(count: tuple[int, int]) -> None:
    # Not needed by whoever only collects the tests, which is every worker.
    from statsmodels.stats.proportion import proportion_confint

    expected = proportion_confint(*count, alpha=2 * norm.sf(OPTIMISM), method="wilson")[1]
    assert pytest.approx(expected, rel=1e-9) == optimistic_rate(*count)


def test_without_a_trial_every_rate_is_possible() -> None:
    assert optimistic_rate(0, 0) == 1


@given(thresholds, alphas, counts, st.integers(0, 500))
def test_hope_grows_with_hits_and_with_the_trials_that_are_left(
    threshold: float, alpha: float, count: tuple[int, int], further: int
) -> None:
    hits, trials = count
    tested = boundary(threshold, alpha)
    by_hits = [tested.hopeful(each, trials, further) for each in range(trials + 1)]
    by_further = [tested.hopeful(hits, trials, more) for more in range(further, further + 2000, 100)]
    assert sorted(by_hits) == by_hits
    assert sorted(by_further) == by_further


@given(thresholds, alphas, counts)
def test_without_further_trials_only_a_decided_test_is_hopeful(
    threshold: float, alpha: float, count: tuple[int, int]
) -> None:
    hits, trials = count
    tested = boundary(threshold, alpha)
    assert (hits >= tested.hits(trials)) is tested.hopeful(hits, trials, 0)


@pytest.mark.parametrize(("hits", "trials"), [(20, 20), (98, 100), (480, 500)])
def test_hope_lasts_while_the_optimistic_rate_could_bring_the_missing_evidence(hits: int, trials: int) -> None:
    tested = boundary(0.95)
    missing = log(40) - tested.bet.log_evidence(hits, trials)
    least = ceil(missing / kl(optimistic_rate(hits, trials), 0.95))
    assert [False, True] == [tested.hopeful(hits, trials, further) for further in (least - 1, least)]


def test_a_rate_far_below_the_threshold_is_hopeless_and_one_near_it_is_not() -> None:
    assert [boundary(0.95).hopeful(passes, 500, 1500) for passes in (440, 480)] == [False, True]
