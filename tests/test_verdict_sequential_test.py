from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from math import ceil, log, nextafter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.simulations import terms
from evalkit.stats import Interval, kl
from evalkit.verdict import Outcome, Reason, explored_budget, make_test, make_test_of
from evalkit.verdict.sequential_test import BUDGET_TO_N_MAX, ConditionTest, boundaries

ALPHA = 0.025
BUDGET = 2000

Path = Sequence[bool | None]

thresholds = st.sampled_from([0.0, 0.3, 0.5, 0.8, 0.95, 1.0])
paths = st.lists(st.tuples(st.sampled_from([True, True, False, None]), st.integers(1, 50)), max_size=6).map(
    lambda rows: [passed for passed, length in rows for _ in range(length)]
)
"""Rows of one outcome, long enough to decide something."""
score_paths = st.lists(st.tuples(st.none() | st.floats(0, 1), st.integers(1, 50)), max_size=5).map(
    lambda rows: [score for score, length in rows for _ in range(length)]
)


def unit(position: int, passed: bool | None, *, item: str = "", score: float | None = None, asks: int = 1) -> Outcome:
    score = float(passed) if score is None and passed is not None else score
    return Outcome(position=position, cluster=item, asks=(passed,) * asks, score=score, constraints={}, item=item)


def made(precision: float | None = None, **changes: Any) -> ConditionTest:
    """The test of a condition, fixed for a budget of 2,000 units whatever is changed."""
    threshold = changes.pop("threshold", 0.95)
    return ConditionTest(replace(terms(threshold=threshold), **changes), precision)


def fed(path: Path, precision: float | None = None, **changes: Any) -> ConditionTest:
    test = made(precision, **changes)
    for passed in path:
        test.observe(unit(test.seen, passed, asks=test.terms.repeats))
    return test


def scored(scores: Iterable[float | None], **changes: Any) -> ConditionTest:
    """Judged by the mean score; no unit passes."""
    test = made(measure="score", **changes)
    for score in scores:
        test.observe(unit(test.seen, None if score is None else False, score=score))
    return test


