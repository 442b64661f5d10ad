from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from evalkit.report import conjunction_lines
from evalkit.report.conjunction import conjunction_note
from evalkit.scale.conjunction import Rung, TaskConjunction
from evalkit.verdict import Conjunction, Spend, TaskResult, Verdict
from tests.conjunctions import found
from tests.ladders import condition_at

UNITS = [*["b"] * 15, *["ab"] * 5, *["a"] * 5, *["c"] * 3, *[""] * 72]


def note(conjunction: Conjunction | None, *, verdict: Verdict = "unusable", **changes: Any) -> str:
    condition = replace(condition_at(1, 72, 100, threshold=0.9, counts=True), conjunction=conjunction, **changes)
    task = TaskResult(
        task="t",
        threshold=0.9,
        claim="population",
        verdict=verdict,
        weakest=condition,
        conditions=(condition,),
        critical_levels=(),
        repeat=None,
        spend=Spend(),
    )
    return "\n".join(conjunction_note(task))


def test_a_task_that_is_not_usable_is_told_which_constraint_keeps_it_down() -> None:
    expected = (
        "2 of 3 constraints hold in 90.0 % or more; b holds in 80.0 % and alone would cap the task at 80.0 %; all hold "
        "in 72.0 %, the product of the parts is 69.8 %; without breaks of b 87.0 % would pass"
    )
    assert [expected] * 2 == [note(found(UNITS), verdict=verdict) for verdict in ("unusable", "edge")]


def test_several_constraints_may_keep_it_down_alike() -> None:
    told = note(found([*["a"] * 20, *["b"] * 20, *["c"] * 20, *[""] * 40]))
    assert told.startswith("a, b and c hold in 80.0 % each, and any one of them would cap the task at 80.0 %; ")
    assert "without breaks" not in told


def test_that_they_break_together_or_apart_is_said_where_it_is_shown() -> None:
    assert note(found(["ab", ""] * 20)).endswith("; they break together more often than by chance")
    assert note(found(["a", "b"] * 20)).endswith("; they break in different trials more often than by chance")
    assert "chance" not in note(found(UNITS))


def test_others_that_always_hold_are_said_to() -> None:
    assert note(found(["a", "b", "b", ""])).startswith("2 of 3 constraints hold in 75.0 % or more; b holds in 50.0 %")
    assert note(found(["a", "b", ""])).startswith("1 of 3 constraints hold always; a and b hold in 66.7 % each")


@pytest.mark.parametrize("units", [[""], ["a", ""]])
def test_where_one_constraint_breaks_or_none_there_is_nothing_to_put_together(units: list[str]) -> None:
    assert "" == note(found(units))


def test_nothing_is_said_of_a_usable_task_or_one_judged_by_scores_or_one_of_a_single_constraint() -> None:
    assert ["", "", ""] == [note(found(UNITS), verdict="usable"), note(found(UNITS), measure="score"), note(None)]


# --- along a ladder of models


def ladder(*models: list[str], provider: str = "tiny", names: str = "abc", task: str = "title") -> TaskConjunction:
    rungs = tuple(
        Rung(model=f"{provider}/{5 * 4**number}k", conjunction=found(units, names=names))
        for number, units in enumerate(models)
    )
    return TaskConjunction(task=task, threshold=0.9, rungs=rungs)


SMALL = [*["abc"] * 2, *["ab"] * 2, *["a"] * 2, *["bc"] * 2, "b", ""]
MIDDLE = ["a", "b", "c", *[""] * 3]
LARGE = [*[""] * 19, "b"]


def test_a_ladder_looks_as_it_should(golden: Callable[[str, str], None]) -> None:
    others = ladder([*["b"] * 6, *["ab"] * 4], LARGE, provider="x", task="rises-with-one-part")
    golden("conjunctions.txt", "\n".join(conjunction_lines([ladder(SMALL, MIDDLE, LARGE), others])) + "\n")


def test_a_ladder_that_never_rises_or_reaches_says_no_more_than_that() -> None:
    told = "\n".join(conjunction_lines([ladder(MIDDLE, SMALL)]))
    assert "all together at no model" in told
    assert "steepest" not in told


def test_tasks_in_which_fewer_than_two_constraints_break_are_left_out() -> None:
    assert [] == conjunction_lines([ladder(["a"], [""])])


def test_no_line_of_a_ladder_is_wider_than_80_columns() -> None:
    long = "a-name-that-is-longer-than-anybody-would-ever-want-it-to-be"
    names = [f"{number}-{long}" for number in range(5)]
    rungs = [
        Rung(model=f"x/{long}{number}", conjunction=found([units, set()], names=names))
        for number, units in enumerate([set(names), set(names[:2])])
    ]
    lines = conjunction_lines([TaskConjunction(task=long, threshold=0.9, rungs=tuple(rungs))])
    assert lines
    assert [] == [line for line in lines if len(line) > 80]
