"""Dose-response: how the pass rate goes as a perturbation or an axis gets harder, and where it meets the threshold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from evalkit.plain import counted, one_line, percent, sentence
from evalkit.report.charts.level_curve import level_curve
from evalkit.report.charts.response import Axis, Line, Mark, response
from evalkit.report.charts.words import listed, measured_words, model_labels, slug, was_asked
from evalkit.report.figure import Cell, Column, Figure, Table
from evalkit.report.levels import level_notes
from evalkit.trial import Level
from evalkit.verdict import ConditionResult, CriticalLevel, SuiteResult, TaskResult

_LOG_FROM = 12.0
"""Positive levels whose largest is so many times the smallest are drawn on a logarithmic axis, as tokens always are."""
_CLEAN = "clean"
_UNITS = {"noise": "share of characters changed", "context": "tokens of other material", "conflict": "contradiction"}
_COLUMNS = (
    *(Column(name=name) for name in ("model", "condition")),
    Column(name="level"),
    *(Column(name=name, kind="count") for name in ("trials", "passes")),
    *(Column(name=name, kind="share") for name in ("rate", "low", "high", "threshold")),
    Column(name="verdict"),
    *(Column(name=name) for name in ("usable to", "unusable from")),
    *(Column(name=name, kind="number") for name in ("critical level", "critical low", "critical high")),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ladder:
    """One model's conditions along the levels."""

    name: str
    model: str
    task: TaskResult
    clean: ConditionResult | None
    steps: tuple[ConditionResult, ...]
    """From easy to hard."""
    critical: CriticalLevel


def level_figures(task: str, results: Sequence[SuiteResult]) -> list[Figure]:
    """A chart for each perturbation or axis of a task with two levels or more, the clean condition among them.

    Args:
        task: Its name.
        results: Of one suite, each of another model.
    """
    ladders: dict[str, list[_Ladder]] = {}
    models = model_labels(results)
    for name, result in zip(models, results, strict=True):
        for each in result.tasks:
            if each.task == task:
                for ladder in _ladders(name, result.model, each):
                    ladders.setdefault(ladder.critical.perturbation, []).append(ladder)
    return [_figure(task, perturbation, of, models) for perturbation, of in ladders.items()]


def _ladders(name: str, model: str, task: TaskResult) -> Iterator[_Ladder]:
    clean = next((each for each in task.conditions if each.condition == _CLEAN), None)
    for critical in task.critical_levels:
        steps = tuple(each for each in task.conditions if each.perturbation == critical.perturbation)
        measured = [each for each in (*steps, *([clean] if clean else [])) if was_asked(each)]
        if len(measured) > 1:
            yield _Ladder(name=name, model=model, task=task, clean=clean, steps=steps, critical=critical)


def _figure(task: str, perturbation: str, ladders: Sequence[_Ladder], models: Sequence[str]) -> Figure:
    axis = _axis(perturbation, ladders)
    lines = [_line(ladder, axis) for ladder in ladders]
    what = "mean score" if any(each.measure == "score" for each in ladders[0].steps) else "pass rate"
    return Figure(
        id=slug(perturbation),
        title=f"{what.capitalize()} by level of {one_line(perturbation, 24)}: {one_line(task, 40)}",
        says=" ".join(_says(ladders, perturbation, several=len(models) > 1)),
        spec=response(lines, axis, models=models, title=what),
        table=Table(columns=_COLUMNS, rows=tuple(row for ladder in ladders for row in _rows(ladder))),
    )


def _axis(perturbation: str, ladders: Sequence[_Ladder]) -> Axis:
    """Where levels stand: as numbers where they are numbers that rise or fall, else one after the other."""
    steps = max((ladder.steps for ladder in ladders), key=len)
    levels = list(dict.fromkeys(each.level for each in steps if each.level is not None))
    clean = any(ladder.clean is not None and was_asked(ladder.clean) for ladder in ladders)
    title = _UNITS.get(perturbation, one_line(perturbation, 40))
    numbers = [float(level) for level in levels if isinstance(level, int | float)]
    rising = all(a < b for a, b in pairwise(numbers))
    falling = all(a > b for a, b in pairwise(numbers))
    if len(numbers) < len(levels) or len(levels) < 2 or not (rising or falling) or (clean and falling):
        words = [one_line(f"{each}", 16) for each in levels]
        return Axis(title=title, ticks=(*([_CLEAN] if clean else []), *words))
    least, most = min(numbers), max(numbers)
    logarithmic = least > 0 and (perturbation == "context" or most / least > _LOG_FROM)
    at = None
    if clean:
        # On a logarithmic axis zero has no place: clean stands one step before the first level.
        at = least / max(numbers[1] / numbers[0], 2.0) if logarithmic else min(0.0, least)
        if not logarithmic and at == least:
            at = least - (most - least) / len(numbers)
    ends = (least if at is None else at, most)
    return Axis(title=title, levels=tuple(numbers), clean=at, ends=ends, logarithmic=logarithmic, falling=falling)