def at_rate(numerator: int, denominator: int, n: int) -> list[bool]:
    """Fails at equal distances."""
    return [position * numerator // denominator != (position + 1) * numerator // denominator for position in range(n)]


def agrees(test: ConditionTest) -> bool:
    interval, threshold = test.interval(), test.terms.threshold
    verdict = "usable" if interval.low > threshold else "unusable" if interval.high < threshold else "edge"
    return verdict == test.verdict and interval.low <= interval.high


def ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


# --- when it is decided


@pytest.mark.parametrize(("threshold", "passes"), [(0.9, 47), (0.95, 90), (0.99, 380)])
def test_so_many_passes_in_a_row_are_usable_and_one_fewer_are_not(threshold: float, passes: int) -> None:
    test = fed([True] * (passes - 1), threshold=threshold)
    assert ("edge", None) == (test.verdict, test.decided_at)
    test.observe(unit(test.seen, True))
    assert ("usable", passes) == (test.verdict, test.decided_at)


# No deadlines, here and below: whichever example comes first finds the boundaries and loads numpy.
@settings(deadline=None)
@given(thresholds, paths)
def test_the_first_boundary_that_is_reached_gives_the_verdict(threshold: float, path: Path) -> None:
    up, down = boundaries(threshold, make_test(threshold, ALPHA, ALPHA, BUDGET))
    expected: tuple[str, int | None] = ("edge", None)
    for n in range(len(path), 9, -1):
        passes, fails = path[:n].count(True), path[:n].count(False)
        if up.hits(n) <= passes or down.hits(n) <= fails:
            expected = ("usable" if up.hits(n) <= passes else "unusable", n)
    test = fed(path, threshold=threshold)
    assert expected == (test.verdict, test.decided_at)


@pytest.mark.parametrize(("threshold", "passed"), [(0.0, True), (0.3, True), (0.99, False), (1.0, False)])
def test_nothing_is_decided_before_ten_units(threshold: float, passed: bool) -> None:
    test = fed([passed] * 9, threshold=threshold)
    assert ("edge", None) == (test.verdict, test.decided_at)
    assert agrees(test)
    test.observe(unit(9, passed))
    assert 10 == test.decided_at
    assert agrees(test)


@pytest.mark.parametrize(
    ("threshold", "path", "verdict"),
    [
        (0.0, [False] * 30, "edge"),
        (0.0, [False] * 30 + [True], "usable"),
        (1.0, [True] * 2000, "edge"),
        (1.0, [True] * 30 + [False], "unusable"),
    ],
)
def test_a_threshold_of_0_asks_for_one_pass_and_one_of_1_is_only_ever_missed(
    threshold: float, path: Path, verdict: str
) -> None:
    test = fed(path, threshold=threshold)
    assert verdict == test.verdict
    assert agrees(test)


def test_a_verdict_stands_whatever_comes_after_it() -> None:
    test = fed([True] * 90 + [False] * 200)
    assert ("usable", 90) == (test.verdict, test.decided_at)
    assert test.interval().low > 0.95
    result = test.result(None)
    assert (290, 90, "usable", 90, None) == (
        result.trials,
        result.passes,
        result.verdict,
        result.decided_at,
        result.reason,
    )


def test_conditions_that_count_share_the_error_of_unusable_and_not_that_of_usable() -> None:
    shared: dict[str, Any] = {"n_counting": 10, "test": make_test(0.95, ALPHA, ALPHA / 10, BUDGET)}
    assert [90, 90] == [fed([True] * 90).decided_at, fed([True] * 90, **shared).decided_at]
    alone, together = fed(at_rate(7, 10, 200)), fed(at_rate(7, 10, 200), **shared)
    assert ["unusable"] * 2 == [alone.verdict, together.verdict]
    assert (alone.decided_at or 0) < (together.decided_at or 0)


# --- the interval


def test_before_the_first_unit_nothing_is_known() -> None:
    result = made().result(None)
    assert (0.0, 1.0) == ends(made().interval())
    assert (None, None, None, None, 0, "edge", None) == (
        result.low,
        result.high,
        result.pass_rate,
        result.evidence,
        result.trials,
        result.verdict,
        result.reason,
    )


@settings(deadline=None)
@given(thresholds, paths)
def test_verdict_and_interval_agree_wherever_units_end(threshold: float, path: Path) -> None:
    assert agrees(fed(path, threshold=threshold))


@settings(deadline=None)
@given(thresholds, st.integers(0, 20), st.integers(1, 30))
def test_the_interval_only_closes_in_and_agrees_after_every_unit(threshold: float, passes: int, void: int) -> None:
    test, intervals = made(threshold=threshold), [Interval(low=0.0, high=1.0)]
    for position, passed in enumerate(at_rate(passes, 20, 50)):
        test.observe(unit(position, None if position % void == 5 else passed))
        intervals.append(test.interval())
        assert agrees(test)
    assert all(before.low <= after.low and after.high <= before.high for before, after in pairwise(intervals))


@settings(deadline=None)
@given(st.sampled_from([0.3, 0.8]), score_paths)
def test_verdict_and_interval_of_scores_agree(threshold: float, path: list[float | None]) -> None:
    test = made(measure="score", threshold=threshold)
    for before, score in enumerate(path):
        test.observe(unit(before, None if score is None else False, score=score))
    assert agrees(test)


@pytest.mark.parametrize("measure", ["pass", "score"])
def test_they_agree_even_where_the_first_units_spoke_against_what_the_rest_says(measure: str) -> None:
    """Before the least number of units six passes exclude rates up to .3 from the interval."""
    test = fed([True] * 6 + [False] * 200, measure=measure, threshold=0.3)
    assert "unusable" == test.verdict
    assert test.interval().low <= test.interval().high < 0.3


def test_a_published_interval_holds_the_pass_rate_and_excludes_the_threshold() -> None:
    result = fed(at_rate(99, 100, 400)).result(None)
    assert result.low is not None
    assert result.high is not None
    assert 0.95 < result.low < 0.99 < result.high < 1


# --- void units


@settings(deadline=None)
@given(thresholds, paths, st.randoms(use_true_random=False))
def test_whatever_void_units_would_have_brought_the_evidence_for_the_verdict_would_have_sufficed(
    threshold: float, path: Path, rng: random.Random
) -> None:
    test = fed(path, threshold=threshold)
    if test.decided_at is None:
        return
    up, down = boundaries(threshold, make_test(threshold, ALPHA, ALPHA, BUDGET))
    n = test.decided_at
    passes = sum(rng.random() < 0.5 if each is None else each for each in path[:n])
    assert up.decided(passes, n) if test.verdict == "usable" else down.decided(n - passes, n)


@settings(deadline=None)
@given(thresholds, paths)
def test_with_void_units_nothing_is_known_that_either_reading_would_leave_open(threshold: float, path: Path) -> None:
    void = fed(path, threshold=threshold).interval()
    failed, passed = (
        fed([reading if each is None else each for each in path], threshold=threshold).interval()
        for reading in (False, True)
    )
    assert void.low <= max(failed.low, passed.low) + 1e-9
    assert void.high >= min(failed.high, passed.high) - 1e-9


@pytest.mark.parametrize("reading", [True, False])
def test_a_verdict_despite_void_units_is_that_of_either_reading(reading: bool) -> None:
    path = [None if position % 100 == 50 else True for position in range(600)]
    assert ["usable"] * 2 == [fed(each).verdict for each in (path, [reading if p is None else p for p in path])]


def test_a_void_unit_that_costs_the_verdict_is_the_reason() -> None:
    path: Path = [True] * 50 + [None] + [True] * 40
    result = fed(path, units=91).result(None)
    assert ("edge", "void", 90, 1) == (result.verdict, result.reason, result.trials, result.void)


def test_void_units_that_cost_the_hope_of_a_verdict_are_the_reason() -> None:
    """Without them 0.98 against a threshold of 0.95 is far from settled, and far from hopeless."""
    passes, test = iter(at_rate(98, 100, 2000)), made()
    while test.hopeful:
        test.observe(unit(test.seen, None if test.seen % 10 == 9 else next(passes)))
    assert ("edge", "void") == (test.verdict, test.result(None).reason)
    without = fed(at_rate(98, 100, test.seen - test.result(None).void))
    assert ("edge", True) == (without.verdict, without.hopeful)


def test_a_void_unit_that_costs_nothing_is_not_the_reason() -> None:
    assert "futility" == fed([None, *at_rate(95, 100, 1999)]).result(None).reason


def test_where_all_is_void_nothing_is_known_and_void_is_why() -> None:
    result = fed([None] * 20, units=20).result(None)
    assert ("edge", "void", None, None, None, 20) == (
        result.verdict,
        result.reason,
        result.pass_rate,
        result.low,
        result.void_price,
        result.void,
    )


@pytest.mark.parametrize("repeats", [1, 4])
def test_the_price_of_void_units_is_what_makes_up_for_the_evidence_they_cost(repeats: int) -> None:
    path = at_rate(98, 100, 200)
    without, with_void = (fed(each, repeats=repeats).result(None) for each in (path, [*path, None]))
    assert with_void.evidence is not None
    assert without.evidence is not None
    lost = log(without.evidence.usable) - log(with_void.evidence.usable)
    assert ceil(lost / kl(0.98, 0.95)) * repeats == with_void.void_price
    assert without.void_price is None


# --- hope, and why a condition stays at the edge


def futile(**changes: Any) -> ConditionTest:
    """At the threshold until hope is gone."""
    test = made(**changes)
    for passed in at_rate(19, 20, test.terms.units):
        if not test.hopeful:
            break
        test.observe(unit(test.seen, passed))
    return test


def test_at_the_threshold_hope_is_gone_long_before_the_budget_is() -> None:
    test = futile()
    assert not test.hopeful
    assert 400 < test.seen < 700
    result = test.result(None)
    assert ("edge", "futility") == (result.verdict, result.reason)


def test_hope_once_given_up_does_not_come_back_but_a_verdict_may() -> None:
    test = futile()
    for _ in range(500):
        test.observe(unit(test.seen, True))
        assert not test.hopeful
    assert "usable" == test.verdict


def test_a_larger_budget_revives_hope_and_keeps_the_evidence() -> None:
    before = futile()
    path = at_rate(19, 20, before.seen)
    after = fed(path, units=10 * BUDGET)
    assert after.hopeful
    assert before.result(None).evidence == after.result(None).evidence
    assert ends(before.interval()) == ends(after.interval())


@settings(deadline=None)
@given(thresholds, paths)
def test_a_larger_budget_changes_no_verdict(threshold: float, path: Path) -> None:
    found = [fed(path, threshold=threshold, units=units) for units in (max(len(path), 1), BUDGET, 10 * BUDGET)]
    assert 1 == len({(each.verdict, each.decided_at, ends(each.interval())) for each in found})


GOES_ON = at_rate(19, 20, 100)


@pytest.mark.parametrize(
    ("path", "changes", "stopped", "reason"),
    [
        pytest.param(GOES_ON, {}, None, None, id="goes on"),
        pytest.param(GOES_ON, {}, "interrupted", "interrupted", id="interrupted"),
        pytest.param(GOES_ON, {}, "cost", "cost", id="cost"),
        pytest.param(GOES_ON, {}, "task-decided", "task-decided", id="task decided"),
        pytest.param([True] * 50, {"units": 50}, "interrupted", "budget", id="too few even if all pass"),
        pytest.param([], {"units": 0}, None, "budget", id="left out"),
        pytest.param(at_rate(19, 20, 2000), {}, "cost", "futility", id="too near the threshold"),
        pytest.param([True] * 50, {"units": 50, "exhausted": True}, "cost", "items", id="items end"),
        pytest.param(
            at_rate(19, 20, 1900), {"units": 1900, "exhausted": True}, None, "futility", id="more are no help"
        ),
        pytest.param([True] * 90, {}, "cost", None, id="usable"),
        pytest.param([False] * 10, {"units": 10, "exhausted": True}, "cost", None, id="unusable"),
    ],
)
def test_a_reason_is_given_for_the_edge(
    path: Path, changes: dict[str, Any], stopped: Reason | None, reason: Reason | None
) -> None:
    assert reason == fed(path, **changes).result(stopped).reason


# --- how many calls are left


@pytest.mark.parametrize("repeats", [1, 5])
@pytest.mark.parametrize(("rate", "direction"), [(98, 0), (93, 1)])
def test_calls_to_decide_are_the_missing_evidence_over_what_a_unit_brings(
    rate: int, direction: int, repeats: int
) -> None:
    result = fed(at_rate(rate, 100, 100), repeats=repeats).result(None)
    assert result.evidence is not None
    missing = log(40) - log((result.evidence.usable, result.evidence.unusable)[direction])
    assert ceil(missing / kl(rate / 100, 0.95)) * repeats == result.calls_to_decide


def test_calls_to_decide_come_near_those_that_it_takes() -> None:
    path = at_rate(98, 100, 2000)
    decided_at = fed(path).decided_at or 0
    expected = fed(path[:200]).result(None).calls_to_decide or 0
    assert 0.5 * (decided_at - 200) < expected < 2 * (decided_at - 200)


@pytest.mark.parametrize("repeats", [1, 5])
def test_calls_to_decide_are_no_fewer_than_are_missing_to_the_least_number_of_units(repeats: int) -> None:
    """Six passes are evidence enough, but nothing is decided before ten."""
    result = fed([True] * 6, threshold=0.3, repeats=repeats).result(None)
    assert result.evidence is not None
    assert result.evidence.usable > result.evidence.needed[0]
    assert ("edge", 4 * repeats) == (result.verdict, result.calls_to_decide)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(at_rate(19, 20, 100), id="at the threshold"),
        pytest.param(at_rate(1901, 2000, 2000), id="out of sight"),
        pytest.param([True] * 90, id="decided"),
        pytest.param([], id="nothing seen"),
    ],
)
def test_calls_to_decide_are_not_known_everywhere(path: Path) -> None:
    assert fed(path).result(None).calls_to_decide is None


