"""A scaling law as a picture: loss against training compute, a line for each size, and the least loss of all sizes."""

from __future__ import annotations

from math import exp, log
from typing import Any

from evalkit.report.charts.theme import SCHEMA
from evalkit.report.law import count, power_of_ten
from evalkit.scale.law import Law
from evalkit.scale.loss_points import tokens_for

_STEPS = 40
"""Places at which a curve is reckoned."""
_MOST_LINES = 12
"""More would be a tangle: of more sizes every so-manieth gets a line, and a colour in the legend."""


def law_chart(law: Law) -> dict[str, Any]:
    """A Vega-Lite specification: points that were measured, the law for their sizes, the frontier, and the budget.

    The law is drawn where it may be used: with gaps in the table, within what was measured only.
    """
    return {
        "$schema": SCHEMA,
        "title": {
            "text": f"loss against training compute, {len(law.points)} points",
            "subtitle": ["the law has gaps: see the text"] if law.problems else [],
            "anchor": "start",
        },
        "width": 640,
        "height": 400,
        "layer": [_lines(law), *_frontier(law), _points(law), *_budget(law)],
    }


_X = {
    "field": "flops",
    "type": "quantitative",
    "scale": {"type": "log"},
    "title": "training compute (FLOP, 6 × parameters × tokens)",
    "axis": {"format": "~e", "tickCount": 6, "gridOpacity": 0.4},
}
_Y = {
    "field": "loss",
    "type": "quantitative",
    "scale": {"type": "log", "nice": False, "padding": 10},
    "title": "loss",
    "axis": {"gridOpacity": 0.4},
}


def _with_lines(law: Law) -> tuple[float, ...]:
    """The sizes that get a line."""
    return law.sizes[:: -(-len(law.sizes) // _MOST_LINES)]


def _colour(law: Law) -> dict[str, Any]:
    if len(law.sizes) > _MOST_LINES:
        scale = {"type": "log", "scheme": "viridis"}
        # As people count models: 7B, not 7G.
        label = "replace(format(datum.value, '.2~s'), 'G', 'B')"
        legend = {"values": list(_with_lines(law)), "labelExpr": label}
        return {"field": "params", "type": "quantitative", "scale": scale, "title": "parameters", "legend": legend}
    names = list(dict.fromkeys(count(params) for params in law.sizes))
    ordered = {"scheme": "viridis", "domain": names}
    return {"field": "size", "type": "ordinal", "scale": ordered, "title": "parameters"}


def _points(law: Law) -> dict[str, Any]:
    rows = [
        {
            "flops": each.flops,
            "loss": each.loss,
            "params": each.params,
            "size": count(each.params),
            "model": f"{each.model}, {count(each.params)} parameters, {count(each.tokens)} tokens",
        }
        for each in law.points
    ]
    return {
        "data": {"values": rows},
        "mark": {"type": "point", "filled": True, "size": 50},
        "encoding": {"x": _X, "y": _Y, "color": _colour(law), "description": {"field": "model"}},
    }


def _lines(law: Law) -> dict[str, Any]:
    """Each size's loss by the law, over all of the compute that was measured."""
    rows = []
    for params in _with_lines(law):
        for flops in _computes(law):
            predicted = law.predict(params, tokens_for(flops, params))
            if predicted.loss is not None:
                rows.append({"flops": flops, "loss": predicted.loss.value, "params": params, "size": count(params)})
    return {
        "data": {"values": rows},
        "mark": {"type": "line", "strokeWidth": 1.2, "opacity": 0.7},
        "encoding": {"x": _X, "y": _Y, "color": _colour(law), "detail": {"field": "params"}},
    }


def _frontier(law: Law) -> list[dict[str, Any]]:
    """The least loss that each compute can buy, with its interval."""
    found = [(flops, law.best_for(flops)) for flops in _computes(law)]
    rows = [
        {"flops": flops, "loss": best.loss.value, "low": best.loss.low, "high": best.loss.high}
        for flops, best in found
        if best is not None and best.loss is not None
    ]
    if not rows:
        return []
    band = {
        "data": {"values": rows},
        "mark": {"type": "area", "style": "frontier-band"},
        "encoding": {"x": _X, "y": {**_Y, "field": "low"}, "y2": {"field": "high"}},
    }
    line = {
        "data": {"values": rows},
        "mark": {"type": "line", "style": "frontier"},
        "encoding": {"x": _X, "y": _Y},
    }
    name = {
        "data": {"values": [rows[len(rows) // 2]]},
        "mark": {"type": "text", "align": "right", "dx": -4, "dy": 14, "style": "ink"},
        "encoding": {"x": _X, "y": _Y, "text": {"value": "best size for the compute"}},
    }
    return [band, line, name]


def _budget(law: Law) -> list[dict[str, Any]]:
    data = {"values": [{"flops": law.budget_flops}]}
    rule = {
        "data": data,
        "mark": {"type": "rule", "style": "threshold"},
        "encoding": {"x": _X},
    }
    name = {
        "data": data,
        "mark": {"type": "text", "align": "right", "dx": -4, "style": "threshold-name"},
        "encoding": {"x": _X, "y": {"value": 8}, "text": {"value": f"{power_of_ten(law.budget_flops)} FLOP"}},
    }
    return [rule, name]


def _computes(law: Law) -> list[float]:
    """Evenly over the compute that was measured, and on to the budget."""
    low, high = law.measured.flops
    first, last = log(min(low, law.budget_flops)), log(max(high, law.budget_flops))
    return [exp(first + (last - first) * step / (_STEPS - 1)) for step in range(_STEPS)]
