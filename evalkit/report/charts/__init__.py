"""Results as figures: pure functions from results to Vega-Lite specifications, a sentence, and a table each.

The HTML report and static pictures draw the same figures. A specification has no title and no `config`: the page says
the title, and `theme.config` gives the colours; `sheet.alone` puts the title into a picture that stands alone. Its
`width` is a number of pixels (that of the map a step for each column), which a page may replace.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from evalkit.plain import counted, one_line
from evalkit.report.charts.capability import capability_figure, in_order
from evalkit.report.charts.constraints import constraint_figure
from evalkit.report.charts.levels import level_figures
from evalkit.report.charts.margins import suite_margins, task_margins
from evalkit.report.charts.pareto import Price, pareto_figure
from evalkit.report.charts.repeats import repeat_figure
from evalkit.report.charts.sheet import alone, sheet
from evalkit.report.charts.theme import config
from evalkit.report.charts.words import slug
from evalkit.report.figure import Figure
from evalkit.verdict import SuiteResult

__all__ = [
    "Price",
    "alone",
    "capability_figure",
    "config",
    "constraint_figure",
    "figures_of",
    "in_order",
    "level_figures",
    "overview",
    "pareto_figure",
    "repeat_figure",
    "sheet",
    "suite_margins",
    "task_figures",
    "task_margins",
]


_MODEL = 60
"""Most characters of the name of the one model that a picture is of."""


def figures_of(results: Sequence[SuiteResult], prices: Mapping[str, Price] | None = None) -> list[Figure]:
    """All figures in reading order: of each suite the map, the margins of its tasks, every task, cost and latency.

    Args:
        results: One for each suite and model, in the order in which models are to stand; `in_order` gives that.
        prices: What models cost and how long they take, by model; None: nothing is said of it.

    Returns:
        Figures whose ids are unique: `map`, `margins`, `pareto`, and `<task>-margins`, `<task>-<perturbation>`,
        `<task>-constraints`, `<task>-repeats`; with several suites, that of the suite stands before them.
    """
    return _unique([each.figure for each in _all(results, prices or {})])


def overview(results: Sequence[SuiteResult], prices: Mapping[str, Price] | None = None) -> list[Figure]:
    """The figures that answer first, with the ids they have among all: of each suite all that are not of one task.

    With several models and a map, the margins of tasks are left out: the map says them.

    Args:
        results: As in `figures_of`.
        prices: Likewise.
    """
    every = list(_all(results, prices or {}))
    named = _unique([each.figure for each in every])
    mapped = {each.suite for each in every if each.of_suite == "map"}
    return [
        figure
        for each, figure in zip(every, named, strict=True)
        if each.of_suite is not None and not (each.of_suite == "margins" and each.suite in mapped)
    ]


def task_figures(task: str, results: Sequence[SuiteResult]) -> list[Figure]:
    """The figures of one task; their ids have no task in front.

    Args:
        task: Its name.
        results: Of one suite, each of another model.
    """
    made = (
        task_margins(task, results),
        *level_figures(task, results),
        constraint_figure(task, results),
        repeat_figure(task, results),
    )
    return [figure for figure in made if figure is not None]


class _Placed(NamedTuple):
    suite: str
    of_suite: str | None
    """What it is of a whole suite: `map`, `margins` or `pareto`; None: it is of one task."""
    figure: Figure


def _all(results: Sequence[SuiteResult], prices: Mapping[str, Price]) -> Iterator[_Placed]:
    """In reading order; ids may be alike."""
    suites: dict[str, list[SuiteResult]] = {}
    for result in results:
        suites.setdefault(result.suite, []).append(result)
    for suite, of in suites.items():
        before = f"{slug(suite)}-" if len(suites) > 1 else ""
        whole = [capability_figure(of), suite_margins(of)]
        tasks = [
            replace(figure, id=f"{slug(task)}-{figure.id}")
            for task in dict.fromkeys(task.task for result in of for task in result.tasks)
            for figure in task_figures(task, of)
        ]
        whose = _whose(of[0]) if len(of) == 1 else ""
        for of_suite, figures in ((True, whole), (False, tasks), (True, [pareto_figure(of, prices)])):
            for figure in figures:
                if figure is not None:
                    named = replace(figure, id=f"{before}{figure.id}", whose=whose)
                    yield _Placed(suite, figure.id if of_suite else None, named)


def _whose(result: SuiteResult) -> str:
    trials = sum(condition.trials for task in result.tasks for condition in task.conditions)
    return f"With {one_line(result.model, _MODEL)}, {counted(trials, 'trial')} in all."


def _unique(figures: Sequence[Figure]) -> list[Figure]:
    """With a number behind an id that was taken already."""
    taken: set[str] = set()
    named = []
    for figure in figures:
        name, n = figure.id, 1
        while name in taken:
            n += 1
            name = f"{figure.id}-{n}"
        taken.add(name)
        named.append(replace(figure, id=name))
    return named