@pytest.mark.parametrize("threshold", [0.7, 0.8])
def test_a_mean_score_that_misses_the_threshold_by_its_rounding_counts_as_at_the_threshold(threshold: float) -> None:
    test = made(measure="score", threshold=threshold)
    for position in range(12):
        test.observe(unit(position, True, score=threshold))
        assert test.result(None).calls_to_decide is None


def test_evidence_however_large_fits_a_file() -> None:
    for result in (fed([True] * 2000, threshold=0.3).result(None), fed([True] * 10, threshold=0.0).result(None)):
        assert result.evidence is not None
        assert 1e300 < result.evidence.usable < float("inf")
        assert 0 <= result.evidence.unusable


# --- how many may be in flight


@pytest.mark.parametrize("passes", [80, 85, 89])
def test_near_the_verdict_no_more_are_in_flight_than_it_still_takes(passes: int) -> None:
    assert 90 - passes == fed([True] * passes).room


def test_where_any_fail_is_too_many_a_row_of_passes_makes_room() -> None:
    rooms = [fed([True] * passes, threshold=1.0).room for passes in (20, 100, 1000)]
    assert sorted(rooms) == rooms
    assert rooms[1] > 10


def test_room_follows_what_has_been_seen() -> None:
    test = fed([True] * 80)
    rooms = [test.room]
    for _ in range(9):
        test.observe(unit(test.seen, True))
        rooms.append(test.room)
    assert list(range(10, 0, -1)) == rooms


