"""How results look."""

from evalkit.report.export import EXPORTS
from evalkit.report.terminal import Style, plain_style, render

__all__ = ["EXPORTS", "Style", "plain_style", "render"]
