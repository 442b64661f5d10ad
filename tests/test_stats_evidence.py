from __future__ import annotations

from math import exp, inf, isfinite, log, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import rel_entr
from scipy.stats import binom

from evalkit.stats import Bet, alternatives, kl
from evalkit.stats.evidence import bet_against, rate_at_divergence

thresholds = st.floats(0.005, 0.995)
alphas = st.floats(0.0005, 0.5)
n_maxes = st.floats(1, 20_000)
counts = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def bet(threshold: float, alpha: float = 0.025, n_max: float = 500) -> Bet:
    return Bet(threshold, alternatives(threshold, alpha, n_max))


@pytest.mark.parametrize(("p", "q", "expected"), [(0.97, 0.95, 0.0048843), (1, 0.95, 0.0512933), (0.3, 0.3, 0.0)])
def test_known_divergences_are_reproduced(p: float, q: float, expected: float) -> None:
    assert expected == round(kl(p, q), 7)


def test_the_fewest_calls_that_any_rule_needs_are_reproduced() -> None:
    assert round(log(1 / 0.05) / kl(0.97, 0.95), 2) == 613.34


@given(st.floats(0, 1), st.floats(1e-9, 1 - 1e-9))
def test_divergence_agrees_with_scipy(p: float, q: float) -> None:
    expected = rel_entr(p, q) + rel_entr(1 - p, 1 - q)
    assert pytest.approx(expected, rel=1e-9, abs=1e-12) == kl(p, q)


@pytest.mark.parametrize(("p", "q"), [(0.5, 0), (0.5, 1), (1, 0), (0, 1)])
def test_divergence_from_what_cannot_be_is_infinite(p: float, q: float) -> None:
    assert inf == kl(p, q)


@pytest.mark.parametrize(("p", "q"), [(-0.1, 0.5), (0.5, 1.1), (nan, 0.5)])
def test_divergence_of_what_is_no_rate_is_refused(p: float, q: float) -> None:
    with pytest.raises(ValueError, match="expected each from 0 to 1"):
        kl(p, q)


@given(thresholds, st.floats(1e-8, 6))
def test_a_rate_is_found_by_its_divergence(threshold: float, divergence: float) -> None:
    rate = rate_at_divergence(divergence, threshold)
    assert threshold <= rate <= 1
    if divergence < -log(threshold) and rate < 1 - 1e-12:
        assert pytest.approx(divergence, rel=1e-6, abs=1e-12) == kl(rate, threshold)


def test_no_rate_is_further_than_one() -> None:
    assert [rate_at_divergence(far, 0.95) for far in (-log(0.95), 1.0)] == [1.0, 1.0]


@given(thresholds, alphas, n_maxes, st.integers(2, 12))
def test_alternatives_reach_their_goals_at_calls_that_run_geometrically(
    threshold: float, alpha: float, n_max: float, n_points: int
) -> None:
    found = alternatives(threshold, alpha, n_max, n_points)
    fewest = log(alpha) / log(threshold)
    if n_max <= fewest:
        assert found == (1.0,)
        return
    assert n_points == len(found)
    assert all(threshold < rate <= 1 for rate in found)
    assert sorted(found, reverse=True) == list(found)
    expected = [fewest * (n_max / fewest) ** (place / (n_points - 1)) for place in range(n_points)]
    # Near 1 a rate cannot be written finely enough to be turned into its calls again.
    finely = [(calls, rate) for calls, rate in zip(expected, found, strict=True) if rate == 1 or rate < 1 - 1e-9]
    assert pytest.approx([calls for calls, _ in finely], rel=1e-4) == [
        -log(alpha) / kl(rate, threshold) for _, rate in finely
    ]


