"""Ability against size as a picture: for every series its models with intervals, the curve, and where it crosses."""

from __future__ import annotations

from math import ceil, floor
from typing import Any

from evalkit.plain import one_line
from evalkit.report.charts.law_chart import law_chart
from evalkit.report.charts.theme import SCHEMA
from evalkit.report.layout import short_models
from evalkit.report.scale import AGAINST
from evalkit.scale.points import place_of
from evalkit.scale.result import Ability
from evalkit.scale.scale import Scale, TaskLaw

_WIDTH, _HEIGHT, _LOSS_HEIGHT = 340, 220, 80
_LAW_WIDTH = 440
"""With its legend two of them, side by side, stay below 1,280 pixels."""
_COLUMNS = 2
_STEPS = 60
_COUNTED = "replace(format(datum.value, '~s'), 'G', 'B')"
"""As people count models: 7B, not 7G."""
_DECADES = 2.5
_LOW = 0.08
"""Pass rate up to which a name below its point would leave the panel."""
_TITLE, _NAME = 40, 24
"""Most characters of a task's name and of a model's."""
_NAMED_MODELS = 12
"""Of more models none is named: names would cover each other."""


def scale_chart(scale: Scale) -> dict[str, Any]:
    """A Vega-Lite specification with a panel for every series, and one for every scaling law.

    Args:
        scale: What was found; at least one series or law.
    """
    panels = [ability_panel(ability) for ability in scale.abilities]
    panels += [_law(each) for each in scale.laws]
    return {
        "$schema": SCHEMA,
        "concat": panels,
        "columns": _COLUMNS,
        "resolve": {"legend": {"color": "independent"}},
    }


def _law(of: TaskLaw) -> dict[str, Any]:
    """A panel that says whose loss it is."""
    panel = {key: value for key, value in law_chart(of.law).items() if key != "$schema"}
    whose = "all tasks" if of.task is None else one_line(of.task, _TITLE)
    return {**panel, "width": _LAW_WIDTH, "title": {**panel["title"], "text": f"{whose}: {panel['title']['text']}"}}


def ability_panel(ability: Ability) -> dict[str, Any]:
    """One series: models, curve, threshold and crossing, and the loss below where it is known."""
    verdict = ability.shape.verdict
    title = {"text": one_line(ability.name, _TITLE), "subtitle": verdict or "shape not known", "anchor": "start"}
    layers = [*_threshold(ability), *_curve(ability), *_models(ability), *_scores(ability)]
    main = {"width": _WIDTH, "height": _HEIGHT, "layer": layers, "title": title}
    losses = _losses(ability)
    return {"vconcat": [main, losses]} if losses else main


def _x(ability: Ability) -> dict[str, Any]:
    return {
        "field": "size",
        "type": "quantitative",
        "scale": {"type": "log", "nice": False, "padding": 12},
        "title": AGAINST[ability.against],
        "axis": {
            "values": _ticks(ability),
            **({"format": "~e"} if ability.against == "flops" else {"labelExpr": _COUNTED}),
        },
    }


def _ticks(ability: Ability) -> list[float]:
    """Powers of ten, with twice and five times them where there would be few: a label of one's own lets none go."""
    first, last = (place_of(ability.points[index], ability.against) for index in (0, -1))
    steps = (1.0,) if last - first >= _DECADES else (1.0, 2.0, 5.0)
    ticks = [float(f"{step}e{power}") for power in range(floor(first) - 1, ceil(last) + 1) for step in steps]
    return [tick for tick in ticks if 10 ** (first - 0.2) <= tick <= 10 ** (last + 0.2)]


def _y(field: str = "rate") -> dict[str, Any]:
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"domain": [0, 1]},
        "title": "pass rate",
        "axis": {"format": "%"},
    }


def _models(ability: Ability) -> list[dict[str, Any]]:
    names = [one_line(name, _NAME) for name in short_models([point.model for point in ability.points])]
    rows = [
        {
            "size": point.size.of(ability.against),
            "rate": point.pass_rate,
            "low": point.low,
            "high": point.high,
            "model": name,
        }
        for name, point in zip(names, ability.points, strict=True)
    ]
    x, few = _x(ability), len(rows) <= _NAMED_MODELS
    interval = {
        "data": {"values": rows},
        "mark": {"type": "rule", "style": "measured", "strokeWidth": 2 if few else 1, "opacity": 0.6 if few else 0.3},
        "encoding": {"x": x, "y": _y("low"), "y2": {"field": "high"}},
    }
    dots = {
        "data": {"values": rows},
        "mark": {"type": "point", "filled": True, "size": 55, "style": "measured"},
        "encoding": {"x": x, "y": _y(), "description": {"field": "model"}},
    }
    return [interval, dots, *(_labels(rows, x) if few else [])]


