from __future__ import annotations

import asyncio
from dataclasses import replace
from math import log
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapter import ModelSize, Request
from evalkit.engine import Measured
from evalkit.engine.scaling import read_ladder
from evalkit.errors import EvalkitError
from evalkit.plan import Scope
from evalkit.scale import Size
from evalkit.trial import Answer, Call
from tests.runs import Scripted, make_suite, right, session


class Sized(Scripted):
    """Knows the first items, so many as its skill says, and how likely the right answer is."""

    def __init__(self, name: str, skill: int, size: ModelSize | None = None) -> None:
        super().__init__(lambda call: right(call) if int(call.item[1:]) < skill else "no")
        self.name = f"tiny/{name}"
        self.size = size
        self._skill = skill

    async def ask(self, request: Request) -> Answer:
        answer = await super().ask(request)
        response = replace(answer.response, target_logprob=2 * log((1 + self._skill) / 22), target_tokens=2)
        return replace(answer, response=response)


def carried_out(
    out: Path, *models: Scripted, scope: Scope | None = None, max_void: float = 0.02, **suite: Any
) -> list[Path]:
    (out / "suite").mkdir(exist_ok=True)
    made = make_suite(out / "suite", n_items=20, **suite)

    scope = scope or Scope(fixed=20)

    def carry_out(model: Scripted) -> Measured:
        return asyncio.run(session(made, model, out, scope=scope, max_void=max_void).carry_out())

    return [carry_out(model).folder for model in models]


def ladder(out: Path, **given: Any) -> list[Path]:
    sizes = [ModelSize(params=params, tokens=1e6) for params in (1e4, 4e4)]
    return carried_out(out, Sized("10k", 4, sizes[0]), Sized("40k", 16, sizes[1]), **given)


def test_runs_become_series_along_the_sizes_that_their_cards_said(tmp_path: Path) -> None:
    (add,) = read_ladder(ladder(tmp_path), {}).series
    assert ("add", "clean", 0.9) == (add.task, add.condition, add.threshold)
    assert [("tiny/10k", 1e4, 0.2, 20), ("tiny/40k", 4e4, 0.8, 20)] == [
        (point.model, point.size.params, point.pass_rate, round(point.trials or 0)) for point in add.points
    ]
    assert all(point.low is not None and point.low < (point.pass_rate or 0) for point in add.points)


def test_what_was_measured_already_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = ladder(tmp_path)
    expected = read_ladder(folders, {})
    monkeypatch.setattr("evalkit.engine.scaling.measure", None)
    assert expected == read_ladder(folders, {}, measured=dict(zip(folders, expected.results, strict=True)))


def test_loss_is_that_of_target_tokens(tmp_path: Path) -> None:
    found = read_ladder(ladder(tmp_path), {})
    for points in (found.series[0].points, found.total):
        losses = [point.loss for point in points if point.loss is not None]
        assert pytest.approx([-log(5 / 22), -log(17 / 22)]) == [loss.value for loss in losses]
        assert pytest.approx([0, 0], abs=1e-12) == [loss.error for loss in losses]
    assert [2.0, 2.0] == [point.target_tokens for point in found.series[0].points]


def test_the_error_of_a_score_is_that_of_independent_items(tmp_path: Path) -> None:
    point = read_ladder(ladder(tmp_path), {}).series[0].points[0]
    assert point.score is not None
    assert (pytest.approx(0.2), pytest.approx((0.2 * 0.8 / 19) ** 0.5)) == (point.score.value, point.score.error)  # type: ignore[comparison-overlap]


def test_items_of_one_group_are_worth_fewer_trials(tmp_path: Path) -> None:
    """All items of a group pass or fail together here, so twenty trials are worth two."""
    model = Scripted(lambda call: right(call) if int(call.item[1:]) % 2 else "no")
    (folder,) = carried_out(tmp_path, model, more="    group: half")
    (point,) = read_ladder([folder], {"scripted/x": Size(params=1)}).series[0].points
    assert point.trials is not None
    assert point.trials < 3


