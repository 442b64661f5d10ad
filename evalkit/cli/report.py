"""`evalkit report`."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.shared import form_of, json_option, mapped, provenance_of, rendered, wants_colour, write_file
from evalkit.engine import measure
from evalkit.errors import EvalkitError
from evalkit.plain import json_text
from evalkit.record import TrialReader, read_run_file
from evalkit.report import EXPORTS, junit, markdown

FORMATS = ("terminal", "json", "markdown", "junit", *EXPORTS)
ENDINGS = {
    ".txt": "terminal",
    ".json": "json",
    ".md": "markdown",
    ".xml": "junit",
    **{f".{name}": name for name in EXPORTS},
}
"""What the ending of a file says that it holds."""


@click.command(epilog="Example: evalkit report runs/20261122T031500Z-support-baseline-rules --format csv -o trials.csv")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option(
    "--format",
    "chosen",
    type=click.Choice(FORMATS),
    help="terminal, json, markdown and junit give results, recomputed from the trials; the others give the trials. By "
    "default what the ending of -o says (.txt: terminal, .md: markdown, .xml: junit), else terminal.",
)
@click.option("-o", "output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write to a file.")
@json_option
def command(runs: tuple[Path, ...], chosen: str | None, output: Path | None, as_json: bool) -> None:
    """Show or export what runs measured."""
    chosen = form_of(chosen, output, ENDINGS, as_json=as_json)
    data = _trials(runs, chosen) if chosen in EXPORTS else _results(runs, chosen).encode()
    if output is not None:
        write_file(output, data if chosen in EXPORTS else click.unstyle(data.decode()).encode())
    elif chosen in EXPORTS:
        click.echo(data, nl=False)  # which flushes: a broken pipe is noticed here, not at exit
    else:
        click.echo(data.decode(), nl=False, color=wants_colour())


def _trials(runs: tuple[Path, ...], chosen: str) -> bytes:
    if len(runs) > 1:
        raise EvalkitError(f"--format {chosen}: found {len(runs)} runs, expected one; export them one by one")
    with TrialReader(runs[0]) as reader:
        return EXPORTS[chosen](reader)


def _results(runs: tuple[Path, ...], chosen: str) -> str:
    measured = []
    for folder in runs:
        run = read_run_file(folder)
        with TrialReader(folder) as reader:
            measured.append((measure(run, reader), run, folder))
    if chosen == "junit":
        return junit([results for results, _, _ in measured]).decode()
    if chosen == "markdown":
        return "\n".join(markdown(results, provenance_of(run, folder)) for results, run, folder in measured)
    if chosen == "terminal":
        together = mapped([(results, run) for results, run, _ in measured])
        return "\n".join(rendered(*each) for each in measured) + together
    value = [results.as_json() for results, _, _ in measured]
    return json_text(value if len(value) > 1 else value[0]) + "\n"
