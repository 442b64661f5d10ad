from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats import fit_crossing
from evalkit.trial import Level
from evalkit.verdict import CriticalLevel
from evalkit.verdict.critical import critical_level
from tests.ladders import condition_at

NOISE: Sequence[Level] = [0.02, 0.05, 0.1, 0.2]

Counts = tuple[int, int]
"""Passes and trials."""


def found(
    levels: Sequence[Level],
    counts: Sequence[Counts],
    *,
    counting: int = 0,
    strict: bool = False,
    threshold: float = 0.9,
) -> CriticalLevel:
    """Of levels of which the first `counting` count."""
    ladder = [
        condition_at(level, *each, counts=place < counting, threshold=threshold)
        for place, (level, each) in enumerate(zip(levels, counts, strict=True))
    ]
    return critical_level("noise", ladder, strict=strict)


USABLE, EDGE, UNUSABLE, UNTESTED = (100, 100), (93, 100), (60, 100), (0, 0)
EDGE_SURELY_BELOW_USABLE = (90, 100)

# --- verdicts


@pytest.mark.parametrize(
    ("counts", "usable_to", "unusable_from"),
    [
        ([USABLE, USABLE, USABLE, USABLE], 0.2, None),
        ([USABLE, EDGE, UNUSABLE, UNUSABLE], 0.02, 0.1),
        ([UNTESTED, USABLE, UNTESTED, UNUSABLE], 0.05, 0.2),
        ([EDGE, USABLE, EDGE, UNUSABLE], 0.05, 0.2),
        ([EDGE, EDGE, UNTESTED, UNTESTED], None, None),
        ([USABLE, UNUSABLE, USABLE, UNUSABLE], 0.02, 0.05),
        ([UNUSABLE, USABLE, USABLE, USABLE], None, 0.02),
    ],
)
def test_the_reach_is_the_hardest_usable_level_before_the_first_unusable(
    counts: list[Counts], usable_to: float | None, unusable_from: float | None
) -> None:
    """Levels without a verdict are passed over: bisection does not test them all."""
    critical = found(NOISE, counts)
    assert (usable_to, unusable_from) == (critical.usable_to, critical.unusable_from)


@pytest.mark.parametrize("not_usable", [EDGE, UNTESTED])
def test_a_level_that_counts_and_is_not_usable_ends_the_reach(not_usable: Counts) -> None:
    """Else a task at the edge would be called usable to a level beyond the one that it is at the edge for."""
    counts = [USABLE, not_usable, USABLE, UNUSABLE]
    assert 0.02 == found(NOISE, counts, counting=2).usable_to
    assert 0.1 == found(NOISE, counts, counting=1).usable_to


@pytest.mark.parametrize("not_usable", [EDGE, UNTESTED])
def test_strictly_any_level_that_is_not_usable_ends_the_reach(not_usable: Counts) -> None:
    assert 0.02 == found(NOISE, [USABLE, not_usable, USABLE, UNUSABLE], strict=True).usable_to


# --- contradictions


def test_a_harder_level_that_surely_passes_more_often_is_named_and_nothing_is_fitted() -> None:
    critical = found(NOISE, [(98, 100), (60, 100), (95, 100), (10, 100)])
    assert ("not monotone", (0.05, 0.1)) == (critical.fit, critical.contradiction)
    assert (None, None, None) == (critical.estimate, critical.low, critical.high)


@pytest.mark.parametrize(("passes", "widest"), [([70, 90, 50, 99], (0.1, 0.2)), ([20, 99, 60, 80], (0.02, 0.05))])
def test_of_several_contradictions_the_widest_is_named(passes: list[int], widest: tuple[float, float]) -> None:
    assert widest == found(NOISE, [(each, 100) for each in passes]).contradiction


def test_a_contradiction_is_seen_past_levels_without_a_trial() -> None:
    assert (0.02, 0.2) == found(NOISE, [(50, 100), UNTESTED, UNTESTED, (95, 100)]).contradiction


def test_where_harder_is_shown_not_to_be_harder_no_tested_level_without_a_verdict_is_passed_over() -> None:
    """What the level between would bring cannot be told from those beside it."""
    critical = found(NOISE, [USABLE, EDGE_SURELY_BELOW_USABLE, USABLE, UNUSABLE])
    assert (0.05, 0.1) == critical.contradiction
    assert (0.02, 0.2) == (critical.usable_to, critical.unusable_from)
    assert found(NOISE, [EDGE_SURELY_BELOW_USABLE, USABLE, USABLE, USABLE]).usable_to is None


def test_a_level_that_was_not_tested_is_passed_over_even_beside_a_contradiction() -> None:
    critical = found(NOISE, [USABLE, UNTESTED, USABLE, (60, 100)])
    assert (None, 0.1) == (critical.contradiction, critical.usable_to)
    levels: Sequence[Level] = [*NOISE, 0.3]
    critical = found(levels, [USABLE, UNTESTED, USABLE, EDGE_SURELY_BELOW_USABLE, USABLE])
    assert ((0.2, 0.3), 0.1) == (critical.contradiction, critical.usable_to)


