"""What several commands share: options, opening a model, colours."""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from evalkit.errors import EXIT_INFRASTRUCTURE, EvalkitError, RecordError
from evalkit.plain import json_text, printable

if TYPE_CHECKING:
    from evalkit.record import RunFile
    from evalkit.report import MapEntry
    from evalkit.transport import Bounds, Opener
    from evalkit.verdict import SuiteResult

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_NEXT_KEY = re.compile(r",(?=\s*\w+\s*=)")
"""A comma before a key of `--map`; others belong to a column's name."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
allow_code_option = click.option(
    "--allow-code", is_flag=True, help="Run Python that the suite or the model names; read it first."
)
adapters_option = click.option(
    "--adapters",
    "adapters",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of cards and dialects of yours; its Python may run. May be given several times.",
)
settings_option = click.option(
    "-M",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting of the model: base_url, or anything to send with every request (temperature=0).",
)
seed_option = click.option("--seed", type=int, default=0, show_default=True, help="Of item order and perturbations.")


class FiniteFloat(click.FloatRange):
    """A number within a range; unlike click's, never nan or infinite."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the number."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


class Spelled(click.Option):
    """An option that may be typed in another way, too; help, its variable and messages know the first only.

    Args:
        also: The other spelling, with its dashes.
    """

    def __init__(self, *arguments: Any, also: str, **given: Any) -> None:
        super().__init__(*arguments, **given)
        self.also = also

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Have the parser take both."""
        super().add_to_parser(parser, ctx)
        action = "append" if self.multiple else "store"
        parser.add_option(self, opts=[self.also], dest=self.name, action=action, nargs=self.nargs)


def names(_: click.Context, __: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    """Read an option that takes several names, separated by commas or by giving it again."""
    read = tuple(name.strip() for value in values for name in value.split(",") if name.strip())
    if values and not read:  # such as "$TASKS" of a variable that is not set: everything is hardly what was meant
        raise click.BadParameter("found no name, expected one or more, separated by commas")
    return read


def scope_options(command: Decorated) -> Decorated:
    """How much of a suite is run."""
    from evalkit.plan import DEFAULT_MAX_CALLS

    options = [
        click.option(
            "--tasks",
            cls=Spelled,
            also="--task",
            multiple=True,
            callback=names,
            metavar="A,B",
            help="Only these tasks.",
        ),
        click.option(
            "--conditions",
            multiple=True,
            callback=names,
            metavar="A,B",
            help="Only these conditions (noise@0.05) or perturbations (noise). Which ones count stays as it is.",
        ),
        click.option("--limit", type=click.IntRange(min=1), help="Only the first items of each task's order."),
        click.option(
            "--fixed",
            type=click.IntRange(min=1),
            help="So many trials a condition (for repeats, items), judged once; without this, as many as it takes.",
        ),
        click.option(
            "--max-calls",
            type=click.IntRange(min=1),
            default=DEFAULT_MAX_CALLS,
            show_default=True,
            help="A condition's budget in calls.",
        ),
        click.option(
            "--calibrated",
            is_flag=True,
            help="Tests whose error rates are exactly as promised: fewer calls, but the budget can never grow.",
        ),
        click.option(
            "--confidence",
            type=FiniteFloat(0.5, 1, min_open=True, max_open=True),
            help="Of each verdict, both sides together; the suite's without this.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def read_settings(settings: Sequence[str]) -> dict[str, Any]:
    """`-M key=value` as a mapping; a value that reads as JSON is JSON (0.2, true, {"type": "x"}), else text.

    Raises:
        EvalkitError: If a setting has no `=`. Which names and values may be sent, the adapter checks.
    """
    read: dict[str, Any] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise EvalkitError(f"-M {setting}: found no KEY=VALUE, expected such as temperature=0")
        try:
            read[name] = json.loads(value)
        except (ValueError, RecursionError):
            read[name] = value
    return read


def read_columns(given: Sequence[str]) -> dict[str, str]:
    """`--map` as a mapping from keys to columns.

    Raises:
        EvalkitError: If a part has no `=`, or a key is named twice.
    """
    columns: dict[str, str] = {}
    for pair in (pair for text in given for pair in _NEXT_KEY.split(text)):
        key, equals, column = (part.strip() for part in pair.partition("="))
        if not equals or not key:
            raise EvalkitError(f"--map {pair}: found no KEY=COLUMN, expected such as item=question_id")
        if key in columns:
            raise EvalkitError(f"--map {pair}: found {key} again, first as {key}={columns[key]}; say it once")
        columns[key] = column
    return columns


def form_of(chosen: str | None, output: Path | None, endings: Mapping[str, str], *, as_json: bool) -> str:
    """The format that `--format`, `-o` and `--json` say; `terminal` when none of them does.

    Args:
        chosen: By `--format`.
        output: By `-o`.
        endings: What the ending of a file says that it holds.
        as_json: Whether `--json` is given.

    Raises:
        EvalkitError: If they contradict each other, or the file's ending says nothing.
    """
    ending = output.suffix.lower() if output is not None else ""
    if chosen is None and not as_json and ending and ending not in endings:
        raise EvalkitError(f"-o {output}: no format ends in {ending}; say --format, or end in {', '.join(endings)}")
    form = chosen or endings.get(ending, "json" if as_json else "terminal")
    if as_json and form != "json":
        found = f"--format {form}" if chosen else f"-o {output}"
        raise EvalkitError(f"--json: found {found}, which says otherwise; leave one of them out")
    return form


def write_file(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write what `-o` asks for.

    Args:
        path: Where to.
        data: What, at once or in pieces. What is made piece by piece may fail on the way, and is put in its place when
            it is whole; but not where that is no file, such as a pipe.

    Raises:
        RecordError: If the disk or the folder refuses.
    """
    try:
        if isinstance(data, bytes):
            path.write_bytes(data)
        elif path.exists() and not path.is_file():
            _write_pieces(path, data)
        else:
            place = path.resolve()
            partial = place.with_name(f".{place.name}.partial")
            try:
                _write_pieces(partial, data)
                partial.replace(place)
            finally:
                partial.unlink(missing_ok=True)
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error.strerror}", exit_code=EXIT_INFRASTRUCTURE) from None


