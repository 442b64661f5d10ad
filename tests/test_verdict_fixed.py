from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from evalkit.stats import clopper_pearson
from evalkit.verdict import ConditionResult, Decider, FixedDecider, Key, Outcome, Reason, Terms

KEY: Key = ("t", "clean")


def terms(**changes: Any) -> Terms:
    given: dict[str, Any] = {
        "task": "t",
        "condition": "clean",
        "perturbation": "clean",
        "level": None,
        "counts": True,
        "threshold": 0.95,
        "alpha": 0.025,
        "n_counting": 1,
        "units": 100,
        "exhausted": False,
    }
    return Terms(**(given | changes))


def unit(position: int, passed: bool | None, cluster: str = "", **constraints: bool) -> Outcome:
    score = None if passed is None else float(passed)
    return Outcome(position=position, cluster=cluster, asks=(passed,), score=score, constraints=constraints)


def decided(fails: int, void: int = 0, *, seen: int | None = None, **changes: Any) -> FixedDecider:
    """A decider that has seen all its units, or `seen` of them, the fails first."""
    each = terms(**changes)
    decider = FixedDecider([each])
    for position in range(each.units if seen is None else seen):
        passed = None if position < void else position >= void + fails
        decider.observe(KEY, unit(position, passed))
    return decider


def result(fails: int, void: int = 0, **changes: Any) -> ConditionResult:
    return decided(fails, void, **changes).result(KEY)


def drain(decider: Decider) -> list[Key]:
    return list(iter(decider.next, None))


def test_units_are_handed_out_in_turn_until_each_condition_has_its_own() -> None:
    decider = FixedDecider(
        [
            terms(units=2),
            terms(condition="noise@0.1", units=3),
            terms(condition="off", units=0),
            terms(task="u", units=1),
        ]
    )
    clean, noise, other = ("t", "clean"), ("t", "noise@0.1"), ("u", "clean")
    assert [clean, noise, other, clean, noise, noise] == drain(decider)


def test_recorded_units_are_not_handed_out_again() -> None:
    decider = FixedDecider([terms(units=4), terms(condition="noise@0.1", units=2)])
    for position in range(3):
        decider.observe(KEY, unit(position, True))
    assert drain(decider) == [KEY, ("t", "noise@0.1"), ("t", "noise@0.1")]


def test_observing_does_not_hand_out_units_twice() -> None:
    decider = FixedDecider([terms(units=3)])
    assert KEY == decider.next() == decider.next()
    decider.observe(KEY, unit(0, True))
    assert drain(decider) == [KEY]


def test_nothing_is_handed_out_after_a_stop() -> None:
    decider = FixedDecider([terms()])
    decider.stop("cost")
    assert decider.next() is None


def test_two_conditions_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="found 2 conditions with 1 different keys"):
        FixedDecider([terms(), terms()])


def test_the_shortest_way_to_usable_is_72_passes_in_a_row() -> None:
    assert [result(0, units=units).verdict for units in (71, 72)] == ["edge", "usable"]


@pytest.mark.parametrize(
    ("fails", "verdict", "reason", "decided_at"),
    [(0, "usable", None, 100), (2, "edge", "budget", None), (11, "unusable", None, 100)],
)
def test_the_verdict_says_on_which_side_of_the_threshold_the_interval_lies(
    fails: int, verdict: str, reason: str | None, decided_at: int | None
) -> None:
    found = result(fails)
    interval = clopper_pearson(100 - fails, 100, alpha_low=0.025, alpha_high=0.025)
    assert (interval.low, interval.high) == (found.low, found.high)
    assert (verdict, reason, decided_at) == (found.verdict, found.reason, found.decided_at)


def test_an_interval_that_touches_the_threshold_does_not_exclude_it() -> None:
    interval = clopper_pearson(95, 100, alpha_low=0.025, alpha_high=0.025)
    assert [result(5, threshold=end).verdict for end in (interval.low, interval.high)] == ["edge", "edge"]


@given(st.integers(1, 300), st.data(), st.sampled_from([0.5, 0.8, 0.95, 0.99]), st.integers(1, 6))
def test_verdict_and_interval_always_agree(units: int, data: st.DataObject, threshold: float, n_counting: int) -> None:
    fails = data.draw(st.integers(0, units))
    void = data.draw(st.integers(0, min(3, units - fails)))
    found = result(fails, void, units=units, threshold=threshold, n_counting=n_counting)
    if found.low is None or found.high is None:
        assert (void, "edge") == (units, found.verdict)
    else:
        assert (found.low > threshold, found.high < threshold) == (
            found.verdict == "usable",
            found.verdict == "unusable",
        )


