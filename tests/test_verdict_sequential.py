from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.simulations import carry_out, one_bad_of_ten, passing
from benchmarks.simulations import outcome as unit
from benchmarks.simulations import terms as benchmark_terms
from evalkit.verdict import (
    Comparison,
    ConditionResult,
    Decider,
    Key,
    Outcome,
    PairedTerms,
    Reason,
    SequentialDecider,
    Terms,
)

Answers = Callable[[Key, int], Outcome]
CLEAN: Key = ("task", "clean")


def terms(condition: str = "clean", **changes: Any) -> Terms:
    threshold = changes.pop("threshold", 0.9)
    return replace(benchmark_terms(condition, threshold=threshold), **changes)


def ladder(*, perturbation: str = "noise", n: int = 7, **changes: Any) -> list[Terms]:
    """Levels that do not count, from easy to hard."""
    given: dict[str, Any] = {"perturbation": perturbation, "counts": False, "units": 300} | changes
    return [terms(f"{perturbation}@{level}", level=level, **given) for level in range(1, n + 1)]


def repeat(**changes: Any) -> Terms:
    given: dict[str, Any] = {"perturbation": "repeat", "counts": False, "repeats": 3, "units": 100, "threshold": 0.5}
    return terms("repeat@3", **(given | changes))


def decider(*conditions: Terms, until: Any = "verdict", precision: float = 0.05, **given: Any) -> SequentialDecider:
    return SequentialDecider(conditions, until=until, precision=precision, **given)


def rates(conditions: Sequence[Terms], rate: float, **others: float) -> dict[Key, float]:
    """The pass rate of each condition, by its id with underscores where it is not the common one."""
    return {each.key: others.get(each.condition.replace("@", "_"), rate) for each in conditions}


def alternating(shares: Mapping[Key, float]) -> Answers:
    """Units that pass at a rate, their fails spread evenly, all asks alike."""

    def answer(key: Key, position: int) -> Outcome:
        return unit(position, int(position * shares[key]) != int((position + 1) * shares[key]))

    return answer


def asked(tested: SequentialDecider, answers: Answers, *, repeats: int = 3) -> list[Key]:
    """Ask one unit at a time until nothing is wanted: the conditions in the order asked."""
    order: list[Key] = []
    seen: Counter[Key] = Counter()
    while (key := tested.next()) is not None:
        brought = answers(key, seen[key])
        asks = brought.asks * repeats if key[1].startswith("repeat") else brought.asks
        tested.observe(key, replace(brought, asks=asks))
        seen[key] += 1
        order.append(key)
    return order


def drain(tested: Decider, most: int = 5000) -> list[Key]:
    """Ask as many as may be in flight at once."""
    keys: list[Key] = []
    while len(keys) < most and (key := tested.next()) is not None:
        keys.append(key)
    return keys


def conditions_of(order: Sequence[Key]) -> list[str]:
    """Ids in the order asked, each row once."""
    return [condition for (_, condition), _ in groupby(order)]


def observe(tested: SequentialDecider, path: Sequence[bool], key: Key = CLEAN) -> None:
    for position, passed in enumerate(path):
        tested.observe(key, unit(position, passed))


# --- what a decider must keep


def test_two_conditions_of_the_same_name_are_refused() -> None:
    with pytest.raises(ValueError, match="found 3 conditions with 2 different keys"):
        decider(terms(), terms("noise@1"), terms())


@pytest.mark.parametrize("position", [0, 2])
def test_units_out_of_plan_order_are_refused(position: int) -> None:
    tested = decider(terms())
    observe(tested, [True])
    with pytest.raises(ValueError, match=f"found the outcome of unit {position}, expected unit 1"):
        tested.observe(CLEAN, unit(position, True))


