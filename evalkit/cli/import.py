"""`evalkit import`. No other module can import this one by its name, which is a word of Python; none needs to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from evalkit.cli.shared import FiniteFloat, json_option, print_json, read_columns, rendered, say, wants_colour
from evalkit.engine.importing import DEFAULT_CONFIDENCE, ImportOptions, import_trials
from evalkit.engine.table import KEYS
from evalkit.errors import EvalkitError
from evalkit.plain import counted

_HELP = f"""Make a run of trials that were measured elsewhere.

FILE is CSV with a header, JSONL or Parquet, one trial a row. --map says which column is what; a column that has the
very name of a key needs no mention, and KEY= leaves it aside:

\b
{"".join(f"  {key:<10} {meaning}{chr(10)}" for key, meaning in KEYS.items())}
Every item of a condition needs the same number of repeats. A table in which trials stand twice, or all rows have one
item, is refused. Repeats are never counted as if they were independent. Several models become several runs.
"""


@click.command(
    epilog="Example: evalkit import trials.csv --map item=question_id,passed=correct --threshold 0.9 -o runs/imported",
    help=_HELP,
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--map", "columns", multiple=True, metavar="KEY=COLUMN,...", help="Which column is what.")
@click.option(
    "--threshold",
    "thresholds",
    multiple=True,
    metavar="[TASK=]RATE",
    help="The pass rate needed for use, 0–1, of a task or of all others. May be given several times.",
)
@click.option(
    "--pass-score", type=FiniteFloat(0, 1), help="The least score that passes, where no column says what passed."
)
@click.option("--model", metavar="NAME", help="Who answered, where no column says it.  [default: imported]")
@click.option("--suite", metavar="NAME", help="What the runs' suite is called.  [default: the file's name]")
@click.option(
    "--confidence",
    type=FiniteFloat(0.5, 1, min_open=True, max_open=True),
    default=DEFAULT_CONFIDENCE,
    show_default=True,
    help="Of each verdict, both sides together.",
)
@click.option(
    "--k", type=click.IntRange(min=1), help="Refuse a table that cannot tell pass^k, having fewer repeats of its items."
)
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="RUN",
    help="The new run's folder; of several models, the folder that theirs are made in.",
)
@json_option
def command(
    file: Path, columns: Sequence[str], thresholds: Sequence[str], out: Path, as_json: bool, **said: object
) -> None:
    """See `_HELP`, which lists the keys."""
    threshold, by_task = _thresholds(thresholds)
    options = ImportOptions(
        columns=read_columns(columns),
        threshold=threshold,
        thresholds=by_task,
        **said,  # type: ignore[arg-type]  # click has read each as its option says
    )
    imported = import_trials(file, out, options)
    for warning in imported.warnings:
        say(f"warning: {warning}", err=True)
    for measured in imported.runs:
        tasks = counted(len(measured.results.tasks), "task")
        say(f"{measured.folder}: {measured.run.model}, {tasks} imported", err=True)
    if as_json:
        values = [{**each.results.as_json(), "warnings": list(imported.warnings)} for each in imported.runs]
        print_json(values if len(values) > 1 else values[0])
    else:
        text = "\n".join(rendered(each.results, each.run, each.folder) for each in imported.runs)
        click.echo(text, nl=False, color=wants_colour())


def _thresholds(given: Sequence[str]) -> tuple[float | None, dict[str, float]]:
    """`--threshold`: of all tasks that are not named, and of those that are."""
    by_task: dict[str, float] = {}
    for text in given:
        task, equals, written = text.rpartition("=")
        try:
            rate = float(written)
        except ValueError:
            rate = -1.0
        if not 0 <= rate <= 1 or (equals and not task):
            raise EvalkitError(f"--threshold {text}: expected a rate from 0 to 1 such as 0.9, or TASK=0.9")
        if task in by_task:
            raise EvalkitError(f"--threshold {text}: found it again, first as {by_task[task]:g}; say it once")
        by_task[task] = rate
    return by_task.pop("", None), by_task
