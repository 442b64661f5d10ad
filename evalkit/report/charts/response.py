"""A rate against levels, a line for each model: what dose-response charts are drawn with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.plain import one_line
from evalkit.report.charts.channels import APART, by_model, by_verdict, model_shapes, threshold_line
from evalkit.report.charts.theme import SCHEMA
from evalkit.report.charts.words import listed
from evalkit.report.layout import SIGNS
from evalkit.trial import Level
from evalkit.verdict import CriticalLevel, Verdict

_WIDTH, _HEIGHT = 480, 240
_APART = 0.014
"""Of the axis: how far models stand apart at the same level, so that their intervals do not cover each other."""
_ASIDE = 8
"""Likewise in pixels, where levels are words."""
_NAME = 12
"""Pixels of a threshold's name."""
_MARGIN = 0.05
"""Of the axis: room at both ends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """Where levels stand: either numbers, or words one after the other."""

    title: str
    ticks: tuple[str, ...] = ()
    """Words in their order; empty where levels are numbers."""
    levels: tuple[float, ...] = ()
    clean: float | None = None
    """Where the clean condition stands; None: there is none."""
    ends: tuple[float, float] = (0.0, 1.0)
    """Least and most of all that stands on the axis."""
    logarithmic: bool = False
    falling: bool = False
    """Whether smaller numbers are harder: they stand at the right."""

    def moved(self, level: float, share: float) -> float:
        """A level moved along the axis by a share of its length, to the right if positive."""
        least, most = self.ends
        share = -share if self.falling else share
        return level * (most / least) ** share if self.logarithmic else level + share * (most - least)

    @property
    def domain(self) -> list[float]:
        """With some room."""
        least, most = (-_MARGIN, _MARGIN) if not self.falling else (_MARGIN, -_MARGIN)
        return [self.moved(self.ends[0], least), self.moved(self.ends[1], most)]

    @property
    def x(self) -> dict[str, Any]:
        """The channel, for the field `at`."""
        if not self.levels:
            scale = {"domain": list(self.ticks), "type": "point", "padding": 0.5}
            return {"field": "at", "type": "nominal", "title": self.title, "scale": scale, "axis": {"labelAngle": 0}}
        clean = "" if self.clean is None else f"datum.value < {self.levels[0]} ? 'clean' : "
        values = [*([] if self.clean is None else [self.clean]), *self.levels]
        return {
            "field": "at",
            "type": "quantitative",
            "title": self.title,
            "scale": {
                "domain": self.domain,
                **({"type": "log"} if self.logarithmic else {"type": "linear", "zero": False}),
                "nice": False,
                "reverse": self.falling,
            },
            "axis": {
                "values": values,
                "labelExpr": f"{clean}format(datum.value, datum.value >= 1000 ? '~s' : '~r')",
                "labelOverlap": True,
                "grid": False,
            },
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """One measured level."""

    at: Level
    rate: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    hover: str
    counts: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One model."""

    name: str
    """Unique among the models of a chart."""
    marks: tuple[Mark, ...]
    curve: tuple[tuple[float, float], ...]
    """Levels and rates; empty: none was fitted."""
    critical: CriticalLevel
    threshold: float
    """What is needed, 0–1: drawn across."""


def response(lines: Sequence[Line], axis: Axis, *, models: Sequence[str], title: str) -> dict[str, Any]:
    """A specification of rates against levels.

    Args:
        lines: One for each model that was measured.
        axis: Of the levels.
        models: Names of all models of the report, so that each has the same colour in every chart.
        title: Of the rates.
    """
    y = {
        "field": "rate",
        "type": "quantitative",
        "title": title,
        "scale": {"domain": [0, 1]},
        "axis": {"format": ".0%", "tickCount": 5},
    }
    alone, shown = len(models) == 1, [line.name for line in lines]
    colour = by_verdict() if alone else {**by_model(models, shown), "legend": None}
    drawing = _Drawing(axis=axis, y=y, colour=colour)
    values = [_value(axis, lines, index, mark) for index, line in enumerate(lines) for mark in line.marks]
    named = {} if alone else {"color": by_model(models, shown), "shape": model_shapes(models, shown)}
    layers = [
        *(_ranges(lines[0], axis) if alone else []),
        *_thresholds(lines, y),
        *_curves(lines, values, drawing),
        *_intervals(values, drawing, named),
        *_critical(lines, drawing),
    ]
    return {"$schema": SCHEMA, "width": _WIDTH, "height": _HEIGHT, "layer": layers, "resolve": APART}