def test_where_hope_is_about_to_end_there_is_little_room() -> None:
    before = futile().seen
    assert fed(at_rate(19, 20, before - 1)).room < 30


@settings(deadline=None)
@given(st.sampled_from([0.3, 0.8, 0.95]), paths)
def test_there_is_always_room_for_one(threshold: float, path: Path) -> None:
    assert fed(path, threshold=threshold).room >= 1


def test_far_from_a_verdict_there_is_room_for_as_many_as_anybody_asks_at_once() -> None:
    assert [True] * 5 == [fed(at_rate(97, 100, n)).room > 90 for n in (100, 200, 300, 400, 500)]


def test_the_nearer_unusable_the_less_room_there_is() -> None:
    rooms = [fed(at_rate(9, 10, n)).room for n in (100, 200)]
    assert 20 > rooms[0] > rooms[1]


@pytest.mark.parametrize(("path", "leans"), [([True] * 20, False), ([False] * 5, True), ([], False)])
def test_a_condition_leans_where_the_evidence_is_nearer(path: Path, leans: bool) -> None:
    assert leans is fed(path).leans_unusable


# --- precision


def half_width(test: ConditionTest) -> float:
    return (test.interval().high - test.interval().low) / 2


@pytest.mark.parametrize(("rate", "precision"), [(0.85, 0.05), (0.5, 0.1), (0.99, 0.02)])
def test_a_margin_is_measured_once_the_interval_is_narrow_enough_and_not_much_later(
    rate: float, precision: float
) -> None:
    path = at_rate(round(100 * rate), 100, 2000)
    test, narrow = made(precision), None
    for n, passed in enumerate(path, 1):
        test.observe(unit(test.seen, passed))
        if narrow is None and half_width(test) <= precision:
            narrow = n
        if test.precise:
            break
    assert half_width(test) <= precision
    assert narrow is not None
    assert narrow <= test.seen <= 1.05 * narrow + 1