def test_units_that_were_recorded_are_not_handed_out_again() -> None:
    whole, resumed = decider(terms()), decider(terms())
    rng = random.Random(2)
    path = [rng.random() < 0.97 for _ in range(2000)]
    n_asked = len(asked(whole, lambda _, position: unit(position, path[position])))
    observe(resumed, path[:60])
    found = 60
    while resumed.next() is not None:
        resumed.observe(CLEAN, unit(found, path[found]))
        found += 1
    assert n_asked == found > 60
    assert whole.result(CLEAN) == resumed.result(CLEAN)


def test_observing_hands_out_nothing_twice() -> None:
    tested = decider(terms())
    handed = len(drain(tested))
    assert 10 == handed  # so many fails in a row would decide it
    tested.observe(CLEAN, unit(0, False))
    assert [] == drain(tested)
    for position in range(1, handed):
        tested.observe(CLEAN, unit(position, position != 1))
    assert len(drain(tested)) >= 1


def test_a_condition_without_units_is_never_asked() -> None:
    conditions = [terms(units=0), terms("a")]
    assert {("task", "a")} == set(asked(decider(*conditions, until="margin"), alternating(rates(conditions, 1.0))))


# No deadlines, here and below: whichever example comes first finds the boundaries and loads numpy.
@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 64))
def test_the_result_of_a_condition_is_the_same_whatever_the_order_in_which_calls_end(seed: int, in_flight: int) -> None:
    rng = random.Random(seed)
    answers = [rng.random() < 0.8 for _ in range(2000)]

    def carried_out(in_flight: int) -> ConditionResult:
        tested = decider(terms())
        carry_out(
            tested, lambda _, position: unit(position, answers[position]), in_flight=in_flight, rng=rng, slow_fails=True
        )
        return tested.result(CLEAN)

    one, many = carried_out(1), carried_out(in_flight)
    assert one.trials == one.decided_at
    assert (one.verdict, one.decided_at) == (many.verdict, many.decided_at)


def test_with_explore_no_verdict_depends_on_the_order_in_which_calls_end() -> None:
    conditions = [terms("a"), terms("b"), terms("c", task="other")]
    shares = rates(conditions, 0.97, b=0.8)
    rng = random.Random(1)
    drawn = {key: [rng.random() < share for _ in range(2000)] for key, share in shares.items()}
    found = set()
    for seed in range(4):
        tested = decider(*conditions, explore=True, seed=seed)
        carry_out(
            tested,
            lambda key, position: unit(position, drawn[key][position]),
            in_flight=1 + 20 * seed,
            rng=random.Random(seed),
        )
        results = [tested.result(each.key) for each in conditions]
        found.add(tuple((each.verdict, each.decided_at) for each in results))
    assert 1 == len(found)


def test_the_same_seed_gives_the_same_schedule_and_another_one_another() -> None:
    conditions = [terms(f"c{number}", n_counting=3) for number in range(3)]
    orders = [asked(decider(*conditions, seed=seed), alternating(rates(conditions, 0.97))) for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]


def test_looking_at_results_does_not_change_the_schedule() -> None:
    conditions = [terms(f"c{number}", n_counting=3) for number in range(3)]
    answers = alternating(rates(conditions, 0.97))
    looked, left = (decider(*conditions, until="margin", seed=3) for _ in range(2))

    def looking(key: Key, position: int) -> Outcome:
        if position % 10 == 0:
            assert looked.ended is False
            assert [each.condition for each in conditions] == [looked.result(each.key).condition for each in conditions]
        return answers(key, position)

    assert asked(left, answers) == asked(looked, looking)


# --- which condition is next


def test_a_task_ends_with_its_verdict() -> None:
    conditions = [terms("good"), terms("bad")]
    tested = decider(*conditions)
    order = asked(tested, alternating(rates(conditions, 1.0, bad=0.0)))
    assert 10 == order.count(("task", "bad"))
    assert order.count(("task", "good")) < 47
    good, bad = (tested.result(each.key) for each in conditions)
    assert ("edge", "task-decided") == (good.verdict, good.reason)
    assert ("unusable", None) == (bad.verdict, bad.reason)