def _thresholds(lines: Sequence[Line], y: dict[str, Any]) -> list[dict[str, Any]]:
    """Every threshold, with whose it is where there are several; names of close ones are below each other."""
    whose: dict[float, list[str]] = {}
    for line in lines:
        whose.setdefault(line.threshold, []).append(line.name)
    layers: list[dict[str, Any]] = []
    free = 0.0
    for threshold in sorted(whose, reverse=True):
        at = (1 - threshold) * _HEIGHT
        of = listed(whose[threshold], most=2) if len(whose) > 1 else ""
        layers += threshold_line(threshold, y, of=of, dy=max(free - at, 0.0))
        free = max(free, at) + _NAME
    return layers


@dataclass(frozen=True, kw_only=True, slots=True)
class _Drawing:
    """What all layers share."""

    axis: Axis
    y: dict[str, Any]
    colour: dict[str, Any]

    @property
    def x(self) -> dict[str, Any]:
        """The channels of a level."""
        aside = {"xOffset": {"field": "aside", "type": "quantitative", "scale": None}}
        return {"x": self.axis.x, **({} if self.axis.levels else aside)}

    @property
    def alone(self) -> bool:
        return bool(self.colour["field"] == "verdict")


def _value(axis: Axis, lines: Sequence[Line], index: int, mark: Mark) -> dict[str, Any]:
    at: Level = mark.at
    if axis.levels and isinstance(at, int | float):
        at = axis.moved(at, _APART * (index - (len(lines) - 1) / 2))
    return {
        "at": at,
        "aside": _ASIDE * (index - (len(lines) - 1) / 2),
        "rate": mark.rate,
        "low": mark.low,
        "high": mark.high,
        "verdict": mark.verdict,
        "sign": SIGNS[mark.verdict],
        "model": lines[index].name,
        "hover": mark.hover,
        "counts": mark.counts,
    }


def _ranges(line: Line, axis: Axis) -> list[dict[str, Any]]:
    """The levels up to which one model is usable, and from which it is not, with their words above the chart."""
    critical, layers = line.critical, []
    first, last = axis.domain if not axis.falling else axis.domain[::-1]
    for role, level, ends, place in (
        ("usable", critical.usable_to, (first, critical.usable_to), {"align": "left", "x": 0}),
        ("unusable", critical.unusable_from, (critical.unusable_from, last), {"align": "right", "x": "width"}),
    ):
        if level is None:
            continue
        told = f"{role} {'to' if role == 'usable' else 'from'} {one_line(f'{level}', 16)}"
        if axis.levels:
            layers.append(
                {
                    "data": {"values": [{"at": ends[0], "to": ends[1]}]},
                    "mark": {"type": "rect", "style": f"{role}-range"},
                    "encoding": {"x": axis.x, "x2": {"field": "to"}},
                }
            )
        layers.append(
            {
                "data": {"values": [{"name": told}]},
                "mark": {"type": "text", "style": f"{role}-name", "align": place["align"], "baseline": "bottom"},
                "encoding": {"x": {"value": place["x"]}, "y": {"value": -18}, "text": {"field": "name"}},
            }
        )
    return layers