def test_after_the_verdict_room_ends_where_the_margin_may_be_measured() -> None:
    test = fed(at_rate(85, 100, 200), 0.05)
    assert not test.precise
    further = test.room
    assert 1 <= further < 400
    for passed in at_rate(85, 100, further - 1):
        test.observe(unit(test.seen, passed))
        assert not test.precise


def test_without_a_wanted_precision_the_margin_needs_nothing() -> None:
    assert made().precise


# --- a set whose answers do not change


def asked(passes: int, census: int, *, threshold: float, upto: int | None = None, **changes: Any) -> ConditionTest:
    """A set whose items are asked once each, the fails spread evenly."""
    test = made(threshold=threshold, steady=True, census=census, **changes)
    for position, passed in enumerate(at_rate(passes, census, census)[:upto]):
        test.observe(unit(position, passed, item=str(position)))
    return test


@pytest.mark.parametrize(("threshold", "needed"), [(0.5, 10), (0.8, 16), (0.9, 18), (0.95, 19)])
def test_the_verdict_on_a_set_is_exact_once_every_answer_is_known(threshold: float, needed: int) -> None:
    for passes in range(21):
        test = asked(passes, 20, threshold=threshold)
        assert ("usable" if passes >= needed else "unusable") == test.verdict
        assert test.complete
        assert agrees(test)