def _line(ladder: _Ladder, axis: Axis) -> Line:
    marks = []
    for each in (*([ladder.clean] if ladder.clean else []), *ladder.steps):
        if not was_asked(each):
            continue
        at = axis.clean if each is ladder.clean and axis.levels else _at(each, axis)
        marks.append(
            Mark(
                at=_CLEAN if at is None else at,
                rate=each.rate,
                low=each.low,
                high=each.high,
                verdict=each.verdict,
                hover=f"{ladder.name}, {measured_words(each)}",
                counts=each.counts,
            )
        )
    numeric = bool(axis.levels)
    critical = ladder.critical
    same = len({each.threshold for each in ladder.steps}) == 1
    return Line(
        name=ladder.name,
        marks=tuple(marks),
        curve=tuple(level_curve(critical, ladder.steps)) if numeric and same else (),
        critical=critical,
        threshold=ladder.steps[0].threshold,
    )


def _at(each: ConditionResult, axis: Axis) -> Level | None:
    """A level as it stands on its axis; None: it has none. A number among words is a word too."""
    if each.level is None:
        return None
    return each.level if axis.levels else one_line(f"{each.level}", 16)


def _says(ladders: Sequence[_Ladder], perturbation: str, *, several: bool) -> Iterator[str]:
    if several:
        yield from _reaches(ladders)
    else:
        # Notes are of all perturbations of the task; here one is asked for.
        notes = [each for each in level_notes(ladders[0].task) if each.startswith(f"{one_line(perturbation, 20)}: ")]
        yield from map(sentence, notes or [_undecided(ladders[0], perturbation)])
    if any(ladder.critical.estimate is not None for ladder in ladders):
        yield "A diamond is where a fitted curve meets the threshold, with its 95 % interval."


def _undecided(ladder: _Ladder, perturbation: str) -> str:
    """What was observed where asking stopped before any level had a verdict."""
    measured = [each for each in ladder.steps if was_asked(each)]
    rates = sorted(each.rate for each in measured if each.rate is not None)
    ends = list(dict.fromkeys(percent(rate) for rate in (*rates[:1], *rates[-1:])))
    what = "mean score" if any(each.measure == "score" for each in measured) else "pass rate"
    observed = f"; {what} {' to '.join(ends)} % at {counted(len(measured), 'level')}" if ends else ""
    return f"{one_line(perturbation, 20)}: no level is shown usable or unusable{observed}"


def _reaches(ladders: Sequence[_Ladder]) -> Iterator[str]:
    """How far each model is shown usable, those with the same reach together."""
    reached: dict[str, list[str]] = {}
    for ladder in ladders:
        to = ladder.critical.usable_to
        place = "at no level" if to is None else f"up to {one_line(f'{to}', 16)}"
        reached.setdefault(place, []).append(ladder.name)
    told = [f"{place}: {listed(names, most=6)}" for place, names in reached.items()]
    yield f"Shown usable {'; '.join(told)}."


def _rows(ladder: _Ladder) -> Iterator[tuple[Cell, ...]]:
    critical = ladder.critical
    reach = tuple(_written(each) for each in (critical.usable_to, critical.unusable_from))
    curve = (critical.estimate, critical.low, critical.high)
    for each in (*([ladder.clean] if ladder.clean else []), *ladder.steps):
        ends = (each.low, each.high) if was_asked(each) else (None, None)
        verdict = each.verdict if was_asked(each) else None
        level = _written(each.level)
        yield (
            *(ladder.model, each.condition, level, each.trials, each.passes),
            *(each.rate, *ends, each.threshold, verdict, *reach, *curve),
        )


def _written(level: Level | None) -> Cell:
    return None if level is None else str(level)