def test_words_can_contradict_each_other_too() -> None:
    critical = found(["soft", "direct", "override"], [USABLE, UNUSABLE, USABLE])
    assert ("not monotone", ("direct", "override")) == (critical.fit, critical.contradiction)


def test_what_chance_explains_is_no_contradiction() -> None:
    critical = found(NOISE, [(95, 100), (97, 100), (90, 100), (10, 100)])
    assert ("ok", None) == (critical.fit, critical.contradiction)


# --- the curve


def test_an_estimate_is_in_levels_on_the_scale_that_suits_them() -> None:
    critical = found([1, 2, 3, 4], [(198, 200), (190, 200), (160, 200), (90, 200)])
    assert critical.estimate is not None
    assert critical.low is not None
    assert critical.high is not None
    assert 2 < critical.low < critical.estimate < critical.high < 3
    assert "ok" == critical.fit
    by_places = fit_crossing([(1, 198, 200), (2, 190, 200), (3, 160, 200), (4, 90, 200)], 0.9)
    assert by_places.estimate == pytest.approx(critical.estimate)


def test_levels_that_double_are_taken_by_their_logarithm() -> None:
    counts = [(198, 200), (190, 200), (160, 200), (90, 200)]
    steps, doubled = found([1, 2, 3, 4], counts), found([1000, 2000, 4000, 8000], counts)
    assert steps.estimate is not None
    assert 1000 * 2 ** (steps.estimate - 1) == pytest.approx(doubled.estimate)


def test_numbers_that_fall_have_their_interval_from_low_to_high() -> None:
    """Fewer examples in a prompt are harder."""
    counts = [(198, 200), (190, 200), (160, 200), (90, 200)]
    fewer, more = found([16, 8, 4, 2], counts), found([2, 4, 8, 16], counts)
    assert None not in (fewer.low, fewer.estimate, fewer.high, more.low, more.high)
    assert (fewer.low or 0) < (fewer.estimate or 0) < (fewer.high or 0)
    assert [32 / (more.high or 1), 32 / (more.low or 1)] == pytest.approx([fewer.low, fewer.high])


def test_no_curve_is_fitted_where_the_threshold_is_for_scores() -> None:
    """A curve is one of passes, and where it meets a threshold for scores means nothing."""
    counts: Sequence[Counts] = [(198, 200), (190, 200), (160, 200), (90, 200)]
    ladder = [condition_at(level, *each, threshold=0.9) for level, each in zip([1, 2, 3, 4], counts, strict=True)]
    by_passes, by_scores = (
        critical_level("noise", [replace(each, measure=measure) for each in ladder], strict=False)
        for measure in ("pass", "score")
    )
    assert ("ok", None) == (by_passes.fit, by_scores.fit)
    assert (None, None, None) == (by_scores.estimate, by_scores.low, by_scores.high)
    assert (2, 3) == (by_scores.usable_to, by_scores.unusable_from)


def test_a_curve_that_the_levels_do_not_follow_is_called_poor() -> None:
    assert "poor" == found([1, 2, 3, 4], [(200, 200), (130, 200), (130, 200), (130, 200)]).fit


def test_passes_that_turn_into_fails_at_once_give_an_interval_and_no_estimate() -> None:
    critical = found(NOISE, [(100, 100), (100, 100), (0, 100), (0, 100)])
    assert (None, 0.05, 0.1, "separated") == (critical.estimate, critical.low, critical.high, critical.fit)


def test_a_separation_in_few_trials_leaves_more_open_than_the_gap() -> None:
    """Three passes show little of a rate above 90 %."""
    critical = found(NOISE, [(3, 3), (3, 3), (0, 3), (0, 3)])
    assert ("separated", 0.1) == (critical.fit, critical.high)
    assert critical.low is None or critical.low < 0.05


def test_fails_that_turn_into_passes_are_no_separation() -> None:
    assert "separated" != found(NOISE, [(0, 1), (1, 1), (1, 1), (0, 1)]).fit


@pytest.mark.parametrize("trials", [20, 200])
def test_levels_that_are_all_above_put_the_crossing_beyond_the_hardest(trials: int) -> None:
    critical = found(NOISE, [(trials, trials)] * 4)
    assert (None, 0.2, None) == (critical.estimate, critical.low, critical.high)
    assert "beyond the tested range" == critical.fit


def test_levels_that_are_all_below_put_the_crossing_beyond_the_easiest() -> None:
    critical = found(NOISE, [(60, 100)] * 4)
    assert (None, None, 0.02) == (critical.estimate, critical.low, critical.high)
    assert "beyond the tested range" == critical.fit


