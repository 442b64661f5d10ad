"""What a gate says, as plain values; `as_json` gives the published shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from evalkit.errors import EXIT_EDGE, EXIT_UNUSABLE
from evalkit.plain import rounded
from evalkit.verdict import ConditionResult, PairedResult, Regression, SuiteResult, TaskResult

Outcome: TypeAlias = Literal["passed", "edge", "failed"]
"""What a gate comes to; `edge` when neither can be said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BaselineSummary:
    """What a run is compared with."""

    name: str
    """Where it was read from, as the user named it."""
    model: str
    started: str
    """When it was measured: UTC, ISO 8601."""
    tolerance: float
    """By how much a pass rate may be lower, 0–1."""
    changes: tuple[str, ...]
    """What is not as it was then, a sentence each: the model, the suite, a prompt."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "name": self.name,
            "model": self.model,
            "started": self.started,
            "tolerance": rounded(self.tolerance),
            "changes": list(self.changes),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class GatedCondition:
    """One condition, and how it stands against the baseline."""

    result: ConditionResult
    paired: PairedResult | None
    """None without a baseline, where the condition does not count, and where the two have no item in common."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        result = self.result
        return {
            "condition": result.condition,
            "counts": result.counts,
            "verdict": result.verdict,
            "threshold": rounded(result.threshold),
            "pass_rate": rounded(result.pass_rate),
            "low": rounded(result.low),
            "high": rounded(result.high),
            "paired": None if self.paired is None else self.paired.as_json(),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class GatedTask:
    """One task: whether it is usable, and whether it got worse."""

    result: TaskResult
    regression: Regression | None
    """`regressed` when a condition is shown to be worse by more than the tolerance, `held` when all that count are
    shown not to be, else `unclear`; None without a baseline of it."""
    conditions: tuple[GatedCondition, ...]

    @property
    def worst(self) -> GatedCondition | None:
        """The condition that the regression hangs on: the lowest high end if regressed, else the lowest low end."""
        ends = [
            (each.paired.high if self.regression == "regressed" else each.paired.low, each)
            for each in self.conditions
            if each.paired is not None
        ]
        return min(ends, key=lambda pair: pair[0])[1] if ends else None

    @property
    def waits(self) -> bool:
        """Whether what keeps it at the edge is only that it was not asked to its end, since a gate was decided."""
        counting = [each.result for each in self.conditions if each.result.counts]
        return {each.reason for each in counting if each.verdict == "edge"} == {"gate-decided"}

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        worst = self.worst
        return {
            "task": self.result.task,
            "verdict": self.result.verdict,
            "regression": self.regression,
            "worst": None if worst is None else worst.result.condition,
            "conditions": [condition.as_json() for condition in self.conditions],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class GateResult:
    """What a gate says of one run."""

    result: SuiteResult
    baseline: BaselineSummary | None
    strict: bool
    """Whether it must be shown that nothing got worse."""
    edge_passes: bool
    """Whether an edge lets the run through."""
    tasks: tuple[GatedTask, ...]

    @property
    def outcome(self) -> Outcome:
        """Failed when a task is unusable or regressed; edge when one is at the edge, or (strict) unclear."""
        if any(task.result.verdict == "unusable" or task.regression == "regressed" for task in self.tasks):
            return "failed"
        unsure = ("unclear",) if self.strict else ()
        if any(task.result.verdict == "edge" or task.regression in unsure for task in self.tasks):
            return "edge"
        return "passed"

    @property
    def exit_code(self) -> int:
        """1, 3, or 0; an edge that passes is 0."""
        codes = {"passed": 0, "edge": 0 if self.edge_passes else EXIT_EDGE, "failed": EXIT_UNUSABLE}
        return codes[self.outcome]

    def tasks_with(self, *kinds: str) -> Sequence[GatedTask]:
        """Tasks whose verdict or regression is one of these."""
        return [task for task in self.tasks if task.result.verdict in kinds or task.regression in kinds]

    @property
    def left(self) -> Sequence[GatedTask]:
        """Tasks at the edge that were not asked to their end, since others had decided the gate."""
        edge = self.tasks_with("edge")
        left = [task for task in edge if task.waits]
        return left if self.outcome == "failed" or len(left) < len(edge) else []

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "suite": self.result.suite,
            "model": self.result.model,
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "strict": self.strict,
            "edge": "pass" if self.edge_passes else "fail",
            "baseline": None if self.baseline is None else self.baseline.as_json(),
            "tasks": [task.as_json() for task in self.tasks],
        }
