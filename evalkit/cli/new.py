"""`evalkit new`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import click

from evalkit.cli.shared import json_option, print_json, say
from evalkit.errors import EvalkitError, SuiteError
from evalkit.suite import read_suite, suite_schema
from evalkit.suite.columns import Columns, read_columns
from evalkit.suite.starter import (
    DEFAULT_JUDGE,
    DEFAULT_TASK,
    DEFAULT_THRESHOLD,
    JUDGES,
    Answers,
    read_instruction,
    read_judge,
    read_task_name,
    read_threshold,
    starter_text,
)

_Read = TypeVar("_Read")


@click.command(epilog="Example: evalkit new my-suite.yaml --items cases.csv --judge exact --target answer")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--task", metavar="NAME", help=f"Name of the task.  [default: {DEFAULT_TASK}]")
@click.option(
    "--instruction", metavar="TEXT", help="What the model should do, in a sentence or two; {field} is filled."
)
@click.option("--threshold", metavar="RATE", help=f"Pass rate that makes it usable.  [default: {DEFAULT_THRESHOLD}]")
@click.option("--items", metavar="FILE", help="JSONL, CSV or Parquet; two example items without it.")
@click.option(
    "--judge", metavar="NAME", help=f"How to tell a right answer: {', '.join(JUDGES)}.  [default: {DEFAULT_JUDGE}]"
)
@click.option("--target", metavar="FIELD", help="The field of --items that holds the right answer.")
@click.option("--yes", is_flag=True, help="Ask nothing; take the default of whatever is not given.")
@json_option
def command(file: Path, yes: bool, as_json: bool, **given: str | None) -> None:
    """Write a first suite to change into your own, and the schema that lets an editor help.

    At a terminal it asks for what the options do not say; without one, nothing is asked. Nothing that exists is
    overwritten.
    """
    _refuse(file)
    asking = Asking(given, at_terminal=not yes and sys.stdin.isatty() and sys.stderr.isatty())
    answers = _answers(file, asking)
    text = starter_text(answers)
    try:
        read_suite(file, text)
    except SuiteError as error:  # better now than by the next command
        message = f"{file}: not written, because the items do not fit the judge {answers.judge}:\n{error}"
        raise EvalkitError(message) from None
    with file.open("x", encoding="utf-8", newline="") as opened:
        opened.write(text)
    schema = file.with_name("suite.schema.json")
    is_new = not schema.exists()
    if is_new:
        schema.write_text(json.dumps(suite_schema(), indent=2) + "\n", encoding="utf-8")
    if as_json:
        print_json({"file": str(file), "schema": str(schema)})
    else:
        say(_wrote(file, schema if is_new else None, answers))


def _wrote(file: Path, schema: Path | None, answers: Answers) -> str:
    beside = "" if schema is None else f", and {schema} for editors"
    if answers.instruction is None and answers.columns is not None:
        todo = "Its instruction is still an example: replace it by yours"
    else:
        todo = "Change it"
    return f"Wrote {file}{beside}. {todo}, then: evalkit check {file}"


def _refuse(file: Path) -> None:
    """See that the file can be written, before anything is asked."""
    if file.suffix not in {".yaml", ".yml"}:
        raise EvalkitError(f"{file}: found the ending {file.suffix!r}, expected .yaml")
    if file.exists():
        raise EvalkitError(f"{file}: exists already; name another file")
    if not file.parent.is_dir():
        raise EvalkitError(f"{file}: no folder {file.parent}; make it first")


@dataclass(frozen=True, slots=True)
class Asking:
    """Takes every answer from its option, else from the terminal if there is one, else from its default."""

    given: dict[str, str | None]
    at_terminal: bool

    def settle(self, option: str, question: str, read: Callable[[str], _Read], default: str | None) -> _Read | None:
        """One answer.

        Args:
            option: Its name without dashes.
            question: With its explanation, for a terminal.
            read: Makes the value of a text; raises EvalkitError, upon which a terminal asks again.
            default: Taken for no answer; where it is None, so is the value.

        Raises:
            EvalkitError: If the option is wrong, or the default cannot be had.
        """
        said = self.given.get(option)
        if said is not None or not self.at_terminal:
            said = default if said is None else said
            try:
                return None if said is None else read(said)
            except EvalkitError as error:
                raise EvalkitError(f"--{option}: {error}") from None
        say(f"\n{question}", err=True)
        while True:
            said = _line(f"{option} [{'an example' if default is None else default}]: ") or default
            try:
                return None if said is None else read(said)
            except EvalkitError as error:
                say(str(error), err=True)


def _line(prompt: str) -> str:
    """A line from the terminal; the prompt goes to standard error, since standard output is data.

    Raises:
        click.Abort: If there is no more.
    """
    click.echo(prompt, nl=False, err=True)
    try:
        line = sys.stdin.buffer.readline()
    except OSError:  # the terminal is gone
        line = b""
    if not line:
        raise click.Abort
    return line.decode(sys.stdin.encoding, "surrogateescape").strip()


def _answers(file: Path, asking: Asking) -> Answers:
    """Go through the questions, in an order in which each can rely on those before."""
    task = asking.settle(
        "task", "What is the task called? Letters, digits, dots and dashes.", read_task_name, DEFAULT_TASK
    )
    threshold = asking.settle(
        "threshold",
        "Which threshold? Of 100 answers, how many must be right for you to use it? 90 of 100 is 0.9.",
        read_threshold,
        repr(DEFAULT_THRESHOLD),
    )
    columns = asking.settle(
        "items",
        "Where are the items, the questions with their right answers? A file (JSONL, CSV, Parquet) in the suite's\n"
        "folder, or none: then two examples are written for you to replace.",
        lambda said: None if said == "none" else _columns(said, file.parent),
        "none",
    )
    judge, target = _judge(asking, columns)
    assert task is not None
    assert threshold is not None
    answers = Answers(
        suite=re.sub(r"[^A-Za-z0-9._-]+", "-", file.stem).strip("._-") or "suite",
        task=task,
        threshold=threshold,
        columns=columns,
        judge=judge,
        target=target,
    )
    fields = ", ".join(f"{{{name}}}" for name in answers.fields)
    instruction = asking.settle(
        "instruction",
        "What should the model do? One or two sentences, as you would tell it. What the item says is put below it, or\n"
        f"where you name it: {fields}.",
        lambda said: read_instruction(said, answers),
        None,
    )
    return replace(answers, instruction=instruction)


def _columns(said: str, folder: Path) -> Columns:
    columns = read_columns(said, folder)
    columns.shown(columns.likely_target)
    for name in columns.names:
        flaw = columns.flaw(name)
        if flaw is not None:
            say(f"{said}: the field {name!r} is left out: it {flaw}", err=True)
    return columns


def _judge(asking: Asking, columns: Columns | None) -> tuple[str, str | None]:
    """How an answer is judged, and by which field of the file."""
    ways = "\n".join(f"  {name:<9} {judge.about}" for name, judge in JUDGES.items())
    question = f"How is an answer judged? It is right when\n{ways}"
    judge = asking.settle("judge", question, lambda said: _fit(read_judge(said), columns), DEFAULT_JUDGE)
    assert judge is not None
    needless = None
    if not JUDGES[judge].needs_target:
        needless = f"the judge {judge} looks at no field"
    elif columns is None:
        needless = "it names a field of --items; the examples have theirs"
    if needless is not None:
        if asking.given.get("target") is not None:
            raise EvalkitError(f"--target: {needless}; leave it out")
        return judge, None
    assert columns is not None
    question = f"Which field holds the right answer? The file has: {', '.join(columns.names)}."
    return judge, asking.settle("target", question, lambda said: _target(said, judge, columns), columns.likely_target)


def _fit(judge: str, columns: Columns | None) -> str:
    if columns is not None and JUDGES[judge].needs_target and columns.likely_target is None:
        raise EvalkitError(
            f"{judge} compares with a right answer, and {columns.name} has no field for one; "
            f"add a column, or take one of {', '.join(name for name, each in JUDGES.items() if not each.needs_target)}"
        )
    return judge


def _target(said: str, judge: str, columns: Columns) -> str:
    target = columns.check_target(said)
    columns.shown(target)
    if judge == "choice":
        columns.options(target)
    return target
