"""Two runs beside each other as a page shows them: plain values, in the words that the terminal uses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evalkit.findings.compare import ComparedCondition, ComparedRun, ComparedTask, Flip, RunComparison, Shown, Side
from evalkit.plain import one_line, percent
from evalkit.report.compare import (
    closing_notes,
    difference_range,
    overall,
    shown_word,
    task_notes,
    task_sentences,
)

_NAME = 80
_RESPONSE = 4_000
"""Most characters of a response."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownSide:
    """One of the two runs."""

    letter: str
    name: str
    """By which it is addressed."""
    model: str
    started: str
    folder: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownRow:
    """A condition."""

    condition: str
    counts: bool
    trials: str
    a: str
    b: str
    difference: str
    only_a: str
    only_b: str
    shown: Shown
    word: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownAnswer:
    """What one of the two made of an item."""

    letter: str
    passed: bool
    response: str
    cut: int
    """Characters that are left out."""
    failed: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownFlip:
    """An item that passed with one of the two only."""

    item: str
    condition: str
    again: int
    """How often it was asked before."""
    sides: tuple[ShownAnswer, ShownAnswer]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownFlips:
    """Items that flipped the same way."""

    heading: str
    total: int
    shown: tuple[ShownFlip, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownTask:
    """A task that both have."""

    id: str
    name: str
    shown: Shown
    """The worst that is shown of B at any condition, else the best."""
    sentences: tuple[str, ...]
    rows: tuple[ShownRow, ...]
    notes: tuple[str, ...]
    flips: tuple[ShownFlips, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownComparison:
    """All of it."""

    sides: tuple[ShownSide, ShownSide]
    warnings: tuple[str, ...]
    answer: str
    tasks: tuple[ShownTask, ...]
    notes: tuple[str, ...]

    @property
    def left_out(self) -> int:
        """Flipped items that are not shown."""
        return sum(flips.total - len(flips.shown) for task in self.tasks for flips in task.flips)


def shown_comparison(both: RunComparison, names: tuple[str, str], most_flips: int) -> ShownComparison:
    """What a page shows.

    Args:
        both: What was found.
        names: By which A and B are addressed.
        most_flips: How many items of a task that flipped are shown, each way; at least 0.
    """
    return ShownComparison(
        sides=(_side("A", names[0], both.a), _side("B", names[1], both.b)),
        warnings=tuple(f"{warning}." for warning in both.warnings),
        answer=overall(both),
        tasks=tuple(_task(number, task, both, most_flips) for number, task in enumerate(both.tasks, 1)),
        notes=(*both.notes, *closing_notes(both)),
    )


def _side(letter: str, name: str, run: ComparedRun) -> ShownSide:
    return ShownSide(
        letter=letter,
        name=name,
        model=one_line(run.model, _NAME),
        started=moment(run.started),
        folder=run.folder,
    )


def moment(text: str) -> str:
    """A moment to the minute, as it is recorded.

    >>> moment("2026-11-22T03:15:00Z")
    '2026-11-22 03:15 UTC'
    """
    return f"{one_line(text[:10], 10)} {one_line(text[11:16], 5)} UTC"


def _task(number: int, task: ComparedTask, both: RunComparison, most_flips: int) -> ShownTask:
    shown: Shown = next((word for word in _worst_first() if task.with_shown(word)), "none")
    return ShownTask(
        id=f"task-{number}",
        name=one_line(task.task, _NAME),
        shown=shown,
        sentences=tuple(task_sentences(task)),
        rows=tuple(_row(condition) for condition in task.conditions),
        # As they are: some begin with the name of a condition, which has no capital.
        notes=tuple(f"{note.rstrip('.')}." for note in task_notes(task, 1 - both.confidence)),
        flips=tuple(_flips(task, most_flips)),
    )


def _worst_first() -> tuple[Shown, Shown]:
    return ("worse", "better")


def _row(condition: ComparedCondition) -> ShownRow:
    result, difference = condition.result, condition.result.difference
    pairs = result.pairs
    return ShownRow(
        condition=one_line(condition.condition, _NAME),
        counts=condition.counts,
        trials=f"{result.trials_b:,}" if pairs else f"{result.trials_a:,} and {result.trials_b:,}",
        a=f"{percent(difference.a)} %" if difference.a is not None else "–",
        b=f"{percent(difference.b)} %" if difference.b is not None else "–",
        difference=difference_range(difference),
        only_a=f"{pairs.only_a:,}" if pairs else "–",
        only_b=f"{pairs.only_b:,}" if pairs else "–",
        shown=difference.shown,
        word=shown_word(difference),
    )


def _flips(task: ComparedTask, most: int) -> Iterator[ShownFlips]:
    """First those that B lost."""
    found = [(condition.condition, flip) for condition in task.conditions for flip in condition.flips]
    for heading, passed_with_a in (("Passed with A, not with B", True), ("Passed with B, not with A", False)):
        members = [(condition, flip) for condition, flip in found if flip.a.passed == passed_with_a]
        if members:
            shown = tuple(_flip(condition, flip) for condition, flip in members[:most])
            yield ShownFlips(heading=heading, total=len(members), shown=shown)


def _flip(condition: str, flip: Flip) -> ShownFlip:
    return ShownFlip(
        item=one_line(flip.item, _NAME),
        condition=one_line(condition, _NAME),
        again=flip.before,
        sides=(_answer("A", flip.a), _answer("B", flip.b)),
    )


def _answer(letter: str, side: Side) -> ShownAnswer:
    response = side.response or ""
    return ShownAnswer(
        letter=letter,
        passed=side.passed,
        response=response[:_RESPONSE],
        cut=max(0, len(response) - _RESPONSE),
        failed=one_line(", ".join(side.failed), 200),
    )
