"""Margin charts: how far conditions are from their threshold, with the interval that holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from evalkit.plain import counted, one_line, percent, percent_range
from evalkit.report.charts.forest import Row, forest
from evalkit.report.charts.words import (
    CONDITION,
    NAME,
    listed,
    margin_told,
    measured_words,
    model_labels,
    was_asked,
)
from evalkit.report.figure import Cell, Column, Figure, Table
from evalkit.report.names import labels
from evalkit.verdict import ConditionResult, SuiteResult, TaskResult

_MOST_MODELS = 6
"""Of more models a task's chart shows the weakest condition only: a row each, not one for every condition."""
_COLUMNS = (
    *(Column(name=name) for name in ("task", "model", "condition")),
    Column(name="counts"),
    *(Column(name=name, kind="count") for name in ("trials", "passes", "void")),
    *(Column(name=name, kind="share") for name in ("rate", "low", "high", "threshold")),
    *(Column(name=name, kind="points") for name in ("margin", "at least", "at most")),
    Column(name="verdict"),
)


def suite_margins(results: Sequence[SuiteResult]) -> Figure | None:
    """The weakest condition of every task; None where there is no task.

    Args:
        results: Of one suite, each of another model.
    """
    tasks = list(dict.fromkeys(task.task for result in results for task in result.tasks))
    if not tasks:
        return None
    found = [
        (name, index, task, task.weakest or _first(task))
        for name in tasks
        for index, result in enumerate(results)
        for task in result.tasks
        if task.task == name
    ]
    shown = labels(tasks, NAME)
    names = model_labels(results)
    models = names if len(results) > 1 else ()
    rows = [
        _row(
            condition,
            group=shown[tasks.index(name)],
            name=names[index],
            several=len(results) > 1,
            where=len(task.conditions) > 1,
        )
        for name, index, task, condition in found
    ]
    return Figure(
        id="margins",
        title=f"Margin of every task: {one_line(results[0].suite, 40)}",
        says=f"{_task_words(results)} {_READING}",
        spec=forest([_of_task(row) for row in rows], models=models, title=_axis([each for *_, each in found])),
        table=Table(
            columns=_COLUMNS,
            rows=tuple(_cells(task.task, results[index].model, condition) for _, index, task, condition in found),
        ),
    )


_READING = (
    "A dot is what was observed, the line around it what is guaranteed; a line that stays clear of the threshold is a "
    "verdict."
)


def _of_task(row: Row) -> Row:
    """Described with its task, which is the group."""
    return replace(row, hover=f"{row.group}, {row.hover}")


def _first(task: TaskResult) -> ConditionResult:
    """Of a task of which nothing was measured."""
    return next((each for each in task.conditions if each.counts), task.conditions[0])


def _task_words(results: Sequence[SuiteResult]) -> str:
    """How many tasks a model, or each of several, is shown usable for."""
    usable = [sum(task.verdict == "usable" for task in result.tasks) for result in results]
    of = counted(max(len(result.tasks) for result in results), "task")
    if len(results) == 1:
        return f"{usable[0]} of {of} shown usable."
    names = model_labels(results)
    told = [
        f"{n or 'none'} with {listed([name for name, k in zip(names, usable, strict=True) if k == n], most=6)}"
        for n in dict.fromkeys(usable)
    ]
    return f"Of {of} shown usable: {'; '.join(told)}."


def task_margins(task: str, results: Sequence[SuiteResult]) -> Figure | None:
    """Every condition of a task, or of many models the weakest; None where nothing was measured.

    Args:
        task: Its name.
        results: Of one suite, each of another model; those without the task are left out.
    """
    names = model_labels(results)
    found = [
        (names[index], index, each)
        for index, result in enumerate(results)
        for each in result.tasks
        if each.task == task
    ]
    if not any(was_asked(condition) for _, _, each in found for condition in each.conditions):
        return None
    several = len(results) > 1
    few = len(found) <= _MOST_MODELS
    every = list(_every(found))
    # Of several models only what counts is drawn: the rest would make the chart twice as long.
    chosen = [each for each in every if each[2].counts or not several] if few else list(_weakest(found))
    groups = _groups([condition for *_, condition in chosen]) if few else {}
    together = few and several
    rows = [
        _row(condition, group=groups.get(condition.condition, name), name=name, several=together, where=not few)
        for name, _, condition in chosen
    ]
    return Figure(
        id="margins",
        title=f"{'Margin at every condition' if few else 'Margin of each model'}: {one_line(task, 40)}",
        says=" ".join(_says(found, several=several, explored=any(not condition.counts for *_, condition in every))),
        spec=forest(rows, models=names if together else (), title=_axis([each for *_, each in chosen])),
        table=Table(
            columns=_COLUMNS,
            rows=tuple(_cells(task, results[index].model, condition) for _, index, condition in every),
        ),
    )