@pytest.mark.parametrize("census", [3, 7, 19])
def test_a_known_set_whose_pass_rate_equals_the_threshold_is_usable(census: int) -> None:
    for passes in range(1, census):
        result = asked(passes, census, threshold=passes / census).result("cost")
        assert ("usable", None, None) == (result.verdict, result.reason, result.calls_to_decide)
        assert (census, passes, passes / census) == (result.trials, result.passes, result.pass_rate)
        assert result.low == result.high == nextafter(passes / census, 2)


def test_items_drawn_more_than_once_count_once_for_a_known_set_at_its_threshold() -> None:
    test = made(threshold=0.5, steady=True, census=2)
    for position, item in enumerate("aab"):
        test.observe(unit(position, item == "a", item=item))
    result = test.result(None)
    assert ("usable", None, 2, 0.5) == (result.verdict, result.reason, result.trials, result.pass_rate)


@pytest.mark.parametrize(("passes", "verdict"), [(93, "usable"), (92, "unusable")])
def test_no_rounding_parts_a_set_from_its_threshold(passes: int, verdict: str) -> None:
    """1 - 7 / 100 is a little less than 0.93."""
    assert verdict == asked(passes, 100, threshold=0.93).verdict


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.7])
def test_no_rounding_of_their_sum_parts_the_scores_of_a_set_from_their_threshold(threshold: float) -> None:
    test = made(threshold=threshold, steady=True, census=7, measure="score")
    for position in range(7):
        test.observe(unit(position, False, item=str(position), score=threshold))
    assert ("usable", 7) == (test.verdict, test.decided_at)


@pytest.mark.parametrize(("first", "likely", "known"), [(False, "unusable", "usable"), (True, "usable", "unusable")])
def test_what_was_likely_of_a_set_gives_way_to_what_is_known(first: bool, likely: str, known: str) -> None:
    """One item alone is drawn, as chance may have it; the others turn out otherwise."""
    test = made(threshold=0.6, steady=True, census=3)
    for position in range(30):
        test.observe(unit(position, first, item="a"))
    decided_at = test.decided_at
    assert (likely, True) == (test.verdict, decided_at is not None)
    for item in "bc":
        test.observe(unit(test.seen, not first, item=item))
    assert (known, decided_at) == (test.verdict, test.decided_at)
    assert pytest.approx([(1 if first else 2) / 3] * 2) == list(ends(test.interval()))
    assert agrees(test)


@pytest.mark.parametrize(("often", "rate"), [(True, 2 / 3), (False, 1 / 3)])
def test_the_interval_of_a_known_set_is_its_pass_rate_however_often_one_item_was_drawn(
    often: bool, rate: float
) -> None:
    test = made(threshold=0.5, steady=True, census=3)
    for item, passed in [*[("a", often)] * 60, ("b", often), ("c", not often)]:
        test.observe(unit(test.seen, passed, item=item))
    assert pytest.approx((rate, rate)) == ends(test.interval())


def test_answers_that_are_known_bound_the_pass_rate_of_a_set_before_all_are() -> None:
    path = [True] * 8 + [False] * 3 + [True] * 9
    test = made(threshold=0.9, steady=True, census=20)
    for position in range(11):
        assert "edge" == test.verdict
        test.observe(unit(position, path[position], item=str(position)))
    assert ("unusable", 11) == (test.verdict, test.decided_at)
    assert 17 / 20 == test.interval().high
    assert 8 / 20 <= test.interval().low
    assert not test.complete
    assert 11 == test.result(None).trials