def test_explore_goes_on_with_the_others() -> None:
    conditions = [terms("good"), terms("bad")]
    tested = decider(*conditions, explore=True)
    order = asked(tested, alternating(rates(conditions, 1.0, bad=0.0)))
    assert (47, 10) == (order.count(("task", "good")), order.count(("task", "bad")))
    assert ["usable", "unusable"] == [tested.verdict(each.key) for each in conditions]


def test_a_task_is_not_decided_until_all_that_count_are_usable() -> None:
    conditions = [terms(f"c{number}", n_counting=3) for number in range(3)]
    tested = decider(*conditions)
    assert 3 * 47 == len(asked(tested, alternating(rates(conditions, 1.0))))
    assert {"usable"} == {tested.verdict(each.key) for each in conditions}


def test_tasks_take_turns() -> None:
    conditions = [terms("clean", task=task) for task in "abc"]
    order = asked(decider(*conditions), alternating(rates(conditions, 1.0)))
    assert ["a", "b", "c"] * 47 == [task for task, _ in order]


def test_a_decided_task_leaves_its_turns_to_the_others() -> None:
    conditions = [terms("clean", task=task) for task in "ab"]
    order = asked(decider(*conditions), lambda key, position: unit(position, key[0] == "b"))
    assert ["a", "b"] * 10 + ["b"] * 37 == [task for task, _ in order]


def test_one_bad_condition_of_ten_is_found_soon() -> None:
    """In turn, 790 calls (STATISTICS, MC) are needed."""
    assert sum(one_bad_of_ten(seed) for seed in range(12)) / 12 < 450


def test_the_lowest_margin_is_looked_for_and_not_the_lowest_pass_rate() -> None:
    conditions = [terms("strict", threshold=0.99), terms("lax", threshold=0.5)]
    tested = decider(*conditions)
    observe(tested, [True] * 60 + [False] * 2, ("task", "strict"))
    observe(tested, [True, False, True, True] * 5, ("task", "lax"))
    picked = Counter(key[1] for key in drain(tested, 5))
    assert picked["strict"] > picked["lax"]


@pytest.mark.parametrize("until", ["verdict", "margin"])
def test_while_one_is_about_to_be_unusable_the_others_wait(until: str) -> None:
    conditions = [terms("good"), terms("bad"), *ladder()]
    tested = decider(*conditions, until=until)
    observe(tested, [True] * 30, ("task", "good"))
    observe(tested, [False] * 8, ("task", "bad"))
    assert [("task", "bad")] * 2 == drain(tested)


def test_while_one_is_about_to_be_usable_the_others_go_on_whoever_is_drawn_first() -> None:
    found = set()
    for seed in range(10):
        tested = decider(terms("nearly"), terms("hardly"), seed=seed)
        observe(tested, [True] * 45, ("task", "nearly"))
        observe(tested, [True] * 20, ("task", "hardly"))
        picked = Counter(key[1] for key in drain(tested))
        found.add((picked["nearly"], picked["hardly"] > 2))
    assert {(2, True)} == found


# --- how far a run goes


@pytest.mark.parametrize("rate", [0.0, 0.9, 1.0])
def test_until_the_verdict_nothing_is_asked_that_does_not_count(rate: float) -> None:
    conditions = [terms(), *ladder(), repeat()]
    tested = decider(*conditions)
    assert [CLEAN] == sorted(set(asked(tested, alternating(rates(conditions, rate)))))
    assert tested.ended


@pytest.mark.parametrize("rate", [0.9, 1.0])
def test_until_the_margin_what_does_not_count_comes_after_what_does(rate: float) -> None:
    conditions = [*ladder(), repeat(), terms()]
    tested = decider(*conditions, until="margin")
    order = conditions_of(asked(tested, alternating(rates(conditions, rate))))
    assert ["clean", "repeat@3", "noise@4"] == order[:3]
    assert set(order[3:]) <= {each.condition for each in conditions[:7]}
    assert tested.ended


