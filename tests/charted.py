"""Results with something for every chart, for whoever tests what is drawn of them, and what a specification holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from evalkit.report.charts import Price, figures_of
from evalkit.report.charts.scaling import scale_figures
from evalkit.report.figure import Figure
from evalkit.scale import Question, find_scale
from evalkit.trial import Level
from evalkit.verdict import (
    ConditionResult,
    ConstraintResult,
    CriticalLevel,
    RepeatResult,
    SuiteResult,
    TaskResult,
)
from evalkit.verdict.conjunction import Conjunction, Link
from evalkit.verdict.critical import critical_level
from tests.ladder_points import series
from tests.ladders import condition_at
from tests.results import TRIALS, condition, result, task

HOSTILE = '</text><script>alert(\'x\')</script>\u202e{"expr": "1"} datum.x & <b> \x1b[31m \ufffe' * 2
"""A name that would be obeyed, were it not shown."""
THRESHOLD = 0.9


def ladder(
    perturbation: str, levels: Sequence[Level], passes: Sequence[int | None], *, threshold: float = THRESHOLD
) -> list[ConditionResult]:
    """Conditions after 200 trials each; None: not asked. The first counts."""
    return [
        condition_at(
            *(level, n or 0, 0 if n is None else TRIALS),
            threshold=threshold,
            counts=index == 0,
            perturbation=perturbation,
        )
        for index, (level, n) in enumerate(zip(levels, passes, strict=True))
    ]


def critical_of(conditions: Sequence[ConditionResult]) -> CriticalLevel:
    return critical_level(conditions[0].perturbation, conditions, strict=False)


def with_ladders(name: str, clean: int | None, *ladders: Sequence[ConditionResult]) -> TaskResult:
    """A task with the critical level of each ladder."""
    first = replace(condition(clean), perturbation="clean", level=None)
    made = task(name, [first, *(each for ladder in ladders for each in ladder)])
    return replace(made, critical_levels=tuple(critical_of(each) for each in ladders))


def links(*rates: float) -> ConditionResult:
    """A weakest condition whose constraints `c0`, `c1`, … hold as often, and together as often as the least of them."""
    joint = min(rates)
    made = condition(round(TRIALS * joint))
    return replace(
        made,
        constraints=tuple(
            ConstraintResult(
                constraint=f"c{index}",
                trials=TRIALS,
                passes=round(TRIALS * rate),
                pass_rate=rate,
                low=max(rate - 0.05, 0.0),
                high=min(rate + 0.04, 1.0),
            )
            for index, rate in enumerate(rates)
        ),
        conjunction=Conjunction(
            condition="clean",
            trials=TRIALS,
            joint=joint,
            links=tuple(Link(constraint=f"c{index}", rate=rate, if_fixed=0.97) for index, rate in enumerate(rates)),
            together=1.0,
            apart=1.0,
            needed=20.0,
        ),
    )


def repeats(*rates: float, errors: bool = True, curve: bool = True) -> RepeatResult:
    """Of an item asked as often as there are rates."""
    return RepeatResult(
        k=len(rates),
        items=40,
        pass_hat_k=rates if curve else None,
        standard_error=tuple(0.02 for _ in rates) if errors else None,
        consistent=rates[-1],
        agreement=0.875,
    )


def everything(model: str = "acme/x", *, worse: int = 0, task_name: str = "title") -> SuiteResult:
    """A task with noise, context, conflict, constraints and repeats, and one of which nothing was measured.

    Args:
        model: Its name.
        worse: Trials of a condition that fail beside those that do anyway.
        task_name: Of the first task.
    """

    def but(*passes: int) -> list[int]:
        return [max(each - worse, 0) for each in passes]

    whole = with_ladders(
        task_name,
        198 - worse,
        ladder("noise", [0.02, 0.05, 0.1, 0.2], but(196, 190, 150, 60)),
        ladder("context", [1000, 4000, 16000], but(198, 195, 120)),
        ladder("conflict", ["soft", "direct"], but(199, 100)),
    )
    broken = links(0.99, 0.7, 1.0)
    conditions = tuple(
        replace(each, constraints=broken.constraints, conjunction=broken.conjunction)
        if whole.weakest is not None and each.condition == whole.weakest.condition
        else each
        for each in whole.conditions
    )
    whole = replace(
        whole,
        conditions=conditions,
        weakest=next(each for each in conditions if whole.weakest and each.condition == whole.weakest.condition),
        repeat=repeats(0.9, 0.86, 0.84),
    )
    unknown = task("unknown", [condition(None)])
    return replace(result(model, {}), verdict="edge", tasks=(whole, unknown))


def everything_drawn() -> list[Figure]:
    """Every kind of figure, of results that are out of the ordinary too."""
    losses = [2.0, 1.0, 0.5, 0.2]
    figures = scale_figures(find_scale([series([0.02, 0.4, 0.9, 0.99], losses=losses)], Question(leave_out=0))).telling
    for results in _cases():
        prices = {each.model: Price(cost_per_1k=0.5 * n, p95_s=1.0 + n) for n, each in enumerate(results)}
        figures += figures_of(results, prices)
    return figures


def _cases() -> Iterator[list[SuiteResult]]:
    """What is out of the ordinary."""
    yield [everything()]
    yield [everything(f"acme/{'long-name-' * 8}{n}", worse=5 * n) for n in range(8)]
    yield [replace(everything(f"{HOSTILE}{n}", task_name=HOSTILE), suite=HOSTILE) for n in range(2)]
    yield [result("m", {"t": None}), result("n", {"t": None})]
    yield [result("m", {"t": [condition(100 + n, f"{'c' * 80}{n}", counts=n % 2 == 0) for n in range(40)]})]
    void = replace(condition(None), void=9, low=0.0, high=1.0)
    ends = [replace(condition(passes), threshold=threshold) for passes, threshold in ((0, 1.0), (200, 0.0))]
    yield [result("m", {"void": [void], "ends": ends, "chain": [links(1.0, 1.0)]})]
    asked = replace(everything().tasks[0], repeat=replace(repeats(0.5, curve=False, errors=False), agreement=None))
    yield [replace(everything(), tasks=(asked,))]


def layers(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What is drawn, whatever it is nested in."""
    for key in ("layer", "vconcat", "concat"):
        for each in spec.get(key, ()):
            yield from layers(each)
    if "mark" in spec:
        yield spec


def values(spec: dict[str, Any], mark: str, *fields: str, style: str | None = None) -> list[Any]:
    """Of all layers with such a mark, and of such a style if given, what is in these fields."""
    found = [
        row
        for each in layers(spec)
        if each["mark"]["type"] == mark and style in (None, each["mark"].get("style"))
        for row in each["data"]["values"]
        if all(field in row for field in fields)
    ]
    return [row[fields[0]] if len(fields) == 1 else tuple(row[field] for field in fields) for row in found]


def as_text(value: Any) -> str:
    """A specification as a golden file holds it: numbers to six digits, whatever the platform adds to them."""

    def rounded(held: Any) -> Any:
        if isinstance(held, float):
            return float(f"{held:.6g}")
        if isinstance(held, dict):
            return {key: rounded(each) for key, each in held.items()}
        return [rounded(each) for each in held] if isinstance(held, list | tuple) else held

    return json.dumps(rounded(value), indent=1, ensure_ascii=False) + "\n"


def column(table: Any, name: str) -> list[Any]:
    """The cells of a figure's table in one column."""
    index = [each.name for each in table.columns].index(name)
    return [row[index] for row in table.rows]
