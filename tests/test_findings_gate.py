from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.findings.gate import GatedTask, GateResult
from evalkit.verdict import Regression, Verdict
from tests.gate_results import EDGE, HELD, REGRESSED, UNCLEAR, UNUSABLE, USABLE, cond, gate

PASSES = {"usable": USABLE, "edge": EDGE, "unusable": UNUSABLE}
PAIRED = {"held": HELD, "unclear": UNCLEAR, "regressed": REGRESSED, None: None}


def judged(
    *tasks: tuple[Verdict, Regression | None], strict: bool = False, edge_passes: bool = False, compared: bool = True
) -> GateResult:
    given = {
        f"task{number}": [(cond(PASSES[verdict]), PAIRED[regression])]
        for number, (verdict, regression) in enumerate(tasks)
    }
    found = gate(given, strict=strict, edge_passes=edge_passes)
    return found if compared else gate(given, baseline=None, strict=strict, edge_passes=edge_passes)


@pytest.mark.parametrize(
    ("expected", "task", "strict"),
    [
        ("passed", ("usable", "held"), False),
        ("passed", ("usable", "held"), True),
        ("passed", ("usable", "unclear"), False),
        ("edge", ("usable", "unclear"), True),
        ("failed", ("usable", "regressed"), False),
        ("edge", ("edge", "held"), False),
        ("failed", ("edge", "regressed"), False),
        ("failed", ("unusable", "held"), False),
        ("failed", ("unusable", "regressed"), True),
    ],
)
def test_what_a_gate_comes_to(expected: str, task: tuple[Verdict, Regression], strict: bool) -> None:
    found = judged(("usable", "held"), task, strict=strict)
    assert expected == found.outcome
    assert {"passed": 0, "edge": 3, "failed": 1}[expected] == found.exit_code


@pytest.mark.parametrize(("expected", "verdict"), [("passed", "usable"), ("edge", "edge"), ("failed", "unusable")])
def test_without_a_baseline_the_thresholds_decide(expected: str, verdict: Verdict) -> None:
    assert expected == judged((verdict, "unclear"), compared=False, strict=True).outcome


def test_an_edge_that_passes_is_still_an_edge_and_exits_with_0() -> None:
    found = judged(("edge", "held"), edge_passes=True)
    assert ("edge", 0) == (found.outcome, found.exit_code)
    assert 1 == judged(("unusable", "held"), edge_passes=True).exit_code


def test_a_task_hangs_on_the_condition_that_fell_most() -> None:
    pairs = [(cond(USABLE, "clean"), HELD), (cond(USABLE, "noise@0.02"), UNCLEAR), (cond(USABLE, "more"), None)]
    (task,) = gate({"add": pairs}).tasks
    assert task.worst is not None
    assert "noise@0.02" == task.worst.result.condition
    regressed = [*pairs, (cond(USABLE, "noise@0.05"), REGRESSED)]
    (task,) = gate({"add": regressed}).tasks
    assert task.worst is not None
    assert ("regressed", "noise@0.05") == (task.regression, task.worst.result.condition)


def test_a_task_without_pairs_hangs_on_none() -> None:
    (task,) = judged(("usable", None)).tasks
    assert (None, None) == (task.worst, task.as_json()["worst"])


def test_tasks_are_found_by_verdict_or_regression() -> None:
    found = judged(("usable", "held"), ("edge", "unclear"), ("usable", "regressed"))
    assert ["task1", "task2"] == [task.result.task for task in found.tasks_with("edge", "regressed")]


def test_the_published_shape_has_these_keys() -> None:
    told = judged(("usable", "regressed")).as_json()
    assert ["suite", "model", "outcome", "exit_code", "strict", "edge", "baseline", "tasks"] == list(told)
    assert ["name", "model", "started", "tolerance", "changes"] == list(told["baseline"])
    (task,) = told["tasks"]
    assert ["task", "verdict", "regression", "worst", "conditions"] == list(task)
    expected = ["condition", "counts", "verdict", "threshold", "pass_rate", "low", "high", "paired"]
    assert expected == list(task["conditions"][0])
    assert ("failed", 1, False, "fail") == (told["outcome"], told["exit_code"], told["strict"], told["edge"])


def test_what_was_not_compared_is_null() -> None:
    told = judged(("usable", "held"), compared=False).as_json()
    assert (None, None) == (told["baseline"], told["tasks"][0]["regression"])


def test_a_task_that_the_baseline_lacks_stands_in_the_way_of_nothing() -> None:
    found = judged(("usable", "held"), strict=True)
    new = GatedTask(result=found.tasks[0].result, regression=None, conditions=())
    assert "passed" == replace(found, tasks=(*found.tasks, new)).outcome
