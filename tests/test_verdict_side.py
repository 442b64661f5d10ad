from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, log, prod
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.stats import LEAST_TRIALS, Bet, Boundary, ScoreBound, alternatives, kl
from evalkit.stats.boundary import optimistic_rate
from evalkit.verdict.side import (
    MOST_IN_FLIGHT,
    PassSide,
    ScoreSide,
    Side,
    hopeful,
    hopeful_without_void,
    units_of_hope,
    units_to_verdict,
)

ALPHA = 0.025
N_MAX = 500.0
Make: TypeAlias = Callable[[float, Sequence[float | None]], PassSide | ScoreSide]

thresholds = st.sampled_from([0.05, 0.3, 0.5, 0.8, 0.95])
hits_and_voids = st.lists(st.sampled_from([1.0, 1.0, 1.0, 0.0, None]), max_size=60)
scores_and_voids = st.lists(st.none() | st.floats(0, 1), max_size=30)
rows = st.lists(st.tuples(st.sampled_from([1.0, 0.0, None]), st.integers(1, 60)), max_size=6).map(
    lambda drawn: [hit for hit, length in drawn for _ in range(length)]
)
"""Hits, misses and voids in rows long enough to decide something."""


def boundary(threshold: float) -> Boundary:
    rates = alternatives(threshold, ALPHA, N_MAX) if 0 < threshold < 1 else ()
    return Boundary(Bet(threshold, rates), 1 / ALPHA)


def passes(threshold: float, path: Sequence[float | None] = ()) -> PassSide:
    side = PassSide(boundary(threshold))
    for hit in path:
        side.add(hit)
    return side


def scores(threshold: float, path: Sequence[float | None] = ()) -> ScoreSide:
    side = ScoreSide(boundary(threshold), ScoreBound(ALPHA, N_MAX))
    for hit in path:
        side.add(hit)
    return side


# --- what both kinds of side do


# No deadlines, here and below: whichever example comes first finds the boundaries and loads numpy.
@settings(deadline=None)
@given(thresholds, hits_and_voids)
def test_scores_of_0_and_1_are_the_evidence_that_passes_are(threshold: float, path: list[float | None]) -> None:
    expected, found = passes(threshold, path), scores(threshold, path)
    assert (expected.seen, expected.observed, expected.hits) == (found.seen, found.observed, found.hits)
    assert pytest.approx(expected.log_evidence(), abs=1e-9) == found.log_evidence()
    assert pytest.approx(expected.missing(), abs=1e-9) == found.missing()
    assert pytest.approx(expected.missing_without_void(), abs=1e-9) == found.missing_without_void()
    if abs(expected.missing()) > 1e-9:
        assert expected.decided() is found.decided()


@pytest.mark.parametrize("make", [passes, scores])
@pytest.mark.parametrize(("threshold", "hits", "decides"), [(0, 0, False), (0, 1, True), (1, 20, False)])
def test_above_0_a_hit_settles_it_and_above_1_nothing_does(
    make: Make, threshold: float, hits: int, decides: bool
) -> None:
    side = make(threshold, [0.0] * (20 - hits) + [1.0] * hits)
    assert decides is side.decided()
    assert (inf if decides else 0.0) == side.log_evidence()


@pytest.mark.parametrize("make", [passes, scores])
def test_nothing_is_decided_before_the_least_number_of_units(make: Make) -> None:
    side = make(0.05, [1.0] * (LEAST_TRIALS - 1))
    assert side.missing() <= 0
    assert not side.decided()
    side.add(0.0)
    assert side.decided()


@settings(deadline=None)
@given(thresholds, hits_and_voids)
def test_a_void_unit_of_passes_counts_as_a_miss(threshold: float, path: list[float | None]) -> None:
    expected, found = passes(threshold, [hit or 0.0 for hit in path]), passes(threshold, path)
    assert expected.log_evidence() == found.log_evidence()
    assert expected.decided() is found.decided()
    assert expected.least_further(1) == found.least_further(1)
    assert (len(path), len(path) - path.count(None)) == (found.seen, found.observed)


@settings(deadline=None)
@given(thresholds, scores_and_voids)
def test_a_void_score_counts_as_0(threshold: float, path: list[float | None]) -> None:
    expected, found = scores(threshold, [hit or 0.0 for hit in path]), scores(threshold, path)
    assert pytest.approx(expected.log_evidence(), rel=1e-9, abs=1e-9) == found.log_evidence()
    assert expected.bound() == found.bound()
    assert (len(path), len(path) - path.count(None)) == (found.seen, found.observed)


@settings(deadline=None)
@given(thresholds, scores_and_voids, st.booleans())
def test_without_void_is_as_if_they_had_never_been_asked(
    threshold: float, path: list[float | None], whole: bool
) -> None:
    if whole:
        path = [hit if hit is None else float(round(hit)) for hit in path]
    observed = [hit for hit in path if hit is not None]
    found = passes(threshold, path) if whole else scores(threshold, path)
    expected = passes(threshold, observed) if whole else scores(threshold, observed)
    assert pytest.approx(expected.missing(), rel=1e-9, abs=1e-9) == found.missing_without_void()


# --- scores