def _write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(pieces)


def opener(
    adapters: Sequence[Path],
    *,
    allow_code: bool,
    timeout_s: float | None = None,
    need_key: bool = True,
    bounds: Bounds | None = None,
) -> Opener:
    """As `evalkit.transport.opener`, which is imported no earlier than that: it is slow, and help needs none."""
    from evalkit import transport

    return transport.opener(
        adapters, allow_code=allow_code, timeout_s=timeout_s, need_key=need_key, bounds=bounds or transport.Bounds()
    )


def format_options(formats: Sequence[str]) -> Callable[[Decorated], Decorated]:
    """In which format a result is shown, and where; `form_of` reads them."""

    def decorate(command: Decorated) -> Decorated:
        told = "By default what the ending of -o says (.txt: terminal), else terminal."
        command = json_option(command)
        file = click.Path(dir_okay=False, path_type=Path)
        command = click.option("-o", "output", type=file, metavar="FILE", help="Write to a file.")(command)
        return click.option("--format", "chosen", type=click.Choice(formats), help=told)(command)

    return decorate


def reuse_option(command: Decorated) -> Decorated:
    """Whose answers are taken."""
    return click.option(
        "--reuse",
        multiple=True,
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        metavar="RUN",
        help="Take answers to the very same requests from this run. May be given several times.",
    )(command)


def rendered(results: SuiteResult, run: RunFile, folder: Path, *, to_file: bool = False) -> str:
    """A run's results for people: at a terminal with bars and colour, else in words (`wants_words`)."""
    from evalkit.report import Provenance, render

    words, results = wants_words(to_file=to_file), _fit_names(results, to_file=to_file)
    return _fit(render(results, Provenance.of(run, folder), style=colour, words_only=words), to_file=to_file)


def map_entries(runs: Sequence[tuple[SuiteResult, RunFile]]) -> list[MapEntry]:
    """Several runs, as a capability map needs them."""
    from evalkit.report import MapEntry

    return [
        MapEntry(
            result=results,
            sha256=run.suite.sha256,
            started=run.started,
            size=None if run.size is None else run.size.params,
        )
        for results, run in runs
    ]


def mapped(runs: Sequence[tuple[SuiteResult, RunFile]], *, to_file: bool = False) -> str:
    """The capability map of several runs, as `rendered`; empty where there is none to draw."""
    from evalkit.report import capability_map

    words = wants_words(to_file=to_file)
    entries = map_entries([(_fit_names(results, to_file=to_file), run) for results, run in runs])
    return _fit(capability_map(entries, style=colour, words_only=words), to_file=to_file)


def wants_words(stream: TextIO | None = None, *, to_file: bool = False) -> bool:
    """Whether what people read is words and numbers only; docs/cli.md has the rule.

    Args:
        stream: Where it is written; standard output without this.
        to_file: Whether it goes to a file instead.
    """
    from evalkit.report.layout import words_only

    stream = stream or sys.stdout
    return to_file or words_only(os.environ, terminal=stream.isatty(), encoding=stream.encoding)


def _fit_names(results: SuiteResult, *, to_file: bool) -> SuiteResult:
    from evalkit.report.layout import fit_names

    return results if to_file else fit_names(results, sys.stdout.encoding)


def _fit(text: str, *, to_file: bool) -> str:
    from evalkit.report.layout import fit_encoding

    return text if to_file else fit_encoding(text, sys.stdout.encoding)


def colour(text: str, role: str) -> str:
    """Colour a text for the terminal; click drops it where colour is not wanted."""
    styles: dict[str, dict[str, Any]] = {
        "good": {"fg": "green"},
        "bad": {"fg": "red"},
        "open": {"fg": "yellow"},
        "dim": {"dim": True},
        "strong": {"bold": True},
    }
    return click.style(text, **styles[role])


def wants_colour() -> bool | None:
    """False where words are wanted (`NO_COLOR`, https://no-color.org, is one reason), else click decides."""
    return False if wants_words() else None


def say(text: str = "", *, err: bool = False) -> None:
    """Print a line of text that may come from outside; progress that nobody can read ends no run."""
    with contextlib.suppress(*([OSError] if err else [])):
        click.echo(printable(text), err=err)


def show(text: str) -> int:
    """Print to standard output; that nobody can read it is no reason to stop, nor for another exit code.

    Returns:
        0, or 4 when the output is refused (a full disk).
    """
    try:
        click.echo(text, nl=False, color=wants_colour())
    except BrokenPipeError:  # whoever read it has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        say(f"The results cannot be printed: {error.strerror}; `evalkit report` shows them again.", err=True)
        return EXIT_INFRASTRUCTURE
    return 0


def print_json(value: Any) -> None:
    """Print a JSON document to standard output."""
    click.echo(json_text(value))
