"""The report as one HTML page, which opens from disk and loads nothing; the viewer serves the same page."""

from evalkit.report.page.html import html_report, live_page
from evalkit.report.page.reported import run_report
from evalkit.report.page.runs import Live, RunReport, trials_room
from evalkit.report.page.templates import STYLES, Templates

__all__ = ["STYLES", "Live", "RunReport", "Templates", "html_report", "live_page", "run_report", "trials_room"]
