from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from evalkit.report.charts.constraints import constraint_figure
from evalkit.report.figure import Figure
from evalkit.verdict import ConditionResult
from tests.charted import as_text, column, layers, links, values
from tests.results import condition, result


def drawn(*conditions: ConditionResult) -> Figure:
    figure = constraint_figure("t", [result(f"m{n}", {"t": [each]}) for n, each in enumerate(conditions)])
    assert figure is not None
    return figure


BROKEN = links(0.99, 0.7, 1.0)


def test_every_link_has_its_interval_and_the_whole_stands_beside_the_product() -> None:
    spec = drawn(BROKEN).spec
    assert ["c0", "c1", "c2", "all hold together", "product of the parts"] == values(spec, "text", "name", style="ink")
    product = 0.99 * 0.7
    assert [0.99, 0.7, 1.0, 0.7, product] == values(spec, "point", "rate")
    ends = [*((each.low, each.high) for each in BROKEN.constraints), (BROKEN.low, BROKEN.high)]
    assert ends == values(spec, "rule", "low", "high")[: len(ends)]


def test_the_link_that_breaks_is_marked_and_named() -> None:
    figure = drawn(BROKEN)
    assert ["70.0 % ← breaks most often"] == [
        told for told in values(figure.spec, "text", "says", style="ink") if "←" in told
    ]
    assert figure.says.startswith("What breaks most often at clean: c1 (holds in 70.0 %). ")
    assert [False, True, False, None, None] == column(figure.table, "weakest link")


def test_the_table_holds_what_results_hold() -> None:
    table = drawn(BROKEN).table
    assert [each.passes for each in BROKEN.constraints] == column(table, "holds in")[:3]
    assert [each.low for each in BROKEN.constraints] == column(table, "low")[:3]
    assert [0.97] * 3 == column(table, "all others hold")[:3]
    assert [0.7, 0.99 * 0.7] == column(table, "rate")[3:]


def test_a_chain_that_never_breaks_has_no_weakest_link() -> None:
    figure = drawn(links(1.0, 1.0))
    assert "Every constraint holds in every trial at clean." == figure.says
    assert not any("←" in told for told in values(figure.spec, "text", "says", style="ink"))


def test_the_whole_of_mean_scores_has_no_interval_of_pass_rates() -> None:
    scored = replace(BROKEN, measure="score", mean_score=0.8)
    assert 3 == len(values(drawn(scored).spec, "rule", "low", "high"))


def test_without_the_joint_rate_links_stand_alone() -> None:
    figure = drawn(replace(BROKEN, conjunction=None))
    assert [None, None, None] == column(figure.table, "all others hold")
    assert ["c0", "c1", "c2"] == values(figure.spec, "text", "name", style="ink")


def test_several_models_are_told_apart_by_colour_shape_and_name() -> None:
    figure = drawn(BROKEN, links(0.5, 0.9, 1.0))
    assert ["m0", "m1"] * 5 == values(figure.spec, "point", "model")
    assert all("shape" in each["encoding"] for each in layers(figure.spec) if each["mark"]["type"] == "point")
    assert (
        "What breaks most often at clean: c1 (holds in 70.0 %) for m0 and c0 (holds in 50.0 %) for m1." == figure.says
    )


def test_there_is_no_ladder_of_one_link_nor_of_what_was_not_measured() -> None:
    single = replace(BROKEN, constraints=BROKEN.constraints[:1], conjunction=None)
    for each in (single, condition(None), condition(198)):
        assert constraint_figure("t", [result("m", {"t": [each]})]) is None


def test_the_specification_is_as_it_was_reviewed(golden: Callable[[str, str], None]) -> None:
    golden("charts_constraints.json", as_text(drawn(BROKEN).spec))
