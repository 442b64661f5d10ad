"""What several charts have in common: colours and shapes of verdicts and of models, and the line of a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evalkit.report.charts.theme import SHAPES, VERDICTS
from evalkit.report.charts.words import needs

_LEGEND, _LETTER, _SYMBOL = 540, 7, 30
"""Pixels of a line of a legend, of a letter in it, and of what stands before and behind a name."""


def by_verdict(colours: str = "verdict") -> dict[str, Any]:
    """A colour channel for the field `verdict`.

    Args:
        colours: The range: `verdict`, or `verdict_fill` for what lies behind words.
    """
    scale = {"domain": list(VERDICTS), "range": colours}
    return {"field": "verdict", "type": "nominal", "scale": scale, "legend": None}


def by_model(models: Sequence[str], shown: Sequence[str]) -> dict[str, Any]:
    """A colour channel for the field `model`, with a legend that names those that are shown."""
    columns = max(_LEGEND // (_LETTER * max(len(name) for name in shown) + _SYMBOL), 1) if shown else 1
    legend = {"title": None, "orient": "bottom", "columns": columns, "values": list(shown)}
    return {"field": "model", "type": "nominal", "scale": {"domain": list(models)}, "legend": legend}


def model_shapes(models: Sequence[str], shown: Sequence[str]) -> dict[str, Any]:
    """A shape channel for the field `model`; its legend is that of the colours."""
    channel = by_model(models, shown)
    shapes = [SHAPES[index % len(SHAPES)] for index in range(len(models))]
    return {**channel, "scale": {**channel["scale"], "range": shapes}}


def threshold_line(threshold: float, y: dict[str, Any], *, of: str = "", dy: float = 0) -> list[dict[str, Any]]:
    """Layers of a line across a chart, with its name at the right.

    Args:
        threshold: 0–1.
        y: The channel of rates, for the field `rate`.
        of: Whose it is, where a chart has several.
        dy: Pixels by which the name is below the line, so that it does not cover another one.
    """
    data = {"values": [{"rate": threshold, "name": f"{needs(threshold)}: {of}" if of else needs(threshold)}]}
    name = {"type": "text", "style": "threshold-name", "align": "left", "dx": 6, **({"dy": dy} if dy else {})}
    return [
        {"data": data, "mark": {"type": "rule", "style": "threshold"}, "encoding": {"y": y}},
        {"data": data, "mark": name, "encoding": {"x": {"value": "width"}, "y": y, "text": {"field": "name"}}},
    ]


APART: dict[str, Any] = {"scale": {"color": "independent", "shape": "independent", "stroke": "independent"}}
"""How layers that colour by verdict and layers that colour by model come together."""
