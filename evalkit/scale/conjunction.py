"""How the constraints of a task come together along a ladder of models."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.verdict import Rung, SuiteResult, TaskConjunction


def conjunctions(results: Sequence[SuiteResult]) -> list[TaskConjunction]:
    """For each task of several constraints, its joint pass rate and those of its parts, model by model.

    All models of a task are compared under one condition: of those that count, the one that most of them were asked
    under, else the first in the suite. Models that were not are left out.

    Args:
        results: What each model did, from the smallest model to the largest.

    Returns:
        One for each task that at least two models were asked, in the order of the suites.
    """
    tasks: dict[tuple[str, str], dict[str, list[Rung]]] = {}
    thresholds: dict[tuple[str, str, str], float] = {}
    for result in results:
        for task in result.tasks:
            conditions = tasks.setdefault((result.suite, task.task), {})
            for condition in task.conditions:
                if condition.counts and condition.conjunction is not None:
                    rung = Rung(model=result.model, conjunction=condition.conjunction)
                    conditions.setdefault(condition.condition, []).append(rung)
                    thresholds[result.suite, task.task, condition.condition] = condition.threshold
    found = []
    for (suite, name), conditions in tasks.items():
        shared = max(conditions, key=lambda condition: len(conditions[condition]), default=None)
        if shared is not None and len(conditions[shared]) > 1:
            threshold = thresholds[suite, name, shared]
            found.append(TaskConjunction(task=name, threshold=threshold, rungs=tuple(conditions[shared])))
    return found