def test_fewer_examples_than_any_tested_lie_below_them() -> None:
    critical = found([16, 8, 4, 2], [(100, 100)] * 4)
    assert (None, None, 2) == (critical.estimate, critical.low, critical.high)


def test_an_end_beyond_the_tested_levels_is_left_open() -> None:
    critical = found([1000, 4000, 16000], [(100, 100), (95, 100), (85, 100)])
    assert "ok" == critical.fit
    assert critical.low is not None
    assert critical.estimate is not None
    assert critical.high is None


def test_hardly_any_trials_leave_all_open() -> None:
    critical = found(NOISE, [(1, 1)] * 4)
    assert ("open", None, None) == (critical.fit, critical.low, critical.high)


@pytest.mark.parametrize("counts", [[UNTESTED] * 4, [USABLE, UNTESTED, UNTESTED, UNTESTED]])
def test_a_curve_needs_two_levels(counts: list[Counts]) -> None:
    assert "too few levels" == found(NOISE, counts).fit


@pytest.mark.parametrize("levels", [["soft", "direct", "override"], [1, "many", 3], [1, 3, 2]])
def test_levels_without_a_place_between_them_have_no_curve(levels: list[Level]) -> None:
    critical = found(levels, [USABLE, EDGE, UNUSABLE])
    assert (levels[0], levels[2]) == (critical.usable_to, critical.unusable_from)
    assert (None, None, None, None) == (critical.estimate, critical.low, critical.high, critical.fit)


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_a_threshold_of_0_or_1_is_met_by_no_curve(threshold: float) -> None:
    assert found(NOISE, [USABLE, USABLE, EDGE, UNUSABLE], threshold=threshold).fit is None


# --- never against the verdicts


def test_a_curve_that_the_verdicts_rule_out_is_poor_and_gives_way_to_them() -> None:
    """So many fails from level 3 on put its crossing below 1, whatever level 2 shows."""
    critical = found([1, 2, 3, 4, 5, 6], [(950, 1000), (60, 60), *[(500, 1000)] * 4])
    assert (2, 3, "poor") == (critical.low, critical.high, critical.fit)


def test_where_the_hardest_level_is_usable_no_curve_says_otherwise() -> None:
    """By counts alone the crossing would lie below the easiest."""
    critical = found([1, 2, 3, 4], [*[(890, 1000)] * 3, (37, 37)])
    assert (4, None) == (critical.usable_to, critical.unusable_from)
    assert ("beyond the tested range", 4, None, None) == (
        critical.fit, critical.low, critical.estimate, critical.high
    )  # fmt: skip


def test_where_the_easiest_level_is_unusable_no_curve_says_otherwise() -> None:
    """By counts alone the crossing would lie beyond the hardest."""
    critical = found([1, 2, 3, 4], [(78, 95), *[(910, 1000)] * 3])
    assert (None, 1) == (critical.usable_to, critical.unusable_from)
    assert ("beyond the tested range", None, None, 1) == (
        critical.fit, critical.low, critical.estimate, critical.high
    )  # fmt: skip


some_counts = st.integers(0, 300).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


@st.composite
def falling_counts(draw: st.DrawFn) -> list[Counts]:
    rates = draw(st.lists(st.sampled_from([0.1, 0.5, 0.8, 0.88, 0.92, 0.98, 1.0]), min_size=4, max_size=4))
    trials = draw(st.tuples(*[st.sampled_from([0, 5, 50, 400])] * 4))
    return [(round(rate * n), n) for rate, n in zip(sorted(rates, reverse=True), trials, strict=True)]


@given(
    counts=falling_counts() | st.tuples(*[some_counts] * 4),
    levels=st.sampled_from([[0.02, 0.05, 0.1, 0.2], [1, 2, 3, 4], [32, 16, 8, 2], [9, 8, 7, 6]]),
    counting=st.integers(0, 4),
    strict=st.booleans(),
)
def test_no_estimate_contradicts_a_verdict(
    counts: Sequence[Counts], levels: list[float], counting: int, strict: bool
) -> None:
    critical = found(levels, counts, counting=counting, strict=strict)
    shown = [each for each in (critical.low, critical.estimate, critical.high) if each is not None]
    assert sorted(shown) == shown
    assert all(min(levels) <= each <= max(levels) for each in shown)
    for limit, harder in ((critical.usable_to, True), (critical.unusable_from, False)):
        if limit is not None and shown:
            assert isinstance(limit, int | float)
            rising = levels[0] < levels[-1]
            assert (shown[0] >= limit) if harder is rising else (shown[-1] <= limit)
    assert (critical.contradiction is None) is (critical.fit != "not monotone")
    if critical.fit in {"separated", "beyond the tested range", "open", "not monotone", "too few levels"}:
        assert critical.estimate is None
