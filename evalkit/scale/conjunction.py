"""How the constraints of a task come together along a ladder of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from evalkit.plain import rounded
from evalkit.verdict import Conjunction, SuiteResult


@dataclass(frozen=True, kw_only=True, slots=True)
class Rung:
    """One model's conjunction along a ladder of models."""

    model: str
    conjunction: Conjunction


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """From one model to the next: how far the joint rate rises, and the constraint that rises most."""

    before: str
    after: str
    joint: float
    """Rise of the joint rate, −1 to 1."""
    most: str
    """The constraint whose rate rises most."""
    part: float
    """By how much."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskConjunction:
    """A task under one condition, along a ladder of models."""

    task: str
    threshold: float
    rungs: tuple[Rung, ...]
    """From the smallest model to the largest; at least one."""

    @property
    def steepest(self) -> Step | None:
        """The step in which the joint rate rises most; None where it never rises."""
        steps = [_step(before, after) for before, after in pairwise(self.rungs)]
        rising = [step for step in steps if step.joint > 0]
        return max(rising, key=lambda step: step.joint) if rising else None

    @property
    def breaking(self) -> tuple[str, ...]:
        """The constraints that some model broke."""
        broke = [link.constraint for rung in self.rungs for link in rung.conjunction.links if link.rate < 1]
        return tuple(dict.fromkeys(broke))

    @property
    def needed_each(self) -> float | None:
        """The rate that each breaking constraint needs for the threshold if all are alike and independent; or None."""
        return self.threshold ** (1 / len(self.breaking)) if self.breaking else None

    def reached_by(self, constraint: str | None) -> str | None:
        """The first model from which on a constraint (None: all together) was observed to hold as often as needed."""
        reached = None
        for rung in reversed(self.rungs):
            rates = {link.constraint: link.rate for link in rung.conjunction.links}
            rate = rung.conjunction.joint if constraint is None else rates.get(constraint, 0.0)
            if rate < self.threshold:
                break
            reached = rung.model
        return reached

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        step = self.steepest
        return {
            "task": self.task,
            "condition": self.rungs[0].conjunction.condition,
            "threshold": rounded(self.threshold),
            "models": [{"model": rung.model} | rung.conjunction.as_json() for rung in self.rungs],
            "steepest": None
            if step is None
            else {
                "from": step.before,
                "to": step.after,
                "joint": rounded(step.joint),
                "most": step.most,
                "part": rounded(step.part),
            },
            "needed_each": rounded(self.needed_each),
            "reached": {
                "all": self.reached_by(None),
                "parts": {name: self.reached_by(name) for name in self.breaking},
            },
        }


def conjunctions(results: Sequence[SuiteResult]) -> list[TaskConjunction]:
    """For each task of several constraints, its joint pass rate and those of its parts, model by model.

    All models of a task are compared under one condition: of those that count, the one that most of them were asked
    under, else the first in the suite. Models that were not are left out.

    Args:
        results: What each model did, from the smallest model to the largest.

    Returns:
        One for each task that at least two models were asked, in the order of the suites.
    """
    tasks: dict[tuple[str, str], dict[str, list[Rung]]] = {}
    thresholds: dict[tuple[str, str, str], float] = {}
    for result in results:
        for task in result.tasks:
            conditions = tasks.setdefault((result.suite, task.task), {})
            for condition in task.conditions:
                if condition.counts and condition.conjunction is not None:
                    rung = Rung(model=result.model, conjunction=condition.conjunction)
                    conditions.setdefault(condition.condition, []).append(rung)
                    thresholds[result.suite, task.task, condition.condition] = condition.threshold
    found = []
    for (suite, name), conditions in tasks.items():
        shared = max(conditions, key=lambda condition: len(conditions[condition]), default=None)
        if shared is not None and len(conditions[shared]) > 1:
            threshold = thresholds[suite, name, shared]
            found.append(TaskConjunction(task=name, threshold=threshold, rungs=tuple(conditions[shared])))
    return found


def _step(before: Rung, after: Rung) -> Step:
    rates = {link.constraint: link.rate for link in before.conjunction.links}
    rises = {link.constraint: link.rate - rates.get(link.constraint, link.rate) for link in after.conjunction.links}
    most = max(rises, key=lambda name: rises[name])
    joint = after.conjunction.joint - before.conjunction.joint
    return Step(before=before.model, after=after.model, joint=joint, most=most, part=rises[most])
