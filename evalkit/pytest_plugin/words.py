"""What is said of a test item and of a session, in plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from evalkit.api import open_run
from evalkit.engine import Measured
from evalkit.errors import EvalkitError
from evalkit.plain import at_most, counted, one_line, percent, percent_range, rounded, usd
from evalkit.pytest_plugin.measuring import Note, read_notes
from evalkit.record import TrialReader, TrialRow
from evalkit.report import Provenance
from evalkit.report.layout import SIGNS, wrapped
from evalkit.report.money import cost_told
from evalkit.report.reasons import why
from evalkit.report.terminal import guaranteed
from evalkit.verdict import ConditionResult, TaskResult

_EXAMPLES = 3
_PROPERTIES = ("pass_rate", "mean_score", "low", "high", "margin", "margin_low", "margin_high", "threshold")


def properties(measured: Measured, condition: ConditionResult) -> list[tuple[str, object]]:
    """What a report keeps of an item: rates from 0 to 1, to six digits; what was not measured is left out."""
    rates = [(name, rounded(getattr(condition, name))) for name in _PROPERTIES]
    told: list[tuple[str, object]] = [(name, value) for name, value in rates if value is not None]
    return [
        ("verdict", condition.verdict),
        *told,
        ("trials", condition.trials),
        ("void", condition.void),
        ("run", str(measured.folder)),
    ]


def left_out(condition: ConditionResult) -> str:
    """Why an item has no verdict of its own, in a line."""
    if not condition.trials + condition.void:
        return "not asked: it does not count" if not condition.counts else "not asked: the task was decided before"
    stands = f"{_rate(condition)} in {counted(condition.trials, 'trial')}"
    if not condition.counts:
        return f"explored only, does not count: {stands}, {condition.verdict}"
    return f"the task was decided before this condition was: {stands} so far"


def explained(measured: Measured, task: TaskResult, condition: ConditionResult) -> str:
    """Why a condition is unusable or at the edge; the first line stands by itself."""
    word = "unusable" if condition.verdict == "unusable" else "at the edge"
    lines = [
        f"{_place(task, condition)} is {word}: {_rate(condition)}, {percent(condition.threshold)} % needed",
        *_interval(measured, condition),
    ]
    if condition.verdict == "edge":
        run = measured.run
        provenance = Provenance(
            folder=str(measured.folder),
            seed=run.seed,
            confidence=run.confidence,
            limited=run.scope.limit is not None,
            ended=run.finished is not None,
        )
        for reason in why(replace(task, conditions=(condition,), weakest=condition), provenance):
            lines += wrapped(reason)
    lines += _examples(measured.folder, condition, task.task)
    return "\n".join([*lines, f"run: {measured.folder}"])


def no_answers(measured: Measured, task: TaskResult, condition: ConditionResult) -> str:
    """That a condition could not be judged for want of answers, which is not the model's fault."""
    total = condition.trials + condition.void
    lines = [
        f"{_place(task, condition)} was not judged: {condition.void} of {counted(total, 'trial')} brought no answer",
        *wrapped(
            "Whether it is usable depends on what they would have been. This says something of the network or the "
            "provider, not of the model."
        ),
    ]
    with TrialReader(measured.folder) as reader:
        void = next((row for row in _rows(reader, task.task, condition) if row.void_reason is not None), None)
    if void is not None:
        lines += wrapped(f"the first of them: {one_line(f'{void.void_reason}: {void.void_message}', 200)}")
    return "\n".join([*lines, f"Ask again what got no answer: evalkit run --resume {measured.folder}"])


def summary(folder: Path) -> Iterator[str]:
    """The runs of a session, a line for each task.

    Args:
        folder: Shared by all processes of the session.
    """
    for note in read_notes(folder):
        yield from _told(note)


