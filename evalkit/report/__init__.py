"""How results look."""

from evalkit.report.export import EXPORTS
from evalkit.report.notes import changes
from evalkit.report.reasons import Provenance
from evalkit.report.terminal import Style, plain_style, render, render_together

__all__ = ["EXPORTS", "Provenance", "Style", "changes", "plain_style", "render", "render_together"]
