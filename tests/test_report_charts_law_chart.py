from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from xml.dom import minidom

import pytest

from evalkit.report.charts.law_chart import law_chart
from evalkit.report.picture import picture
from evalkit.scale.law import Law, find_law
from tests.scaling import ladder, points_of, scattered


def law_of(points: list[Any], budget_flops: float | None = None) -> Law:
    return find_law(points, budget_flops=budget_flops, n_resampled=50)


def rows(spec: dict[str, Any], mark: str) -> list[list[dict[str, Any]]]:
    """The data of each layer with such a mark."""
    return [layer["data"]["values"] for layer in spec["layer"] if layer["mark"]["type"] == mark]


def test_every_point_is_drawn_where_it_was_measured() -> None:
    law = law_of(ladder(noise=0.01))
    (points,) = rows(law_chart(law), "point")
    assert [(each.flops, each.loss) for each in law.points] == [(row["flops"], row["loss"]) for row in points]
    assert {"4.4K", "23K", "87K", "310K", "1M"} == {row["size"] for row in points}


def test_each_size_has_a_line_and_none_lies_below_the_frontier() -> None:
    law = law_of(ladder(noise=0.01), 1e15)
    lines, frontier = rows(law_chart(law), "line")
    assert 5 == len({row["params"] for row in lines})
    least = {row["flops"]: row["loss"] for row in frontier}
    assert 40 == len(least)
    assert all(least[row["flops"]] <= row["loss"] * (1 + 1e-9) for row in lines)
    assert max(least) == pytest.approx(1e15)
    assert all(row["low"] <= row["loss"] <= row["high"] for row in frontier)


def test_of_many_sizes_some_have_a_line() -> None:
    lines, _ = rows(law_chart(law_of(points_of(scattered(40, noise=0.01)))), "line")
    assert 10 == len({row["params"] for row in lines})


def test_the_legend_of_many_sizes_counts_as_people_do() -> None:
    pytest.importorskip("vl_convert")
    drawn = picture(law_chart(law_of(points_of(scattered(40, noise=0.01)))), "svg").decode()
    assert ([], True) == (re.findall(r">[0-9.]+G<", drawn), bool(re.findall(r">[0-9.]+B<", drawn)))


def test_with_gaps_it_says_so_and_draws_no_frontier() -> None:
    spec = law_chart(law_of(ladder(noise=0.01, sizes=(1e5,), tokens=(1e9,), checkpoints=12)))
    assert ["the law has gaps: see the text"] == spec["title"]["subtitle"]
    assert [] == rows(spec, "area")
    (lines,) = rows(spec, "line")
    assert {1e5} == {row["params"] for row in lines}


@pytest.mark.parametrize("n_sizes", [1, 5, 40])
def test_it_can_be_drawn(n_sizes: int) -> None:
    points = points_of(scattered(40, noise=0.01)) if n_sizes == 40 else ladder(noise=0.01)
    if n_sizes == 1:
        points = ladder(noise=0.01, sizes=(1e5,), tokens=(1e9,), checkpoints=12)
    spec = law_chart(law_of(points))
    json.dumps(spec, allow_nan=False)
    assert minidom.parseString(picture(spec, "svg"))


def test_names_of_models_are_shown_and_not_obeyed() -> None:
    points = [replace(each, model=f'{each.model}<script>"\x1b') for each in ladder(noise=0.01)]
    drawn = picture(law_chart(law_of(points)), "svg").decode()
    assert "<script" not in drawn
    assert "tiny/4428" in drawn
