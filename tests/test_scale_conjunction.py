from __future__ import annotations

import json

import pytest

from evalkit.scale.conjunction import Rung, TaskConjunction, conjunctions
from evalkit.verdict import SuiteResult
from tests.conjunctions import found
from tests.results import condition, result


def joined(model: str, *names: str, task: str = "title", suite: str = "support", counts: bool = True) -> SuiteResult:
    """A model whose constraints came together under these conditions."""
    conditions = [
        condition(100, name, counts=counts, conjunction=found(["a", "b", ""], condition=name)) for name in names
    ]
    return result(model, {task: conditions}, suite=suite)


def rungs(*results: SuiteResult) -> list[tuple[str, str, list[str]]]:
    return [
        (each.task, each.rungs[0].conjunction.condition, [rung.model for rung in each.rungs])
        for each in conjunctions(results)
    ]


def test_models_keep_the_order_in_which_they_are_given() -> None:
    assert [("title", "clean", ["b", "a"])] == rungs(joined("b", "clean"), joined("a", "clean"))


def test_all_models_are_compared_under_the_condition_that_most_of_them_were_asked_under() -> None:
    one, two, three = joined("1", "clean", "noise@0.1"), joined("2", "noise@0.1"), joined("3", "clean", "noise@0.1")
    assert [("title", "noise@0.1", ["1", "2", "3"])] == rungs(one, two, three)
    assert [("title", "clean", ["1", "3"])] == rungs(one, three)


def test_conditions_that_do_not_count_are_left_out() -> None:
    assert [] == rungs(*(joined(model, "noise@0.5", counts=False) for model in "ab"))


def test_tasks_of_a_single_constraint_or_model_are_left_out() -> None:
    single = result("b", {"title": 100})
    assert [] == rungs(joined("a", "clean"), single)
    assert [] == rungs(single, single)


def test_tasks_of_the_same_name_in_two_suites_are_two() -> None:
    suites = [joined(model, "clean", suite=suite) for suite in "xy" for model in "ab"]
    assert [("title", "clean", ["a", "b"])] * 2 == rungs(*suites)


def test_the_threshold_is_that_of_the_condition() -> None:
    (made,) = conjunctions([joined("a", "clean"), joined("b", "clean")])
    assert 0.9 == made.threshold


# --- what a ladder says


def ladder(*models: list[str], threshold: float = 0.9) -> TaskConjunction:
    rungs = tuple(Rung(model=f"m{number}", conjunction=found(units)) for number, units in enumerate(models))
    return TaskConjunction(task="t", threshold=threshold, rungs=rungs)


SMALL = [*["ab"] * 4, *["a"] * 2, *["b"] * 2, *[""] * 2]
MIDDLE = ["a", "b", *[""] * 8]
LARGE = [""] * 10


def test_the_steepest_step_says_how_far_all_rise_and_how_far_the_part_that_rises_most() -> None:
    step = ladder(SMALL, MIDDLE, LARGE).steepest
    assert step is not None
    # From 20 to 80 %, then to 100 %; both parts go from 40 to 90 %.
    assert ("m0", "m1", "a") == (step.before, step.after, step.most)
    assert pytest.approx((0.6, 0.5)) == (step.joint, step.part)


def test_all_may_rise_more_than_any_part() -> None:
    # In four trials each part breaks in one, and never two in the same: none passes all but one.
    step = ladder(["a", "b", "c", ""], LARGE).steepest
    assert step is not None
    assert (0.75, 0.25) == (step.joint, step.part)


def test_a_ladder_that_only_falls_has_no_steepest_rise() -> None:
    assert None is ladder(LARGE, SMALL).steepest
    assert None is ladder(LARGE).steepest


def test_a_rate_is_reached_from_the_model_after_which_it_is_never_missed_again() -> None:
    made = ladder(MIDDLE, LARGE, MIDDLE, LARGE, threshold=0.85)
    assert ("m0", "m0", "m3") == (made.reached_by("a"), made.reached_by("c"), made.reached_by(None))
    assert None is ladder(LARGE, SMALL).reached_by("b")


def test_what_each_part_needs_counts_the_parts_that_break() -> None:
    assert ("a", "b") == ladder(SMALL, LARGE).breaking
    assert pytest.approx(0.9**0.5) == ladder(SMALL, LARGE).needed_each
    assert None is ladder(LARGE).needed_each


def test_the_published_shape_of_a_ladder() -> None:
    made = ladder(SMALL, LARGE).as_json()
    assert ["task", "condition", "threshold", "models", "steepest", "needed_each", "reached"] == list(made)
    assert ["m0", "m1"] == [each["model"] for each in made["models"]]
    assert {"from": "m0", "to": "m1", "joint": 0.8, "most": "a", "part": 0.6} == made["steepest"]
    assert {"all": "m1", "parts": {"a": "m1", "b": "m1"}} == made["reached"]
    json.dumps(made, allow_nan=False)