def _labels(rows: list[dict[str, Any]], x: dict[str, Any]) -> list[dict[str, Any]]:
    """Names below their points, where a rising curve leaves room; above those that stand on the axis."""
    place = {"type": "text", "align": "left", "dx": 6, "dy": {"expr": f"datum.rate < {_LOW} ? -7 : 11"}, "fontSize": 9}
    encoding = {"x": x, "y": _y(), "text": {"field": "model"}}
    return [
        {"data": {"values": rows}, "mark": {**place, "style": style}, "encoding": encoding}
        for style in ("halo", "measured")
    ]


def _scores(ability: Ability) -> list[dict[str, Any]]:
    """Mean scores that are shares; others have no place on the axis."""
    rows = [
        {"size": point.size.of(ability.against), "rate": point.score.value, "name": "mean score"}
        for point in ability.points
        if point.score is not None and 0 <= point.score.value <= 1
    ]
    if not rows:
        return []
    x = _x(ability)
    line = {
        "data": {"values": rows},
        "mark": {"type": "line", "point": {"filled": False}, "style": "score", "strokeWidth": 1},
        "encoding": {"x": x, "y": _y()},
    }
    name = {
        "data": {"values": rows[:1]},
        "mark": {"type": "text", "align": "left", "dx": 6, "dy": 12, "fontSize": 9, "style": "score"},
        "encoding": {"x": x, "y": _y(), "text": {"field": "name"}},
    }
    return [line, name]


def _curve(ability: Ability) -> list[dict[str, Any]]:
    fitted = ability.curve.readable
    if fitted is None:
        return []
    first, last = (place_of(ability.points[index], ability.against) for index in (0, -1))
    rows = []
    for step in range(_STEPS + 1):
        estimate = fitted.rate_at(first + (last - first) * step / _STEPS)
        size = 10 ** (first + (last - first) * step / _STEPS)
        rows.append({"size": size, "rate": estimate.value, "low": estimate.low, "high": estimate.high})
    x = _x(ability)
    band = {
        "data": {"values": rows},
        "mark": {"type": "area", "style": "measured-band"},
        "encoding": {"x": x, "y": _y("low"), "y2": {"field": "high"}},
    }
    line = {
        "data": {"values": rows},
        "mark": {"type": "line", "style": "measured", "strokeWidth": 1.5, "strokeDash": [4, 3]},
        "encoding": {"x": x, "y": _y()},
    }
    return [band, line]


def _threshold(ability: Ability) -> list[dict[str, Any]]:
    """The threshold, and the sizes between which it is crossed."""
    crossing = ability.crossing
    if crossing is None:
        return []
    x = _x(ability)
    layers: list[dict[str, Any]] = []
    if crossing.below is not None and crossing.above is not None:
        between = {"size": crossing.below, "larger": crossing.above}
        layers.append(
            {
                "data": {"values": [between]},
                "mark": {"type": "rect", "style": "between"},
                "encoding": {"x": x, "x2": {"field": "larger"}},
            }
        )
    if crossing.estimate is not None:
        layers.append(
            {
                "data": {"values": [{"size": crossing.estimate}]},
                "mark": {"type": "rule", "style": "threshold", "strokeDash": [2, 2], "strokeWidth": 1},
                "encoding": {"x": x},
            }
        )
    rule = {
        "data": {"values": [{"rate": crossing.threshold}]},
        "mark": {"type": "rule", "style": "threshold"},
        "encoding": {"y": _y()},
    }
    return [*layers, rule]


def _losses(ability: Ability) -> dict[str, Any] | None:
    rows = [
        {"size": point.size.of(ability.against), "loss": point.loss.value}
        for point in ability.points
        if point.loss is not None
    ]
    if not rows:
        return None
    # Checkpoints of one size are no line.
    apart = len({row["size"] for row in rows}) == len(rows)
    mark = {"type": "line", "point": True} if apart else {"type": "point", "filled": True}
    loss = {"field": "loss", "type": "quantitative", "title": "loss", "scale": {"zero": True}}
    return {
        "data": {"values": rows},
        "width": _WIDTH,
        "height": _LOSS_HEIGHT,
        "mark": {**mark, "style": "loss"},
        "encoding": {"x": _x(ability), "y": loss},
    }