def _told(note: Note) -> Iterator[str]:
    name = f"{one_line(note.suite, 60)} with {one_line(note.model, 60)}"
    if note.state == "failed":
        yield f"{name}: not measured"
        for line in note.message.splitlines():
            yield from wrapped(line, indent="  ")
    if note.state == "begun":
        yield f"{name}: stopped"
    if note.state != "ended":
        if note.folder:
            yield "go on with it, or take what was answered into the next session:"
            yield f"  evalkit run --resume {note.folder}"
            yield f"  pytest … --evalkit-reuse {note.folder}"
        return
    try:
        measured = open_run(note.folder)
    except EvalkitError as error:  # somebody may have moved it
        yield from wrapped(f"{name}: {error}")
        return
    totals = measured.results.totals
    void = f", {totals.void:,} void" if totals.void else ""
    yield f"{name}: {counted(totals.calls, 'call')}{void}, {cost_told(measured.results)}, {totals.seconds:.1f} s"
    for task in measured.results.tasks:
        whole = all(terms.units for terms in measured.run.terms if terms.counts and terms.task == task.task)
        yield f"  {_task_line(task)}{'' if whole else ', in part'}"
    yield f"  {note.folder}"


def _task_line(task: TaskResult) -> str:
    weakest, spent = task.weakest, task.spend.cost_usd
    # Where a part was asked, what is weakest of it may be usable, and the task at the edge all the same.
    margin = "–" if weakest is None or weakest.verdict != task.verdict else guaranteed(weakest)
    where = "not measured" if weakest is None else f"at {one_line(weakest.condition, 20)}"
    trials = sum(each.trials for each in task.conditions)
    cost = "" if not spent else f", {usd(spent)}"
    sign = f"{SIGNS[task.verdict]} {task.verdict:<8}"
    return f"{sign} {one_line(task.task, 24):<24} margin {margin:>6} {where}, {counted(trials, 'trial')}{cost}"


def _place(task: TaskResult, condition: ConditionResult) -> str:
    return f"{one_line(task.task, 40)} at {one_line(condition.condition, 20)}"


def _rate(condition: ConditionResult) -> str:
    if condition.rate is None:
        return "nothing was measured"
    if condition.measure == "score":
        return f"{percent(condition.rate)} % is the mean score"
    return f"{percent(condition.rate)} % pass"


def _interval(measured: Measured, condition: ConditionResult) -> Iterator[str]:
    if condition.low is None or condition.high is None:
        return
    between = percent_range(condition.low, condition.high).replace("–", " and ")
    margin = ""
    if condition.verdict == "unusable" and condition.margin_high is not None:
        margin = f"; margin {at_most(condition.margin_high)} points at best"
    confidence = f"{100 * measured.run.confidence:g} %"
    yield from wrapped(
        f"between {between} % after {counted(condition.trials, 'trial')}{margin} (verdicts hold at {confidence})"
    )


def _examples(folder: Path, condition: ConditionResult, task: str) -> Iterator[str]:
    """The first answers that failed, of different items, in the order of the plan."""
    failed: dict[str, TrialRow] = {}
    with TrialReader(folder) as reader:
        for row in _rows(reader, task, condition):
            if row.passed is False:
                failed.setdefault(row.item, row)
    if failed:
        yield f"failed at {counted(len(failed), 'item')}, such as:" if len(failed) > _EXAMPLES else "failed at:"
    for row in islice(failed.values(), _EXAMPLES):
        broken = [name for name, check in json.loads(row.constraints or "{}").items() if not check["passed"]]
        yield f"  {one_line(row.item, 30)}: {_quoted(row)}"
        yield f"    breaks {one_line(', '.join(broken) or 'no constraint: it is not a whole answer', 60)}"


def _quoted(row: TrialRow) -> str:
    return f'"{one_line(row.response, 44)}"' if (row.response or "").strip() and row.response else "(no text)"


def _rows(reader: TrialReader, task: str, condition: ConditionResult) -> Iterator[TrialRow]:
    return (row for row in reader.rows(task=task) if row.condition == condition.condition)
