from __future__ import annotations

from itertools import accumulate, product
from math import log, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats import Bet, Boundary, Prospect, alternatives, crossing_chance, kl, prospect
from evalkit.stats.boundary import LEAST_TRIALS
from evalkit.stats.evidence import rate_at_divergence

BUDGET, N_MAX = 2000, 500


def both(
    threshold: float, alpha: float, *, n_max: float = N_MAX, least_trials: int = LEAST_TRIALS
) -> tuple[Boundary, Boundary]:
    up = Bet(threshold, alternatives(threshold, alpha, n_max))
    down = Bet(1 - threshold, alternatives(1 - threshold, alpha, n_max))
    return Boundary(up, 1 / alpha, least_trials=least_trials), Boundary(down, 1 / alpha, least_trials=least_trials)


def brute_force(up: Boundary, down: Boundary, pass_rate: float, trials: int, *, futility: bool) -> Prospect:
    """Every path there is, each followed to where it ends."""

    def end(passes: int, n: int) -> str | None:
        if up.decided(passes, n) or down.decided(n - passes, n):
            return "above" if up.decided(passes, n) else "below"
        hopeful = up.hopeful(passes, n, trials - n) or down.hopeful(n - passes, n, trials - n)
        return "undecided" if n == trials or (futility and n >= up.least_trials and not hopeful) else None

    ends = {(passes, n): end(passes, n) for n in range(1, trials + 1) for passes in range(n + 1)}
    chances = {"above": 0.0, "below": 0.0, "undecided": 0.0}
    stops = [0.0] * (trials + 1)
    for path in product((True, False), repeat=trials):
        units = enumerate(accumulate(path), start=1)
        n, verdict = next((n, found) for n, passes in units if (found := ends[passes, n]) is not None)
        chance = pass_rate ** sum(path) * (1 - pass_rate) ** (trials - sum(path))
        chances[verdict] += chance
        stops[n] += chance
    return Prospect(**chances, stops=tuple(stops))


@pytest.mark.parametrize("futility", [False, True])
@pytest.mark.parametrize(("threshold", "pass_rate", "least_trials"), [(0.6, 0.6, 1), (0.6, 0.9, 6), (0.8, 0.4, 1)])
def test_equals_brute_force_over_all_paths(
    threshold: float, pass_rate: float, least_trials: int, futility: bool
) -> None:
    up, down = both(threshold, 0.2, n_max=12, least_trials=least_trials)
    expected = brute_force(up, down, pass_rate, 12, futility=futility)
    found = prospect(up, down, pass_rate, 12, futility=futility)
    assert min(expected.above, expected.below, expected.undecided) > 0
    assert pytest.approx(expected.stops, abs=1e-12) == found.stops
    assert pytest.approx((expected.above, expected.below, expected.undecided), abs=1e-12) == (
        found.above,
        found.below,
        found.undecided,
    )
    assert pytest.approx(expected.mean_trials) == found.mean_trials


@pytest.mark.parametrize("hit_rate", [0.0, 0.3, 0.7, 1.0])
def test_the_chance_of_crossing_equals_brute_force_over_all_paths(hit_rate: float) -> None:
    up, _ = both(0.6, 0.2, n_max=12, least_trials=3)
    expected = 0.0
    for path in product((True, False), repeat=12):
        if any(up.decided(sum(path[:n]), n) for n in range(1, 13)):
            expected += hit_rate ** sum(path) * (1 - hit_rate) ** (12 - sum(path))
    assert pytest.approx(expected, abs=1e-12) == crossing_chance(up, hit_rate, 12)


@pytest.mark.parametrize(
    ("alpha", "most"),
    [(0.025, {0.85: 70, 0.9: 235, 0.99: 160, 1.0: 92}), (0.05, {0.85: 60, 0.9: 198, 0.99: 134, 1.0: 78})],
)
def test_a_verdict_takes_no_more_calls_than_it_should(alpha: float, most: dict[float, float]) -> None:
    up, down = both(0.95, alpha)
    found = {rate: prospect(up, down, rate, BUDGET, futility=False).mean_trials for rate in most}
    assert {rate: found[rate] for rate in most if found[rate] > most[rate]} == {}
    assert found[1.0] == next(n for n in range(1, BUDGET) if up.hits(n) == n)


@pytest.mark.slow
@pytest.mark.parametrize("threshold", [0.8, 0.9, 0.95, 0.99])
@pytest.mark.parametrize(("alpha", "most"), [(0.025, 600), (0.05, 650)])
def test_a_model_at_the_threshold_does_not_burn_the_budget(threshold: float, alpha: float, most: float) -> None:
    up, down = both(threshold, alpha)
    found = prospect(up, down, threshold, BUDGET)
    assert found.mean_trials <= most
    assert found.undecided >= 1 - 2 * alpha


