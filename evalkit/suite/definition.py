"""A suite after loading: everything resolved, nothing left to look up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from evalkit.perturb import Material
from evalkit.score import BoundConstraint, ConstraintSpec, Extract
from evalkit.suite.generators import Generator
from evalkit.suite.models import NoiseOn, Place
from evalkit.template import fields_of, fill
from evalkit.trial import Claim, Condition, Item, Level, Measure, Messages

Supply: TypeAlias = tuple[Item, ...] | Generator
"""Where items come from: a list that can run out, or a generator that cannot."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConditionDefinition:
    """A condition of a task, with what the suite demands of it."""

    condition: Condition
    counts: bool
    """Whether the task's verdict depends on it."""
    threshold: float
    repeats: int = 1
    """Asks per item; more than 1 for `repeat` only."""
    curtail: bool = False
    """An item stops at its first failed ask."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """A difficulty axis: a field of the items, and its values from easy to hard."""

    field: str
    levels: tuple[Level, ...]
    counting: tuple[Level, ...]
    """Those that count for the verdict; the task's other conditions draw their items from these."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One ability, judged by one threshold."""

    name: str
    about: str
    line: int
    """Where the suite file defines it; 1-based."""
    threshold: float
    measure: Measure
    claim: Claim
    sampling: Mapping[str, Any]
    prompt: Messages
    paraphrases: tuple[Messages, ...]
    supply: Supply
    grouped: bool
    """Whether items carry the group that intervals respect."""
    extract: Extract | None
    constraints: tuple[ConstraintSpec, ...]
    target: str | None
    """The text of the right answer, a template over the item's fields; None where there is no single one."""
    conditions: tuple[ConditionDefinition, ...]
    axis: Axis | None
    protect: tuple[str, ...]
    noise_on: NoiseOn
    place: Place
    material: Material | None
    functions: Mapping[str, Callable[..., Any]]

    def target_of(self, item: Item) -> str | None:
        """The right answer to an item, if the task names one."""
        return None if self.target is None else fill(self.target, item.fields)

    def bind(self, item: Item) -> list[BoundConstraint]:
        """The constraints as they stand for one item.

        Raises:
            ConstraintError: If the item's fields do not fit them; `check` finds this beforehand.
        """
        return [
            BoundConstraint(
                name=spec.name,
                constraint=spec.bind(item.fields, self.functions),
                extract=spec.extract if spec.extract is not None else self.extract,
            )
            for spec in self.constraints
        ]

    def opposites(self, item: Item) -> dict[str, tuple[str, ...]]:
        """For each constraint that can be contradicted: what a user who wants the opposite asks for."""
        wishes = {
            spec.name: spec.wishes(bound.constraint, item.fields)
            for spec, bound in zip(self.constraints, self.bind(item), strict=True)
        }
        return {name: wished for name, wished in wishes.items() if wished}

    @property
    def targets(self) -> frozenset[str] | None:
        """The fields that constraints and the target read; None where a function of the suite's author may read any."""
        if any(spec.function is not None for spec in self.constraints):
            return None
        named = fields_of(self.target) if self.target is not None else ()
        return frozenset(named).union(*(spec.fields() for spec in self.constraints))

    @property
    def n_counting(self) -> int:
        """How many conditions count: K of the downward test."""
        return sum(definition.counts for definition in self.conditions)


@dataclass(frozen=True, kw_only=True, slots=True)
class Suite:
    """A suite of tasks, loaded and checked."""

    name: str
    about: str
    path: Path
    confidence: float
    precision: float
    """Half-width at which a margin counts as measured, in pass-rate units."""
    strict: bool
    """Whether levels that do not count are tested one by one from easy to hard."""
    tasks: tuple[Task, ...]
    text: str = field(repr=False)
    """The suite file as it was."""
    files: Mapping[str, str] = field(repr=False)
    """SHA-256 of every file that was read, the suite itself first, by name relative to its folder."""

    def task(self, name: str) -> Task:
        """The task of a name.

        Raises:
            KeyError: If there is none.
        """
        for task in self.tasks:
            if task.name == name:
                return task
        raise KeyError(name)

    @property
    def task_names(self) -> Sequence[str]:
        """In the order of the file."""
        return [task.name for task in self.tasks]
