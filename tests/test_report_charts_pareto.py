from __future__ import annotations

from evalkit.report.charts.pareto import Price, frontier, pareto_figure
from evalkit.report.figure import Figure
from tests.charted import column, layers, values
from tests.results import result

CHEAP = result("a/cheap", {"t": 199, "u": 198})
QUICK = result("a/quick", {"t": 200, "u": 199})
BEATEN = result("a/beaten", {"t": 199, "u": 199})
BAD = result("a/bad", {"t": 100, "u": 199})
PRICES = {
    "a/cheap": Price(cost_per_1k=0.5, p95_s=4.0),
    "a/quick": Price(cost_per_1k=2.0, p95_s=1.0),
    "a/beaten": Price(cost_per_1k=2.5, p95_s=4.0),
    "a/bad": Price(cost_per_1k=0.1, p95_s=0.5),
}
EVERY = (CHEAP, QUICK, BEATEN, BAD)


def drawn(prices: dict[str, Price] = PRICES) -> Figure:
    figure = pareto_figure(EVERY, prices)
    assert figure is not None
    return figure


def test_every_model_stands_at_its_cost_and_time_with_its_verdict_as_colour_and_sign() -> None:
    assert [
        (0.5, 4.0, "usable", "✓"),
        (2.0, 1.0, "usable", "✓"),
        (2.5, 4.0, "usable", "✓"),
        (0.1, 0.5, "unusable", "✗"),
    ] == values(drawn().spec, "point", "cost", "seconds", "verdict", "sign")


def test_models_are_named_with_the_margin_of_the_task_that_decides() -> None:
    assert ["cheap ≥+6.4", "quick ≥+7.2", "beaten ≥+7.2", "bad ≤−32.8"] == values(
        drawn().spec, "text", "told", style="ink"
    )
    assert "t" == column(drawn().table, "worst task")[3]


def test_the_line_joins_the_usable_ones_that_no_other_beats() -> None:
    """What fails is no bargain, however cheap it is."""
    figure = drawn()
    assert [(0.5, 4.0), (2.0, 1.0)] == values(figure.spec, "line", "cost", "seconds")
    assert [True, True, False, False] == column(figure.table, "none cheaper and quicker")
    assert figure.says == (
        "Of the models shown usable for every task, the best trade of cost and time: "
        "cheap (0.50 USD per 1,000, 4 s) and quick (2.00 USD per 1,000, 1 s). The line joins them."
    )


def test_offers_that_are_alike_do_not_beat_each_other() -> None:
    assert [0, 1] == frontier([(1, 1, True), (1, 1, True), (1, 2, True), (2, 1, True)])
    assert [] == frontier([(1, 1, False)])


def test_models_whose_price_is_not_known_are_named_and_in_the_table_only() -> None:
    figure = drawn({**PRICES, "a/cheap": Price(cost_per_1k=None, p95_s=4.0)})
    assert 3 == len(values(figure.spec, "point", "cost"))
    assert (None, 4.0) == (
        column(figure.table, "USD for 1,000 items")[0],
        column(figure.table, "95 of 100 calls within")[0],
    )
    assert figure.says.endswith(" Not drawn, as cost or time is not known: cheap.")


def test_fewer_than_two_prices_are_no_chart() -> None:
    assert pareto_figure(EVERY, {}) is None
    assert pareto_figure(EVERY, {"a/cheap": PRICES["a/cheap"]}) is None


def test_models_that_cost_nothing_are_said_to() -> None:
    figure = drawn({name: Price(cost_per_1k=0.0, p95_s=each.p95_s) for name, each in PRICES.items()})
    assert "All of them are free of charge." in figure.says
    assert [0.0] * 4 == values(figure.spec, "point", "cost")


def test_without_a_usable_model_none_is_recommended() -> None:
    figure = pareto_figure([BAD, result("a/cheap", {"t": 181})], PRICES)
    assert figure is not None
    assert "No model is shown usable for every task, so none is marked as worth its price." == figure.says
    assert [] == values(figure.spec, "line", "cost")


def test_a_wide_range_stands_on_a_logarithmic_axis_that_begins_above_zero() -> None:
    figure = drawn({**PRICES, "a/quick": Price(cost_per_1k=200.0, p95_s=1.0)})
    scale = next(layers(figure.spec))["encoding"]["y"]["scale"]
    assert ("log", [0.05, 400.0]) == (scale["type"], scale["domain"])


def test_names_that_are_not_level_with_their_points_are_led_to() -> None:
    many = [result(f"a/m{n}", {"t": 181}) for n in range(6)]
    figure = pareto_figure(many, {each.model: Price(cost_per_1k=0.0, p95_s=5 + n / 100) for n, each in enumerate(many)})
    assert figure is not None
    led = values(figure.spec, "rule", "name")
    far = {
        each["data"]["values"][0]["name"]
        for each in layers(figure.spec)
        if each["mark"].get("style") == "ink" and each["mark"]["dy"]
    }
    assert len(led) == len(set(led))
    assert far == set(led) != set()