@pytest.mark.slow
@pytest.mark.parametrize("threshold", [0.8, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("alpha", [0.025, 0.05])
def test_hopelessness_costs_hardly_any_verdict_that_an_eighth_of_the_budget_can_reach(
    threshold: float, alpha: float
) -> None:
    up, down = both(threshold, alpha)
    divergence = -log(alpha) / (BUDGET / 8)
    above, below = rate_at_divergence(divergence, threshold), 1 - rate_at_divergence(divergence, 1 - threshold)
    assert prospect(up, down, above, BUDGET).above >= 0.99
    assert prospect(up, down, below, BUDGET).below >= 0.99


@pytest.mark.slow
@pytest.mark.parametrize("threshold", [0.8, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("alpha", [0.025, 0.05])
def test_verdicts_take_few_calls_more_than_any_rule_needs(threshold: float, alpha: float) -> None:
    """Over the alternatives of a test with eight a side, without the least number of trials."""
    up, down = both(threshold, alpha, least_trials=1)

    def ratio(rate: float) -> float:
        calls = prospect(up, down, rate, BUDGET, futility=False).mean_trials
        return calls * kl(rate, threshold) / -log(alpha)

    above = [ratio(rate) for rate in alternatives(threshold, alpha, N_MAX, n_points=8)]
    below = [ratio(1 - rate) for rate in alternatives(1 - threshold, alpha, N_MAX, n_points=8)]
    assert sum(above) / 8 <= 1.23
    assert sum(above + below) / 16 <= 1.33


@given(st.floats(0.01, 0.99), st.floats(0.001, 0.5), st.floats(1, 1000), st.integers(1, 300), st.floats(0, 1))
def test_a_test_never_errs_more_often_than_promised(
    threshold: float, alpha: float, n_max: float, trials: int, share: float
) -> None:
    up, _ = both(threshold, alpha, n_max=n_max, least_trials=1)
    at_threshold = crossing_chance(up, threshold, trials)
    assert at_threshold <= alpha
    assert crossing_chance(up, share * threshold, trials) <= at_threshold + 1e-12


@given(st.floats(0.05, 0.95), st.floats(0.01, 0.3), st.floats(0, 1), st.integers(1, 150), st.booleans())
def test_chances_sum_to_one(threshold: float, alpha: float, pass_rate: float, trials: int, futility: bool) -> None:
    found = prospect(*both(threshold, alpha, n_max=100), pass_rate, trials, futility=futility)
    assert pytest.approx(1, abs=1e-12) == found.above + found.below + found.undecided
    assert pytest.approx(1, abs=1e-12) == sum(found.stops)
    assert trials + 1 == len(found.stops)


@given(st.floats(0.05, 0.95), st.floats(0.01, 0.3), st.floats(0, 1), st.integers(1, 150))
def test_passes_and_fails_mirror_each_other(threshold: float, alpha: float, pass_rate: float, trials: int) -> None:
    up, down = both(threshold, alpha, n_max=100)
    found, mirrored = prospect(up, down, pass_rate, trials), prospect(down, up, 1 - pass_rate, trials)
    assert pytest.approx((found.above, found.below), abs=1e-12) == (mirrored.below, mirrored.above)
    assert pytest.approx(found.stops, abs=1e-12) == mirrored.stops


def test_giving_up_costs_verdicts_and_never_brings_any() -> None:
    up, down = both(0.95, 0.025)
    with_it, without = (prospect(up, down, 0.97, 1000, futility=each) for each in (True, False))
    assert with_it.above < without.above
    assert with_it.below <= without.below
    assert with_it.mean_trials < without.mean_trials


def test_tests_that_do_not_end_each_other_cross_more_often() -> None:
    up, down = both(0.9, 0.1)
    ending = prospect(up, down, 0.9, 500, futility=False)
    assert crossing_chance(up, 0.9, 500) > ending.above
    assert crossing_chance(down, 1 - 0.9, 500) > ending.below


def test_a_sure_model_ends_where_the_boundary_is() -> None:
    found = prospect(*both(0.95, 0.025), 1.0, BUDGET)
    assert (1.0, 0.0, 0.0) == (found.above, found.below, found.undecided)
    assert found.mean_trials == 90
    assert found.stops[90] == 1


def test_the_mean_is_of_the_trials_at_which_runs_end() -> None:
    found = Prospect(above=0.5, below=0.25, undecided=0.25, stops=(0, 0.25, 0, 0.5, 0.25))
    assert found.mean_trials == 2.75


@pytest.mark.parametrize(("pass_rate", "trials"), [(-0.1, 10), (1.1, 10), (nan, 10), (0.5, 0)])
def test_arguments_out_of_range_are_refused(pass_rate: float, trials: int) -> None:
    with pytest.raises(ValueError, match="expected a rate from 0 to 1 and a trial"):
        prospect(*both(0.9, 0.05), pass_rate, trials)
