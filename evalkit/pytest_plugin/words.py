"""What is said of a test item and of a session, in plain words."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Container, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from evalkit.api import open_run
from evalkit.engine import Measured
from evalkit.engine.baseline import stored_baseline
from evalkit.errors import EvalkitError
from evalkit.findings.gate import BaselineSummary, GatedCondition, GateResult
from evalkit.gate import judge_run
from evalkit.plain import at_most, counted, one_line, padded, percent, percent_range, rounded, usd
from evalkit.pytest_plugin.measuring import Note, read_notes, reusing
from evalkit.record import TrialReader, TrialRow
from evalkit.report import Provenance
from evalkit.report.gate_sentences import difference, tolerated
from evalkit.report.layout import SIGNS, wrapped
from evalkit.report.money import cost_told
from evalkit.report.reasons import why
from evalkit.report.terminal import guaranteed
from evalkit.verdict import ConditionResult, TaskResult

_EXAMPLES = 3
_PROPERTIES = ("pass_rate", "mean_score", "low", "high", "margin", "margin_low", "margin_high", "threshold")


def properties(
    measured: Measured, condition: ConditionResult, gated: GatedCondition | None
) -> list[tuple[str, object]]:
    """What a report keeps of an item: rates from 0 to 1, to six digits; what was not measured is left out."""
    told: list[tuple[str, object]] = [(name, rounded(getattr(condition, name))) for name in _PROPERTIES]
    told += [("trials", condition.trials), ("void", condition.void)]
    paired = None if gated is None else gated.paired
    if paired is not None:
        told += [("regression", paired.regression), ("difference", rounded(paired.difference))]
        told += [("difference_low", rounded(paired.low)), ("difference_high", rounded(paired.high))]
        told.append(("pairs", paired.pairs))
    told.append(("run", str(measured.folder)))
    return [("verdict", condition.verdict), *((name, value) for name, value in told if value is not None)]


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
        provenance = Provenance.of(measured.run, measured.folder)
        for reason in why(replace(task, conditions=(condition,), weakest=condition), provenance):
            lines += wrapped(reason)
    lines += _examples(measured.folder, task.task, condition)
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
    return "\n".join([*lines, "Ask again what got no answer:", f"  {reusing(measured.folder)}"])


def got_worse(measured: Measured, gate: GateResult, task: TaskResult, gated: GatedCondition) -> str:
    """How a condition fell behind its baseline; the first line stands by itself."""
    assert gate.baseline is not None
    lines = [
        f"{_place(task, gated.result)} got worse by more than {tolerated(gate.baseline.tolerance)}",
        *_change(gate.baseline, gated),
    ]
    if gated.result.verdict != "unusable":  # else they are told already
        lines += [*_newly_failed(measured, task.task, gated.result), f"run: {measured.folder}"]
    return "\n".join(lines)


def not_held(measured: Measured, gate: GateResult, task: TaskResult, gated: GatedCondition) -> str:
    """That a condition may or may not have fallen behind its baseline; the first line stands by itself."""
    assert gate.baseline is not None
    lines = [
        f"{_place(task, gated.result)} is not shown to have held its baseline",
        *_change(gate.baseline, gated),
        *wrapped(
            "What would settle it: more items asked in both runs, so measure a longer baseline (evalkit run --fixed "
            "1000, evalkit gate --save-baseline), or a larger --evalkit-tolerance."
        ),
    ]
    return "\n".join([*lines, f"run: {measured.folder}"])


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
            yield "what was answered is kept; to take it into the next session:"
            yield f"  {reusing(note.folder)}"
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
    if measured.run.gate is not None:
        yield from _against(judge_run(measured.folder))
    yield f"  {note.folder}"


def _against(gate: GateResult) -> Iterator[str]:
    """How a run stands against its baseline, and what has changed since."""
    assert gate.baseline is not None
    stand: defaultdict[str, list[str]] = defaultdict(list)
    for task in gate.tasks:
        stand[task.regression or "not in it"].append(one_line(task.result.task, 24))
    told = "; ".join(f"{word}: {', '.join(tasks)}" for word, tasks in stand.items())
    yield from wrapped(f"compared with {one_line(gate.baseline.name, 60)}: {told}", indent="  ")
    for change in gate.baseline.changes:
        yield from wrapped(f"not as it was then: {change}", indent="  ")


def _task_line(task: TaskResult) -> str:
    weakest, spent = task.weakest, task.spend.cost_usd
    # Where a part was asked, what is weakest of it may be usable, and the task at the edge all the same.
    margin = "–" if weakest is None or weakest.verdict != task.verdict else guaranteed(weakest)
    where = "not measured" if weakest is None else f"at {one_line(weakest.condition, 20)}"
    trials = sum(each.trials for each in task.conditions)
    cost = "" if not spent else f", {usd(spent)}"
    sign = f"{SIGNS[task.verdict]} {task.verdict:<8}"
    return f"{sign} {padded(one_line(task.task, 24), 24)} margin {margin:>6} {where}, {counted(trials, 'trial')}{cost}"


def _place(task: TaskResult, condition: ConditionResult) -> str:
    return f"{one_line(task.task, 40)} at {one_line(condition.condition, 20)}"


def _rate(condition: ConditionResult) -> str:
    if condition.rate is None:
        return "nothing was measured"
    if condition.measure == "score":
        return f"{percent(condition.rate)} % is the mean score"
    return f"{percent(condition.rate)} % pass"


def _change(baseline: BaselineSummary, gated: GatedCondition) -> Iterator[str]:
    paired = gated.paired
    if paired is None:
        yield "the baseline has no answers to the same items"
    else:
        flips = f"{paired.worse:,} got worse and {paired.better:,} better"
        yield from wrapped(f"changed by {difference(paired)}, of which {flips}")
    measured = f"{one_line(baseline.model, 40)}, {one_line(baseline.started, 20)}"
    allowed = f"{tolerated(baseline.tolerance)} {'is' if baseline.tolerance == 0.01 else 'are'} allowed"
    yield from wrapped(f"compared with {one_line(baseline.name, 60)} ({measured}); {allowed}")


def _newly_failed(measured: Measured, task: str, condition: ConditionResult) -> Iterator[str]:
    """Answers that fail now, to items that passed in the baseline."""
    baseline = stored_baseline(measured.folder, measured.run)
    before = {} if baseline is None else baseline.before(task, condition.condition, condition.measure)
    passed = {item for item, values in before.items() if 1.0 in values}
    yield from _examples(measured.folder, task, condition, among=passed)


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


def _examples(
    folder: Path, task: str, condition: ConditionResult, *, among: Container[str] | None = None
) -> Iterator[str]:
    """The first answers that failed, in the order of the plan, of different items: any, or some."""
    failed: dict[str, TrialRow] = {}
    with TrialReader(folder) as reader:
        for row in _rows(reader, task, condition):
            if row.passed is False and (among is None or row.item in among):
                failed.setdefault(row.item, row)
    that = "" if among is None else " that passed in the baseline"
    if failed:
        some = f"failed at {counted(len(failed), 'item')}{that}, such as:"
        yield some if len(failed) > _EXAMPLES or that else "failed at:"
    for row in islice(failed.values(), _EXAMPLES):
        broken = [name for name, check in json.loads(row.constraints or "{}").items() if not check["passed"]]
        yield f"  {one_line(row.item, 30)}: {_quoted(row)}"
        yield f"    breaks {one_line(', '.join(broken) or 'no constraint: it is not a whole answer', 60)}"


def _quoted(row: TrialRow) -> str:
    return f'"{one_line(row.response, 44)}"' if (row.response or "").strip() and row.response else "(no text)"


def _rows(reader: TrialReader, task: str, condition: ConditionResult) -> Iterator[TrialRow]:
    return (row for row in reader.rows(task=task) if row.condition == condition.condition)
