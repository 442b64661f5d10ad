"""`evalkit compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.shared import colour, form_of, format_options, say, wants_colour, write_file

if TYPE_CHECKING:
    from evalkit.findings.compare import RunComparison

FORMATS = ("terminal", "json")
ENDINGS = {".txt": "terminal", ".json": "json"}
"""What the ending of a file says that it holds."""


@click.command(epilog="Example: evalkit compare runs/*-support-openai-small runs/*-support-openai-large")
@click.argument("run_a", type=click.Path(path_type=Path), metavar="RUN_A")
@click.argument("run_b", type=click.Path(path_type=Path), metavar="RUN_B")
@click.option(
    "--flips",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="How many items of a task that passed with one of the two only are shown, each way; JSON has all.",
)
@format_options(FORMATS)
def command(run_a: Path, run_b: Path, flips: int, chosen: str | None, output: Path | None, as_json: bool) -> None:
    """Compare two runs item by item, and say which differences are shown.

    RUN_A and RUN_B are folders of runs; differences are B minus A. Runs that did not ask the same (another seed, suite,
    prompt) are compared without pairing items, with a warning.
    """
    form = form_of(chosen, output, ENDINGS, as_json=as_json)
    from evalkit.compare import compare_runs

    comparison = compare_runs(run_a, run_b)
    for warning in comparison.warnings:
        say(f"warning: {warning}", err=True)
    text = _told(comparison, form, flips)
    if output is not None:
        write_file(output, click.unstyle(text).encode())
    else:
        click.echo(text, nl=False, color=wants_colour())


def _told(comparison: RunComparison, form: str, flips: int) -> str:
    if form == "json":
        from evalkit.plain import json_text

        return json_text(comparison.as_json()) + "\n"
    from evalkit.report.compare import render_comparison

    return render_comparison(comparison, flips=flips, style=colour)