@given(st.integers(1, 60), st.data())
def test_one_more_pass_never_lowers_either_end(units: int, data: st.DataObject) -> None:
    fails = data.draw(st.integers(1, units))
    before, after = result(fails, units=units), result(fails - 1, units=units)
    longer = result(fails, units=units + 1)
    assert before.low is not None
    assert before.high is not None
    for better in (after, longer):
        assert better.low is not None
        assert better.high is not None
        assert better.low >= before.low
        assert better.high >= before.high


@pytest.mark.parametrize("units", [20, 72, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("threshold", [0.8, 0.95])
@pytest.mark.parametrize("n_counting", [1, 4])
def test_at_the_threshold_neither_verdict_is_likelier_than_its_error_rate(
    units: int, threshold: float, n_counting: int
) -> None:
    """Exact: every number of fails that can come up is judged and weighed with its chance."""
    chances = {"usable": 0.0, "edge": 0.0, "unusable": 0.0}
    for fails in range(units + 1):
        verdict = result(fails, units=units, threshold=threshold, n_counting=n_counting).verdict
        chances[verdict] += float(binom.pmf(fails, units, 1 - threshold))
    assert chances["usable"] <= 0.025
    assert chances["unusable"] <= 0.025 / n_counting


def test_only_a_counting_condition_needs_more_to_be_unusable() -> None:
    assert result(11, n_counting=5).verdict == "edge"
    assert result(11, n_counting=5, counts=False).verdict == "unusable"


def test_a_condition_that_was_not_asked_has_no_numbers() -> None:
    found = result(0, units=0)
    numbers = (found.pass_rate, found.low, found.high, found.margin, found.margin_low, found.margin_high)
    assert numbers == (None,) * 6
    assert (found.mean_score, found.calls_to_decide, found.decided_at) == (None, None, None)
    assert (found.verdict, found.reason, found.trials, found.void) == ("edge", "budget", 0, 0)


def test_reason_items_when_there_are_no_more() -> None:
    assert result(2, exhausted=True).reason == "items"


def test_a_condition_that_goes_on_is_not_judged() -> None:
    """To look at a fixed number of units before its end, and to stop when it looks well, is to err far more often."""
    found = result(0, seen=80)
    assert found.low is not None
    assert found.low > 0.95
    assert (found.verdict, found.reason, found.decided_at) == ("edge", None, None)


@pytest.mark.parametrize("reason", ["interrupted", "cost"])
def test_a_run_that_ended_early_and_may_go_on_leaves_no_verdict(reason: Reason) -> None:
    decider = decided(0, seen=80)
    decider.stop(reason)
    assert ("edge", reason) == (decider.result(KEY).verdict, decider.result(KEY).reason)


@pytest.mark.parametrize("reason", ["interrupted", "cost"])
def test_an_edge_that_lacks_units_names_the_stop(reason: Reason) -> None:
    decider = decided(1, seen=40, exhausted=True)
    decider.stop(reason)
    assert decider.result(KEY).reason == reason


def test_a_stop_says_nothing_of_conditions_that_have_their_units() -> None:
    decider = decided(2)
    decider.stop("interrupted")
    assert decider.result(KEY).reason == "budget"
    judged = decided(0)
    judged.stop("interrupted")
    assert judged.result(KEY).verdict == "usable"


@pytest.mark.parametrize(
    ("observed", "fails", "void", "verdict", "reason"),
    [
        (79, 0, 1, "edge", "void"),
        (79, 0, 0, "usable", None),
        (150, 0, 1, "usable", None),
        (100, 11, 1, "unusable", None),
        (100, 11, 20, "edge", "void"),
        (100, 5, 1, "edge", "budget"),
    ],
)
def test_void_units_bar_a_verdict_that_they_could_have_changed(
    observed: int, fails: int, void: int, verdict: str, reason: str | None
) -> None:
    found = result(fails, void, units=observed + void)
    assert (verdict, reason) == (found.verdict, found.reason)


def test_void_units_are_left_out_of_the_pass_rate_and_bound_the_interval() -> None:
    found = result(2, 10)
    assert (found.trials, found.passes, found.void, found.pass_rate) == (90, 88, 10, 88 / 90)
    assert clopper_pearson(88, 100, alpha_low=0.025, alpha_high=0.025).low == found.low
    assert clopper_pearson(98, 100, alpha_low=0.025, alpha_high=0.025).high == found.high


def test_nothing_but_void_units_is_an_edge_by_void() -> None:
    found = result(0, 100)
    assert (found.reason, found.low, found.void) == ("void", None, 100)


def test_clustered_units_count_by_their_clusters() -> None:
    """80 passes would do, 20 stories of 4 questions will not."""
    decider = FixedDecider([terms(units=80, clustered=True)])
    for position in range(80):
        decider.observe(KEY, unit(position, True, f"{position // 4}"))
    found = decider.result(KEY)
    assert found.verdict == "edge"
    assert pytest.approx(0.025 ** (1 / 20)) == found.low


@pytest.mark.parametrize(("fails", "void"), [(2, 0), (10, 0), (2, 1), (8, 1)])
def test_calls_to_decide_is_the_least_number_that_brings_a_verdict(fails: int, void: int) -> None:
    found = result(fails, void)
    assert found.calls_to_decide is not None
    above = fails / (100 - void) < 0.05
    rate = (100 - void - fails) / (100 - void)

    def excluded(further: int) -> bool:
        n, s = 100 + further, 100 - void - fails + rate * further + (0 if above else void)
        interval = clopper_pearson(s, n, alpha_low=0.025, alpha_high=0.025)
        return interval.low > 0.95 if above else interval.high < 0.95

    assert (excluded(found.calls_to_decide - 1), excluded(found.calls_to_decide)) == (False, True)


def test_calls_to_decide_takes_a_unit_for_what_it_was_worth() -> None:
    """All pass, in clusters of 4: 72 clusters are needed, 20 are there."""
    decider = FixedDecider([terms(units=80, clustered=True)])
    for position in range(80):
        decider.observe(KEY, unit(position, True, f"{position // 4}"))
    assert decider.result(KEY).calls_to_decide == 4 * 72 - 80


@pytest.mark.slow
def test_calls_to_decide_is_none_at_the_threshold_out_of_sight_and_with_a_verdict() -> None:
    assert result(5).calls_to_decide is None
    assert result(5001, units=100_000).calls_to_decide is None
    assert result(0).calls_to_decide is None


def test_a_fixed_plan_is_finished_before_it_decides() -> None:
    assert result(0, seen=80).calls_to_decide == 20


def test_constraints_are_bounded_at_alpha_each_way() -> None:
    decider = FixedDecider([terms(units=3, n_counting=5)])
    for position, words in enumerate([True, True, False]):
        decider.observe(KEY, unit(position, words, words=words))
    (found,) = decider.result(KEY).constraints
    interval = clopper_pearson(2, 3, alpha_low=0.025, alpha_high=0.025)
    assert (found.constraint, found.trials, found.passes, found.pass_rate) == ("words", 3, 2, 2 / 3)
    assert (interval.low, interval.high) == (found.low, found.high)


def test_only_a_condition_that_asks_again_has_a_repeat_block() -> None:
    decider = FixedDecider([terms(units=1, repeats=2)])
    decider.observe(KEY, Outcome(position=0, cluster="a", asks=(True, False), score=0.5, constraints={}))
    found = decider.result(KEY)
    assert found.repeat is not None
    assert (found.passes, found.trials, found.mean_score) == (0, 1, 0.5)
    assert result(0).repeat is None


@pytest.mark.parametrize(("fails", "verdict"), [(0, "usable"), (3, "edge"), (20, "unusable")])
def test_there_is_no_verdict_before_all_units_are_there(fails: int, verdict: str) -> None:
    assert ["edge", verdict] == [decided(fails, seen=seen).verdict(KEY) for seen in (99, 100)]
    assert verdict == decided(fails).result(KEY).verdict


def test_units_that_were_never_planned_bring_no_verdict() -> None:
    assert "edge" == FixedDecider([terms(units=0)]).verdict(KEY)


def test_it_has_ended_once_every_condition_has_its_units() -> None:
    decider = FixedDecider([terms(units=1), terms(condition="off", units=0), terms(task="u", units=1)])
    ended = [decider.ended]
    for key in (KEY, ("u", "clean")):
        decider.observe(key, unit(0, True))
        ended.append(decider.ended)
    assert [False, False, True] == ended


def test_a_stop_does_not_end_what_still_lacks_units() -> None:
    decider = decided(3, seen=99)
    decider.stop("cost")
    assert not decider.ended
    assert "cost" == decider.result(KEY).reason