@pytest.mark.parametrize(
    ("threshold", "alpha", "n_max", "n_points"),
    [
        (0, 0.05, 500, 10),
        (1, 0.05, 500, 10),
        (nan, 0.05, 500, 10),
        (0.9, 0, 500, 10),
        (0.9, 1, 500, 10),
        (0.9, 0.05, 0, 10),
        (0.9, 0.05, 500, 1),
    ],
)
def test_alternatives_of_what_is_no_test_are_refused(
    threshold: float, alpha: float, n_max: float, n_points: int
) -> None:
    with pytest.raises(ValueError, match="expected rates between 0 and 1, a positive n_max and at least 2 points"):
        alternatives(threshold, alpha, n_max, n_points)


@given(thresholds, thresholds, alphas, n_maxes)
def test_what_hits_and_misses_multiply_a_wealth_by_falls_as_the_threshold_rises(
    one: float, other: float, alpha: float, n_max: float
) -> None:
    """What a bound excludes is therefore all that lies below it."""
    low, high = min(one, other), max(one, other)
    below, above = alternatives(low, alpha, n_max), alternatives(high, alpha, n_max)
    # Where the budget has room for the alternative 1 alone, it stands for all ten.
    for q, r in zip(below * (10 // len(below)), above * (10 // len(above)), strict=True):
        assert q / low >= r / high * (1 - 1e-9)
        assert (1 - q) / (1 - low) >= (1 - r) / (1 - high) - 1e-9


@given(thresholds, alphas, n_maxes, counts)
def test_evidence_is_a_mean_of_likelihood_ratios(
    threshold: float, alpha: float, n_max: float, count: tuple[int, int]
) -> None:
    hits, trials = count
    tested = bet(threshold, alpha, n_max)
    at_threshold = binom.logpmf(hits, trials, threshold)
    ratios = [exp(min(binom.logpmf(hits, trials, rate) - at_threshold, 700)) for rate in tested.rates]
    found = tested.log_evidence(hits, trials)
    if found < 600:
        assert pytest.approx(sum(ratios) / len(ratios), rel=1e-6, abs=1e-200) == exp(found)


@given(thresholds, alphas, n_maxes, st.integers(1, 200), st.floats(0, 1))
def test_evidence_is_one_on_average_at_the_threshold_and_less_below(
    threshold: float, alpha: float, n_max: float, trials: int, share: float
) -> None:
    tested = bet(threshold, alpha, n_max)
    logs = [tested.log_evidence(hits, trials) for hits in range(trials + 1)]

    def mean(rate: float) -> float:
        chances = binom.logpmf(range(trials + 1), trials, rate)
        return sum(exp(each + chance) for each, chance in zip(logs, chances, strict=True))

    assert pytest.approx(1, abs=1e-8) == mean(threshold)
    assert mean(share * threshold) <= 1 + 1e-8


@given(thresholds, alphas, n_maxes, counts)
def test_a_hit_raises_evidence_and_a_miss_lowers_it(
    threshold: float, alpha: float, n_max: float, count: tuple[int, int]
) -> None:
    hits, trials = count
    tested = bet(threshold, alpha, n_max)
    now = tested.log_evidence(hits, trials)
    assert tested.log_evidence(hits, trials + 1) <= now <= tested.log_evidence(hits + 1, trials + 1)


def test_there_is_no_evidence_at_the_start() -> None:
    assert bet(0.95).log_evidence(0, 0) == 0


def test_one_miss_refutes_a_bet_on_one_alone() -> None:
    assert -inf == Bet(0.95, (1.0,)).log_evidence(99, 100)


def test_many_trials_do_not_overflow() -> None:
    assert isfinite(bet(0.5).log_evidence(1_000_000, 1_000_000))
    assert isfinite(bet(0.5).log_evidence(0, 1_000_000))


@pytest.mark.parametrize(("threshold", "hits", "expected"), [(0, 0, 0), (0, 1, inf), (1, 5, 0), (1, 0, 0)])
def test_one_hit_excludes_a_rate_of_zero_and_nothing_a_rate_of_one(
    threshold: float, hits: int, expected: float
) -> None:
    assert expected == bet_against(threshold, 0.025, 500).log_evidence(hits, 5)


def test_the_tests_of_an_interval_are_those_of_the_alternatives() -> None:
    assert bet(0.9, 0.05, 125) == bet_against(0.9, 0.05, 125)
