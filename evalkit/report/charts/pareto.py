"""Cost against waiting: which model is worth its price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from evalkit.plain import one_line, usd
from evalkit.report.charts.channels import by_verdict
from evalkit.report.charts.places import HALF_LINE, RADIUS, beside
from evalkit.report.charts.theme import SCHEMA
from evalkit.report.charts.words import listed, margin_told, model_labels
from evalkit.report.figure import Cell, Column, Figure, Table
from evalkit.report.layout import SIGNS
from evalkit.verdict import ConditionResult, SuiteResult, TaskResult

_WIDTH, _HEIGHT, _FREE_HEIGHT = 480, 280, 130
"""Where every model is free, cost needs no room."""
_NARROW = 260
"""Pixels of the axis on a phone: names that are apart there are so in any wider chart, as points only move apart."""
_LETTER = 7
"""Pixels of a letter beside a point."""
_LOG_FROM = 30.0
"""An axis whose largest value is so many times its smallest is logarithmic."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """What using a model takes."""

    cost_per_1k: float | None
    """US dollars for 1,000 items as they stand; None: not known."""
    p95_s: float | None
    """Seconds within which 95 of 100 calls are answered; None: not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Offer:
    name: str
    result: SuiteResult
    price: Price
    worst: tuple[TaskResult, ConditionResult] | None


def pareto_figure(results: Sequence[SuiteResult], prices: Mapping[str, Price]) -> Figure | None:
    """Models by what 1,000 items cost and how long a call takes; None with fewer than two that have both.

    Args:
        results: Of one suite, each of another model.
        prices: By model.
    """
    unknown = Price(cost_per_1k=None, p95_s=None)
    offers = [
        _Offer(name=name, result=result, price=prices.get(result.model, unknown), worst=_worst(result))
        for name, result in zip(model_labels(results), results, strict=True)
    ]
    placed = [each for each in offers if each.price.cost_per_1k is not None and each.price.p95_s is not None]
    if len(placed) < 2:
        return None
    front = frontier(
        [(each.price.cost_per_1k or 0.0, each.price.p95_s or 0.0, each.result.verdict == "usable") for each in placed]
    )
    best = [placed[index] for index in front]
    return Figure(
        id="pareto",
        title=f"What a model costs, and how long it takes: {one_line(results[0].suite, 40)}",
        says=" ".join(_says(placed, best, [each.name for each in offers if each not in placed])),
        spec=_spec(placed, best),
        table=_table(offers, best),
    )


def frontier(offers: Sequence[tuple[float, float, bool]]) -> list[int]:
    """Which offers no other one beats: none that is as cheap and as quick, and better in one of them.

    Args:
        offers: Cost, seconds, and whether it is to be considered at all.

    Returns:
        Their indices, from the cheapest on.

    >>> frontier([(1, 9, True), (2, 3, True), (3, 3, True), (0, 1, False)])
    [0, 1]
    """
    candidates = [index for index, (*_, considered) in enumerate(offers) if considered]
    kept = [
        index
        for index in candidates
        if not any(
            offers[other][0] <= offers[index][0]
            and offers[other][1] <= offers[index][1]
            and offers[other][:2] != offers[index][:2]
            for other in candidates
        )
    ]
    return sorted(kept, key=lambda index: offers[index][:2])


def _worst(result: SuiteResult) -> tuple[TaskResult, ConditionResult] | None:
    """The task whose margin decides over the suite's verdict."""
    found = [
        (task, task.weakest)
        for task in result.tasks
        if task.verdict == result.verdict and task.weakest is not None and task.weakest.margin_low is not None
    ]
    if not found:
        return None
    end = "margin_high" if result.verdict == "unusable" else "margin_low"
    return min(found, key=lambda pair: getattr(pair[1], end) or 0.0)


def _says(placed: Sequence[_Offer], best: Sequence[_Offer], unknown: Sequence[str]) -> Iterator[str]:
    """Which models to think of, by name, and what has to be known of the others."""
    if best:
        told = [
            f"{each.name} ({usd(each.price.cost_per_1k)} per 1,000, {each.price.p95_s or 0:.3g} s)" for each in best
        ]
        yield f"Of the models shown usable for every task, the best trade of cost and time: {listed(told)}."
    else:
        yield "No model is shown usable for every task, so none is marked as worth its price."
    if len(best) > 1:
        yield "The line joins them."
    if not any(each.price.cost_per_1k for each in placed):
        yield "All of them are free of charge."
    if unknown:
        yield f"Not drawn, as cost or time is not known: {listed(unknown)}."


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scale:
    """An axis."""

    least: float
    most: float
    logarithmic: bool
    pixels: int

    @classmethod
    def of(cls, values: Sequence[float], pixels: int) -> _Scale:
        least, most = min(values), max(values)
        if least > 0 and most / least > _LOG_FROM:
            return cls(least=least / 2, most=most * 2, logarithmic=True, pixels=pixels)
        return cls(least=0.0, most=most * 1.2 or 1.0, logarithmic=False, pixels=pixels)

    def at(self, value: float) -> float:
        """In pixels from the least."""
        if self.logarithmic:
            return self.pixels * log(value / self.least) / log(self.most / self.least)
        return self.pixels * (value - self.least) / (self.most - self.least)

    def channel(self, field: str, title: str) -> dict[str, Any]:
        kind = "log" if self.logarithmic else "linear"
        return {
            "field": field,
            "type": "quantitative",
            "title": title,
            "scale": {"type": kind, "domain": [self.least, self.most], "nice": False},
            "axis": {"tickCount": 5, "format": "~r", "labelOverlap": True, "grid": not self.logarithmic},
        }


