from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from evalkit.report.charts.levels import level_figures
from evalkit.report.figure import Figure
from evalkit.verdict import TaskResult
from tests.charted import as_text, column, critical_of, everything, ladder, layers, values, with_ladders
from tests.results import condition, result

NOISE = ladder("noise", [0.02, 0.05, 0.1, 0.2], [196, 190, 150, 60])


def drawn(*tasks: TaskResult) -> Figure:
    (figure,) = level_figures("t", [replace(result(f"m{n}", {}), tasks=(task,)) for n, task in enumerate(tasks)])
    return figure


def x_of(figure: Figure) -> dict[str, object]:
    """The axis of levels."""
    found: dict[str, object] = next(
        layer["encoding"]["x"] for layer in layers(figure.spec) if layer["encoding"].get("x", {}).get("field") == "at"
    )
    return found


def test_every_ladder_has_a_figure_and_nothing_else_has() -> None:
    assert ["noise", "context", "conflict"] == [figure.id for figure in level_figures("title", [everything()])]
    assert [] == level_figures("unknown", [everything()])


def test_levels_stand_with_intervals_verdicts_and_signs_beside_the_clean_condition() -> None:
    figure = drawn(with_ladders("t", 198, NOISE))
    measured = [condition(198), *NOISE]
    assert [(each.low, each.rate, each.high, each.verdict) for each in measured] == values(
        figure.spec, "point", "low", "rate", "high", "verdict"
    )
    assert [0.0, 0.02, 0.05, 0.1, 0.2] == [at for at, _ in values(figure.spec, "point", "at", "low")]
    assert ["✓", "✓", "✓", "✗", "✗"] == values(figure.spec, "point", "sign")


def test_the_table_holds_what_results_hold() -> None:
    task = with_ladders("t", 198, NOISE)
    table = drawn(task).table
    assert [None, "0.02", "0.05", "0.1", "0.2"] == column(table, "level")
    assert [each.high for each in task.conditions] == column(table, "high")
    assert [task.critical_levels[0].estimate] * 5 == column(table, "critical level")
    assert ({"0.05"}, {"0.1"}) == (set(column(table, "usable to")), set(column(table, "unusable from")))


def test_what_one_model_reaches_is_marked_and_said() -> None:
    figure = drawn(with_ladders("t", 198, NOISE))
    assert ["usable to 0.05", "unusable from 0.1"] == [
        name for style in ("usable-name", "unusable-name") for name in values(figure.spec, "text", "name", style=style)
    ]
    assert [0.05] == values(figure.spec, "rect", "to", style="usable-range")
    assert [0.1] == values(figure.spec, "rect", "at", style="unusable-range")
    assert figure.says.startswith("Noise: usable to 0.05, unusable from 0.1 (tested); about 0.0661 by a fitted curve")


def test_the_critical_level_stands_on_the_threshold_with_its_interval() -> None:
    figure = drawn(with_ladders("t", 198, NOISE))
    critical = critical_of(NOISE)
    assert [(critical.estimate, critical.low, critical.high, 0.9)] == values(
        {"layer": [each for each in layers(figure.spec) if each["mark"].get("shape") == "diamond"]},
        *("point", "at", "from", "to", "rate"),
    )


def test_the_fitted_curve_meets_the_threshold_there() -> None:
    figure = drawn(with_ladders("t", 198, NOISE))
    curve = values(figure.spec, "line", "at", "rate")
    estimate = critical_of(NOISE).estimate or 0.0
    before = max((at, rate) for at, rate in curve if at <= estimate)
    after = min((at, rate) for at, rate in curve if at > estimate)
    assert before[1] >= 0.9 > after[1]


def test_an_end_beyond_the_tested_levels_goes_to_the_end_of_the_axis() -> None:
    task = with_ladders("t", 198, NOISE)
    task = replace(task, critical_levels=(replace(task.critical_levels[0], low=None, high=None),))
    figure = drawn(task)
    (ends,) = {(low, high) for low, high in values(figure.spec, "point", "from", "to")}
    assert x_of(figure)["scale"]["domain"] == list(ends)  # type: ignore[index]


def test_without_a_fitted_curve_straight_lines_join_what_was_measured() -> None:
    flat = ladder("noise", [0.02, 0.05, 0.1], [199, 198, 197])
    figure = drawn(with_ladders("t", None, flat))
    assert [each.rate for each in flat] == values(figure.spec, "line", "rate")
    assert "diamond" not in figure.says


def test_context_stands_on_a_logarithmic_axis_with_clean_one_step_before() -> None:
    figure = drawn(with_ladders("t", 198, ladder("context", [1000, 4000, 16000], [198, 195, 120])))
    assert "log" == x_of(figure)["scale"]["type"]  # type: ignore[index]
    assert [250.0, 1000.0, 4000.0, 16000.0] == [at for at, _ in values(figure.spec, "point", "at", "low")]


def test_words_stand_one_after_the_other() -> None:
    figure = drawn(with_ladders("t", 198, ladder("conflict", ["soft", "direct"], [199, 100])))
    assert ["clean", "soft", "direct"] == x_of(figure)["scale"]["domain"]  # type: ignore[index]
    assert ["clean", "soft", "direct"] == values(figure.spec, "point", "at")
    assert "Conflict: usable to soft, unusable from direct." == figure.says


