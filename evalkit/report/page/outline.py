"""What stands on the page and in which order, as plain values; templates only lay it out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalkit.plain import counted, one_line, percent, sentence
from evalkit.report.figure import Cell, Column, Figure
from evalkit.report.layout import SIGNS, short_models
from evalkit.report.names import labels
from evalkit.report.notes import after_reasons, before_reasons, changes
from evalkit.report.page.cells import ShownTable, texts
from evalkit.report.page.facts import RunFacts, run_facts, together
from evalkit.report.page.figures import SuiteFigures
from evalkit.report.page.runs import RunReport
from evalkit.report.page.sentences import WORDS, MapCell, answer, map_cell, margin_sentence
from evalkit.report.reasons import Provenance, why, why_stopped
from evalkit.verdict import ConditionResult, TaskResult, Verdict

_NAME = 80

_CONDITIONS = (
    Column(name="Condition"),
    Column(name="Counts"),
    Column(name="Observed", kind="count"),
    Column(name="No answer", kind="count"),
    Column(name="Rate", kind="share"),
    Column(name="Low", kind="share"),
    Column(name="High", kind="share"),
    Column(name="Needs", kind="share"),
    Column(name="Verdict"),
    Column(name="Decided after", kind="count"),
    Column(name="Why it stopped"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskModel:
    """What one model does in one task."""

    run: int
    """Which of the page's runs."""
    label: str
    verdict: Verdict
    sign: str
    words: str
    sentence: str
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownTask:
    """One task."""

    id: str
    name: str
    about: str | None
    needs: str
    models: tuple[TaskModel, ...]
    cells: tuple[MapCell, ...]
    """Of the map, one for each model of the suite."""
    weakest: str
    """Where its only model is weakest; empty with several."""
    figures: tuple[Figure, ...]
    conditions: ShownTable


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownSuite:
    """One suite, and the models that were measured on it."""

    id: str
    name: str
    about: str | None
    verdict: Verdict
    sign: str
    answer: tuple[str, ...]
    models: tuple[str, ...]
    tasks: tuple[ShownTask, ...]
    totals: tuple[str, ...]
    """The map's last row: tasks that are usable."""
    notes: tuple[str, ...]
    line: str
    """When all of it was measured, and what it took."""
    facts: tuple[RunFacts, ...]
    first_figures: tuple[Figure, ...]
    last_figures: tuple[Figure, ...]


def shown_suite(
    number: int, runs: Sequence[tuple[int, RunReport]], figures: SuiteFigures, left_out: Sequence[int]
) -> ShownSuite:
    """One suite as it is laid out.

    Args:
        number: 0-based, of the page's suites.
        runs: Of this suite, each with its number on the page; at least one.
        figures: Of its tasks.
        left_out: For each of these runs, how many earlier ones of the same model are not shown.
    """
    models = labels(short_models([run.result.model for _, run in runs]), _NAME)
    results = [run.result for _, run in runs]
    names = list(dict.fromkeys(task.task for result in results for task in result.tasks))
    best = min((result.verdict for result in results), key=list(SIGNS).index)
    tasks = [
        _task(f"task-{number + 1}-{place + 1}", name, runs, models, figures.tasks[name])
        for place, name in enumerate(names)
    ]
    facts = tuple(run_facts(label, run) for label, (_, run) in zip(models, runs, strict=True))
    return ShownSuite(
        id=f"suite-{number + 1}",
        name=one_line(results[0].suite, _NAME),
        about=next((run.about for _, run in runs if run.about), None),
        verdict=best,
        sign=SIGNS[best],
        answer=tuple(answer(results)),
        models=tuple(models),
        tasks=tuple(tasks),
        totals=tuple(
            f"{SIGNS[result.verdict]} {sum(task.verdict == 'usable' for task in result.tasks)} of {len(result.tasks)}"
            for result in results
        ),
        notes=(*_earlier(models, left_out), *_notes(runs, models)),
        line=facts[0].line if len(facts) == 1 else together([run for _, run in runs]),
        facts=facts,
        first_figures=figures.first,
        last_figures=figures.last,
    )


