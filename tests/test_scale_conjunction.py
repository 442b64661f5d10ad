from __future__ import annotations

from evalkit.scale.conjunction import conjunctions
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
