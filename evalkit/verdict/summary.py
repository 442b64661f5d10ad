"""From conditions to tasks, from tasks to the suite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.verdict.claims import claims
from evalkit.verdict.critical import critical_level
from evalkit.verdict.decider import Decider
from evalkit.verdict.results import ConditionResult, CriticalLevel, Spend, SuiteResult, TaskResult, Totals
from evalkit.verdict.terms import Terms, Verdict, all_of


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskEntry:
    """A task as a run knows it."""

    task: str
    threshold: float
    """The task's own; a condition may have another."""
    terms: tuple[Terms, ...]
    """Of its conditions, in the suite's order; levels go from easy to hard (digits up, examples in a prompt down)."""
    spend: Spend
    strict: bool = False
    """Whether the first level that is not shown usable ends the reach."""


def summarise(
    decider: Decider,
    tasks: Sequence[TaskEntry],
    *,
    suite: str,
    model: str,
    served_model: Sequence[str],
    totals: Totals,
) -> SuiteResult:
    """Put together what a run says.

    Args:
        decider: Knows every condition of `tasks`.
        tasks: In the suite's order.
        suite: Its name.
        model: As the user named it.
        served_model: Every model id that the provider said it used.
        totals: What the run took.
    """
    results = tuple(_task_result(decider, entry) for entry in tasks)
    return SuiteResult(
        suite=suite,
        model=model,
        served_model=tuple(served_model),
        verdict=all_of(result.verdict for result in results),
        tasks=results,
        claims=claims(
            [(result.task, result.verdict) for result in results],
            alpha=max(terms.alpha for entry in tasks for terms in entry.terms),
        ),
        totals=totals,
    )


def _task_result(decider: Decider, entry: TaskEntry) -> TaskResult:
    conditions = tuple(decider.result(terms.key) for terms in entry.terms)
    verdict = all_of(condition.verdict for condition in conditions if condition.counts)
    return TaskResult(
        task=entry.task,
        threshold=entry.threshold,
        claim=entry.terms[0].claim,
        verdict=verdict,
        weakest=_weakest(conditions, verdict),
        conditions=conditions,
        critical_levels=_critical_levels(conditions, strict=entry.strict),
        repeat=next((condition.repeat for condition in conditions if condition.repeat is not None), None),
        spend=entry.spend,
    )


def _weakest(conditions: Sequence[ConditionResult], verdict: Verdict) -> ConditionResult | None:
    margins = [
        (condition.margin_high if verdict == "unusable" else condition.margin_low, condition)
        for condition in conditions
        if condition.counts
    ]
    measured = [(margin, condition) for margin, condition in margins if margin is not None]
    return min(measured, key=lambda pair: pair[0])[1] if measured else None


def _critical_levels(conditions: Sequence[ConditionResult], *, strict: bool) -> tuple[CriticalLevel, ...]:
    ladders: dict[str, list[ConditionResult]] = {}
    for condition in conditions:
        if condition.level is not None:
            ladders.setdefault(condition.perturbation, []).append(condition)
    return tuple(critical_level(name, ladder, strict=strict) for name, ladder in ladders.items() if len(ladder) > 1)
