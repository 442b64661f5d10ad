from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from evalkit.report.picture import picture
from evalkit.report.scale_chart import scale_chart
from evalkit.scale import Question, Series, Size, find_scale
from tests.ladder_points import points, series

RISE = [0.02, 0.1, 0.45, 0.85, 0.97, 0.99]


def chart(*of: Series) -> dict[str, Any]:
    return scale_chart(find_scale(of, Question(leave_out=0)))


def marks(panel: dict[str, Any]) -> list[str]:
    return [layer["mark"]["type"] for layer in panel["layer"]]


def test_every_series_has_a_panel() -> None:
    assert ["add", "add"] == [panel["title"]["text"] for panel in chart(series(RISE), series(RISE))["concat"]]


def test_a_panel_shows_threshold_bracket_crossing_curve_and_models() -> None:
    (panel,) = chart(series(RISE))["concat"]
    assert ["rect", "rule", "rule", "area", "line", "rule", "point", "text"] == marks(panel)
    assert 0.8 == panel["layer"][2]["data"]["values"][0]["rate"]
    assert {"size": 160_000, "larger": 2_560_000} == {
        key: round(value) for key, value in panel["layer"][0]["data"]["values"][0].items()
    }


def test_no_curve_is_drawn_where_none_may_be_read() -> None:
    (panel,) = chart(series([0.0, 0.0, 0.0, 0.01], threshold=None))["concat"]
    assert ["rule", "point", "text"] == marks(panel)


def test_a_loss_has_a_panel_below() -> None:
    (panel,) = chart(series(RISE, losses=[2.0, 1.5, 1.0, 0.5, 0.2, 0.1]))["concat"]
    assert [2.0, 1.5, 1.0, 0.5, 0.2, 0.1] == [row["loss"] for row in panel["vconcat"][1]["data"]["values"]]


@pytest.mark.parametrize(("expected", "factor"), [([1e4, 1e5, 1e6, 1e7], 1), ([1e4, 2e4, 5e4, 1e5], 3.01 / 6)])
def test_the_axis_has_round_sizes(expected: list[float], factor: float) -> None:
    narrow = [
        replace(point, size=Size(params=1e4 * ((point.size.params or 0) / 1e4) ** factor)) for point in points(RISE)
    ]
    (panel,) = chart(Series(task="t", condition="clean", threshold=None, points=tuple(narrow)))["concat"]
    axis = panel["layer"][-1]["encoding"]["x"]["axis"]
    assert set(expected) <= set(axis["values"])
    assert 8 > len(axis["values"])


def test_scores_stand_beside_the_pass_rate() -> None:
    (panel,) = chart(series(RISE, scores=[0.3, 0.5, 0.7, 0.9, 0.98, 0.99]))["concat"]
    assert [0.3, 0.5, 0.7, 0.9, 0.98, 0.99] == [row["rate"] for row in panel["layer"][-2]["data"]["values"]]


def test_it_is_drawn() -> None:
    pytest.importorskip("vl_convert")
    drawn = picture(chart(series(RISE, losses=[2.0, 1.5, 1.0, 0.5, 0.2, 0.1])), "svg").decode()
    assert drawn.startswith("<svg")
    assert "training tokens" not in drawn
    assert "parameters" in drawn


def test_it_is_plain_json() -> None:
    assert json.loads(json.dumps(chart(series(RISE)))) == chart(series(RISE))