def _spec(placed: Sequence[_Offer], best: Sequence[_Offer]) -> dict[str, Any]:
    rows = [_row(each) for each in placed]
    free = not any(row["cost"] for row in rows)
    height = _FREE_HEIGHT if free else _HEIGHT
    seconds = _Scale.of([row["seconds"] for row in rows], _NARROW)
    cost = _Scale.of([row["cost"] for row in rows], height)
    x = seconds.channel("seconds", "seconds within which 95 of 100 calls are answered")
    y = cost.channel("cost", "USD for 1,000 items")
    if free:
        y["axis"]["values"] = [0]
    place = {"x": x, "y": y}
    line = {
        "data": {"values": [_row(each) for each in best]},
        "mark": {"type": "line", "style": "frontier", "interpolate": "step-after"},
        "encoding": {**place, "order": {"field": "cost"}},
    }
    data = {"values": rows}
    circle = {"type": "point", "filled": True, "size": 300, "opacity": 1}
    filled = {"color": by_verdict("verdict_fill"), "description": {"field": "hover"}, "tooltip": {"field": "hover"}}
    sign = {"type": "text", "style": "sign", "fontSize": 12}
    return {
        "$schema": SCHEMA,
        "width": _WIDTH,
        "height": height,
        "layer": [
            *([line] if len(best) > 1 else []),
            {"data": data, "mark": circle, "encoding": {**place, **filled}},
            {"data": data, "mark": sign, "encoding": {**place, "text": {"field": "sign"}, "color": by_verdict()}},
            *_names(rows, [(seconds.at(row["seconds"]), height - cost.at(row["cost"])) for row in rows], place, height),
        ],
        "resolve": {"scale": {"color": "independent"}},
    }


def _names(
    rows: Sequence[dict[str, Any]], points: Sequence[tuple[float, float]], place: dict[str, Any], floor: float
) -> list[dict[str, Any]]:
    """Names and margins beside their points, or led to by a line."""
    told = [" ".join(part for part in (row["name"], row["margin"]) if part) for row in rows]
    leaders: list[dict[str, Any]] = []
    names: list[dict[str, Any]] = []
    spots = beside(points, [_LETTER * len(each) for each in told], floor=floor)
    for row, text, (align, dx, dy) in zip(rows, told, spots, strict=True):
        data = {"values": [{**row, "told": text}]}
        if dy:
            away = 1 if dy > 0 else -1
            rule = {"type": "rule", "style": "loss", "yOffset": away * RADIUS, "y2Offset": dy + away * HALF_LINE}
            leaders.append({"data": data, "mark": rule, "encoding": {**place, "y2": {"field": "cost"}}})
        for style in ("halo", "ink"):  # which the line of the best ones may cross
            mark = {"type": "text", "style": style, "align": align, "dx": dx, "dy": dy, "aria": style == "ink"}
            names.append({"data": data, "mark": mark, "encoding": {**place, "text": {"field": "told"}}})
    return [*leaders, *names]


def _row(each: _Offer) -> dict[str, Any]:
    worst = each.worst
    margin = "" if worst is None else margin_told(worst[1], each.result.verdict)
    at = "" if worst is None else f", margin {margin} points at {one_line(worst[0].task, 28)}"
    cost, seconds = each.price.cost_per_1k, each.price.p95_s
    return {
        "cost": cost,
        "seconds": seconds,
        "name": each.name,
        "verdict": each.result.verdict,
        "sign": SIGNS[each.result.verdict],
        "margin": margin,
        "hover": f"{each.name}: {each.result.verdict}{at}; {usd(cost)} for 1,000 items, {seconds:.3g} s",
    }


def _table(offers: Sequence[_Offer], best: Sequence[_Offer]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for each in offers:
        task, weakest = each.worst if each.worst is not None else (None, None)
        margins: tuple[Cell, ...] = (None, None) if weakest is None else (weakest.margin_low, weakest.margin_high)
        rows.append(
            (
                *(each.result.model, each.result.verdict, None if task is None else task.task, *margins),
                *(each.price.cost_per_1k, each.price.p95_s, each in best),
            )
        )
    columns = (
        *(Column(name=name) for name in ("model", "verdict", "worst task")),
        *(Column(name=name, kind="points") for name in ("at least", "at most")),
        Column(name="USD for 1,000 items", kind="usd"),
        Column(name="95 of 100 calls within", kind="seconds"),
        Column(name="none cheaper and quicker"),
    )
    return Table(columns=columns, rows=tuple(rows))
