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


def alone(figure: Figure) -> dict[str, Any]:
    """A specification of a figure with its title and what it says, fit to be drawn.

    Args:
        figure: Any.
    """
    return {
        **figure.spec,
        "$schema": SCHEMA,
        "description": figure.says,
        "title": _title(figure),
        "padding": _ROOM,
    }


def sheet(figures: Sequence[Figure]) -> dict[str, Any]:
    """A specification of figures below each other, in their order.

    Args:
        figures: At least one.
    """
    if len(figures) == 1:
        return alone(figures[0])
    # Titles begin where plots begin, which is the same place in all panels; labels at the left are not equally long.
    panels = [{**each.spec, "title": {**_title(each), "frame": "group"}} for each in figures]
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


def _title(figure: Figure) -> dict[str, Any]:
    lines = textwrap.wrap(figure.says.replace(" %", "\u00a0%"), _LETTERS, max_lines=_LINES, placeholder=" …")
    return {"text": one_line(figure.title, _TITLE), "subtitle": lines, "anchor": "start", "frame": "bounds"}