def _earlier(labels: Sequence[str], left_out: Sequence[int]) -> Iterator[str]:
    told = [f"{counted(n, 'earlier one')} of {label}" for label, n in zip(labels, left_out, strict=True) if n]
    if told:
        yield f"Of several runs of the same model the latest is shown; left out: {', '.join(told)}."


def _notes(runs: Sequence[tuple[int, RunReport]], models: Sequence[str]) -> Iterator[str]:
    """What has to be known before any of it is believed."""
    first = runs[0][1].sha256
    others = [label for label, (_, run) in zip(models, runs, strict=True) if run.sha256 != first]
    if others:
        yield f"The suite's file has changed between these runs: {', '.join(others)} had not the one of the first."
    for label, (_, run) in zip(models, runs, strict=True):
        whose = f"{label}: " if len(runs) > 1 else ""
        if run.provenance.going_on:
            yield f"{whose}This run goes on; what follows is what is known so far."
        elif run.finished is None or not run.provenance.ended:
            yield f"{whose}This run was stopped before its end; what follows is what is known so far."
        for note in changes(run.result):
            yield f"{whose}{note}"


def _task(
    identity: str,
    name: str,
    runs: Sequence[tuple[int, RunReport]],
    models: Sequence[str],
    figures: Sequence[Figure],
) -> ShownTask:
    found = [
        (number, label, run, next((task for task in run.result.tasks if task.task == name), None))
        for label, (number, run) in zip(models, runs, strict=True)
    ]
    measured = [(number, label, run, task) for number, label, run, task in found if task is not None]
    shown = one_line(name, _NAME)
    weakest = measured[0][3].weakest
    return ShownTask(
        id=identity,
        name=shown,
        about=next((run.tasks_about[name] for _, _, run, _ in measured if name in run.tasks_about), None),
        needs=f"{percent(measured[0][3].threshold)} %",
        models=tuple(_model(number, label, run, task) for number, label, run, task in measured),
        cells=tuple(map_cell(task) for *_, task in found),
        weakest=one_line(weakest.condition, _NAME) if len(runs) == 1 and weakest is not None else "",
        figures=tuple(figures),
        conditions=_conditions(identity, shown, [(label, run.provenance, task) for _, label, run, task in measured]),
    )


def _model(number: int, label: str, run: RunReport, task: TaskResult) -> TaskModel:
    notes = (*before_reasons(task), *why(task, run.provenance), *after_reasons(task))
    return TaskModel(
        run=number,
        label=label,
        verdict=task.verdict,
        sign=SIGNS[task.verdict],
        words=WORDS[task.verdict],
        sentence=margin_sentence(task),
        notes=tuple(map(sentence, notes)),
    )


def _conditions(identity: str, name: str, models: Sequence[tuple[str, Provenance, TaskResult]]) -> ShownTable:
    """What each condition took, and why it stopped."""
    several = len(models) > 1
    columns = (*((Column(name="Model"),) if several else ()), *_CONDITIONS)
    rows = [
        texts([*([label] if several else []), *_condition(condition, provenance)], columns)
        for label, provenance, task in models
        for condition in task.conditions
    ]
    caption = f"{name}: what each condition took, and why it stopped"
    return ShownTable(id=f"{identity}-conditions", caption=caption, columns=columns, rows=tuple(rows))


def _condition(condition: ConditionResult, provenance: Provenance) -> Iterator[Cell]:
    asked = condition.trials + condition.void > 0
    yield one_line(condition.condition, _NAME)
    yield condition.counts
    yield condition.trials
    yield condition.void
    yield condition.rate
    yield condition.low if asked else None
    yield condition.high if asked else None
    yield condition.threshold
    yield f"{SIGNS[condition.verdict]} {WORDS[condition.verdict]}" if asked else "not asked"
    yield condition.decided_at
    yield why_stopped(condition, provenance)


def page_title(suites: Sequence[ShownSuite]) -> str:
    """What the page is called in a list of windows."""
    first = suites[0]
    models = first.models[0] if len(first.models) == 1 else counted(len(first.models), "model")
    more = f" and {counted(len(suites) - 1, 'more suite')}" if len(suites) > 1 else ""
    return f"{first.sign} {first.name} with {models}{more}"
