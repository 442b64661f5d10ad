"""Rows with a point, an interval and a threshold: what margin charts and constraint ladders are drawn with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Any

from evalkit.report.charts.channels import APART, by_model, by_verdict, model_shapes
from evalkit.report.charts.theme import SCHEMA
from evalkit.report.charts.words import needs
from evalkit.report.layout import SIGNS
from evalkit.verdict import Verdict

WIDTH = 400
"""Pixels between the ends of the axis."""
_STEP, _CLOSE_STEP, _GAP = 24, 17, 9
"""Pixels of a row: alone in its group, among several; and between groups of several."""
_ROOM = 0.02
"""Shares that the axis reaches further down than what it shows."""
_PALE = 0.5
"""Opacity of what does not count."""
_OPEN = 0.3
"""An axis that would begin below that begins at 0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row; rates are 0–1, and None where nothing was measured."""

    group: str
    """Its name at the left, told once for rows that follow each other with the same one."""
    rate: float | None
    low: float | None = None
    high: float | None = None
    threshold: float | None = None
    """None: there is none to draw."""
    verdict: Verdict | None = None
    """None: this is no verdict, and has no sign."""
    says: str = ""
    """Beside the sign, at the right."""
    hover: str
    """The exact numbers."""
    model: str | None = None
    """Which of several; None: one alone, whose rows are coloured by verdict."""
    counts: bool = True

    @property
    def drawn(self) -> bool:
        """Whether there is anything to draw."""
        return self.rate is not None or self.low is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where rows and their groups lie."""

    tops: tuple[float, ...]
    bottoms: tuple[float, ...]
    names: tuple[tuple[float, str], ...]
    """The middle of each group, and what it is called."""
    height: float


def forest(rows: Sequence[Row], *, models: Sequence[str] = (), title: str = "pass rate") -> dict[str, Any]:
    """A specification with a row for each of them, in their order.

    Args:
        rows: At least one.
        models: Names of all models of the report where rows have one, so that each has its colour in every chart.
        title: Of the axis, which begins shortly below the lowest end.
    """
    place = _place(rows)
    x = {
        "type": "quantitative",
        "scale": {"domain": [_from(rows), 1], "nice": False},
        "title": title,
        "axis": {"format": ".0%", "tickCount": 6, "labelFlush": True, "labelOverlap": True},
    }
    y = {
        "type": "quantitative",
        "scale": {"domain": [0, place.height], "reverse": True, "nice": False, "zero": False},
        "axis": None,
    }
    usual = next((row.threshold for row in rows if row.threshold is not None), None)
    values = [
        _value(row, top, bottom, usual=usual) for row, top, bottom in zip(rows, place.tops, place.bottoms, strict=True)
    ]
    return {
        "$schema": SCHEMA,
        "width": WIDTH,
        "height": place.height,
        "layer": [*_lines(values, x, y), *_marks(values, x, y, models), *_told(values, place, y)],
        "resolve": APART,
    }


def _place(rows: Sequence[Row]) -> Place:
    groups: list[list[int]] = []
    for index, row in enumerate(rows):
        if index and rows[index - 1].group == row.group:
            groups[-1].append(index)
        else:
            groups.append([index])
    alone = all(len(group) == 1 for group in groups)
    step, gap = (_STEP, 0) if alone else (_CLOSE_STEP, _GAP)
    tops: list[float] = []
    names: list[tuple[float, str]] = []
    reached = 0.0
    for group in groups:
        names.append((reached + len(group) * step / 2, rows[group[0]].group))
        tops += [reached + step * offset for offset in range(len(group))]
        reached += step * len(group) + gap
    return Place(
        tops=tuple(tops),
        bottoms=tuple(top + step for top in tops),
        names=tuple(names),
        height=reached - gap,
    )


def _from(rows: Sequence[Row]) -> float:
    """Where the axis begins: at a round share below everything that it shows."""
    shown = [end for row in rows for end in (row.low, row.rate, row.threshold) if end is not None]
    least = min(shown, default=0.0) - _ROOM
    return 0.0 if least < _OPEN else min(floor(round(10 * least, 8)) / 10, 0.9)


def _value(row: Row, top: float, bottom: float, *, usual: float | None) -> dict[str, Any]:
    """A row as its data; a threshold that is not the usual one is told in words too."""
    other = "" if row.threshold is None or row.threshold == usual else needs(row.threshold)
    return {
        "top": top,
        "middle": (top + bottom) / 2,
        "bottom": bottom,
        "rate": row.rate,
        "low": row.low,
        "high": row.high,
        "threshold": row.threshold,
        "verdict": row.verdict,
        "sign": "" if row.verdict is None or not row.drawn else SIGNS[row.verdict],
        "says": " · ".join(said for said in ("" if row.drawn else "not measured", row.says, other) if said),
        "hover": row.hover,
        "model": row.model,
        "counts": row.counts,
    }


