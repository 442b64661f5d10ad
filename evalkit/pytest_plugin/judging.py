"""From verdicts to outcomes of tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import pytest

from evalkit.engine import Measured
from evalkit.findings.gate import GatedCondition, GatedTask, GateResult
from evalkit.pytest_plugin.options import Edge
from evalkit.pytest_plugin.words import explained, got_worse, no_answers, not_held
from evalkit.verdict import ConditionResult, TaskResult


def is_left_out(condition: ConditionResult) -> bool:
    """Whether it needed no verdict: it does not count, or its task was decided by another condition."""
    return not condition.counts or condition.reason == "task-decided"


def judge(measured: Measured, tasks: Sequence[TaskResult], edge: Edge) -> None:
    """Fail, skip or go on, by the worst of some tasks' conditions that count and were to be asked.

    Args:
        measured: The run.
        tasks: Of it.
        edge: What an edge comes to.
    """
    __tracebackhide__ = True
    planned = {terms.key for terms in measured.run.terms if terms.counts and terms.units}
    found = [(task, each) for task in tasks for each in task.conditions if (task.task, each.condition) in planned]
    for verdict in ("unusable", "edge"):
        concerned = [pair for pair in found if pair[1].verdict == verdict and not is_left_out(pair[1])]
        if concerned:
            void = [pair for pair in concerned if pair[1].reason == "void"]
            if void:
                fail("\n\n".join(no_answers(measured, *pair) for pair in void))
            text = "\n\n".join(explained(measured, *pair) for pair in concerned)
            if verdict == "unusable":
                fail(text)
            at_the_edge(text, edge)
            return


def judge_change(measured: Measured, gate: GateResult, tasks: Sequence[GatedTask], edge: Edge) -> None:
    """Fail where a condition of some tasks got worse than its baseline; if strict, an edge where none is shown to hold.

    Args:
        measured: The run.
        gate: How it stands against its baseline.
        tasks: Of it.
        edge: What an edge comes to.
    """
    __tracebackhide__ = True
    found = [(task, each) for task in tasks for each in task.conditions if task.regression is not None]
    worse = [got_worse(measured, gate, task.result, each) for task, each in found if has_regressed(each)]
    if worse:
        fail("\n\n".join(worse))
    unclear = [not_held(measured, gate, task.result, each) for task, each in found if lacks_proof(gate, each)]
    if unclear:
        at_the_edge("\n\n".join(unclear), edge)


def has_regressed(gated: GatedCondition) -> bool:
    """Whether a condition is shown to be worse than its baseline."""
    return gated.paired is not None and gated.paired.regression == "regressed"


def lacks_proof(gate: GateResult, gated: GatedCondition) -> bool:
    """Whether a condition ought to be shown to have held its baseline, and is not."""
    held = gated.paired is not None and gated.paired.regression == "held"
    return gate.strict and gated.result.counts and not held


def at_the_edge(text: str, edge: Edge) -> None:
    """End a test that is at the edge, or let it go on.

    Args:
        text: What was found, the first line by itself enough for a list of tests.
        edge: What an edge comes to.
    """
    __tracebackhide__ = True
    first = text.partition("\n")[0]
    if edge == "fail":
        fail(text)
    elif edge == "skip":
        pytest.skip(first)
    elif edge == "xfail":
        pytest.xfail(first)


def fail(text: str) -> NoReturn:
    """End a test as failed (as an error, before its body), with a text and without a traceback."""
    __tracebackhide__ = True
    pytest.fail(text, pytrace=False)