def test_an_unusable_task_needs_nothing_that_does_not_count() -> None:
    conditions = [terms(), *ladder(), repeat()]
    answers = alternating(rates(conditions, 0.0))
    assert ["clean"] == conditions_of(asked(decider(*conditions, until="margin"), answers))
    explored = conditions_of(asked(decider(*conditions, until="margin", explore=True), answers))
    assert ["clean", "repeat@3", "noise@4", "noise@2", "noise@1"] == explored


def test_explore_asks_what_does_not_count_also_until_the_verdict() -> None:
    conditions = [terms(), *ladder()]
    order = conditions_of(asked(decider(*conditions, explore=True), alternating(rates(conditions, 1.0))))
    assert ["clean", "noise@4", "noise@6", "noise@7"] == order


@pytest.mark.parametrize("until", ["verdict", "margin"])
def test_what_was_asked_for_by_name_is_judged_once_the_task_is_and_before_other_levels(until: str) -> None:
    conditions = [*ladder(n=3, named=True), terms()]
    order = conditions_of(asked(decider(*conditions, until=until), alternating(rates(conditions, 1.0))))
    assert ["clean", "noise@1", "noise@2", "noise@3"] == order
    unusable = conditions_of(asked(decider(*conditions, until=until), alternating(rates(conditions, 0.0))))
    assert ["clean"] == unusable


def test_repeats_are_asked_for_their_precision_and_judged_where_asked_for_by_name() -> None:
    """Far above the threshold the verdict comes long before the precision."""
    shares = {CLEAN: 1.0, ("task", "repeat@3"): 0.9}
    n_asked = []
    for named, until in ((False, "verdict"), (True, "verdict"), (False, "margin")):
        each = repeat(named=named, units=2000)
        n_asked.append(asked(decider(terms(), each, until=until), alternating(shares)).count(each.key))
    assert 0 == n_asked[0] < n_asked[1] < n_asked[2]


def test_levels_are_bisected_for_the_hardest_that_is_usable_and_the_easiest_that_is_not() -> None:
    conditions = [terms(), *ladder()]
    shares = rates(conditions, 1.0, noise_4=0.9, noise_5=0.0, noise_6=0.0, noise_7=0.0)
    order = conditions_of(asked(decider(*conditions, until="margin"), alternating(shares)))
    assert ["clean", "noise@4", "noise@2", "noise@3", "noise@6", "noise@5"] == order


def test_the_strict_way_goes_from_easy_to_hard_until_the_first_that_is_not_usable() -> None:
    conditions = [terms(), *ladder()]
    tested = decider(*conditions, until="margin", strict=True)
    order = conditions_of(asked(tested, alternating(rates(conditions, 1.0, noise_4=0.0))))
    assert ["clean", "noise@1", "noise@2", "noise@3", "noise@4"] == order


def test_each_perturbation_has_levels_of_its_own() -> None:
    conditions = [terms(), *ladder(n=3), *ladder(perturbation="context", n=3)]
    shares = rates(conditions, 1.0, noise_2=0.0)
    order = conditions_of(asked(decider(*conditions, until="margin"), alternating(shares)))
    assert ["clean", "noise@2", "noise@1", "context@2", "context@3"] == order


def test_levels_that_were_left_out_are_no_part_of_the_bisection() -> None:
    conditions = [terms(), *(replace(each, units=0 if each.level == 4 else 300) for each in ladder())]
    order = conditions_of(asked(decider(*conditions, until="margin"), alternating(rates(conditions, 1.0))))
    assert ["clean", "noise@3", "noise@6", "noise@7"] == order


@pytest.mark.parametrize(("rate", "threshold"), [(0.75, 0.9), (0.9, 0.5), (0.9, 0.9)])
def test_until_the_margin_units_go_on_to_the_wanted_precision(rate: float, threshold: float) -> None:
    conditions = [terms(threshold=threshold)]
    tested, stopped = decider(*conditions, until="margin"), decider(*conditions)
    n_margin, n_verdict = (len(asked(each, alternating(rates(conditions, rate)))) for each in (tested, stopped))
    found = tested.result(CLEAN)
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low <= 0.1
    assert (tested.verdict(CLEAN), found.decided_at) == (stopped.verdict(CLEAN), stopped.result(CLEAN).decided_at)
    assert n_verdict <= n_margin < 1000