def test_groups_that_pass_equally_often_are_worth_as_many_trials_as_there_are_groups(tmp_path: Path) -> None:
    """They say nothing of how far groups differ."""
    model = Scripted(lambda call: right(call) if int(call.item[1:]) // 2 % 2 else "no")
    (folder,) = carried_out(tmp_path, model, more="    group: half")
    (point,) = read_ladder([folder], {"scripted/x": Size(params=1)}).series[0].points
    assert (0.5, 2) == (point.pass_rate, point.trials)


def test_a_size_that_is_given_goes_before_the_card_s(tmp_path: Path) -> None:
    found = read_ladder(ladder(tmp_path), {"10k": Size(params=5), "tiny/40k": Size(params=7)})
    assert [5, 7] == [point.size.params for point in found.series[0].points]


def test_levels_of_a_difficulty_axis_are_series_and_perturbations_only_when_named(tmp_path: Path) -> None:
    axis = "    difficulty: {field: half}"
    folders = ladder(tmp_path, perturbations="{noise: [0.1]}", more=axis)
    plain = {series.condition for series in read_ladder(folders, {}).series}
    assert {"half@0", "half@1"} == plain - {"clean"}
    assert {"noise@0.1"} == {series.condition for series in read_ladder(folders, {}, conditions=("noise",)).series}


def test_of_two_runs_of_a_model_the_latest_counts(tmp_path: Path) -> None:
    first = carried_out(tmp_path, Sized("10k", 4, ModelSize(params=1e4)))
    second = carried_out(tmp_path, Sized("10k", 16, ModelSize(params=1e4)))
    found = read_ladder([*second, *first], {})
    assert 1 == len(found.series[0].points)
    assert ["run more than once with sums, of which the latest counts: tiny/10k"] == list(found.notes)


def test_models_measured_with_another_suite_are_said_to_be(tmp_path: Path) -> None:
    folders = [
        *carried_out(tmp_path, Sized("10k", 4, ModelSize(params=1e4))),
        *carried_out(tmp_path, Sized("40k", 9, ModelSize(params=4e4)), prompt="Add {a} and {b}!"),
    ]
    assert ["the suite sums was not the same for all models"] == list(read_ladder(folders, {}).notes)


def test_another_threshold_is_no_ladder(tmp_path: Path) -> None:
    folders = [
        *carried_out(tmp_path, Sized("10k", 4, ModelSize(params=1e4))),
        *carried_out(tmp_path, Sized("40k", 9, ModelSize(params=4e4)), threshold=0.5),
    ]
    with pytest.raises(EvalkitError, match=r"found the thresholds 0\.9 and 0\.5 in runs of sums, expected one"):
        read_ladder(folders, {})


def test_names_that_nobody_has_are_refused(tmp_path: Path) -> None:
    folders = ladder(tmp_path)
    with pytest.raises(EvalkitError, match=r'--size 20k: no run of that model\. Did you mean "(40|10)k"'):
        read_ladder(folders, {"20k": Size(params=1)})
    with pytest.raises(EvalkitError, match=r'--tasks ad: no such task\. Did you mean "add"'):
        read_ladder(folders, {}, tasks=("ad",))
    with pytest.raises(EvalkitError, match="no such task or condition"):
        read_ladder(folders, {}, conditions=("noise",))


def test_a_threshold_for_the_score_is_none_for_the_pass_rate(tmp_path: Path) -> None:
    (series,) = read_ladder(ladder(tmp_path, more="    measure: score", scope=Scope(max_calls=20)), {}).series
    assert series.threshold is None
    assert {None} == {point.low for point in series.points}


def test_a_model_that_answers_nothing_tells_nothing(tmp_path: Path) -> None:
    def refuses(call: Call) -> BaseException:
        from evalkit.errors import TransportError

        return TransportError("timeout", "It did not answer.")

    silent = Scripted(refuses)
    folders = [*ladder(tmp_path), *carried_out(tmp_path, silent, max_void=1.0)]
    assert 2 == len(read_ladder(folders, {}).series[0].points)
