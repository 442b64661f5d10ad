"""What gates say of results with given verdicts, for whoever tests how that is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from evalkit.findings.gate import BaselineSummary, GatedCondition, GatedTask, GateResult
from evalkit.verdict import ConditionResult, PairedResult, PairedTerms, PairedTest, Regression
from tests.results import condition, result

Given: TypeAlias = tuple[ConditionResult, PairedResult | None]

TOLERANCE = 0.02
BASELINE = BaselineSummary(
    name="baselines/support.json",
    model="openai/x",
    started="2026-11-22T03:15:00Z",
    tolerance=TOLERANCE,
    changes=("the model was openai/x, now openai/y",),
)
USABLE, EDGE, UNUSABLE = 199, 182, 120
"""Passes of 200 at a threshold of 0.9."""


def paired(worse: int, better: int, *, alike: int = 100, void: int = 0) -> PairedResult:
    """Of pairs in an order that mixes all kinds as evenly as it goes."""
    test = PairedTest(PairedTerms(tolerance=TOLERANCE, alpha=0.025, n_compared=3))
    kinds: list[tuple[float, tuple[float | None, float | None]]] = []
    for number, pair in ((worse, (1.0, 0.0)), (better, (0.0, 1.0)), (alike, (1.0, 1.0)), (void, (1.0, None))):
        kinds += [((place + 0.5) / number, pair) for place in range(number)]
    for _, (before, after) in sorted(kinds, key=lambda each: each[0]):
        test.observe(before, after)
    return test.result()


REGRESSED, UNCLEAR, HELD = paired(60, 5), paired(4, 3), paired(0, 0, alike=600)


def cond(passes: int | None, name: str = "clean", *, counts: bool = True, reason: str | None = None) -> ConditionResult:
    """As `tests.results.condition`, with the reason why it is at the edge."""
    return replace(condition(passes, name, counts=counts), reason=reason)  # type: ignore[arg-type]


def gate(
    tasks: Mapping[str, Sequence[Given]],
    *,
    baseline: BaselineSummary | None = BASELINE,
    strict: bool = False,
    edge_passes: bool = False,
    suite: str = "support",
    model: str = "openai/y",
) -> GateResult:
    """Of tasks given by their conditions, and how each stands against the baseline."""
    found = result(model, {name: [each for each, _ in given] for name, given in tasks.items()}, suite=suite)
    return GateResult(
        result=found,
        baseline=baseline,
        strict=strict,
        edge_passes=edge_passes,
        tasks=tuple(
            GatedTask(
                result=task,
                regression=None if baseline is None else _regression(tasks[task.task]),
                conditions=tuple(GatedCondition(result=each, paired=pair) for each, pair in tasks[task.task]),
            )
            for task in found.tasks
        ),
    )


def _regression(given: Sequence[Given]) -> Regression:
    kinds = {"unclear" if pair is None else pair.regression for each, pair in given if each.counts}
    if "regressed" in kinds:
        return "regressed"
    return "held" if kinds == {"held"} else "unclear"


def mixed(*, strict: bool = False, edge_passes: bool = False) -> GateResult:
    """One task of every kind, measured to its end."""
    return gate(
        {
            "ticket-title": [(cond(USABLE), HELD), (cond(USABLE, "noise@0.05"), REGRESSED)],
            "routing": [(cond(UNUSABLE), UNCLEAR), (cond(UNUSABLE, "noise@0.2", counts=False), None)],
            "reply": [(cond(EDGE, reason="budget"), UNCLEAR)],
            "summary": [(cond(USABLE), HELD)],
        },
        strict=strict,
        edge_passes=edge_passes,
    )


def unknown_to_baseline() -> GateResult:
    """A usable task that the baseline does not have."""
    found = gate({"routing": [(cond(USABLE), None)]})
    return replace(found, tasks=tuple(replace(task, regression=None) for task in found.tasks))