def test_levels_without_any_verdict_have_a_sentence_too() -> None:
    figure = drawn(with_ladders("t", 198, ladder("conflict", ["soft", "direct", "hard"], [184, 179, None])))
    assert "Conflict: no level is shown usable or unusable; pass rate 89.5 to 92.0 % at 2 levels." == figure.says


def test_where_smaller_numbers_are_harder_they_stand_at_the_right() -> None:
    figure = drawn(with_ladders("t", None, ladder("size", [64, 32, 8], [190, 180, 100])))
    assert x_of(figure)["scale"]["reverse"] is True  # type: ignore[index]
    assert [64.0, 32.0, 8.0] == [at for at, _ in values(figure.spec, "point", "at", "low")]


def test_a_clean_condition_that_was_not_measured_has_no_place() -> None:
    figure = drawn(with_ladders("t", None, NOISE))
    assert [0.02, 0.05, 0.1, 0.2] == x_of(figure)["axis"]["values"]  # type: ignore[index]


def test_a_level_that_was_not_measured_is_in_the_table_only() -> None:
    figure = drawn(with_ladders("t", 198, ladder("noise", [0.02, 0.05, 0.1], [198, None, 190])))
    assert [0.99, None, 0.95] == column(figure.table, "rate")[1:]
    assert [None, None] == [column(figure.table, name)[2] for name in ("low", "verdict")]
    assert 3 == len(values(figure.spec, "point", "at", "low"))


def test_a_single_measured_level_is_no_chart() -> None:
    assert [] == level_figures(
        "t", [replace(result("m", {}), tasks=(with_ladders("t", None, ladder("noise", [0.1, 0.2], [9, None])),))]
    )


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_thresholds_at_the_ends_are_drawn_and_have_no_curve(threshold: float) -> None:
    steps = ladder("noise", [0.02, 0.05, 0.1], [200, 150, 0], threshold=threshold)
    figure = drawn(with_ladders("t", None, steps))
    assert [threshold] == values(figure.spec, "rule", "rate", style="threshold")
    assert 3 == len(values(figure.spec, "line", "rate"))


def test_each_model_has_its_own_threshold_and_its_critical_level_on_it() -> None:
    easy = ladder("noise", [0.02, 0.05, 0.1, 0.2], [196, 190, 150, 60], threshold=0.5)
    figure = drawn(*(with_ladders("t", 198, steps) for steps in (NOISE, easy, NOISE)))
    assert [0.9, 0.5] == values(figure.spec, "rule", "rate", style="threshold")
    assert ["needs 90 %: m0 and m2", "needs 50 %: m1"] == values(figure.spec, "text", "name", style="threshold-name")
    diamonds = {"layer": [each for each in layers(figure.spec) if each["mark"].get("shape") == "diamond"]}
    assert [("m0", 0.9), ("m1", 0.5), ("m2", 0.9)] == values(diamonds, "point", "model", "rate")


def test_names_of_thresholds_close_by_are_below_each_other() -> None:
    close = [ladder("noise", [0.02, 0.05], [196, 190], threshold=0.9 - 0.01 * n) for n in range(3)]
    figure = drawn(*(with_ladders("t", 198, steps) for steps in close))
    names = [each["mark"].get("dy", 0) for each in layers(figure.spec) if each["mark"].get("style") == "threshold-name"]
    assert pytest.approx([0, 12 - 2.4, 24 - 4.8]) == names


def test_several_models_have_a_line_each_with_colour_and_shape_and_stand_beside_each_other() -> None:
    worse = ladder("noise", [0.02, 0.05, 0.1, 0.2], [150, 140, 100, 40])
    figure = drawn(with_ladders("t", 198, NOISE), with_ladders("t", 198, worse))
    (dots,) = [each for each in layers(figure.spec) if each["mark"]["type"] == "point" and "shape" in each["encoding"]]
    assert (
        ["m0", "m1"] == dots["encoding"]["color"]["legend"]["values"] == dots["encoding"]["shape"]["legend"]["values"]
    )
    places = [row["at"] for row in dots["data"]["values"]]
    assert len(places) == len(set(places))
    assert figure.says.startswith("Shown usable up to 0.05: m0; at no level: m1.")
    assert [] == values(figure.spec, "rect", "at")


def test_colours_stay_those_of_a_model_where_another_has_no_such_task() -> None:
    first, second = result("x", {"other": 1}), replace(result("y", {}), tasks=(with_ladders("t", 198, NOISE),))
    (figure,) = level_figures("t", [first, second])
    (dots,) = [each for each in layers(figure.spec) if "shape" in each["encoding"]]
    assert (["x", "y"], ["y"]) == (
        dots["encoding"]["color"]["scale"]["domain"],
        dots["encoding"]["color"]["legend"]["values"],
    )


def test_the_specification_is_as_it_was_reviewed(golden: Callable[[str, str], None]) -> None:
    spec = drawn(with_ladders("t", 198, NOISE)).spec
    for layer in spec["layer"]:
        if layer["mark"]["type"] == "line":
            layer["data"]["values"] = layer["data"]["values"][::20]
    golden("charts_levels.json", as_text(spec))
