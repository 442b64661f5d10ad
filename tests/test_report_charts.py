from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from xml.dom import minidom

import pytest

from evalkit.report.charts import Price, alone, figures_of, overview, sheet
from evalkit.report.figure import Figure
from evalkit.report.picture import picture
from tests.charted import HOSTILE, everything, everything_drawn, ladder, layers, with_ladders
from tests.results import result

TWO = [everything("acme/x"), everything("acme/y", worse=40)]
PRICES = {f"acme/{name}": Price(cost_per_1k=1.0, p95_s=2.0) for name in "xy"}


def ids(figures: Sequence[Figure]) -> list[str]:
    return [figure.id for figure in figures]


OF_TITLE = [f"title-{name}" for name in ("margins", "noise", "context", "conflict", "constraints", "repeats")]


def test_figures_are_in_the_order_in_which_a_report_is_read() -> None:
    assert ["map", "margins", *OF_TITLE, "pareto"] == ids(figures_of(TWO, PRICES))
    assert ["margins", *OF_TITLE] == ids(figures_of(TWO[:1]))


def test_the_overview_is_the_map_with_what_models_cost_or_the_margins_of_one_model() -> None:
    assert ["map", "pareto"] == ids(overview(TWO, PRICES))
    assert ["margins"] == ids(overview(TWO[:1]))


def test_several_suites_stand_before_what_is_theirs() -> None:
    both = [TWO[0], replace(TWO[0], suite="Other one")]
    assert ["support-margins", *(f"support-{each}" for each in OF_TITLE)] == ids(figures_of(both))[:7]
    assert ["support-margins", "other-one-margins"] == ids(overview(both))


def test_ids_are_unique_whatever_things_are_called() -> None:
    clashing = result("m", {"a b": 199, "a-b": 199, "題": 199, "名": 199})
    found = ids(figures_of([clashing]))
    assert ["margins", "a-b-margins", "a-b-margins-2", "x-margins", "x-margins-2"] == found


def test_a_task_with_a_perturbation_called_map_does_not_hide_the_margins() -> None:
    steps = ladder("map", [1, 2, 3], [198, 150, 60])
    odd = replace(result("m", {}), tasks=(with_ladders("t", 198, steps),))
    assert ["margins", "t-margins", "t-map"] == ids(figures_of([odd]))
    assert ["margins"] == ids(overview([odd]))


def test_nothing_measured_is_said_and_no_tasks_are_no_figures() -> None:
    assert ["margins"] == ids(figures_of([result("m", {"t": None})]))
    assert [] == figures_of([result("m", {})])


def test_a_picture_of_one_model_names_it_and_its_trials() -> None:
    one = result("acme/x", {"title": 199, "routing": 20})
    assert {"With acme/x, 400 trials in all."} == {figure.whose for figure in figures_of([one])}
    assert {""} == {figure.whose for figure in figures_of(TWO, PRICES)}


def test_specifications_name_no_colour_and_no_address_and_hold_plain_numbers() -> None:
    for figure in figures_of(TWO, PRICES):
        written = json.dumps(figure.spec, allow_nan=False)
        assert [] == re.findall(r'"#[0-9a-f]{3,8}"', written)
        assert ["https://vega.github.io/schema/vega-lite/v6.json"] == re.findall(r"https?://[^\"]*", written)
        assert not {"config", "title"} & figure.spec.keys()


def test_names_from_outside_are_data_and_never_expressions() -> None:
    """An expression runs; data are shown."""
    hostile = [everything(f"acme/{HOSTILE}{n}", worse=n, task_name=HOSTILE) for n in (0, 40)]
    for figure in figures_of(hostile, {each.model: Price(cost_per_1k=1.0, p95_s=1.0) for each in hostile}):
        assert [] == [told for told in expressions(figure.spec) if "script" in told or "alert" in told]


def expressions(value: Any) -> Iterator[str]:
    """Whatever the renderer evaluates."""
    if isinstance(value, dict):
        for key, held in value.items():
            if key in {"expr", "labelExpr", "signal", "test", "filter", "calculate"}:
                yield json.dumps(held)
            yield from expressions(held)
    elif isinstance(value, list | tuple):
        for held in value:
            yield from expressions(held)


def test_every_figure_has_a_sentence_and_as_many_cells_as_columns() -> None:
    for figure in figures_of(TWO, PRICES):
        assert figure.says.endswith(".")
        assert {len(figure.table.columns)} == {len(row) for row in figure.table.rows}


def test_points_and_intervals_tell_their_exact_numbers_to_whoever_rests_on_them() -> None:
    for figure in figures_of(TWO, PRICES):
        told = [
            "hover" in row
            for layer in layers(figure.spec)
            if layer["mark"]["type"] in {"point", "rect"}
            for row in layer["data"]["values"]
        ]
        assert told
        assert all(told)


@pytest.mark.slow
def test_every_figure_can_be_drawn_and_names_in_it_are_inert() -> None:
    pytest.importorskip("vl_convert")
    figures = everything_drawn()
    for spec in (*map(alone, figures), sheet(figures)):
        names = {node.tagName for node in minidom.parseString(picture(spec, "svg")).getElementsByTagName("*")}
        assert {"svg", "g", "path", "text"} <= names
        assert set() == names & {"script", "image", "use", "foreignObject", "style", "a", "link", "b"}
