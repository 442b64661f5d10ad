from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evalkit.report.page.sentences import answer, map_cell, margin_sentence
from tests.results import condition, result, task


def test_a_usable_model_says_its_least_margin() -> None:
    found = result("m", {"a": 200, "b": [condition(200), condition(196, "noise@0.05")]})
    assert [
        "Usable: all 2 tasks.",
        "The least margin is that of b at noise@0.05: at least 4.9 points.",
    ] == answer([found])


def test_a_margin_that_was_not_measured_is_not_called_nothing() -> None:
    found = result("m", {"a": [replace(condition(200), low=0.9, threshold=0.9)]})
    assert "The least margin is that of a at clean; how large it is was not measured." == answer([found])[1]


def test_tasks_that_break_alike_are_told_together() -> None:
    noisy = [condition(199), condition(20, "noise@0.05")]
    found = result("m", {"a": 20, "b": 30, "c": noisy, "d": 200})
    told = "a, b, each of which fails already as it is asked (clean); c, which breaks first at noise@0.05"
    assert ["Usable: 1 of 4 tasks.", f"Not usable: {told}."] == answer([found])


def test_a_single_task_is_not_counted() -> None:
    assert ["Not usable: a.", "It fails already as it is asked (clean)."] == answer([result("m", {"a": 20})])
    assert ["Could be either: a."] == answer([result("m", {"a": 181})])
    assert ["Not measured: a."] == answer([result("m", {"a": None})])


def test_none_usable_is_said_only_where_it_was_shown() -> None:
    assert "None of 2 tasks is usable." == answer([result("m", {"a": 20, "b": 20})])[0]
    assert "None of 2 tasks was shown to be usable." == answer([result("m", {"a": 181, "b": 181})])[0]


def test_what_was_not_measured_is_said() -> None:
    assert "Not measured: b." == answer([result("m", {"a": 200, "b": None})])[-1]


def test_of_several_models_those_that_can_do_everything_are_named() -> None:
    models = [result("small", {"a": 20}), result("large", {"a": 200})]
    assert ["1 of 2 models is usable for the task: large."] == answer(models)


def test_a_model_that_was_not_asked_everything_is_not_called_usable_for_everything() -> None:
    models = [result("x", {"a": 200}), result("y", {"a": 20, "b": 20})]
    assert "None of 2 models was shown to be usable for all 2 tasks." == answer(models)[0]


def test_of_several_models_that_could_be_either_none_is_called_not_usable() -> None:
    models = [result(name, {"a": 181}) for name in ("x", "y")]
    assert ["None of 2 models was shown to be usable for the task."] == answer(models)


@pytest.mark.parametrize(
    ("nearer", "further"),
    [
        ({"a": 40, "b": 181}, {"a": 20, "b": 181}),
        (
            {"a": [condition(200), condition(0, "context@100")]},
            {"a": [condition(181), condition(2, "context@100")]},
        ),
    ],
)
def test_the_nearest_is_the_same_whichever_comes_first(nearer: Any, further: Any) -> None:
    models = [result("near", nearer), result("far", further)]
    for order in (models, models[::-1]):
        told = answer(order)[1]
        assert told.startswith("near comes nearest")


def test_models_that_come_equally_near_are_all_named() -> None:
    alike = [result(name, {"a": [condition(200), condition(2, "noise@0.1")]}) for name in ("x", "y")]
    broken = "They are not usable for a, which breaks first at noise@0.1."
    none = "None of {} models is usable for the task."
    assert [none.format(3), "x, y come nearest.", broken] == answer([result("z", {"a": 2}), *alike])
    assert [none.format(2), broken] == answer(alike)


def test_of_several_models_the_nearest_is_named() -> None:
    models = [result("small", {"a": 20, "b": 20}), result("large", {"a": 200, "b": 20})]
    assert [
        "None of 2 models is usable for all 2 tasks.",
        "large comes nearest: of its 2 tasks 1 is usable, 1 is not usable.",
        "It is not usable for b, which fails already as it is asked (clean).",
    ] == answer(models)


@pytest.mark.parametrize(
    ("expected", "passes"),
    [
        ("At its weakest (clean) 97.2 to 100.0 % pass, 90.0 % are needed: at least 7.2 points are left.", 199),
        ("At its weakest (clean) 6.2 to 15.1 % pass, 90.0 % are needed: at least 74.9 points are missing.", 20),
        ("At its weakest (clean) 85.5 to 94.2 % pass, 90.0 % are needed: it could be either.", 181),
        ("It was not measured.", None),
    ],
)
def test_a_task_says_how_it_stands(expected: str, passes: int | None) -> None:
    assert expected == margin_sentence(task("a", [condition(passes)]))


def test_a_score_is_not_called_a_pass_rate() -> None:
    scored = replace(condition(199), measure="score", mean_score=0.99)
    assert "the mean score is 97.2 to 100.0 %" in margin_sentence(task("a", [scored]))


def test_an_unknown_task_is_a_dash_that_says_what_it_means() -> None:
    assert ("–", "not measured", None) == (lambda cell: (cell.sign, cell.words, cell.verdict))(map_cell(None))
