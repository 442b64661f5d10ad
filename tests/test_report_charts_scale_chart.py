from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from evalkit.report.charts.scale_chart import scale_chart
from evalkit.report.picture import picture
from evalkit.scale import Mean, Point, Question, Series, Size, find_scale
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
    assert ["rect", "rule", "rule", "area", "line", "rule", "point", "text", "text"] == marks(panel)
    assert 0.8 == panel["layer"][2]["data"]["values"][0]["rate"]
    assert {"size": 160_000, "larger": 2_560_000} == {
        key: round(value) for key, value in panel["layer"][0]["data"]["values"][0].items()
    }


def test_no_curve_is_drawn_where_none_may_be_read() -> None:
    (panel,) = chart(series([0.0, 0.0, 0.0, 0.01], threshold=None))["concat"]
    assert ["rule", "point", "text", "text"] == marks(panel)


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


def test_names_from_outside_are_shortened() -> None:
    named = [replace(point, model="m" * 5000) for point in points(RISE)]
    (panel,) = chart(Series(task="t" * 300, condition="clean", threshold=None, points=tuple(named)))["concat"]
    names = {row["model"] for row in panel["layer"][-1]["data"]["values"]}
    assert (40, {24}) == (len(panel["title"]["text"]), {len(name) for name in names})


def test_names_stand_below_their_points_but_for_those_on_the_axis() -> None:
    pytest.importorskip("vl_convert")
    drawn = picture(chart(series([0.0, 0.1, 0.5, 0.9], threshold=None)), "svg").decode()
    places = {
        name: float(y) for y, name in re.findall(r'translate\([0-9.]+,([0-9.]+)\)"[^>]*fill="#[^>]*>(m[0-9])<', drawn)
    }
    points_at = {0: 220, 1: 198, 2: 110, 3: 22}
    assert [False, True, True, True] == [places[f"m{index}"] > y for index, y in points_at.items()]


def test_a_law_says_whose_loss_it_is_and_has_a_legend_of_its_own() -> None:
    members = [
        Point(model="m", size=Size(params=n, tokens=d), loss=Mean(value=1.8 + 400 / n**0.35 + 2000 / d**0.37))
        for n in (1e6, 1e7, 1e8)
        for d in (1e8, 1e9, 1e10)
    ]
    found = chart(Series(task="lm", condition="clean", threshold=None, points=tuple(members)))
    assert "lm: loss against training compute, 9 points" == found["concat"][0]["title"]["text"]
    assert {"legend": {"color": "independent"}} == found["resolve"]


def test_losses_of_one_size_are_no_line() -> None:
    (panel,) = chart(series(RISE, losses=[2.0, 1.5, 1.0, 0.5, 0.2, 0.1]))["concat"]
    assert "line" == panel["vconcat"][1]["mark"]["type"]
    twice = [*points(RISE, losses=[2.0, 1.5, 1.0, 0.5, 0.2, 0.1]), *points(RISE, losses=[3.0] * 6)]
    (panel,) = chart(Series(task="t", condition="clean", threshold=None, points=tuple(twice)))["concat"]
    assert "point" == panel["vconcat"][1]["mark"]["type"]


def test_it_is_drawn() -> None:
    pytest.importorskip("vl_convert")
    drawn = picture(chart(series(RISE, losses=[2.0, 1.5, 1.0, 0.5, 0.2, 0.1])), "svg").decode()
    assert drawn.startswith("<svg")
    assert "training tokens" not in drawn
    assert "parameters" in drawn


def test_it_is_plain_json() -> None:
    assert json.loads(json.dumps(chart(series(RISE)))) == chart(series(RISE))
