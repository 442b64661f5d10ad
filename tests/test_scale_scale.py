from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.errors import EvalkitError
from evalkit.scale import Mean, Point, Question, Series, Size, find_scale
from evalkit.scale.scale import known_against
from tests.ladder_points import points, series

QUICK = Question(leave_out=0)


def test_size_is_what_most_models_are_known_and_differ_by() -> None:
    same = [
        replace(point, size=Size(params=1e6, tokens=1e6 * 4**index)) for index, point in enumerate(points([0.5] * 3))
    ]
    assert "params" == known_against([series([0.1, 0.9])])
    assert "tokens" == known_against([Series(task="t", condition="clean", threshold=None, points=tuple(same))])


def test_models_of_unknown_size_are_left_aside_and_named() -> None:
    members = (*points([0.1, 0.5, 0.9]), Point(model="riddle", size=Size(), pass_rate=0.5, trials=9))
    found = find_scale([Series(task="t", condition="clean", threshold=None, points=members)], QUICK)
    assert (3, ["left aside, as their params are not known: riddle"]) == (
        len(found.abilities[0].points),
        list(found.notes),
    )


def test_without_two_sizes_it_is_said_how_to_give_them() -> None:
    nameless = Series(task="t", condition="clean", threshold=None, points=(Point(model="m", size=Size(), pass_rate=1),))
    with pytest.raises(
        EvalkitError, match=r"none is known of m\); say it in a table's column, with --size NAME=80k or in"
    ):
        find_scale([nameless], QUICK)


def test_losses_of_six_points_of_different_size_and_training_make_a_law() -> None:
    members = tuple(
        Point(
            model=f"m{params:g}",
            size=Size(params=params, tokens=tokens),
            loss=Mean(value=1.8 + 400 / params**0.35 + 2000 / tokens**0.37),
        )
        for params in (1e6, 1e7, 1e8)
        for tokens in (1e8, 1e9, 1e10)
    )
    table = Series(task="lm", condition="clean", threshold=None, points=members)
    found = find_scale([table], QUICK, budget_flops=1e17)
    assert ((), ["lm"], 1e17) == (found.abilities, [each.task for each in found.laws], found.laws[0].law.budget_flops)
    with pytest.raises(EvalkitError, match="found no pass rate, and of no task 6 losses with params and tokens"):
        find_scale([replace(table, points=members[:5])], QUICK)


def test_the_published_shape() -> None:
    value = find_scale([series([0.1, 0.9])], QUICK).as_json()
    assert ["against", "tasks", "conjunctions", "laws", "notes"] == list(value)
    assert ("params", ["add"]) == (value["against"], [task["task"] for task in value["tasks"]])


def test_the_conditions_of_a_task_have_laws_of_their_own() -> None:
    members = tuple(
        Point(
            model="m",
            size=Size(params=params, tokens=tokens),
            loss=Mean(value=1.8 + 400 / params**0.35 + 2000 / tokens**0.37),
        )
        for params in (1e6, 1e7, 1e8)
        for tokens in (1e8, 1e9, 1e10)
    )
    two = [Series(task="lm", condition=name, threshold=None, points=members) for name in ("digits@2", "digits@4")]
    assert ["lm digits@2", "lm digits@4"] == [each.task for each in find_scale(two, QUICK).laws]


def test_a_task_that_too_few_models_were_asked_is_named() -> None:
    short = replace(series([0.5]), task="short")
    assert ("left aside, with fewer than two models of known params and a pass rate: short",) == find_scale(
        [series([0.1, 0.9]), short], QUICK
    ).notes


def test_checkpoints_that_the_size_cannot_tell_apart_are_named() -> None:
    members = [
        replace(point, model="m", size=Size(params=1e6 * size, tokens=tokens))
        for size, point in enumerate(points([0.1, 0.9]), 1)
        for tokens in (1e9, 2e9)
    ]
    (note,) = find_scale([replace(series([]), points=tuple(members))], QUICK).notes
    assert note.startswith("several points of one model have the same params and differ otherwise (m)")


def test_of_many_names_a_note_lists_some() -> None:
    unknown = [Point(model=f"u{index}", size=Size(), pass_rate=0.5) for index in range(20)]
    members = (*points([0.1, 0.9]), *unknown)
    (note,) = find_scale([replace(series([]), points=members)], QUICK).notes
    assert note.endswith("u0, u1, u2, u3, u4, u5, u6, u7 and 12 more")


def test_one_model_alone_is_told_to_be_one() -> None:
    with pytest.raises(EvalkitError, match="found fewer than two models with a pass rate on any task"):
        find_scale([series([0.5])], QUICK)
