from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from evalkit.report.charts.margins import suite_margins, task_margins
from evalkit.report.figure import Figure
from evalkit.verdict import SuiteResult
from tests.charted import as_text, column, layers, values
from tests.results import condition, result

ROUTING = [condition(198), condition(100, "noise@0.05"), condition(20, "noise@0.5", counts=False)]


def of_task(*results: SuiteResult) -> Figure:
    figure = task_margins("routing", results)
    assert figure is not None
    return figure


def of_suite(*results: SuiteResult) -> Figure:
    figure = suite_margins(results)
    assert figure is not None
    return figure


def test_a_row_has_its_interval_its_rate_and_the_verdict_as_colour_and_sign() -> None:
    spec = of_task(result("m", {"routing": ROUTING})).spec
    measured = [(each.low, each.high, each.verdict) for each in ROUTING]
    assert measured == values(spec, "rule", "low", "high", "verdict")
    assert [each.rate for each in ROUTING] == values(spec, "point", "rate")
    assert ["✓", "✗", "✗"] == values(spec, "text", "sign", style="sign")


def test_conditions_that_do_not_count_are_pale_empty_and_in_brackets() -> None:
    figure = of_task(result("m", {"routing": ROUTING}))
    dots = [layer for layer in layers(figure.spec) if layer["mark"]["type"] == "point"]
    assert [(True, 1, 2), (False, 0.5, 1)] == [
        (dot["mark"]["filled"], dot["mark"]["opacity"], len(dot["data"]["values"])) for dot in dots
    ]
    assert ["clean", "noise@0.05", "(noise@0.5)"] == values(figure.spec, "text", "name", style="ink")
    assert figure.says.endswith("do not count for the verdict: they are pale, and in brackets.")
    assert "brackets" not in of_task(result("m", {"routing": ROUTING[:2]})).says


def test_the_table_holds_what_results_hold() -> None:
    table = of_task(result("m", {"routing": ROUTING})).table
    for name, attribute in (("rate", "rate"), ("low", "low"), ("at least", "margin_low"), ("at most", "margin_high")):
        assert [getattr(each, attribute) for each in ROUTING] == column(table, name)
    assert [198, 100, 20] == column(table, "passes")
    assert [True, True, False] == column(table, "counts")


def test_the_sentence_says_the_verdict_and_what_decides_it() -> None:
    says = of_task(result("m", {"routing": ROUTING})).says
    assert says.startswith("This task is unusable; weakest at noise@0.05: 42.8–57.2 %, needs 90.0 %.")


def test_what_was_not_measured_is_a_row_that_says_so() -> None:
    figure = of_task(result("m", {"routing": [condition(198), condition(None, "noise@0.05")]}))
    assert ["≥+6.4", "not measured"] == values(figure.spec, "text", "says", style="ink")
    assert (1, 1) == (len(values(figure.spec, "point", "rate")), len(values(figure.spec, "rule", "low")))
    assert (None, None, None, None) == tuple(
        column(figure.table, name)[1] for name in ("rate", "low", "at most", "verdict")
    )


def test_bounds_that_nothing_has_narrowed_yet_are_no_measurement() -> None:
    """A test that goes on and on begins with the interval from 0 to 1."""
    open_ = replace(condition(None, "noise@0.05"), low=0.0, high=1.0)
    figure = of_task(result("m", {"routing": [condition(198), open_]}))
    assert [None] * 4 == [column(figure.table, name)[1] for name in ("low", "high", "at least", "at most")]
    assert 1 == len(values(figure.spec, "rule", "low"))


def test_a_task_without_a_measurement_has_a_row_in_the_suite_and_no_chart() -> None:
    unknown = result("m", {"routing": None})
    assert task_margins("routing", [unknown]) is None
    assert ["not measured"] == values(of_suite(unknown).spec, "text", "says", style="ink")
    assert "0 of 1 task shown usable." == of_suite(unknown).says.partition(" A dot")[0]


