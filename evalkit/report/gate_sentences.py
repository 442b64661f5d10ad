"""What a gate found, in sentences: for the terminal, for Markdown, for annotations, and for JUnit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Literal, TypeAlias

from evalkit.findings.gate import GatedTask, GateResult
from evalkit.plain import counted, one_line, percent, percent_range
from evalkit.verdict import ConditionResult, PairedResult

Naming: TypeAlias = Callable[[str], str]
"""How a name from outside is shown."""

REGRESSION_SIGNS = {"held": "✓", "unclear": "?", "regressed": "✗"}
"""Of how a task stands against its baseline."""
UNSETTLED = {"task-decided", "gate-decided"}
"""Reasons of conditions that were not asked to their end because nothing hung on them any more."""
_NAME = 40


def plain_name(text: str) -> str:
    """A name for the terminal and for files: one printable line of at most 40 characters."""
    return one_line(text, _NAME)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that keeps a gate from passing, or might."""

    kind: Literal["unusable", "regressed", "edge", "unclear"]
    task: str
    text: str
    """A sentence without its full stop; names in it are shown as asked."""


def findings(gate: GateResult, named: Naming = plain_name) -> list[Finding]:
    """Everything that a gate found wrong or could not settle, the worst first.

    Of a gate that had failed before the other tasks were asked to their end, only what failed it; of one that stays at
    the edge, nothing of tasks that were left for that.

    Args:
        gate: What it says.
        named: How names are shown.
    """
    every = [finding for task in gate.tasks for finding in _of_task(gate, task, named)]
    if was_cut_short(gate):
        every = [each for each in every if each.kind in {"unusable", "regressed"}]
    left = {task.result.task for task in gate.left}
    every = [each for each in every if each.kind != "edge" or each.task not in left]
    order = {"regressed": 0, "unusable": 0, "edge": 1, "unclear": 2}
    return sorted(every, key=lambda each: order[each.kind])


def was_cut_short(gate: GateResult) -> bool:
    """Whether the gate had failed before every task was asked to its end."""
    reasons = {each.reason for task in gate.tasks for each in task.result.conditions}
    return gate.outcome == "failed" and "gate-decided" in reasons


def _of_task(gate: GateResult, task: GatedTask, named: Naming) -> Iterator[Finding]:
    name, weakest = named(task.result.task), task.result.weakest
    verdict = task.result.verdict
    if verdict != "usable":
        claim = "is unusable" if verdict == "unusable" else "could be either"
        shown = f"{name} was not measured" if weakest is None else f"{name} {claim}: {stands(weakest, named)}"
        yield Finding(kind=verdict, task=task.result.task, text=shown)
    # That one is unusable is worse than that it may have been better before.
    told = {"regressed"} if verdict == "unusable" else {"regressed", "unclear"}
    if gate.baseline is not None and task.regression in told:
        text = _against(task, gate.baseline.tolerance, named)
        kind: Literal["regressed", "unclear"] = "regressed" if task.regression == "regressed" else "unclear"
        yield Finding(kind=kind, task=task.result.task, text=f"{name} {text}")


def _against(task: GatedTask, tolerance: float, named: Naming) -> str:
    allowed, worst = tolerated(tolerance), task.worst
    if worst is None or worst.paired is None:
        return "cannot be compared: no item was asked in both runs"
    if task.regression == "unclear" and worst.paired.regression == "held":
        # What could be compared has held: only what could not leaves the task unclear.
        first, *more = (each.result.condition for each in task.conditions if each.result.counts and each.paired is None)
        where = named(first) + (f" and {counted(len(more), 'other condition')}" if more else "")
        return f"cannot be compared at {where}: no item was asked in both runs"
    where = f"{named(worst.result.condition)} changed by {difference(worst.paired)}"
    if task.regression == "regressed":
        return f"got worse by more than {allowed}: {where}"
    return f"may or may not have got worse by more than {allowed}: {where}"