def test_a_set_is_usable_as_soon_as_enough_answers_are_known() -> None:
    test = asked(20, 20, threshold=0.9)
    assert ("usable", 18) == (test.verdict, test.decided_at)
    assert test.interval().low > 0.9


def test_an_item_that_is_drawn_again_tells_nothing_new_of_a_set() -> None:
    test = made(threshold=0.9, steady=True, census=20)
    for position in range(30):
        test.observe(unit(position, True, item=str(position % 10)))
    assert "edge" == test.verdict
    assert 0.5 <= test.interval().low < 0.9
    assert not test.complete
    result = test.result(None)
    assert (10, 10, 1.0) == (result.trials, result.passes, result.pass_rate)


def test_the_pass_rate_of_a_known_set_counts_each_item_once() -> None:
    test = made(threshold=0.9, steady=True, census=4)
    for position, (item, passed) in enumerate([("a", False)] * 3 + [("b", True), ("c", True), ("d", True)]):
        test.observe(unit(position, passed, item=item))
    result = test.result(None)
    assert (4, 3, 0.75, "unusable") == (result.trials, result.passes, result.pass_rate, result.verdict)
    assert 0.75 == result.high


def test_the_mean_score_of_a_set_counts_each_item_once() -> None:
    test = made(threshold=0.9, steady=True, census=20, measure="score")
    for position, (item, score) in enumerate([("a", 0.2)] * 3 + [("b", 0.8)]):
        test.observe(unit(position, False, item=item, score=score))
    result = test.result(None)
    assert (2, 0) == (result.trials, result.passes)
    assert pytest.approx(0.5) == result.mean_score


def test_an_item_without_an_answer_is_not_known() -> None:
    test = made(threshold=0.9, steady=True, census=2)
    for position, passed in enumerate([True, None]):
        test.observe(unit(position, passed, item=str(position)))
    assert not test.complete
    test.observe(unit(2, True, item="1"))
    assert test.complete


def test_nothing_is_said_of_a_set_before_ten_units_unless_all_of_it_is_known() -> None:
    assert "edge" == asked(0, 20, threshold=0.5, upto=9).verdict
    assert ("unusable", 5) == (asked(0, 5, threshold=0.5).verdict, asked(0, 5, threshold=0.5).decided_at)


# --- scores


def test_the_mean_score_is_judged_and_not_the_passes() -> None:
    result = scored([0.97] * 500, threshold=0.9).result(None)
    assert ("usable", 0, 0.0) == (result.verdict, result.passes, result.pass_rate)
    assert pytest.approx(0.97) == result.mean_score == result.rate
    assert pytest.approx(0.07) == result.margin
    assert "unusable" == scored([0.8] * 500, threshold=0.9).verdict


@settings(deadline=None)
@given(st.sampled_from([0.3, 0.8]), paths)
def test_scores_of_0_and_1_are_judged_as_passes_are(threshold: float, path: Path) -> None:
    by_pass = fed(path, threshold=threshold)
    by_score = fed(path, threshold=threshold, measure="score")
    assert (by_pass.verdict, by_pass.decided_at) == (by_score.verdict, by_score.decided_at)


@pytest.mark.parametrize(("passes", "threshold"), [(19, 0.95), (12, 0.8), (20, 0.8)])
def test_scores_of_0_and_1_leave_the_interval_that_passes_do(passes: int, threshold: float) -> None:
    path = at_rate(passes, 20, 100)
    expected, found = (
        fed(path, threshold=threshold, measure=measure, n_counting=10).interval() for measure in ("pass", "score")
    )
    assert pytest.approx(ends(expected), abs=1e-6) == ends(found)


