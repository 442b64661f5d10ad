from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import exp, inf, log, nan, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats import Bet, RunningBound, ScoreBound, alternatives

ALPHA, N_MAX = 0.05, 50.0

scores = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0])), max_size=40)
high_scores = st.lists(st.sampled_from([1.0, 1.0, 1.0, 0.9, 0.5]), max_size=30)
outcomes = st.lists(st.sampled_from([True, True, True, True, False]), max_size=60)
rates = st.floats(0.01, 0.99)


def taken_in(path: Sequence[float], alpha: float = ALPHA, n_max: float = N_MAX) -> ScoreBound:
    bound = ScoreBound(alpha, n_max)
    for score in path:
        bound.add(score)
    return bound


@given(scores, rates)
def test_evidence_is_the_mean_wealth_of_the_bets(path: list[float], threshold: float) -> None:
    stakes = [(q - threshold) / (threshold * (1 - threshold)) for q in alternatives(threshold, ALPHA, N_MAX)]
    expected = sum(prod(1 + stake * (x - threshold) for x in path) for stake in stakes) / len(stakes)
    assert pytest.approx(expected, rel=1e-6, abs=1e-9) == exp(taken_in(path).log_evidence(threshold))


@given(outcomes, rates)
def test_of_passes_and_fails_evidence_is_the_likelihood_ratio(path: list[bool], threshold: float) -> None:
    expected = Bet(threshold, alternatives(threshold, ALPHA, N_MAX)).log_evidence(sum(path), len(path))
    assert pytest.approx(expected, abs=1e-9) == taken_in(path).log_evidence(threshold)


@given(outcomes, st.sampled_from([0.025, 0.3]), st.sampled_from([5.0, 50.0, 500.0]))
def test_of_passes_and_fails_it_is_the_bound_of_the_rate(path: list[bool], alpha: float, n_max: float) -> None:
    of_scores, of_rate, hits = ScoreBound(alpha, n_max), RunningBound(alpha, n_max), 0
    for trials, hit in enumerate(path, start=1):
        hits += hit
        of_scores.add(float(hit))
        of_rate.add(hits, trials, hit=hit)
        if trials % 7 == 0:
            assert pytest.approx(of_rate.bound(), abs=1e-6) == of_scores.bound()
    assert pytest.approx(of_rate.bound(), abs=1e-6) == of_scores.bound()


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("middle", [0.05, 0.15])
def test_evidence_is_one_on_average_whatever_the_distribution_with_the_mean_of_the_threshold(
    threshold: float, middle: float
) -> None:
    """Scores 0, `middle` and 1, over all paths of four."""
    weight = 0.1
    high = threshold - weight * middle
    chances = {0.0: 1 - weight - high, middle: weight, 1.0: high}
    assert min(chances.values()) >= 0
    mean = sum(
        prod(chances[score] for score in path) * exp(taken_in(path).log_evidence(threshold))
        for path in product(chances, repeat=4)
    )
    assert pytest.approx(1, abs=1e-12) == mean


@given(high_scores, rates)
def test_the_mean_lies_above_every_threshold_that_was_ever_excluded(path: list[float], threshold: float) -> None:
    bound, excluded = ScoreBound(ALPHA, N_MAX), False
    for score in path:
        bound.add(score)
        excluded = excluded or bound.log_evidence(threshold) >= log(1 / ALPHA)
    if abs(bound.bound() - threshold) > 1e-9:
        assert excluded is (bound.bound() > threshold)


@given(high_scores)
def test_it_never_falls_and_does_not_depend_on_how_often_one_looks(path: list[float]) -> None:
    often, found = ScoreBound(ALPHA, N_MAX), [0.0]
    for score in path:
        often.add(score)
        found.append(often.bound())
    assert sorted(found) == found
    assert pytest.approx(taken_in(path).bound(), abs=1e-9) == found[-1]


def test_what_was_excluded_stays_excluded_even_if_nobody_looked() -> None:
    before = taken_in([1.0] * 100).bound()
    assert before > 0.9
    assert pytest.approx(before, abs=1e-9) == taken_in([1.0] * 100 + [0.0] * 900).bound()


@given(high_scores, st.integers(0, 29), st.floats(0, 1))
def test_a_higher_score_never_lowers_it(path: list[float], place: int, share: float) -> None:
    lower = [score * share if n == place else score for n, score in enumerate(path)]
    assert taken_in(lower).bound() <= taken_in(path).bound() + 1e-9


@given(high_scores, rates, rates)
def test_evidence_falls_as_the_threshold_rises(path: list[float], one: float, other: float) -> None:
    bound = taken_in(path)
    assert bound.log_evidence(min(one, other)) >= bound.log_evidence(max(one, other)) - 1e-9


@given(scores)
def test_it_never_exceeds_the_highest_mean_so_far(path: list[float]) -> None:
    highest = max((sum(path[:n]) / n for n in range(1, len(path) + 1)), default=0.0)
    assert 0 <= taken_in(path).bound() <= highest + 1e-12


def test_less_spread_gives_no_worse_bound_than_passes_and_fails_of_the_same_mean() -> None:
    steady, coin = [0.5] * 200, [0.0, 1.0] * 100
    assert 0.3 < taken_in(coin).bound() < taken_in(steady).bound() < 0.5


@pytest.mark.parametrize("path", [[], [0.0] * 30])
def test_without_anything_above_zero_it_is_zero(path: list[float]) -> None:
    assert taken_in(path).bound() == 0


@pytest.mark.parametrize(
    ("path", "threshold", "expected"),
    [([], 0.5, 0.0), ([], 0, 0.0), ([0.0], 0, 0.0), ([0.0, 0.1], 0, inf), ([1.0] * 9, 1, 0.0)],
)
def test_a_score_excludes_a_mean_of_zero_and_nothing_a_mean_of_one(
    path: list[float], threshold: float, expected: float
) -> None:
    assert expected == taken_in(path).log_evidence(threshold)


def test_many_scores_do_not_overflow() -> None:
    assert 0.99 < taken_in([1.0] * 5000).bound() < 1


@pytest.mark.parametrize("score", [-0.01, 1.01, nan])
def test_a_score_out_of_range_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match=r"found a score of .*, expected one from 0 to 1"):
        ScoreBound(ALPHA, N_MAX).add(score)


@pytest.mark.parametrize("threshold", [-0.01, 1.01, nan])
def test_a_threshold_out_of_range_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match=r"found a threshold of .*, expected one from 0 to 1"):
        ScoreBound(ALPHA, N_MAX).log_evidence(threshold)


@pytest.mark.parametrize(("alpha", "n_max"), [(0, 50), (1, 50), (nan, 50), (0.05, 0)])
def test_what_is_no_test_is_refused(alpha: float, n_max: float) -> None:
    with pytest.raises(ValueError, match="expected a rate between 0 and 1, and more than 0"):
        ScoreBound(alpha, n_max)
