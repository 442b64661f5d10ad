from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.report.charts.repeats import repeat_figure
from evalkit.report.figure import Figure
from evalkit.verdict import RepeatResult
from tests.charted import column, layers, repeats, values
from tests.results import condition, result, task

RATES = (0.9, 0.86, 0.84)


def drawn(*given: RepeatResult, counts: bool = False) -> Figure:
    results = []
    for index, repeat in enumerate(given):
        again = replace(condition(180, "repeat@3", counts=counts), repeat=repeat)
        made = replace(task("t", [condition(198), again]), repeat=repeat)
        results.append(replace(result(f"m{index}", {}), tasks=(made,)))
    figure = repeat_figure("t", results)
    assert figure is not None
    return figure


def test_the_curve_has_a_point_for_each_number_of_asks_with_its_standard_error() -> None:
    spec = drawn(repeats(*RATES)).spec
    assert list(zip((1, 2, 3), RATES, strict=True)) == values(spec, "point", "asks", "rate")
    assert [(pytest.approx(rate - 0.02), pytest.approx(rate + 0.02)) for rate in RATES] == values(
        spec, "rule", "low", "high"
    )


def test_the_table_and_the_sentence_hold_what_results_hold() -> None:
    figure = drawn(repeats(*RATES))
    assert list(RATES) == column(figure.table, "all pass")
    assert [0.02] * 3 == column(figure.table, "standard error")
    assert ([0.84] * 3, [0.875] * 3, [40] * 3) == tuple(
        column(figure.table, name) for name in ("consistent", "agreement", "series")
    )
    assert figure.says == (
        "Of 40 series of up to 3 asks of the same item, 84.0 % pass throughout; two asks end alike in 87.5 %. "
        "Lines through points are one standard error to either side."
    )


def test_where_asking_ended_at_the_first_failure_there_is_the_last_point_only() -> None:
    figure = drawn(repeats(*RATES, curve=False, errors=False))
    assert [(3, 0.84)] == values(figure.spec, "point", "asks", "rate")
    assert [None] * 3 == column(figure.table, "all pass") == column(figure.table, "standard error")
    assert [] == values(figure.spec, "rule", "low", "high")


def test_a_curve_without_errors_has_no_lines_through_its_points_and_does_not_speak_of_them() -> None:
    figure = drawn(replace(repeats(*RATES, errors=False), agreement=None))
    assert [] == values(figure.spec, "rule", "low", "high")
    assert "Of 40 series of up to 3 asks of the same item, 84.0 % pass throughout." == figure.says


def test_errors_stay_within_what_a_share_can_be() -> None:
    assert [(0.98, 1.0), (0.0, 0.02)] == values(drawn(repeats(1.0, 0.0)).spec, "rule", "low", "high")


def test_the_threshold_is_drawn_where_repeats_count() -> None:
    assert [0.9] == values(drawn(repeats(*RATES), counts=True).spec, "rule", "rate", style="threshold")
    assert [] == values(drawn(repeats(*RATES)).spec, "rule", "rate", style="threshold")


def test_several_models_are_told_apart_and_stand_beside_each_other() -> None:
    figure = drawn(repeats(*RATES), repeats(*RATES))
    (dots,) = [each for each in layers(figure.spec) if each["mark"]["type"] == "point"]
    assert (
        ["m0", "m1"] == dots["encoding"]["color"]["legend"]["values"] == dots["encoding"]["shape"]["legend"]["values"]
    )
    assert 6 == len({row["asks"] for row in dots["data"]["values"]})
    assert figure.says.startswith(
        "Share of series of asks of the same item that pass throughout: m0 84.0 % and m1 84.0 %."
    )


@pytest.mark.parametrize("k", [2, 12, 13, 100])
def test_the_axis_has_whole_numbers_and_both_ends(k: int) -> None:
    ticks = next(layers(drawn(repeats(*[0.5] * k)).spec))["encoding"]["x"]["axis"]["values"]
    assert (1, k) == (ticks[0], ticks[-1])
    assert (True, True) == (len(ticks) <= 14, all(isinstance(tick, int) for tick in ticks))


def test_nothing_asked_again_is_no_chart() -> None:
    assert repeat_figure("t", [result("m", {"t": 198})]) is None
