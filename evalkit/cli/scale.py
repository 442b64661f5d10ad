"""`evalkit scale`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.shared import (
    FiniteFloat,
    colour,
    form_of,
    format_options,
    names,
    read_columns,
    wants_colour,
    write_file,
)
from evalkit.errors import EvalkitError, did_you_mean

if TYPE_CHECKING:
    from evalkit.scale import Against, Question, Scale

FORMATS = ("terminal", "json", "svg", "png")
ENDINGS = {".txt": "terminal", ".json": "json", ".svg": "svg", ".png": "png"}
"""What the ending of a file says that it holds."""
TABLES = (".csv", ".jsonl", ".parquet")


def _size(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """A size such as 70m or 1e22, as an option gives it."""
    from evalkit.scale import read_size

    try:
        return None if value is None else read_size(value)
    except EvalkitError as error:
        raise click.BadParameter(str(error), ctx, param) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What the options say of where the models come from, and of all of them together."""

    sizes: tuple[str, ...]
    tasks: tuple[str, ...]
    condition: tuple[str, ...]
    threshold: float | None
    columns: tuple[str, ...]
    against: Against | None
    budget: float | None


@click.command(epilog="Example: evalkit scale runs/*-ladder-tiny-* --predict 5m -o ladder.svg")
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...|TABLE")
@click.option(
    "--size",
    "sizes",
    multiple=True,
    metavar="NAME=PARAMS[,tokens=N,flops=N]",
    help="How large a model is, such as mine=70m; goes before its card. May be given several times.",
)
@click.option(
    "--against",
    type=click.Choice(("params", "tokens", "flops")),
    help="What size is.  [default: what is known of most models]",
)
@click.option("--tasks", multiple=True, callback=names, metavar="A,B", help="Only these tasks.")
@click.option(
    "--condition",
    multiple=True,
    callback=names,
    metavar="A,B",
    help="Only these conditions of runs.  [default: clean, and the levels of a difficulty axis]",
)
@click.option(
    "--predict",
    callback=_size,
    metavar="SIZE",
    help="A size whose pass rate is predicted, with the check that goes along.",
)
@click.option(
    "--leave-out",
    type=click.IntRange(min=0),
    help="Sizes, the largest, that the check leaves out.  [default: a quarter]",
)
@click.option(
    "--below", callback=_size, metavar="SIZE", help="Fit the curve to smaller sizes only, and check it with the others."
)
@click.option("--threshold", type=FiniteFloat(0, 1), help="The pass rate needed for use, of a table.")
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="KEY=COLUMN,...",
    help="Which column of a table is what: model, task, params, tokens, flops, pass_rate, trials, passes, stderr, "
    "score, loss. COLUMN*1e9 multiplies by a number.",
)
@click.option("--budget", callback=_size, metavar="FLOP", help="Of training, for the scaling law.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the bootstrap.")
@format_options(FORMATS)
def command(sources: tuple[Path, ...], chosen: str | None, output: Path | None, as_json: bool, **said: Any) -> None:
    """Show pass rate, score and loss against the size of models, and where the threshold is crossed.

    RUN is the folder of a run; each model's size is what its card says, or --size. TABLE is one CSV, JSONL or Parquet
    file with a model, or a checkpoint, a row. The shape of each rise is called smooth, sharp or metric-made: the pass
    rate jumps while the score or the loss moves on evenly.
    """
    form = form_of(chosen, output, ENDINGS, as_json=as_json)
    scale = _scale(sources, said)
    data = _drawn(scale, form)
    if output is not None:
        write_file(output, click.unstyle(data.decode()).encode() if form == "terminal" else data)
    elif form == "png":
        click.echo(data, nl=False)
    else:
        click.echo(data.decode(), nl=False, color=wants_colour())


def _scale(sources: Sequence[Path], said: Mapping[str, Any]) -> Scale:
    from evalkit.scale import Question

    if said["below"] is not None and said["leave_out"] is not None:
        raise EvalkitError("--below and --leave-out both say what the check leaves out; leave one of them out")
    asked = _Asked(**{field.name: said[field.name] for field in fields(_Asked)})
    question = Question(predict=said["predict"], leave_out=said["leave_out"], below=said["below"], seed=said["seed"])
    of = _of_table if any(source.suffix in TABLES for source in sources) else _of_runs
    return of(sources, asked, question)


def _of_runs(sources: Sequence[Path], asked: _Asked, question: Question) -> Scale:
    from evalkit.engine.scaling import read_ladder
    from evalkit.scale import find_scale, sizes_given
    from evalkit.scale.conjunction import conjunctions
    from evalkit.scale.scale import known_against

    if asked.columns or asked.threshold is not None:
        raise EvalkitError("--map and --threshold are for tables, found run folders; a run's suite has its thresholds")
    for source in sources:
        if source.is_file():
            raise EvalkitError(f"{source}: found a file, expected a run's folder, or a table in {', '.join(TABLES)}")
    ladder = read_ladder(sources, sizes_given(asked.sizes), tasks=asked.tasks, conditions=asked.condition)
    return find_scale(
        ladder.series,
        replace(question, against=asked.against or known_against(ladder.series)),
        total=ladder.total,
        conjunctions=[each for each in conjunctions(ladder.results) if not asked.tasks or each.task in asked.tasks],
        budget_flops=asked.budget,
        notes=ladder.notes,
    )


def _of_table(sources: Sequence[Path], asked: _Asked, question: Question) -> Scale:
    from evalkit.scale import find_scale, read_series
    from evalkit.scale.scale import known_against

    if len(sources) > 1:
        raise EvalkitError(f"found {len(sources)} sources, expected one table alone, or run folders")
    if asked.sizes or asked.condition:
        raise EvalkitError("--size and --condition are for runs, found a table; its columns say how large models are")
    series = read_series(sources[0], read_columns(asked.columns), threshold=asked.threshold)
    known = [each.task for each in series]
    wrong = [f"--tasks {name}: no such task. {did_you_mean(name, known)}" for name in asked.tasks if name not in known]
    if wrong:
        raise EvalkitError("\n".join(wrong))
    series = [each for each in series if not asked.tasks or each.task in asked.tasks]
    return find_scale(
        series, replace(question, against=asked.against or known_against(series)), budget_flops=asked.budget
    )


def _drawn(scale: Scale, form: str) -> bytes:
    if form == "json":
        from evalkit.plain import json_text

        return (json_text(scale.as_json()) + "\n").encode()
    if form == "terminal":
        from evalkit.report.scale import render_scale

        return render_scale(scale, style=colour).encode()
    from evalkit.report.charts.scale_chart import scale_chart
    from evalkit.report.picture import picture

    return picture(scale_chart(scale), "png" if form == "png" else "svg")
