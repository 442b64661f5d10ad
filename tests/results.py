"""Results of models on a suite with given verdicts, for whoever tests what is said of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from evalkit.verdict import Claims, ConditionResult, Conjunction, Spend, SuiteResult, TaskResult, Totals
from evalkit.verdict.terms import all_of
from tests.ladders import condition_at

TRIALS = 200


def condition(
    passes: int | None, name: str = "clean", *, counts: bool = True, conjunction: Conjunction | None = None
) -> ConditionResult:
    """Judged after 200 trials at a threshold of 0.9; None: it was not asked."""
    made = condition_at(1, passes or 0, 0 if passes is None else TRIALS, threshold=0.9, counts=counts)
    return replace(made, condition=name, conjunction=conjunction)


def task(name: str, conditions: Sequence[ConditionResult]) -> TaskResult:
    verdict = all_of(each.verdict for each in conditions if each.counts)
    measured = [each for each in conditions if each.counts and each.margin_low is not None]
    return TaskResult(
        task=name,
        threshold=0.9,
        claim="population",
        verdict=verdict,
        weakest=min(measured, key=lambda each: each.margin_low or 0.0) if measured else None,
        conditions=tuple(conditions),
        critical_levels=(),
        repeat=None,
        spend=Spend(),
    )


def result(
    model: str, tasks: Mapping[str, int | Sequence[ConditionResult] | None], *, suite: str = "support"
) -> SuiteResult:
    """Of tasks given by their conditions, or by the passes of a single one."""
    made = tuple(
        task(name, [condition(given)] if given is None or isinstance(given, int) else given)
        for name, given in tasks.items()
    )
    return SuiteResult(
        suite=suite,
        model=model,
        served_model=(),
        verdict=all_of(each.verdict for each in made),
        tasks=made,
        claims=Claims(level=0.05, usable=(), unusable=()),
        totals=Totals(calls=0, void=0, cost_usd=None, seconds=0.0),
    )
