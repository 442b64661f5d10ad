"""Figures as pictures that stand alone: with their titles and sentences, one of them or several below each other."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from evalkit.plain import one_line
from evalkit.report.charts.theme import SCHEMA
from evalkit.report.figure import Figure

_LETTERS, _LINES = 100, 6
"""Of what a figure says: letters of a line, and lines."""
_TITLE = 90
_APART = 46
"""Pixels between figures."""
_ROOM = 20
"""Pixels around all of them."""


def alone(figure: Figure, notes: Sequence[str] = ()) -> dict[str, Any]:
    """A specification of a figure with its title and what it says, fit to be drawn.

    Args:
        figure: Any.
        notes: What else has to be known of it, a line each.
    """
    return {
        **figure.spec,
        "$schema": SCHEMA,
        "description": figure.says,
        "title": _title(figure, notes),
        "padding": _ROOM,
    }


def sheet(figures: Sequence[Figure], notes: Sequence[str] = ()) -> dict[str, Any]:
    """A specification of figures below each other, in their order.

    Args:
        figures: At least one.
        notes: What else has to be known of them, a line each, below the first one's title.
    """
    if len(figures) == 1:
        return alone(figures[0], notes)
    # Titles begin where plots begin, which is the same place in all panels; labels at the left are not equally long.
    panels = [
        {**each.spec, "title": {**_title(each, () if place else notes), "frame": "group"}}
        for place, each in enumerate(figures)
    ]
    for panel in panels:
        del panel["$schema"]
    return {
        "$schema": SCHEMA,
        "description": "\n".join(f"{each.title}: {each.says}" for each in figures),
        "padding": _ROOM,
        "spacing": _APART,
        "vconcat": panels,
        "resolve": {"scale": {"color": "independent", "shape": "independent"}, "legend": {"color": "independent"}},
    }


def _title(figure: Figure, notes: Sequence[str]) -> dict[str, Any]:
    lines = textwrap.wrap(figure.says.replace(" %", "\u00a0%"), _LETTERS, max_lines=_LINES, placeholder=" …")
    told = [*([figure.whose] if figure.whose else []), *lines, *notes]
    return {"text": one_line(figure.title, _TITLE), "subtitle": told, "anchor": "start", "frame": "bounds"}