def _groups(conditions: Sequence[ConditionResult]) -> dict[str, str]:
    """What rows of conditions are called; those that count for no model are in brackets."""
    names = list(dict.fromkeys(each.condition for each in conditions))
    counting = {each.condition for each in conditions if each.counts}
    shown = zip(names, labels(names, CONDITION), strict=True)
    return {name: label if name in counting else f"({label})" for name, label in shown}


def _every(found: Sequence[tuple[str, int, TaskResult]]) -> Iterator[tuple[str, int, ConditionResult]]:
    """By condition, then by model."""
    for condition in dict.fromkeys(each.condition for _, _, task in found for each in task.conditions):
        for name, index, task in found:
            yield from ((name, index, each) for each in task.conditions if each.condition == condition)


def _weakest(found: Sequence[tuple[str, int, TaskResult]]) -> Iterator[tuple[str, int, ConditionResult]]:
    for name, index, task in found:
        yield name, index, task.weakest or _first(task)


def _row(condition: ConditionResult, *, group: str, name: str, several: bool, where: bool) -> Row:
    asked = was_asked(condition)
    parts = [margin_told(condition)] if asked else []
    parts += [name] if several else []
    parts += [f"at {one_line(condition.condition, CONDITION)}"] if where else []
    return Row(
        group=group,
        rate=condition.rate if asked else None,
        low=condition.low if asked else None,
        high=condition.high if asked else None,
        threshold=condition.threshold,
        verdict=condition.verdict,
        says=" · ".join(parts),
        hover=f"{name}, {measured_words(condition)}" if several else measured_words(condition),
        model=name if several else None,
        counts=condition.counts,
    )


def _axis(conditions: Sequence[ConditionResult]) -> str:
    measures = {condition.measure for condition in conditions}
    return {"pass": "pass rate", "score": "mean score"}[measures.pop()] if len(measures) == 1 else "rate"


def _says(found: Sequence[tuple[str, int, TaskResult]], *, several: bool, explored: bool) -> Iterator[str]:
    if several:
        for verdict, told in _VERDICTS.items():
            names = [name for name, _, task in found if task.verdict == verdict]
            if names:
                yield f"{told[:1].upper()}{told[1:]}: {listed(names, most=6)}."
    else:
        ((_, _, task),) = found
        weakest = task.weakest
        if weakest is not None:
            where, between = one_line(weakest.condition, CONDITION), percent_range(weakest.low, weakest.high)
            told = f"{between} %, needs {percent(weakest.threshold)} %"
            yield f"This task is {_VERDICTS[task.verdict]}; weakest at {where}: {told}."
    if explored:
        more = " and are not drawn" if several else ": they are pale, and in brackets"
        yield f"Conditions that were explored only do not count for the verdict{more}."


_VERDICTS = {"usable": "usable", "edge": "at the edge (could be either)", "unusable": "unusable"}


def _cells(task: str, model: str, condition: ConditionResult) -> tuple[Cell, ...]:
    asked = was_asked(condition)
    return (
        task,
        model,
        condition.condition,
        condition.counts,
        condition.trials,
        condition.passes,
        condition.void,
        condition.rate,
        condition.low if asked else None,
        condition.high if asked else None,
        condition.threshold,
        condition.margin,
        condition.margin_low if asked else None,
        condition.margin_high if asked else None,
        condition.verdict if asked else None,
    )