def stands(condition: ConditionResult, named: Naming = plain_name) -> str:
    """Where a condition's rate lies, and what it needs."""
    name = named(condition.condition)
    if condition.low is None or condition.trials + condition.void == 0:
        return f"{name} was not asked"
    between = percent_range(condition.low, condition.high)
    does = "passes" if condition.measure == "pass" else "has a mean score of"
    return f"{name} {does} {between} %, needs {percent(condition.threshold)} %"


def difference(paired: PairedResult) -> str:
    """The difference to the baseline: where it lies for sure, and from how many pairs."""
    void = f", {paired.void:,} of them void" if paired.void else ""
    return f"{points_range(paired.low, paired.high)} points ({counted(paired.pairs, 'pair')}{void})"


def points_range(low: float, high: float) -> str:
    """An interval of a difference in points, its ends rounded outwards.

    >>> points_range(-0.09111, 0.00201)
    '−9.2 to +0.3'
    """
    # Ten digits: 0.29 * 1000 is 289.99999999999994 and would round down to 28.9.
    return f"{points(floor(round(1000 * low, 10)) / 1000)} to {points(ceil(round(1000 * high, 10)) / 1000)}"


def points(change: float) -> str:
    """A difference in points, with its sign.

    >>> [points(change) for change in (-0.048, 0.0, 0.1)]
    ['−4.8', '0.0', '+10.0']
    """
    shown = f"{100 * change:+.1f}"
    return "0.0" if shown in {"+0.0", "-0.0"} else shown.replace("-", "−")


def tolerated(tolerance: float) -> str:
    """A tolerance as people say it.

    >>> tolerated(0.02), tolerated(0.01)
    ('2 points', '1 point')
    """
    shown = f"{round(100 * tolerance, 6):g}"
    return f"{shown} point{'' if shown == '1' else 's'}"


def headline(gate: GateResult) -> str:
    """What a gate comes to, in two or three words."""
    edge = "edge, let through" if gate.edge_passes else "edge, not let through"
    return {"passed": "passed", "edge": edge, "failed": "failed"}[gate.outcome]


def summary(gate: GateResult) -> Iterator[str]:
    """What was shown of all tasks together: sentences with their full stop."""
    n = len(gate.tasks)
    if gate.outcome == "passed" and n:
        yield f"{'Every task is' if n > 1 else 'The task is'} shown to be usable."
    if gate.baseline is not None and not was_cut_short(gate):
        yield from _held(gate.tasks, tolerated(gate.baseline.tolerance))
    others = [task for task in gate.left if task.regression != "regressed"]
    if others:
        why = "the gate had failed before" if gate.outcome == "failed" else "not all could be shown usable any more"
        yield f"{counted(len(others), 'other task')} {_be(others)} not asked to the end: {why}."


def _held(tasks: Sequence[GatedTask], allowed: str) -> Iterator[str]:
    compared = [task for task in tasks if task.regression is not None]
    held = [task for task in compared if task.regression == "held"]
    if held:
        who = _who(held, compared)
        yield f"{who} shown not to have got worse by more than {allowed}."
    elif not compared:
        yield "No task is in the baseline."


def _who(some: Sequence[GatedTask], every: Sequence[GatedTask]) -> str:
    if len(some) < len(every):
        return f"{len(some)} of {counted(len(every), 'task')} {'is' if len(some) == 1 else 'are'}"
    return "Every task is" if len(every) > 1 else "The task is"


def _be(tasks: Sequence[GatedTask]) -> str:
    return "was" if len(tasks) == 1 else "were"


def advice(gate: GateResult) -> Iterator[str]:
    """What to do about what is not settled: sentences with their full stop."""
    if was_cut_short(gate):
        return
    if gate.tasks_with("edge"):
        yield "What would settle an edge: `evalkit report` on the run says it for each task."
    unclear = gate.tasks_with("unclear")
    if not unclear:
        return
    through = (
        "With --strict, that is an edge." if gate.strict else "That lets the run through; with --strict it does not."
    )
    more = "more items asked in both runs, so measure a longer baseline (evalkit gate --save-baseline)"
    yield f"What would settle an unclear comparison: {more}, or a larger --tolerance. {through}"
