"""The capability map: which model can do what, and by how much, in one table of tasks and models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalkit.plain import columns, counted, one_line, padded, points_between
from evalkit.report.layout import COLOURS, SIGNS, WIDTH, Style, plain_style, short_models, wrapped
from evalkit.report.names import labels, shortened
from evalkit.report.terminal import guaranteed
from evalkit.verdict import SuiteResult, TaskResult

_TASK = 22
"""Most columns of a task's name in a terminal."""
_MODEL = 16
"""Likewise of a model's, at the head of a column."""
_NAME = 40
"""Most columns of both where there is more room."""
_FULL = 200
"""Most columns of a name in full."""
_CELL = 8
"""Least width of a column: that of most cells."""
_GAP = 2
SUITE = "suite"
"""Name of the last row."""
LEGEND = (
    "✓ usable, by at least so many points above the threshold; ✗ unusable, by at least so many below it; ? edge, "
    "anywhere between the two; – not measured. The last row counts the tasks that are usable."
)
"""How a map is read."""
_LEGEND_IN_WORDS = (
    "usable: by at least so many points above the threshold; unusable: by at least so many below it; edge: anywhere "
    "between the two. The last row counts the tasks that are usable."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class MapEntry:
    """One run, as the map needs it."""

    result: SuiteResult
    sha256: str
    """Of the suite's file."""
    started: str
    """UTC, ISO 8601: of two runs of the same model the later one is shown."""
    size: float | None = None
    """Parameters of the model; None: unknown."""


def capability_map(entries: Sequence[MapEntry], *, style: Style = plain_style, words_only: bool = False) -> str:
    """A table of tasks and models for each suite that several runs measured, at most 80 columns wide.

    Args:
        entries: Runs in the order of their columns; where the size of every model is known, sizes give the order.
        style: Colours it.
        words_only: Whether words stand in place of signs, as for screen readers and logs.

    Returns:
        Text that begins with an empty line; empty when no suite was measured by more than one run.
    """
    suites = mapped_suites(entries, task=_TASK, model=_MODEL)
    lines = [line for drawn in suites for line in _Drawing(style, words_only, drawn).lines()]
    return "\n".join(lines) + "\n" if lines else ""


def mapped_suites(entries: Sequence[MapEntry], *, task: int = _NAME, model: int = _NAME) -> list[MappedSuite]:
    """What there is to map: each suite that several runs measured.

    Args:
        entries: As for `capability_map`.
        task: Most columns of a task's name.
        model: Likewise of a model's.
    """
    suites: dict[str, list[MapEntry]] = {}
    for entry in entries:
        suites.setdefault(entry.result.suite, []).append(entry)
    return [MappedSuite(runs, task=task, model=model) for runs in suites.values() if len(runs) > 1]


def left_out(entries: Sequence[MapEntry]) -> list[str]:
    """What is said of models that several runs measured with the same suite: of each only the latest is shown.

    Args:
        entries: Runs, of any suites.
    """
    n_runs = Counter((entry.result.suite, entry.result.model) for entry in entries)
    return [f"of {n} runs of {one_line(model, 40)} the latest is shown" for (_, model), n in n_runs.items() if n > 1]


class MappedSuite:
    """The map of one suite, however it is drawn.

    Args:
        runs: Of the suite.
        task: Most columns of a task's name.
        model: Likewise of a model's.
    """

    def __init__(self, runs: Sequence[MapEntry], *, task: int = _NAME, model: int = _NAME) -> None:
        self._runs = runs
        latest: dict[str, MapEntry] = {}
        for run in runs:
            known = latest.get(run.result.model)
            if known is None or run.started >= known.started:
                latest[run.result.model] = run
        shown = list(latest.values())
        sizes = {run.result.model: run.size for run in shown if run.size is not None}
        if len(sizes) == len(shown):
            shown.sort(key=lambda run: sizes[run.result.model])
        self.suite = runs[0].result.suite
        self.shown = shown
        """One run a model, in the order of the columns."""
        self._models = short_models([run.result.model for run in shown])
        self._widths = (model, task)
        self.names = labels(self._models, model)
        """Of the columns."""
        self.tasks = list(dict.fromkeys(task.task for run in shown for task in run.result.tasks))
        """In the order of the rows."""
        self.task_names = labels(self.tasks, task)
        """Of the rows."""

    @property
    def size(self) -> str:
        """How many tasks and models, in words."""
        return f"{counted(len(self.tasks), 'task')}, {counted(len(self.shown), 'model')}"

    def columns(self, *, words_only: bool = False) -> list[list[tuple[str, str]]]:
        """Of each model its cells, the suite's last: what is told, and its colour."""
        return [self._column(run, words_only) for run in self.shown]

    def _column(self, run: MapEntry, words_only: bool) -> list[tuple[str, str]]:
        tasks = {task.task: task for task in run.result.tasks}
        cells = [_cell(tasks.get(name), words_only) for name in self.tasks]
        usable, verdict = sum(task.verdict == "usable" for task in tasks.values()), run.result.verdict
        told = f"{usable} of {len(tasks)} usable" if words_only else f"{SIGNS[verdict]} {usable}/{len(tasks)}"
        return [*cells, (told, COLOURS[verdict])]

    def notes(self) -> Iterator[str]:
        """Where each task is weakest, and what has to be known of the runs."""
        for models, width in zip((self._models, self.tasks), self._widths, strict=True):
            yield from _numbered(models, width)
        for name, shown in zip(self.tasks, self.task_names, strict=True):
            found = [task for run in self.shown for task in run.result.tasks if task.task == name]
            if any(sum(condition.counts for condition in task.conditions) > 1 for task in found):
                yield from self._weakest(name, shown)
        yield from left_out(self._runs)
        versions = {run.sha256 for run in self.shown}
        if len(versions) > 1:
            first = self.shown[0].sha256
            others = [name for name, run in zip(self.names, self.shown, strict=True) if run.sha256 != first]
            yield f"the suite's file has changed between these runs: {', '.join(others)} had not the one of the first"

    def _weakest(self, task: str, shown: str) -> Iterator[str]:
        """Which condition decides in each column."""
        columns: dict[str, list[str]] = {}
        for name, run in zip(self.names, self.shown, strict=True):
            for found in run.result.tasks:
                if found.task == task and found.weakest is not None:
                    columns.setdefault(one_line(found.weakest.condition, 20), []).append(name)
        if columns:
            told = [f"{where} ({', '.join(names)})" for where, names in columns.items()]
            everywhere = next(iter(columns)) if len(columns) == 1 else ", ".join(told)
            yield f"{shown} is weakest at {everywhere}"


def _numbered(names: Sequence[str], width: int) -> Iterator[str]:
    """What is meant by names that could not be cut so that they differ."""
    cut = shortened(names, width)
    for name, short, label in zip(names, cut, labels(names, width), strict=True):
        if cut.count(short) > 1:
            yield f"{label} is {one_line(name, _FULL)}"


@dataclass(frozen=True, slots=True)
class _Drawing:
    """A map for the terminal."""

    style: Style
    words_only: bool
    drawn: MappedSuite

    def lines(self) -> Iterator[str]:
        suite, tasks, names = self.drawn.suite, self.drawn.task_names, self.drawn.names
        yield ""
        yield self.style(f"Capability map of {one_line(suite, 40)}: {self.drawn.size}", "strong")
        label = max(columns(name) for name in [*tasks, SUITE])
        cells = self.drawn.columns(words_only=self.words_only)
        widths = [
            max(columns(name), _CELL, *(len(text) for text, _ in column))
            for name, column in zip(names, cells, strict=True)
        ]
        for block in _blocks(widths, WIDTH - 2 - label):
            yield self._head(block, widths, label)
            for row, name in enumerate([*tasks, SUITE]):
                told = [self._padded(*cells[column][row], widths[column]) for column in block]
                yield "".join([f"  {padded(name, label)}", *told]).rstrip()
        for note in self.drawn.notes():
            yield from wrapped(note, indent="  ")
        legend = _LEGEND_IN_WORDS if self.words_only else LEGEND
        yield from (self.style(line, "dim") for line in wrapped(legend))

    def _head(self, block: Sequence[int], widths: Sequence[int], label: int) -> str:
        names = [" " * _GAP + padded(self.drawn.names[column], widths[column]) for column in block]
        return self.style("".join([f"  {'task':<{label}}", *names]).rstrip(), "dim")

    def _padded(self, text: str, role: str, width: int) -> str:
        return " " * _GAP + (self.style(text, role) if role else text) + " " * (width - len(text))


def _blocks(widths: Sequence[int], room: int) -> Iterator[list[int]]:
    """Columns that fit beside each other; at least one in a block."""
    block: list[int] = []
    for column, width in enumerate(widths):
        if block and sum(widths[each] + _GAP for each in block) + width + _GAP > room:
            yield block
            block = []
        block.append(column)
    yield block


def _cell(task: TaskResult | None, words_only: bool) -> tuple[str, str]:
    """A task's verdict and what is known of its margin, with its colour."""
    weakest = None if task is None else task.weakest
    if task is None or weakest is None or weakest.margin_low is None or weakest.margin_high is None:
        return "not measured" if words_only else "–", ""
    told = guaranteed(weakest)
    if task.verdict == "edge":
        told = points_between(weakest.margin_low, weakest.margin_high, " to " if words_only else "…")
    elif words_only:
        told = {">0": "+0", "<0": "−0"}.get(told, told.lstrip("≥≤"))
    return f"{task.verdict if words_only else SIGNS[task.verdict]} {told}", COLOURS[task.verdict]