def test_the_margin_is_measured_once_no_verdict_is_hunted_for() -> None:
    """One at a time, since the one that is decided waits for the other."""
    conditions = [terms("a", threshold=0.5), terms("b", threshold=0.9)]
    tested = decider(*conditions, until="margin")
    order = asked(tested, alternating(rates(conditions, 0.97)))
    n_a, n_b = (tested.result(each.key).decided_at or 0 for each in conditions)
    assert 0 < n_a < n_b
    hunted = order[: n_a + n_b]
    assert (n_a, n_b) == (hunted.count(("task", "a")), hunted.count(("task", "b")))


def test_the_margin_of_a_condition_that_an_unusable_task_gave_up_is_not_measured() -> None:
    conditions = [terms("good"), terms("bad")]
    tested = decider(*conditions, until="margin")
    order = asked(tested, alternating(rates(conditions, 0.98, bad=0.6)))
    decided_at = tested.result(("task", "bad")).decided_at or 0
    assert order.count(("task", "bad")) > decided_at > 0
    assert order.count(("task", "good")) < 40


def test_the_margin_of_a_condition_without_hope_is_measured_unless_the_task_is_unusable() -> None:
    conditions = [terms("near"), terms("other", n_counting=2)]
    near, other = (each.key for each in conditions)
    wanted = []
    for passed in (True, False):
        tested = decider(*conditions, until="margin", precision=0.02)
        for position in range(900):  # at the threshold until hope is gone
            tested.observe(near, alternating({near: 0.9})(near, position))
        assert not tested.ended
        observe(tested, [passed] * 200, other)
        assert ("edge", "usable" if passed else "unusable") == (tested.verdict(near), tested.verdict(other))
        wanted.append(near in drain(tested))
    assert [True, False] == wanted


def test_while_the_task_is_hunted_nothing_else_is_asked_even_where_there_is_no_room() -> None:
    assert {CLEAN} == set(drain(decider(terms(), *ladder(), repeat(named=True), until="margin")))


def test_exploring_a_decided_task_goes_to_its_levels_where_the_others_have_no_room() -> None:
    tested = decider(terms("good"), terms("bad"), *ladder(), explore=True)
    observe(tested, [False] * 10, ("task", "bad"))
    assert {"good", "noise@4"} == {condition for _, condition in drain(tested)}


def test_until_the_budget_is_used_up_every_unit_is_asked_and_verdicts_are_those_of_fewer() -> None:
    conditions = [terms("good", units=200), terms("bad", units=100), *ladder(n=3, units=120), repeat(units=20)]
    whole, explored = (decider(*conditions, until=until, explore=True) for until in ("budget", "margin"))
    shares = rates(conditions, 1.0, bad=0.5)
    assert {each.key: each.units for each in conditions} == Counter(asked(whole, alternating(shares)))
    assert whole.ended
    asked(explored, alternating(shares))
    for each in conditions[:2]:
        found, expected = whole.result(each.key), explored.result(each.key)
        assert (expected.verdict, expected.decided_at) == (found.verdict, found.decided_at)


# --- how much is in flight


@pytest.mark.parametrize(("path", "further"), [([], 10), ([True] * 40, 7), ([True] * 46, 1), ([False] * 9, 1)])
def test_no_more_are_in_flight_than_the_nearest_verdict_takes(path: list[bool], further: int) -> None:
    tested = decider(terms())
    observe(tested, path)
    assert further == len(drain(tested))


def test_far_from_a_verdict_many_are_in_flight() -> None:
    tested = decider(terms(threshold=0.95))
    observe(tested, [position % 33 != 0 for position in range(200)])
    assert len(drain(tested)) >= 64


