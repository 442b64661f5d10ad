"""How results look."""

from evalkit.report.capability_map import MapEntry, capability_map
from evalkit.report.conjunction import conjunction_lines
from evalkit.report.export import EXPORTS
from evalkit.report.gate import render_gate
from evalkit.report.github import github_annotations, task_lines, workspace_path, write_step_summary
from evalkit.report.junit import junit
from evalkit.report.layout import Style, plain_style
from evalkit.report.markdown import markdown
from evalkit.report.markdown_map import markdown_map
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
    "github_annotations",
    "junit",
    "markdown",
    "markdown_map",
    "plain_style",
    "render",
    "render_gate",
    "render_together",
    "task_lines",
    "workspace_path",
    "write_step_summary",
]
