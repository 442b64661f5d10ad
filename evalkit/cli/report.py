"""`evalkit report`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from evalkit.cli.shared import (
    form_of,
    json_option,
    map_entries,
    mapped,
    rendered,
    say,
    wants_colour,
    write_file,
)
from evalkit.engine import measure
from evalkit.errors import EvalkitError, did_you_mean
from evalkit.plain import json_text, printable, sentence
from evalkit.record import RunFile, TrialReader, read_run_file
from evalkit.report import EXPORTS, Provenance, junit, markdown, markdown_map
from evalkit.verdict import SuiteResult

PICTURES = ("svg", "png")
FORMATS = ("terminal", "html", "markdown", "json", "junit", *EXPORTS, *PICTURES)
ENDINGS = {
    ".txt": "terminal",
    ".html": "html",
    ".md": "markdown",
    ".xml": "junit",
    **{f".{name}": name for name in ("json", *EXPORTS, *PICTURES)},
}
"""What the ending of a file says that it holds."""
_OF_SEVERAL = ("map", "pareto")
"""Figures that take several models."""
_BINARY = ("parquet", "png")
LOOKS = Path("reports")
"""The folder of a project whose templates, styles and scripts win over the shipped ones."""


@click.command(epilog="Example: evalkit report runs/20261122T031500Z-support-baseline-rules -o report.html")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option(
    "--format",
    "chosen",
    type=click.Choice(FORMATS),
    help="terminal, html, markdown, json and junit give results, recomputed from the trials; jsonl, csv and parquet "
    "give the trials; svg and png draw results. By default what the ending of -o says (.txt: terminal, .md: markdown, "
    ".xml: junit), else terminal.",
)
@click.option(
    "--figure",
    metavar="NAME",
    help="Draw this figure only, such as map, margins or TASK-noise.  [default: those that answer first]",
)
@click.option("-o", "output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write to a file.")
@json_option
def command(runs: tuple[Path, ...], chosen: str | None, figure: str | None, output: Path | None, as_json: bool) -> None:
    """Show, draw or export what runs measured.

    html is one page that holds everything and loads nothing. Files of the same name in the folder reports/ of your
    project change its look.
    """
    chosen = form_of(chosen, output, ENDINGS, as_json=as_json)
    if figure is not None and chosen not in PICTURES:
        raise EvalkitError(f"--figure {figure}: found --format {chosen}, expected svg or png")
    if output is None and chosen in _BINARY and sys.stdout.isatty():
        raise EvalkitError(f"--format {chosen}: a terminal cannot show it; name a file with -o")
    if chosen in EXPORTS:
        _export(runs, chosen, output)
        return
    data = _made(runs, chosen, figure, to_file=output is not None)
    if output is not None:
        write_file(output, click.unstyle(data.decode()).encode() if chosen == "terminal" else data)
    elif chosen == "terminal":
        click.echo(data.decode(), nl=False, color=wants_colour())
    else:
        click.echo(data, nl=False)  # which flushes: a broken pipe is noticed here, not at exit


def _made(runs: tuple[Path, ...], chosen: str, figure: str | None, *, to_file: bool) -> bytes:
    if chosen == "html":
        return _page(runs)
    if chosen in PICTURES:
        return _picture(runs, chosen, figure)
    return _results(_measured(runs), chosen, to_file=to_file).encode()


def _export(runs: tuple[Path, ...], chosen: str, output: Path | None) -> None:
    if len(runs) > 1:
        raise EvalkitError(f"--format {chosen}: found {len(runs)} runs, expected one; export them one by one")
    with TrialReader(runs[0]) as reader:
        pieces = EXPORTS[chosen](reader)
        if output is not None:
            write_file(output, pieces)
            return
        for piece in pieces:
            # Programs get bidirectional marks as they are; a terminal would obey them.
            click.echo(printable(piece.decode()) if chosen == "csv" and sys.stdout.isatty() else piece, nl=False)


def _page(runs: tuple[Path, ...]) -> bytes:
    from evalkit.browse.reports import report_runs, scale_of
    from evalkit.report.page import Templates, html_report

    overrides = LOOKS if LOOKS.is_dir() else None
    for warning in Templates(overrides).unused():
        say(f"warning: {warning}", err=True)
    reports = report_runs(runs)
    scale = scale_of(runs, [each.result for each in reports])
    return html_report(reports, scale=scale, overrides=overrides)


def _picture(runs: tuple[Path, ...], chosen: str, named: str | None) -> bytes:
    from evalkit.browse.reports import run_price
    from evalkit.report.capability_map import left_out
    from evalkit.report.charts import alone, figures_of, in_order, overview, sheet
    from evalkit.report.picture import picture

    measured = _measured(runs)
    entries = map_entries([(results, run) for results, run, _ in measured])
    results, notes = in_order(entries), [*map(sentence, left_out(entries))]
    prices = {run.model: run_price(folder, run) for _, run, folder in measured} if len(results) > 1 else {}
    if named is None:
        shown = overview(results, prices)
        if not shown:
            raise EvalkitError(f"--format {chosen}: found nothing to draw: no task was measured")
        spec = sheet(shown, notes)
    else:
        figures = {each.id: each for each in figures_of(results, prices)}
        if named not in figures:
            raise EvalkitError(f"--figure {named}: {_no_figure(named, results)}. {did_you_mean(named, figures)}")
        spec = alone(figures[named], notes)
    return picture(spec, "png" if chosen == "png" else "svg")


def _no_figure(named: str, results: Sequence[SuiteResult]) -> str:
    """Why a figure is not there."""
    alone = max(Counter(result.suite for result in results).values()) == 1
    if alone and named.rpartition("-")[2] in _OF_SEVERAL:
        return "it compares models, and there are no runs of two of the same suite"
    return "no such figure"


def _measured(runs: Sequence[Path]) -> list[tuple[SuiteResult, RunFile, Path]]:
    measured = []
    for folder in runs:
        run = read_run_file(folder)
        with TrialReader(folder) as reader:
            measured.append((measure(run, reader), run, folder))
    return measured


def _results(measured: Sequence[tuple[SuiteResult, RunFile, Path]], chosen: str, *, to_file: bool) -> str:
    if chosen == "junit":
        return junit([results for results, _, _ in measured]).decode()
    if chosen == "markdown":
        together = markdown_map(map_entries([(results, run) for results, run, _ in measured]))
        reports = [markdown(results, Provenance.of(run, folder)) for results, run, folder in measured]
        return "\n".join([*([together] if together else []), *reports])
    if chosen == "terminal":
        map_below = mapped([(results, run) for results, run, _ in measured], to_file=to_file)
        return "\n".join(rendered(*each, to_file=to_file) for each in measured) + map_below
    value = [results.as_json() for results, _, _ in measured]
    return json_text(value if len(value) > 1 else value[0]) + "\n"