def _lines(values: Sequence[dict[str, Any]], x: dict[str, Any], y: dict[str, Any]) -> list[dict[str, Any]]:
    """Thresholds, each as long as its row: where all are the same, one line."""
    held = [value for value in values if value["threshold"] is not None]
    if not held:
        return []
    spans: list[dict[str, Any]] = []
    for value in held:
        # One line for rows that share a threshold, so that its dashes do not begin anew in each.
        if spans and spans[-1]["threshold"] == value["threshold"]:
            spans[-1]["bottom"] = value["bottom"]
        else:
            spans.append({"threshold": value["threshold"], "top": value["top"], "bottom": value["bottom"]})
    rule = {
        "data": {"values": spans},
        "mark": {"type": "rule", "style": "threshold"},
        "encoding": {"x": {**x, "field": "threshold"}, "y": {**y, "field": "top"}, "y2": {"field": "bottom"}},
    }
    first = spans[0]["threshold"]
    name = {
        "data": {"values": [{**spans[0], "name": needs(first)}]},
        "mark": {"type": "text", "style": "threshold-name", "baseline": "bottom", "dy": -3, "align": _leaning(first)},
        "encoding": {"x": {**x, "field": "threshold"}, "y": {**y, "field": "top"}, "text": {"field": "name"}},
    }
    return [rule, name]


def _leaning(threshold: float) -> str:
    """A name at the end of an axis stays above it."""
    return "right" if threshold > 0.9 else "left" if threshold < 0.1 else "center"


def _marks(
    values: Sequence[dict[str, Any]], x: dict[str, Any], y: dict[str, Any], models: Sequence[str]
) -> list[dict[str, Any]]:
    """Intervals and points; paler, and empty, where they do not count."""
    colour = _colour(values, models)
    style = {"style": "measured"} if colour is None else {}
    common: dict[str, Any] = {
        "y": {**y, "field": "middle"},
        "tooltip": {"field": "hover"},
        **({} if colour is None else {"color": colour}),
    }
    shape = {"shape": {**model_shapes(models, ()), "legend": None}} if models else {}
    line = {"type": "rule", "strokeWidth": 3, "strokeCap": "round", **style}
    dot = {"type": "point", "size": 80, "strokeWidth": 2, **style}
    layers = []
    for counts, paler in ((True, 1), (False, _PALE)):
        of = [value for value in values if value["counts"] is counts]
        ends = {"x": {**x, "field": "low"}, "x2": {"field": "high"}, **common}
        at = {"x": {**x, "field": "rate"}, "description": {"field": "hover"}, **common, **shape}
        for field, mark, encoding in (
            ("low", {**line, "opacity": paler}, ends),
            ("rate", {**dot, "filled": counts, "opacity": paler}, at),
        ):
            rows = [value for value in of if value[field] is not None]
            if rows:
                layers.append({"data": {"values": rows}, "mark": mark, "encoding": encoding})
    return layers


def _colour(values: Sequence[dict[str, Any]], models: Sequence[str]) -> dict[str, Any] | None:
    """By model where there are several, else by verdict; None where there is neither. Models are told by each row."""
    if models:
        return {**by_model(models, ()), "legend": None}
    return by_verdict() if any(value["verdict"] for value in values) else None


def _told(values: Sequence[dict[str, Any]], place: Place, y: dict[str, Any]) -> list[dict[str, Any]]:
    """Names at the left; signs and words at the right."""
    middle = {**y, "field": "middle"}
    names = [{"middle": at, "name": name} for at, name in place.names]
    signed = [value for value in values if value["sign"]]
    sign = {
        "data": {"values": signed},
        "mark": {"type": "text", "style": "sign", "align": "left", "dx": 12, "fontSize": 12},
        "encoding": {"x": {"value": "width"}, "y": middle, "text": {"field": "sign"}, "color": by_verdict()},
    }
    said = [value for value in values if value["says"]]
    return [
        {
            "data": {"values": names},
            "mark": {"type": "text", "style": "ink", "align": "right", "dx": -10},
            "encoding": {"x": {"value": 0}, "y": middle, "text": {"field": "name"}},
        },
        *([sign] if signed else []),
        *([_words(said, middle, beside_signs=bool(signed))] if said else []),
        *([_head(y)] if signed else []),
    ]


def _words(said: Sequence[dict[str, Any]], middle: dict[str, Any], *, beside_signs: bool) -> dict[str, Any]:
    return {
        "data": {"values": list(said)},
        "mark": {"type": "text", "style": "ink", "align": "left", "dx": 28 if beside_signs else 12},
        "encoding": {"x": {"value": "width"}, "y": middle, "text": {"field": "says"}},
    }


def _head(y: dict[str, Any]) -> dict[str, Any]:
    """What the numbers at the right are."""
    return {
        "data": {"values": [{"top": 0, "name": "margin in points"}]},
        "mark": {"type": "text", "style": "muted", "align": "left", "baseline": "bottom", "dx": 12, "dy": -3},
        "encoding": {"x": {"value": "width"}, "y": {**y, "field": "top"}, "text": {"field": "name"}},
    }
