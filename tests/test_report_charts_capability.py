from __future__ import annotations

from collections.abc import Callable

from evalkit.report.capability_map import MapEntry
from evalkit.report.charts.capability import capability_figure, in_order
from evalkit.report.figure import Figure
from evalkit.verdict import SuiteResult
from tests.charted import as_text, column, values
from tests.results import condition, result


def of(*results: SuiteResult) -> Figure:
    figure = capability_figure(results)
    assert figure is not None
    return figure


GOOD = result("acme/good", {"title": 199, "routing": [condition(198), condition(195, "noise@0.05")]})
BAD = result("acme/bad", {"title": 100, "routing": [condition(181), condition(200, "noise@0.05")]})


def test_one_model_has_no_map() -> None:
    assert capability_figure([GOOD]) is None


def test_a_cell_has_a_colour_a_sign_and_its_guaranteed_margin() -> None:
    spec = of(GOOD, BAD).spec
    assert [
        ("title", "good", "usable"),
        ("title", "bad", "unusable"),
        ("routing", "good", "usable"),
        ("routing", "bad", "edge"),
    ] == sorted(
        (each for each in values(spec, "rect", "task", "model", "verdict") if each[0] != "suite"),
        key=lambda each: each[0] == "routing",
    )
    told = dict(zip(values(spec, "text", "task", "model"), values(spec, "text", "sign", "margin"), strict=True))
    assert ("✓", "≥+4.2") == told["routing", "good"]
    assert ("✗", "≤−32.8") == told["title", "bad"]
    assert ("?", "−5…+5") == told["routing", "bad"]
    assert ("✓", "2 of 2") == told["suite", "good"]


def test_where_a_task_is_weakest_is_told_only_if_it_has_several_conditions() -> None:
    places = dict(
        zip(
            values(of(GOOD, BAD).spec, "rect", "task", "model"),
            values(of(GOOD, BAD).spec, "rect", "where"),
            strict=True,
        )
    )
    assert ("", "noise@0.05") == (places["title", "good"], places["routing", "good"])


def test_the_table_holds_what_results_hold() -> None:
    table = of(GOOD, BAD).table
    weakest = [task.weakest for name in (0, 1) for each in (GOOD, BAD) for task in [each.tasks[name]]]
    assert [each and each.condition for each in weakest] == column(table, "weakest condition")
    assert [each and each.margin_low for each in weakest] == column(table, "at least")
    assert [each and each.margin_high for each in weakest] == column(table, "at most")
    assert ["acme/good", "acme/bad"] * 2 == column(table, "model")


def test_what_was_not_measured_has_neither_verdict_nor_number() -> None:
    figure = of(GOOD, result("acme/new", {"title": None}))
    assert [("title", "new"), ("routing", "new")] == values(
        {"layer": [layer for layer in figure.spec["layer"] if layer["mark"].get("style") == "not-measured"]},
        *("rect", "task", "model"),
    )
    assert ("acme/new", None, None) == (figure.table.rows[1][1], figure.table.rows[1][2], figure.table.rows[1][4])
    assert {"title, new: not measured", "new: usable for 0 of 1 task"} <= set(values(figure.spec, "rect", "hover"))


def test_a_cell_is_described_once_with_its_task_and_model() -> None:
    figure = of(GOOD, BAD)
    told = values(figure.spec, "rect", "task", "model", "hover")
    assert all(hover.startswith(f"{row}, {model}: ") for row, model, hover in told if row != "suite")
    assert {False} == {layer["mark"]["aria"] for layer in figure.spec["layer"] if layer["mark"]["type"] == "text"}


def test_the_sentence_says_who_can_do_it() -> None:
    assert of(GOOD, BAD).says.startswith("good is shown usable for every one of 2 tasks. ")
    nobody = of(BAD, result("acme/worse", {"title": 3, "routing": 4}))
    assert nobody.says.startswith("No model is shown usable for every one of 2 tasks, nor for any of them. ")
    half = of(BAD, result("acme/half", {"title": 199, "routing": 4}))
    assert half.says.startswith("No model is shown usable for every one of 2 tasks; half for 1. ")


def test_models_go_from_small_to_large_and_the_latest_run_stays() -> None:
    again = result("acme/good", {"title": 1})
    entries = [
        MapEntry(result=each, sha256="", started=started, size=size)
        for each, started, size in ((GOOD, "1", 9.0), (BAD, "2", 3.0), (again, "3", 9.0))
    ]
    assert [BAD, again] == in_order(entries)


def test_suites_stay_together() -> None:
    other = result("acme/good", {"t": 1}, suite="other")
    entries = [MapEntry(result=each, sha256="", started="1") for each in (GOOD, other, BAD)]
    assert [GOOD, BAD, other] == in_order(entries)


def test_the_specification_is_as_it_was_reviewed(golden: Callable[[str, str], None]) -> None:
    golden("charts_map.json", as_text(of(GOOD, BAD).spec))