def test_a_score_of_which_a_part_is_missing_is_void() -> None:
    test = made(measure="score", repeats=2)
    test.observe(Outcome(position=0, cluster="", asks=(True, None), score=1.0, constraints={}))
    assert test.rate is None
    # A fail beside a void ask is a fail, but the mean of both scores is not known.
    test.observe(Outcome(position=1, cluster="", asks=(False, None), score=0.5, constraints={}))
    test.observe(Outcome(position=2, cluster="", asks=(False, True), score=0.8, constraints={}))
    result = test.result(None)
    assert (1, 2, 0.8) == (result.trials, result.void, result.mean_score)


def test_void_units_of_scores_cost_the_verdict_too() -> None:
    scores = [1.0] * 60
    decided_at = scored(scores, threshold=0.9).decided_at
    assert 47 == decided_at
    result = scored([None, *scores[:47]], threshold=0.9, units=48).result(None)
    assert ("edge", "void", 1) == (result.verdict, result.reason, result.void)
    assert (result.void_price or 0) > 0


# --- what fixes a test


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.95, 0.99])
def test_alternatives_lie_on_either_side_and_the_nearest_decide_at_n_max(threshold: float) -> None:
    test = make_test(threshold, ALPHA, ALPHA / 4, 8000)
    assert 8000 / BUDGET_TO_N_MAX == test.n_max
    assert (1 / ALPHA, 4 / ALPHA) == test.needed
    assert (1.0, 0.0) == (test.above[0], test.below[0])
    assert all(rate > threshold for rate in test.above)
    assert all(rate < threshold for rate in test.below)
    assert pytest.approx(test.n_max) == log(1 / ALPHA) / kl(min(test.above), threshold)
    assert pytest.approx(test.n_max) == log(4 / ALPHA) / kl(max(test.below), threshold)


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_at_a_threshold_of_0_or_1_there_is_nothing_to_bet_on(threshold: float) -> None:
    test = make_test(threshold, ALPHA, ALPHA, BUDGET)
    assert ((), ()) == (test.above, test.below)


@pytest.mark.parametrize(("budget", "alternatives"), [(200, 10), (100, 10), (60, 1)])
def test_a_small_budget_that_allows_for_a_fail_bets_on_more_than_1_alone(budget: int, alternatives: int) -> None:
    assert alternatives == len(make_test(0.95, ALPHA, ALPHA, budget).above)


@pytest.mark.parametrize(
    ("budget", "n_max"), [(60, 60), (499, 499), (500, 500), (1000, 500), (2000, 500), (2004, 501), (8000, 2000)]
)
def test_n_max_is_a_quarter_of_the_budget_but_at_least_500_or_the_whole_of_a_smaller_one(
    budget: int, n_max: int
) -> None:
    assert n_max == make_test(0.9, ALPHA, ALPHA, budget).n_max


def test_a_test_of_a_known_n_max_is_that_of_a_budget_that_has_it() -> None:
    assert make_test(0.9, ALPHA, ALPHA / 4, 8000) == make_test_of(0.9, ALPHA, ALPHA / 4, 2000)
    assert make_test(0.9, ALPHA, ALPHA / 4, 2000) != make_test_of(0.9, ALPHA, ALPHA / 4, 2000)


@pytest.mark.parametrize(
    ("threshold", "budget", "units"),
    [(0.95, 2000, 400), (0.99, 2000, 1469), (0.95, 100, 100), (0.5, 2000, 400), (1.0, 2000, 400), (0.5, 0, 1)],
)
def test_a_level_that_does_not_count_gets_a_fifth_of_the_budget_or_what_a_verdict_needs(
    threshold: float, budget: int, units: int
) -> None:
    assert units == explored_budget(threshold, ALPHA, budget)


def test_boundaries_count_passes_upwards_and_fails_downwards() -> None:
    up, down = boundaries(0.95, make_test(0.95, ALPHA, ALPHA, BUDGET))
    assert (489, 500 - 457) == (up.hits(500), down.hits(500))


def test_conditions_of_the_same_terms_share_their_boundaries() -> None:
    first, second = (boundaries(0.9, make_test(0.9, ALPHA, ALPHA, 1234)) for _ in range(2))
    assert first[0] is second[0]
    assert first[1] is second[1]
