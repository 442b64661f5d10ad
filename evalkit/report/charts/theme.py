"""How charts look: the only place that names colours, so that a page may ask for the same charts in the dark.

Specifications name roles: a mark's `style`, or a range of colours (`verdict`, `verdict_fill`, and `category` for
models). Colour is never alone: verdicts have a sign besides, models a shape or a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
"""What specifications are written for."""
VERDICTS = ("usable", "edge", "unusable")
"""The order of the colours in the ranges `verdict` and `verdict_fill`."""
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
"""Of models, beside their colours: as many as `Colours.models`."""
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
SIGN_FONT = f"'DejaVu Sans', {FONT}"
"""Of signs of verdicts: where a font lacks them, a renderer may take each from another, and of another weight."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Colours:
    """Of one theme, as #rrggbb."""

    background: str
    ink: str
    muted: str
    """Of words that matter less; readable all the same."""
    grid: str
    verdict: tuple[str, str, str]
    """Of words and marks, in the order of `VERDICTS`; told apart with any kind of colour blindness."""
    verdict_fill: tuple[str, str, str]
    """Behind them."""
    models: tuple[str, ...]
    score: str


LIGHT = Colours(
    background="#ffffff",
    ink="#1a1f29",
    muted="#5a6372",
    grid="#e3e6eb",
    verdict=("#00695f", "#7a5600", "#a82a19"),
    verdict_fill=("#d3efe9", "#fcebbf", "#fbdad4"),
    models=("#0b5fa5", "#c2410c", "#00736a", "#7b3fa0", "#8a6100", "#b0266b", "#3d4654", "#4d7c0f"),
    score="#b45309",
)
DARK = Colours(
    background="#14181f",
    ink="#e6e9ef",
    muted="#a2abb9",
    grid="#2b323d",
    verdict=("#4fd1bd", "#f0c35a", "#ff9a8a"),
    verdict_fill=("#10403a", "#443612", "#55241c"),
    models=("#6cb2f5", "#ff9a5c", "#4fd1bd", "#c79bec", "#e0b84e", "#f58abb", "#b8c1cf", "#a3cf5f"),
    score="#f2a65a",
)


def config(*, dark: bool) -> dict[str, Any]:
    """The `config` of a Vega-Lite specification.

    Args:
        dark: Whether for a dark page.
    """
    colours = DARK if dark else LIGHT
    text = {"labelColor": colours.muted, "titleColor": colours.muted, "titleFontWeight": "normal"}
    ranges = {"verdict": colours.verdict, "verdict_fill": colours.verdict_fill, "category": colours.models}
    return {
        "background": colours.background,
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            **text,
            "domainColor": colours.grid,
            "gridColor": colours.grid,
            "tickColor": colours.grid,
            "labelFontSize": 11,
            "titleFontSize": 11,
            "labelLimit": 260,
        },
        "legend": {**text, "labelFontSize": 11, "titleFontSize": 11, "labelLimit": 260, "symbolStrokeWidth": 1.5},
        "title": {
            "anchor": "start",
            "color": colours.ink,
            "subtitleColor": colours.muted,
            "fontSize": 15,
            "subtitleFontSize": 11.5,
            "subtitleLineHeight": 16,
            "subtitlePadding": 6,
            "offset": 14,
        },
        "text": {"color": colours.ink, "fontSize": 11},
        "range": {name: list(held) for name, held in ranges.items()},
        "style": _styles(colours),
    }


def _styles(colours: Colours) -> dict[str, Any]:
    """What marks are called. Of a style Vega-Lite heeds the `color`, not the `fill`; a `stroke` for text only."""
    usable, _, unusable = colours.verdict
    first = colours.models[0]
    small = {"fontSize": 10}
    return {
        "ink": {"color": colours.ink},
        "sign": {"font": SIGN_FONT, "fontWeight": "bold"},
        "muted": {"color": colours.muted},
        "halo": {"color": colours.background, "stroke": colours.background, "strokeWidth": 3, "strokeJoin": "round"},
        "threshold": {"color": colours.ink, "strokeWidth": 1.5, "strokeDash": [5, 3]},
        "threshold-name": {"color": colours.ink, **small},
        "between": {"color": colours.ink, "opacity": 0.08},
        "usable-range": {"color": colours.verdict_fill[0], "opacity": 0.5},
        "unusable-range": {"color": colours.verdict_fill[2], "opacity": 0.5},
        "usable-name": {"color": usable, **small},
        "unusable-name": {"color": unusable, **small},
        "not-measured": {"color": colours.grid, "opacity": 0.4},
        "measured": {"color": first},
        "measured-band": {"color": first, "opacity": 0.13},
        "score": {"color": colours.score},
        "loss": {"color": colours.muted},
        "frontier": {"color": colours.ink, "strokeWidth": 2, "strokeDash": [6, 3]},
        "frontier-band": {"color": colours.ink, "opacity": 0.13},
    }