def _curves(lines: Sequence[Line], values: Sequence[dict[str, Any]], drawing: _Drawing) -> list[dict[str, Any]]:
    """Fitted curves; where there is none, straight lines from level to level, which claim nothing between them."""
    layers = []
    for line in lines:
        measured = [value for value in values if value["model"] == line.name and value["rate"] is not None]
        straight = [{key: value[key] for key in ("at", "aside", "rate")} for value in measured]
        fitted = [{"at": at, "rate": rate} for at, rate in line.curve]
        rows = [{**row, "model": line.name, "order": n} for n, row in enumerate(fitted or straight)]
        looks = {"strokeWidth": 2} if line.curve else {"strokeWidth": 1, "strokeDash": [2, 3]}
        encoding: dict[str, Any] = {**drawing.x, "y": drawing.y, "order": {"field": "order"}}
        coloured = {"style": "measured"} if drawing.alone else {}
        if not drawing.alone:
            encoding["color"] = drawing.colour
        mark = {"type": "line", **looks, **coloured}
        layers.append({"data": {"values": rows}, "mark": mark, "encoding": encoding})
    return layers


def _intervals(values: Sequence[dict[str, Any]], drawing: _Drawing, named: dict[str, Any]) -> list[dict[str, Any]]:
    y, colour = drawing.y, drawing.colour
    faded = {"condition": {"test": "datum.counts", "value": 1}, "value": 0.5}
    return [
        {
            "data": {"values": list(values)},
            "mark": {"type": "rule", "strokeWidth": 2.5, "strokeCap": "round"},
            "encoding": {
                **drawing.x,
                "y": {**y, "field": "low"},
                "y2": {"field": "high"},
                "color": colour,
                "opacity": faded,
                "tooltip": {"field": "hover"},
            },
        },
        {
            "data": {"values": [value for value in values if value["rate"] is not None]},
            "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
            "encoding": {
                **drawing.x,
                "y": y,
                "color": colour,
                "opacity": faded,
                "tooltip": {"field": "hover"},
                "description": {"field": "hover"},
                **named,
            },
        },
        *([_signs(values, drawing)] if drawing.alone else []),
    ]


def _signs(values: Sequence[dict[str, Any]], drawing: _Drawing) -> dict[str, Any]:
    """Verdicts above the intervals; of several models they would cover each other."""
    place = {**drawing.x, "y": {**drawing.y, "field": "high"}}
    return {
        "data": {"values": list(values)},
        "mark": {"type": "text", "baseline": "bottom", "dy": -3, "style": "sign", "fontSize": 10},
        "encoding": {**place, "text": {"field": "sign"}, "color": by_verdict()},
    }


def _critical(lines: Sequence[Line], drawing: _Drawing) -> list[dict[str, Any]]:
    """Where each curve meets its threshold, on it; an end beyond the tested levels goes on to the end of the axis."""
    axis = drawing.axis
    rows = [
        {
            "at": critical.estimate,
            "from": critical.low if critical.low is not None else axis.domain[0],
            "to": critical.high if critical.high is not None else axis.domain[1],
            "rate": line.threshold,
            "model": line.name,
            "hover": f"critical level of {line.name}: about {critical.estimate:.3g}, by a fitted curve",
        }
        for line in lines
        if (critical := line.critical).estimate is not None
    ]
    if not rows or not axis.levels:
        return []
    colour = {} if drawing.alone else {"color": drawing.colour}
    style = {"style": "measured"} if drawing.alone else {}
    hover = {"tooltip": {"field": "hover"}}
    return [
        {
            "data": {"values": rows},
            "mark": {"type": "rule", "strokeWidth": 5, "opacity": 0.35, **style},
            "encoding": {"x": {**axis.x, "field": "from"}, "x2": {"field": "to"}, "y": drawing.y, **colour, **hover},
        },
        {
            "data": {"values": rows},
            "mark": {"type": "point", "filled": True, "shape": "diamond", "size": 130, "opacity": 1, **style},
            "encoding": {"x": axis.x, "y": drawing.y, **colour, **hover, "description": {"field": "hover"}},
        },
    ]