@settings(deadline=None)
@given(thresholds, st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_the_evidence_of_scores_is_the_mean_wealth_of_bets_on_the_alternatives(
    threshold: float, path: list[float]
) -> None:
    shares = [(rate - threshold) / (threshold * (1 - threshold)) for rate in boundary(threshold).bet.rates]
    wealth = [prod(1 + share * (score - threshold) for score in path) for share in shares]
    expected = sum(wealth) / len(wealth)
    if expected > 1e-9:
        assert pytest.approx(log(expected), abs=1e-6) == scores(threshold, path).log_evidence()


@settings(deadline=None)
@given(thresholds, st.lists(st.floats(0, 1), max_size=30), st.integers(1, 40))
def test_fewer_units_than_the_least_further_decide_no_score_side(
    threshold: float, path: list[float], least: int
) -> None:
    side = scores(threshold, path)
    if side.decided():
        return
    further = side.least_further(least)
    assert least <= further <= MOST_IN_FLIGHT
    for _ in range(min(side.least_further(1), 200) - 1):
        side.add(1.0)
        assert not side.decided()


@settings(deadline=None)
@given(thresholds, st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_the_bound_of_scores_passes_the_threshold_with_the_evidence(threshold: float, path: list[float]) -> None:
    side, reached = scores(threshold), False
    for score in path:
        side.add(score)
        reached = reached or side.missing() <= 0
        if abs(side.missing()) < 1e-6:
            return
    assert reached is (side.bound() > threshold)


# --- how many more


@settings(deadline=None)
@given(thresholds, rows)
def test_the_least_further_hits_in_a_row_decide_and_one_fewer_do_not(
    threshold: float, path: list[float | None]
) -> None:
    side = passes(threshold, path)
    further = side.least_further(1)
    assert 1 <= further <= MOST_IN_FLIGHT
    if side.decided() or further == MOST_IN_FLIGHT:
        return
    decided = []
    for _ in range(further):
        decided.append(side.decided())
        side.add(1.0)
    assert [False] * further == decided
    assert side.decided()


@settings(deadline=None)
@given(thresholds, rows, st.integers(1, 2 * MOST_IN_FLIGHT))
def test_no_fewer_than_asked_for_are_the_least_further(threshold: float, path: list[float | None], least: int) -> None:
    side = passes(threshold, path)
    assert max(side.least_further(1), least) == side.least_further(least)


@settings(deadline=None)
@given(rows, st.integers(0, 500))
def test_hope_of_passes_is_that_of_their_boundary(path: list[float | None], further: int) -> None:
    side = passes(0.8, path)
    assert boundary(0.8).hopeful(int(side.hits), side.seen, further) is hopeful(side, further)


@settings(deadline=None)
@given(thresholds, scores_and_voids, st.integers(0, 500))
def test_hope_grows_with_the_units_that_are_left_and_a_decided_side_needs_none(
    threshold: float, path: list[float | None], further: int
) -> None:
    side = scores(threshold, path)
    found = [hopeful(side, further + more) for more in range(0, 1000, 100)]
    assert sorted(found) == found
    assert (side.missing() <= 0) is hopeful(side, 0)


@pytest.mark.parametrize("make", [passes, scores])
@settings(deadline=None)
@given(threshold=thresholds, path=rows, further=st.integers(0, 500))
def test_hope_without_void_units_is_that_of_those_observed(
    make: Make, threshold: float, path: list[float | None], further: int
) -> None:
    observed = make(threshold, [hit for hit in path if hit is not None])
    assert hopeful(observed, further) is hopeful_without_void(make(threshold, path), further)


def has_hope(side: Side, units: int, further: int) -> bool:
    """Whether hope is left when so many of the further units went by at the rate so far."""
    hits = side.hits + (side.hits / side.seen if side.seen else 0) * units
    rate = optimistic_rate(hits, side.seen + units)
    return rate > side.threshold and (further - units) * kl(rate, side.threshold) >= side.missing()


@settings(deadline=None)
@given(thresholds, rows, st.integers(0, 300), st.integers(0, 300))
def test_units_of_hope_are_those_that_go_by_before_it_does(
    threshold: float, path: list[float | None], further: int, most: int
) -> None:
    side = passes(threshold, path)
    if side.missing() <= 0:
        return
    found = units_of_hope(side, further, most)
    expected = next((units for units in range(min(most, further)) if not has_hope(side, units, further)), None)
    assert (min(most, further) if expected is None else expected) == found


@pytest.mark.parametrize(("hits", "units"), [(476, 0), (480, 341), (484, 1082), (500, 1500)])
def test_the_nearer_to_the_threshold_the_sooner_hope_is_gone(hits: int, units: int) -> None:
    side = passes(0.95, [1.0] * hits + [0.0] * (500 - hits))
    assert units == units_of_hope(side, 1500, 1500)
    assert units in (0, 1500) or [True, False] == [has_hope(side, each, 1500) for each in (units - 1, units)]


def test_units_to_a_verdict_come_near_those_that_it_takes_and_fall_with_each_hit() -> None:
    side, found = passes(0.95, [1.0] * 40), []
    while not side.decided():
        found.append(units_to_verdict(side))
        side.add(1.0)
    assert 50 == len(found)  # 90 in a row decide
    assert 40 < found[0] < 60
    assert sorted(found, reverse=True) == found
    assert units_to_verdict(side) == 0


def test_above_0_the_first_hit_is_a_verdict_and_the_rarer_hits_are_the_farther_it_is() -> None:
    found = [units_to_verdict(passes(0.0, [0.0] * misses)) for misses in (10, 100, 1000)]
    assert sorted(found) == found
    assert 40 < found[1] < 100  # of 100 misses, and a standard deviation more hits than the one that was not seen
    assert 0 == units_to_verdict(passes(0.0, [0.0] * 100 + [1.0]))


@settings(deadline=None)
@given(thresholds, hits_and_voids)
def test_a_verdict_is_out_of_sight_where_even_a_rate_a_little_higher_is_not_above_the_threshold(
    threshold: float, path: list[float | None]
) -> None:
    side = passes(threshold, path)
    rate = (side.hits + 1) / (side.seen + 2)
    optimistic = min(rate + (rate * (1 - rate) / (side.seen + 2)) ** 0.5, 1.0)
    assert (optimistic <= threshold) is (units_to_verdict(side) == inf)
