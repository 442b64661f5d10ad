from __future__ import annotations

import json
from dataclasses import replace

import pytest

from evalkit.report.charts.scaling import scale_figures
from evalkit.scale import Question, find_scale
from evalkit.scale.law import find_law
from evalkit.scale.scale import TaskLaw
from tests.charted import column
from tests.ladder_points import series
from tests.scaling import ladder

pytestmark = pytest.mark.usefixtures("few_draws")
RISE = [0.02, 0.1, 0.45, 0.85, 0.97, 0.99]


def test_every_series_is_a_figure_with_its_points_as_a_table() -> None:
    losses = [2.0, 1.5, 1.0, 0.5, 0.2, 0.1]
    (figure,), others, _ = scale_figures(find_scale([series(RISE, losses=losses)], Question(leave_out=0)))
    assert [] == others
    assert ("add-size", "With the size of the model: add") == (figure.id, figure.title)
    assert (RISE, losses) == (column(figure.table, "pass rate"), column(figure.table, "loss"))
    assert [f"m{n}" for n in range(6)] == column(figure.table, "model")
    assert [None] * 6 == column(figure.table, "mean score")


def test_figures_leave_their_title_to_whoever_shows_them_and_say_what_was_found() -> None:
    (figure,), *_ = scale_figures(find_scale([series(RISE, losses=RISE)], Question(leave_out=0)))
    assert '"subtitle"' not in json.dumps(figure.spec)
    assert figure.says.startswith("The threshold of 80.0 % is crossed between ")
    assert figure.says.endswith(" Models do better step by step as they grow.")
    assert any(told.startswith("Curve: from 10 to 90 % of the rise takes ") for told in figure.more)


def test_of_each_task_the_condition_that_tells_models_apart_best_stands_in_front() -> None:
    rates = {"clean": [0.9, 0.95, 0.97, 0.99], "noise@0.1": RISE, "noise@0.2": [0.0] * 6}
    of_task = [replace(series(each), condition=condition) for condition, each in rates.items()]
    other = replace(series([0.1, 0.2, 0.3]), task="sort")
    telling, others, _ = scale_figures(find_scale([*of_task, other], Question(leave_out=0)))
    assert ["add-noise-0-1-size", "sort-size"] == [figure.id for figure in telling]
    assert ["add-size", "add-noise-0-2-size"] == [figure.id for figure in others]


def test_a_law_is_a_figure_with_its_points_as_a_table() -> None:
    scale = find_scale([series(RISE)], Question(leave_out=0))
    law = find_law(ladder(noise=0.01), budget_flops=None, n_resampled=20)
    laws = (TaskLaw(task=None, law=law), TaskLaw(task="add", law=law))
    *_, whole, one = scale_figures(replace(scale, laws=laws)).telling
    assert ("all-law", "add-law") == (whole.id, one.id)
    assert "Loss against training compute: all tasks" == whole.title
    assert [each.loss for each in law.points] == column(whole.table, "loss")
    assert "title" not in whole.spec
