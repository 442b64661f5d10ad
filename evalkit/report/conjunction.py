"""What is said of tasks whose constraints must all hold: for one model, and along a ladder of models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from evalkit.plain import columns, one_line, padded, percent
from evalkit.report.layout import WIDTH, short_models, wrapped
from evalkit.report.names import labels
from evalkit.verdict import Conjunction, TaskResult

if TYPE_CHECKING:  # reports of single runs need not wait for it
    from evalkit.scale.conjunction import TaskConjunction

_TIES = {
    "together": "they break together more often than by chance",
    "apart": "they break in different trials more often than by chance",
}
_NAMED = 3
"""Constraints that a sentence names."""


def conjunction_note(task: TaskResult) -> Iterator[str]:
    """Which constraint keeps a task down that is not usable; nothing where fewer than two of them ever broke."""
    found = None if task.weakest is None else task.weakest.conjunction
    if found is None or task.verdict == "usable" or (task.weakest and task.weakest.measure == "score"):
        return
    if sum(link.rate < 1 for link in found.links) < 2:
        return  # what breaks is the whole story
    yield "; ".join(
        [
            *_others(found),
            f"{_limits(found)} would cap the task at {percent(found.limiting_rate)} %",
            f"all hold in {percent(found.joint)} %, the product of the parts is {percent(found.product)} %",
            *_mended(found),
            *([_TIES[found.dependence]] if found.dependence else []),
        ]
    )


def _others(found: Conjunction) -> Iterator[str]:
    others = [link.rate for link in found.links if link.constraint not in found.limiting]
    if others:
        how = f"in {percent(min(others))} % or more" if min(others) < 1 else "always"
        yield f"{len(others)} of {len(found.links)} constraints hold {how}"


def _limits(found: Conjunction) -> str:
    rate = percent(found.limiting_rate)
    if len(found.limiting) == 1:
        return f"{_name(found.limiting[0])} holds in {rate} % and alone"
    return f"{_names(found.limiting)} hold in {rate} % each, and any one of them"


def _mended(found: Conjunction) -> Iterator[str]:
    """What mending the weakest constraint would bring."""
    if len(found.limiting) == 1:
        mended = next(link.if_fixed for link in found.links if link.constraint == found.limiting[0])
        yield f"without breaks of {_name(found.limiting[0])} {percent(mended)} % would pass"


def _name(constraint: str) -> str:
    return one_line(constraint, 24)


def _names(constraints: Sequence[str]) -> str:
    named = [_name(each) for each in constraints[:_NAMED]]
    more = f" and {len(constraints) - _NAMED} more" if len(constraints) > _NAMED else ""
    return f"{', '.join(named)}{more}" if more or len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def conjunction_lines(ladder: Sequence[TaskConjunction]) -> list[str]:
    """For each task with several constraints, how they come together from the smallest model to the largest.

    Args:
        ladder: As `evalkit.scale` finds it; tasks of which fewer than two constraints ever broke are left out.

    Returns:
        Lines of at most 80 columns; empty when there is nothing to say.
    """
    lines: list[str] = []
    for task in ladder:
        if len(task.breaking) > 1:
            lines += [*([""] if lines else []), *_task_lines(task)]
    return lines


def _task_lines(task: TaskConjunction) -> Iterator[str]:
    models = [rung.model for rung in task.rungs]
    names = dict(zip(models, labels(short_models(models), 24), strict=True))
    where = one_line(task.rungs[0].conjunction.condition, 20)
    yield f"{one_line(task.task, 24)} at {where}: all constraints must hold together in {percent(task.threshold)} %"
    width = max(columns(name) for name in [*names.values(), "model"])
    yield f"  {'model':<{width}}  all hold  product  limited by"
    for rung in task.rungs:
        found = rung.conjunction
        limit = f"{percent(found.limiting_rate)} {_names(found.limiting)}" if found.limiting else "–"
        row = f"  {padded(names[rung.model], width)}  {percent(found.joint):>8}  {percent(found.product):>7}  "
        yield row + one_line(limit, WIDTH - columns(row))
    for sentence in (*_arrival(task, names), *_rise(task, names), *_chance(task)):
        yield from wrapped(sentence, indent="  ")


def _arrival(task: TaskConjunction, names: Mapping[str, str]) -> Iterator[str]:
    """From which model on each constraint, and all together, are seen to hold often enough."""
    places: dict[str, list[str]] = {}
    for constraint in task.breaking:
        model = task.reached_by(constraint)
        places.setdefault("at no model" if model is None else f"from {names[model]}", []).append(constraint)
    parts = ", ".join(f"{_names(constraints)} {place}" for place, constraints in places.items())
    together = task.reached_by(None)
    place = "at no model" if together is None else f"from {names[together]}"
    yield f"as often as needed: {parts}; all together {place}"


def _rise(task: TaskConjunction, names: Mapping[str, str]) -> Iterator[str]:
    """Whether the joint rate rises faster than any of its parts."""
    step = task.steepest
    if step is None:
        return
    points = f"{100 * step.joint:.1f}"
    which = f"steepest from {names[step.before]} to {names[step.after]}: all hold in {points} points more"
    if round(step.joint - step.part, 3) > 0:
        part = f"no constraint rises by more than {100 * step.part:.1f} ({_name(step.most)})"
        yield f"{which}, while {part}: what the parts gain multiplies"
    else:
        yield f"{which}; {_name(step.most)} alone rises by {100 * step.part:.1f}"


def _chance(task: TaskConjunction) -> Iterator[str]:
    """What it takes of each part."""
    if task.needed_each is not None:
        n_parts = len(task.breaking)
        yield f"{n_parts} constraints that break independently must each hold in {percent(task.needed_each)} % for that"
