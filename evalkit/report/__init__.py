"""How results look."""

from evalkit.report.capability_map import MapEntry, capability_map
from evalkit.report.conjunction import conjunction_lines
from evalkit.report.export import EXPORTS
from evalkit.report.layout import Style, plain_style
from evalkit.report.notes import changes
from evalkit.report.reasons import Provenance
from evalkit.report.terminal import render, render_together

__all__ = [
    "EXPORTS",
    "MapEntry",
    "Provenance",
    "Style",
    "capability_map",
    "changes",
    "conjunction_lines",
    "plain_style",
    "render",
    "render_together",
]
