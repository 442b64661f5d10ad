"""What the page says in words: the answer first, for whoever reads nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from evalkit.plain import at_least, at_most, counted, one_line, percent, percent_range, whole_points
from evalkit.report.charts.words import margin_told
from evalkit.report.layout import SIGNS
from evalkit.report.names import labels
from evalkit.verdict import ConditionResult, SuiteResult, TaskResult, Verdict

WORDS: dict[Verdict, str] = {"usable": "usable", "edge": "could be either", "unusable": "not usable"}
_NAMED = 4
"""Tasks or models that a sentence lists."""
_NAME = 60
_FURTHEST = -1.0
"""The margin of what was not measured, when models are compared."""
_NO_MARGIN = "0.00"
"""What is left of the margin of a test that stopped as soon as it could."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MapCell:
    """A task of a model in the capability map."""

    verdict: Verdict | None
    """None: not measured."""
    sign: str
    short: str
    """The margin, in points."""
    words: str
    """The same for whoever hears it."""


def answer(results: Sequence[SuiteResult]) -> list[str]:
    """The verdict on one suite in a few sentences, the most important first.

    Args:
        results: Of the models that were measured on it; at least one.
    """
    if len(results) == 1:
        return [*_one(results[0])]
    return [*_several(results)]


def _one(result: SuiteResult) -> Iterator[str]:
    n, found = len(result.tasks), _by_verdict(result)
    able = len(found["usable"])
    if able == n:
        yield f"Usable: all {counted(n, 'task')}." if n > 1 else f"Usable: {_name(result.tasks[0].task)}."
        yield from _least_margin(result)
        return
    yield f"Usable: {able} of {counted(n, 'task')}." if able else _none_usable(result)
    if found["unusable"] and n > 1:
        yield f"Not usable: {_broken(found['unusable'])}."
    elif found["unusable"]:
        yield f"It {_breaks(found['unusable'][0])}."
    either = [_name(task.task) for task in found["edge"] if task.weakest is not None]
    if either and n > 1:
        yield f"Could be either: {_listed(either)}."
    unknown = [_name(task.task) for task in found["edge"] if task.weakest is None]
    if unknown and n > 1:
        yield f"Not measured: {_listed(unknown)}."


def _least_margin(result: SuiteResult) -> Iterator[str]:
    measured = [(task, task.weakest) for task in result.tasks if task.weakest is not None]
    if not measured:
        return
    task, weakest = min(measured, key=lambda pair: pair[1].margin_low or 0.0)
    least = at_least(weakest.margin_low or 0.0)[1:]
    where = f"{_name(task.task)} at {_name(weakest.condition)}"
    if least == _NO_MARGIN:
        yield f"The least margin is that of {where}; how large it is was not measured."
    else:
        yield f"The least margin is that of {where}: at least {least} points."


def _several(results: Sequence[SuiteResult]) -> Iterator[str]:
    tasks = {task.task for result in results for task in result.tasks}
    named = [*zip(results, labels([result.model for result in results], _NAME), strict=True)]
    able = [name for result, name in named if result.verdict == "usable" and len(result.tasks) == len(tasks)]
    every = f"all {counted(len(tasks), 'task')}" if len(tasks) > 1 else "the task"
    if able:
        verb = "is" if len(able) == 1 else "are"
        yield f"{len(able)} of {counted(len(results), 'model')} {verb} usable for {every}: {_listed(able)}."
        return
    shown = "is" if all(result.verdict == "unusable" for result in results) else "was shown to be"
    yield f"None of {counted(len(results), 'model')} {shown} usable for {every}."
    nearness = [_nearness(result, tasks) for result in results]
    nearest = [each for each, near in zip(named, nearness, strict=True) if near == max(nearness)]
    yield from _nearest(nearest, some=len(nearest) < len(results))


def _nearest(nearest: Sequence[tuple[SuiteResult, str]], *, some: bool) -> Iterator[str]:
    """Which models come nearest to being usable for all tasks, if not all do, and for what they are not usable."""
    if len(nearest) > 1 and some:
        yield f"{_listed([name for _, name in nearest])} come nearest."
    elif some:
        ((best, name),) = nearest
        told = [f"{len(of)} {_are(verdict, len(of))}" for verdict, of in _by_verdict(best).items() if of]
        yield f"{name} comes nearest: of its {counted(len(best.tasks), 'task')} {_listed(told)}."
    first, *others = [_broken(_by_verdict(each)["unusable"]) for each, _ in nearest]
    if first and all(other == first for other in others):
        yield f"{'They are' if others else 'It is'} not usable for {first}."