@pytest.mark.parametrize(("until", "most"), [("verdict", 0), ("margin", 400)])
def test_after_the_verdict_no_more_are_in_flight_than_the_precision_takes(until: str, most: int) -> None:
    conditions = [terms(threshold=0.5)]
    tested = decider(*conditions, until=until)
    observe(tested, [position % 5 != 0 for position in range(60)])
    assert "usable" == tested.verdict(CLEAN)
    in_flight = len(drain(tested))
    assert in_flight <= most
    assert (in_flight > 0) is (until == "margin")


def test_never_more_are_in_flight_than_there_are_units() -> None:
    assert [CLEAN] * 5 == drain(decider(terms(units=5)))


# --- when it ends


def test_it_has_ended_when_nothing_more_is_wanted_and_not_while_calls_are_in_flight() -> None:
    tested = decider(terms())
    observe(tested, [True] * 46)
    assert [CLEAN] == drain(tested)
    assert not tested.ended
    tested.observe(CLEAN, unit(46, True))
    assert tested.ended
    assert tested.next() is None


def test_it_has_not_ended_at_the_verdict_where_the_margin_is_wanted_too() -> None:
    wanted, only = decider(terms(), until="margin"), decider(terms())
    for tested in (wanted, only):
        observe(tested, [False] * 10)
        assert "unusable" == tested.verdict(CLEAN)
    assert (False, True) == (wanted.ended, only.ended)


def test_it_ends_when_hope_or_units_do() -> None:
    for each in (terms(), terms(units=300)):
        tested = decider(each)
        asked(tested, alternating({CLEAN: 0.9}))
        assert tested.ended
        assert ("edge", "futility") == (tested.verdict(CLEAN), tested.result(CLEAN).reason)


def test_a_set_whose_answers_are_all_known_is_asked_nothing_more() -> None:
    tested = decider(terms(steady=True, census=20))
    n = len(asked(tested, lambda _, position: unit(position, position % 10 != 0, item=str(position % 20))))
    assert 20 == n
    assert ("usable", 18) == (tested.verdict(CLEAN), tested.result(CLEAN).passes)


def test_a_known_set_at_its_threshold_does_not_keep_its_levels_waiting() -> None:
    conditions = [terms(steady=True, census=20), *ladder(n=1)]
    shares = {CLEAN: 0.9, ("task", "noise@1"): 1.0}
    tested = decider(*conditions, until="margin")
    order = asked(tested, lambda key, position: replace(alternating(shares)(key, position), item=str(position % 20)))
    assert ["clean", "noise@1"] == conditions_of(order)


@pytest.mark.parametrize("reason", ["interrupted", "cost"])
def test_after_a_stop_nothing_is_handed_out_and_what_lacks_units_says_why(reason: Reason) -> None:
    conditions = [terms("done", task="a"), terms("going", task="b"), terms("not begun", task="c")]
    tested = decider(*conditions)
    observe(tested, [True] * 47, ("a", "done"))
    observe(tested, [True] * 20, ("b", "going"))
    assert tested.next() is not None
    tested.stop(reason)
    assert tested.next() is None
    assert [None, reason, reason] == [tested.result(each.key).reason for each in conditions]
    tested.observe(("b", "going"), unit(20, True))
    assert 21 == tested.result(("b", "going")).trials


@pytest.mark.parametrize("until", ["verdict", "margin"])
def test_what_waits_for_a_task_that_was_stopped_lacks_units_for_the_same_reason(until: str) -> None:
    conditions = [terms(), *ladder(n=1)]
    tested = decider(*conditions, until=until)
    observe(tested, [True] * 20)
    assert [None, None] == [tested.result(each.key).reason for each in conditions]
    tested.stop("interrupted")
    assert ["interrupted"] * 2 == [tested.result(each.key).reason for each in conditions]


def test_levels_that_nobody_wants_say_that_the_task_was_decided_without_them() -> None:
    conditions = [terms(), *ladder(n=1)]
    tested = decider(*conditions)
    asked(tested, alternating(rates(conditions, 1.0)))
    tested.stop("interrupted")
    assert [None, "task-decided"] == [tested.result(each.key).reason for each in conditions]