def test_a_suite_shows_each_task_where_it_is_weakest() -> None:
    figure = of_suite(result("m", {"title": 199, "routing": ROUTING}))
    hovers = values(figure.spec, "point", "hover")
    assert ["title, clean", "routing, noise@0.05"] == [hover.partition(":")[0] for hover in hovers]
    assert ["clean", "noise@0.05"] == column(figure.table, "condition")
    assert ["≥+7.2", "≤−32.8 · at noise@0.05"] == values(figure.spec, "text", "says", style="ink")
    assert figure.says.startswith("1 of 2 tasks shown usable. ")


def test_a_suite_without_a_task_has_no_chart() -> None:
    assert suite_margins([result("m", {})]) is None


def test_several_models_have_a_row_each_with_their_colour_shape_and_name() -> None:
    figure = of_task(result("x", {"routing": ROUTING}), result("y", {"routing": ROUTING}))
    assert ["x", "y"] * 2 == values(figure.spec, "point", "model")
    (dots,) = [layer for layer in layers(figure.spec) if layer["mark"]["type"] == "point"]
    assert ["x", "y"] == dots["encoding"]["color"]["scale"]["domain"] == dots["encoding"]["shape"]["scale"]["domain"]
    assert ["≥+6.4 · x", "≥+6.4 · y", "≤−32.8 · x", "≤−32.8 · y"] == values(figure.spec, "text", "says", style="ink")
    assert 6 == len(figure.table.rows)
    assert figure.says == (
        "Unusable: x and y. Conditions that were explored only do not count for the verdict and are not drawn."
    )


def test_of_many_models_each_has_one_row() -> None:
    figure = of_task(*(result(f"m{n}", {"routing": ROUTING}) for n in range(8)))
    assert [f"m{n}" for n in range(8)] == values(figure.spec, "text", "name", style="ink")
    assert 24 == len(figure.table.rows)


def test_models_with_as_many_usable_tasks_are_told_together() -> None:
    says = of_suite(result("x", {"t": 1}), result("y", {"t": 199}), result("z", {"t": 2})).says
    assert says.startswith("Of 1 task shown usable: none with x and z; 1 with y. ")


@pytest.mark.parametrize(("expected", "threshold"), [("left", 0.0), ("center", 0.5), ("right", 1.0)])
def test_the_name_of_a_threshold_stays_above_the_axis(expected: str, threshold: float) -> None:
    made = replace(condition(150), threshold=threshold)
    spec = of_task(result("m", {"routing": [made]})).spec
    assert [expected] == [
        each["mark"]["align"] for each in layers(spec) if each["mark"].get("style") == "threshold-name"
    ]
    low, high = next(layers(spec))["encoding"]["x"]["scale"]["domain"]
    assert low <= threshold <= high


def test_another_threshold_is_told_in_its_row() -> None:
    other = replace(condition(150, "conflict@soft"), threshold=0.85)
    spec = of_task(result("m", {"routing": [condition(198), other]})).spec
    assert [0.9, 0.85] == values(spec, "rule", "threshold", style="threshold")
    assert values(spec, "text", "says", style="ink")[1].endswith(" · needs 85 %")


def test_forty_conditions_with_long_names_are_all_told_apart() -> None:
    many = [condition(100 + n, f"{'long' * 20}-{n}") for n in range(40)]
    names = values(of_task(result("m", {"routing": many})).spec, "text", "name", style="ink")
    assert (40, 24) == (len(set(names)), max(len(name) for name in names))


def test_the_axis_begins_at_zero_or_at_a_round_share_below_everything() -> None:
    def start(passes: int) -> float:
        spec = of_task(result("m", {"routing": [condition(passes)]})).spec
        return float(next(layers(spec))["encoding"]["x"]["scale"]["domain"][0])

    assert (0.0, 0.8) == (start(60), start(190))


def test_mean_scores_are_called_so() -> None:
    scored = replace(condition(150), measure="score", mean_score=0.8)
    figure = of_task(result("m", {"routing": [scored]}))
    assert ([0.8], "mean score") == (column(figure.table, "rate"), next(layers(figure.spec))["encoding"]["x"]["title"])


def test_the_specification_is_as_it_was_reviewed(golden: Callable[[str, str], None]) -> None:
    spec = of_task(result("m", {"routing": ROUTING})).spec
    golden("charts_margins.json", as_text(spec))
