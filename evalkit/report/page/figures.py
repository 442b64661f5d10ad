"""Which figures stand where on the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from evalkit.report.charts import Price, pareto_figure, suite_margins, task_figures
from evalkit.report.figure import Figure
from evalkit.verdict import SuiteResult


@dataclass(frozen=True, kw_only=True, slots=True)
class SuiteFigures:
    """Of one suite."""

    first: tuple[Figure, ...]
    """Below the capability map."""
    tasks: Mapping[str, tuple[Figure, ...]]
    """Of each task, by its name."""
    last: tuple[Figure, ...]
    """Cost and time."""

    def __iter__(self) -> Iterator[Figure]:
        """All of them, as they follow each other."""
        yield from self.first
        for figures in self.tasks.values():
            yield from figures
        yield from self.last


def suite_figures(results: Sequence[SuiteResult], prices: Mapping[str, Price], prefix: str) -> SuiteFigures:
    """The figures of one suite.

    The map itself is a table on the page, where each of its cells leads somewhere; it says the margins of tasks, too,
    where models stand side by side.

    Args:
        results: Of the models that were measured on it, in the order of the map.
        prices: Of models whose price is known.
        prefix: Makes ids unique on the page.
    """
    names = list(dict.fromkeys(task.task for result in results for task in result.tasks))
    tasks = {name: _named(task_figures(name, results), f"{prefix}-{place + 1}") for place, name in enumerate(names)}
    first = suite_margins(results) if len(names) > 1 and len(results) == 1 else None
    return SuiteFigures(
        first=_named([first], prefix), tasks=tasks, last=_named([pareto_figure(results, prices)], prefix)
    )


def _named(figures: Sequence[Figure | None], prefix: str) -> tuple[Figure, ...]:
    """Those there are, with ids that are unique on the page."""
    shown = [figure for figure in figures if figure is not None]
    return tuple(replace(figure, id=f"{prefix}-{place + 1}-{figure.id}") for place, figure in enumerate(shown))