def test_independent_conditions_are_all_judged() -> None:
    conditions = [terms("clean", task=str(number), threshold=0.8) for number in range(6)]
    shares = {each.key: 0.95 if number % 2 else 0.5 for number, each in enumerate(conditions)}
    rng = random.Random(5)
    tested = decider(*conditions)
    n_asked = carry_out(tested, passing(shares, rng), in_flight=32, rng=rng, slow_fails=True)
    assert ["unusable", "usable"] * 3 == [tested.verdict(each.key) for each in conditions]
    assert n_asked == sum(tested.result(each.key).trials for each in conditions)


@pytest.mark.parametrize("until", ["verdict", "margin"])
def test_a_task_goes_on_until_its_comparison_is_settled_and_no_other_does(until: Any) -> None:
    """A verdict may take thirty units; that a rate fell by fifteen points takes more."""
    conditions = [terms(task=task, threshold=0.5) for task in ("fell", "same", "new")]
    before: dict[str, list[float | None]] = {f"i{n}": [1.0] for n in range(400)}
    compared = PairedTerms(tolerance=0.02, alpha=0.025, n_compared=2)
    comparisons = {each.key: Comparison(compared, before, units=2000) for each in conditions[:2]}
    tested = decider(*conditions, until=until, precision=0.2, comparisons=comparisons)
    share = {each.key: 0.8 if each.task == "fell" else 1.0 for each in conditions}
    spread = alternating(share)
    order = asked(tested, lambda key, position: replace(spread(key, position), item=f"i{position}"))
    alone = Counter(asked(decider(*conditions, until=until, precision=0.2), spread))
    fell, same, new = (each.key for each in conditions)
    assert ["regressed", "unclear"] == [comparisons[key].test.regression for key in (fell, same)]
    assert not comparisons[same].hopeful
    assert order.count(fell) > alone[fell]
    assert order.count(new) == alone[new]
    assert ["usable"] * 3 == [tested.verdict(each.key) for each in conditions]


def test_an_unusable_task_is_not_compared_to_the_end() -> None:
    before: dict[str, list[float | None]] = {f"i{n}": [1.0, 1.0] for n in range(2)}
    compared = Comparison(PairedTerms(tolerance=0.02, alpha=0.025, n_compared=1), before, units=2000)
    tested = decider(terms(), comparisons={CLEAN: compared})
    asked(tested, lambda key, position: unit(position, False, item=f"other{position}"))
    assert ("unusable", True) == (tested.verdict(CLEAN), compared.hopeful)


def _rounds(tested: SequentialDecider, answers: Answers) -> list[int]:
    """Ask all that is wanted together, wait for all of it, and so on: the size of each round."""
    seen: Counter[Key] = Counter()
    sizes = []
    while handed := drain(tested):
        sizes.append(len(handed))
        for key in handed:
            tested.observe(key, answers(key, seen[key]))
            seen[key] += 1
    return sizes


@pytest.mark.parametrize(
    ("rate", "most_rounds", "until"), [(0.99, 4, "verdict"), (0.7, 3, "verdict"), (0.7, 7, "margin")]
)
def test_in_rounds_few_of_them_do(rate: float, most_rounds: int, until: str) -> None:
    """A batch comes back hours later: some calls in vain are cheaper than one round more."""
    conditions = [terms("clean", units=2000), terms("noise@0.1", units=2000)]
    answers = alternating(rates(conditions, rate))
    together = _rounds(decider(*conditions, until=until, in_rounds=True), answers)
    apart = _rounds(decider(*conditions, until=until), answers)
    assert len(together) <= most_rounds < len(apart)
    assert sum(together) <= 200 + 1.8 * sum(apart)


def test_the_first_round_is_what_usable_needs_at_least() -> None:
    tested = decider(terms("clean", threshold=0.95, units=2000), in_rounds=True)
    assert 85 <= len(drain(tested)) <= 100
