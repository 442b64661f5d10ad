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
    (figure,) = scale_figures(find_scale([series(RISE, losses=losses)], Question(leave_out=0)))
    assert ("add-size", "With the size of the model: add") == (figure.id, figure.title)
    assert (RISE, losses) == (column(figure.table, "pass rate"), column(figure.table, "loss"))
    assert [f"m{n}" for n in range(6)] == column(figure.table, "model")
    assert [None] * 6 == column(figure.table, "mean score")


def test_figures_leave_their_title_to_whoever_shows_them_and_say_what_was_found() -> None:
    (figure,) = scale_figures(find_scale([series(RISE, losses=RISE)], Question(leave_out=0)))
    assert '"subtitle"' not in json.dumps(figure.spec)
    assert figure.says.endswith(".")
    assert ".." not in figure.says


def test_a_law_is_a_figure_with_its_points_as_a_table() -> None:
    scale = find_scale([series(RISE)], Question(leave_out=0))
    law = find_law(ladder(noise=0.01), budget_flops=None, n_resampled=20)
    *_, whole, one = scale_figures(replace(scale, laws=(TaskLaw(task=None, law=law), TaskLaw(task="add", law=law))))
    assert ("all-law", "add-law") == (whole.id, one.id)
    assert "Loss against training compute: all tasks" == whole.title
    assert [each.loss for each in law.points] == column(whole.table, "loss")
    assert "title" not in whole.spec
