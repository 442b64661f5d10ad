from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.errors import EvalkitError
from evalkit.scale import Mean, Point, Question, Series, Size, find_scale
from evalkit.scale.together import known_against
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
    with pytest.raises(EvalkitError, match=r"none is known of m\); say it with --size NAME=80k, in the model's card"):
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
    with pytest.raises(EvalkitError, match="fewer than two models of known params with a pass rate"):
        find_scale([replace(table, points=members[:5])], QUICK)


def test_the_published_shape() -> None:
    value = find_scale([series([0.1, 0.9])], QUICK).as_json()
    assert ["against", "tasks", "conjunctions", "laws", "notes"] == list(value)
    assert ("params", ["add"]) == (value["against"], [task["task"] for task in value["tasks"]])