def _nearness(result: SuiteResult, tasks: Collection[str]) -> tuple[int, int, int, list[float]]:
    """Tasks that are usable and that could be, conditions that are usable, then how close the worst ones come.

    Conditions are counted before rates are compared: of two models that both fail at the hardest one, the nearer is the
    one that can do the easier ones.
    """
    found = _by_verdict(result)
    passed = sum(each.counts and each.verdict == "usable" for task in result.tasks for each in task.conditions)
    margins = {task.task: task.weakest.margin for task in result.tasks if task.weakest is not None}
    worst = sorted(_FURTHEST if (margin := margins.get(name)) is None else margin for name in tasks)
    return len(found["usable"]), len(found["edge"]), passed, worst


def _are(verdict: Verdict, n: int) -> str:
    return WORDS[verdict] if verdict == "edge" else f"{'is' if n == 1 else 'are'} {WORDS[verdict]}"


def _by_verdict(result: SuiteResult) -> dict[Verdict, list[TaskResult]]:
    found: dict[Verdict, list[TaskResult]] = {"usable": [], "edge": [], "unusable": []}
    for task in result.tasks:
        found[task.verdict].append(task)
    return found


def _none_usable(result: SuiteResult) -> str:
    if len(result.tasks) > 1:
        shown = "is usable" if result.verdict == "unusable" else "was shown to be usable"
        return f"None of {counted(len(result.tasks), 'task')} {shown}."
    (task,) = result.tasks
    return f"{'Not measured' if task.weakest is None else WORDS[task.verdict].capitalize()}: {_name(task.task)}."


def _broken(tasks: Sequence[TaskResult]) -> str:
    """Tasks that are not usable, with where they break first; those that break alike together."""
    places: dict[str, list[str]] = {}
    for task in tasks:
        places.setdefault(_breaks(task), []).append(_name(task.task))
    told = []
    for place, names in places.items():
        each = ", each of which " if len(names) > 1 else ", which "
        told.append(f"{_listed(names)}{each}{place}")
    return "; ".join(told)


def _breaks(task: TaskResult) -> str:
    """At which condition a task breaks first."""
    first = next((each for each in task.conditions if each.counts and each.verdict == "unusable"), None)
    if first is None:
        return "fails"
    if first is task.conditions[0]:
        plain = first.condition == "clean"
        return "fails already as it is asked (clean)" if plain else f"fails already at {_name(first.condition)}"
    return f"breaks first at {_name(first.condition)}"


def margin_sentence(task: TaskResult) -> str:
    """How a task stands at its weakest, in a sentence."""
    weakest = task.weakest
    if weakest is None or weakest.margin_low is None or weakest.margin_high is None:
        return "It was not measured."
    between = percent_range(weakest.low, weakest.high).replace("–", " to ")
    rate = f"{between} % pass" if weakest.measure == "pass" else f"the mean score is {between} %"
    needs = f"{percent(weakest.threshold)} % are needed"
    return f"At its weakest ({_name(weakest.condition)}) {rate}, {needs}: {_left(task.verdict, weakest)}."


def _left(verdict: Verdict, weakest: ConditionResult) -> str:
    if verdict == "edge":
        return "it could be either"
    usable = verdict == "usable"
    points = (at_least(weakest.margin_low or 0.0) if usable else at_most(weakest.margin_high or 0.0))[1:]
    if points == _NO_MARGIN:
        return f"it is {'above' if usable else 'below'}, by how much was not measured"
    return f"at least {points} points are {'left' if usable else 'missing'}"


def map_cell(task: TaskResult | None) -> MapCell:
    """What the map says of a task."""
    weakest = None if task is None else task.weakest
    if task is None or weakest is None or weakest.margin_low is None or weakest.margin_high is None:
        return MapCell(verdict=None, sign="–", short="", words="not measured")
    sign, verdict = SIGNS[task.verdict], task.verdict
    if verdict == "edge":
        low, high = whole_points(weakest.margin_low, weakest.margin_high)
        words = f"could be either: {abs(low)} points {_side(low)} to {abs(high)} points {_side(high)} what is needed"
        return MapCell(verdict=verdict, sign=sign, short=margin_told(weakest, verdict), words=words)
    short = margin_told(weakest, verdict)
    points = short.lstrip("≥≤<>+−")
    known = "by how much was not measured" if points == "0" else f"at least {points} points"
    side = "above" if verdict == "usable" else "below"
    return MapCell(verdict=verdict, sign=sign, short=short, words=f"{WORDS[verdict]}: {known} {side} what is needed")


def _side(points: int) -> str:
    return "below" if points < 0 else "above"


def _name(text: str) -> str:
    return one_line(text, _NAME)


def _listed(names: Sequence[str], separator: str = ", ") -> str:
    if len(names) > _NAMED + 1:
        return f"{separator.join(names[:_NAMED])}{separator}and {len(names) - _NAMED} more"
    return separator.join(names)
