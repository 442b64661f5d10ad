"""What a comparison of two runs says, as plain values; `as_json` gives the published shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from evalkit.plain import rounded
from evalkit.trial import Measure

Shown: TypeAlias = Literal["better", "worse", "none"]
"""What is shown of B against A; `none` when neither is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """How far a pass rate, or a mean score, of B lies from that of A."""

    a: float | None
    """Of A, 0–1; None when nothing was observed."""
    b: float | None
    low: float
    """Of the difference, B minus A; −1 to 1."""
    high: float
    shown: Shown
    p: float | None = None
    """By the exact McNemar test, two-sided; None where it does not apply."""
    evidence: float | None = None
    """That the two differ at all, valid wherever a run stopped; None where the number of trials was fixed."""

    @property
    def value(self) -> float | None:
        """B minus A."""
        return None if self.a is None or self.b is None else self.b - self.a

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "a": rounded(self.a),
            "b": rounded(self.b),
            "difference": rounded(self.value),
            "low": rounded(self.low),
            "high": rounded(self.high),
            "shown": self.shown,
            "p": rounded(self.p),
            "evidence": rounded(self.evidence),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class PairCounts:
    """How pairs of trials ended."""

    pairs: int
    """All, those with a void side included."""
    void: int
    """Pairs of which one side is void: whatever it would have been, the interval holds."""
    both: int
    """Passed with both."""
    only_a: int
    only_b: int
    neither: int

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {name: getattr(self, name) for name in ("pairs", "void", "both", "only_a", "only_b", "neither")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """Trials of A and B beside each other, in one respect."""

    trials_a: int
    """Void ones included; of pairs, as many as there are pairs."""
    trials_b: int
    pairs: PairCounts | None
    """None when the two were not paired."""
    difference: Difference

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "trials": {"a": self.trials_a, "b": self.trials_b},
            "pairs": None if self.pairs is None else self.pairs.as_json(),
            **self.difference.as_json(),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """What one of the two made of an item."""

    passed: bool
    response: str | None
    """Of several asks, the first that failed, else the first."""
    failed: tuple[str, ...]
    """Constraints that did not hold."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {"passed": self.passed, "response": self.response, "failed": list(self.failed)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Flip:
    """A pair that passed with one of the two only."""

    item: str
    before: int
    """How often the item came before."""
    a: Side
    b: Side

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {"item": self.item, "before": self.before, "a": self.a.as_json(), "b": self.b.as_json()}


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparedCondition:
    """One condition of a task."""

    condition: str
    counts: bool
    """Whether it counts for the task's verdict."""
    measure: Measure
    """What `result` compares: pass rates, or mean scores."""
    result: Compared
    score: Difference | None
    """Of mean scores; None where it says nothing more."""
    constraints: tuple[tuple[str, Compared], ...]
    """Each constraint that both have, by its name; empty where there is one only."""
    flips: tuple[Flip, ...]
    """In plan order."""
    together: bool | None = None
    """Whether the difference stands when all conditions are read together; None where that cannot be said."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "condition": self.condition,
            "counts": self.counts,
            "measure": self.measure,
            **self.result.as_json(),
            "together": self.together,
            "score": None if self.score is None else self.score.as_json(),
            "constraints": [{"constraint": name, **each.as_json()} for name, each in self.constraints],
            "flips": [flip.as_json() for flip in self.flips],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparedTask:
    """One task that both runs have."""

    task: str
    unpaired: tuple[str, ...]
    """What keeps its items from being paired, a phrase each; empty when they are."""
    perturbed_unpaired: tuple[str, ...]
    """What keeps items from being paired under perturbed conditions, a phrase each; also where none is."""
    notes: tuple[str, ...]
    """What else is not the same, a sentence each."""
    conditions: tuple[ComparedCondition, ...]

    def with_shown(self, shown: Shown) -> Sequence[ComparedCondition]:
        """Its conditions of which that is shown."""
        return [each for each in self.conditions if each.result.difference.shown == shown]

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "task": self.task,
            "unpaired": list(self.unpaired),
            "perturbed_unpaired": list(self.perturbed_unpaired),
            "notes": list(self.notes),
            "conditions": [condition.as_json() for condition in self.conditions],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparedRun:
    """One of the two."""

    folder: str
    model: str
    suite: str
    started: str
    """UTC, ISO 8601."""
    fixed: bool
    """Whether its number of trials was fixed beforehand, and all were made."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {name: getattr(self, name) for name in ("folder", "model", "suite", "started", "fixed")}


@dataclass(frozen=True, kw_only=True, slots=True)
class RunComparison:
    """B against A."""

    a: ComparedRun
    b: ComparedRun
    confidence: float
    """Of each interval, both sides together."""
    unpaired: tuple[str, ...]
    """What keeps all items from being paired, a phrase each."""
    notes: tuple[str, ...]
    """What could not be compared, or is taken for granted; a sentence each."""
    tasks: tuple[ComparedTask, ...]

    @property
    def fixed(self) -> bool:
        """Whether neither run stopped by what it found."""
        return self.a.fixed and self.b.fixed

    @property
    def conditions(self) -> Iterator[tuple[ComparedTask, ComparedCondition]]:
        """Of all tasks."""
        return ((task, condition) for task in self.tasks for condition in task.conditions)

    @property
    def warnings(self) -> Iterator[str]:
        """What is compared unpaired, and why; a sentence each, without its full stop."""
        if self.unpaired:
            yield f"compared without pairing: {', '.join(self.unpaired)}"
        for task in self.tasks:
            if self.unpaired:
                continue
            if task.unpaired:
                yield f"{task.task} is compared without pairing: {', '.join(task.unpaired)}"
            elif any(each.result.pairs is None for each in task.conditions):
                why = ", ".join(task.perturbed_unpaired)
                yield f"{task.task} is compared without pairing where it is perturbed: {why}"

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "a": self.a.as_json(),
            "b": self.b.as_json(),
            "confidence": rounded(self.confidence),
            "method": "fixed" if self.fixed else "any-time",
            "unpaired": list(self.unpaired),
            "notes": list(self.notes),
            "tasks": [task.as_json() for task in self.tasks],
        }
