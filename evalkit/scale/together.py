"""All that a ladder of models, or a table of them, says at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.errors import EvalkitError
from evalkit.scale.ability import Question, find_ability
from evalkit.scale.law import Law, find_law
from evalkit.scale.loss_points import LossPoint
from evalkit.scale.points import SIZES, Against, Point, Series
from evalkit.scale.result import Ability
from evalkit.verdict import TaskConjunction

_LEAST_POINTS = 6
_FORM = {"params": "--size NAME=80k", "tokens": "--size NAME=tokens=20m", "flops": "--size NAME=flops=1e15"}


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskLaw:
    """The scaling law of one task's loss."""

    task: str | None
    """None: of the loss over all tasks."""
    law: Law


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """What models of several sizes show."""

    against: Against
    abilities: tuple[Ability, ...]
    conjunctions: tuple[TaskConjunction, ...]
    laws: tuple[TaskLaw, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "against": self.against,
            "tasks": [ability.as_json() for ability in self.abilities],
            "conjunctions": [each.as_json() for each in self.conjunctions],
            "laws": [{"task": each.task, **each.law.as_json()} for each in self.laws],
            "notes": list(self.notes),
        }


def known_against(series: Sequence[Series]) -> Against:
    """Which size most points have; of several, the first of parameters, tokens and FLOPs in which models differ."""
    points = [point for each in series for point in each.points]

    def standing(against: Against) -> tuple[bool, int]:
        known = [size for point in points if (size := point.size.of(against)) is not None]
        return len(set(known)) > 1, len(known)

    return max(SIZES, key=standing)


def find_scale(
    series: Sequence[Series],
    question: Question,
    *,
    total: Sequence[Point] = (),
    conjunctions: Sequence[TaskConjunction] = (),
    budget_flops: float | None = None,
    notes: Sequence[str] = (),
) -> Scale:
    """Say of every series what it shows, and what the losses show together.

    Args:
        series: Of which at least one has two models of a known size.
        question: What is asked of each.
        total: Losses over all tasks; those of each series are taken when empty.
        conjunctions: How constraints come together.
        budget_flops: Of training, for scaling laws; that of the largest model when None.
        notes: What is to be said besides.

    Raises:
        EvalkitError: If no series has two models of a known size, or a loss is not above 0.
    """
    against = question.against
    abilities = [ability for each in series if (ability := find_ability(each, question)) is not None]
    sources = {None: total} if total else {each.task: each.points for each in series}
    laws = [
        TaskLaw(task=task, law=find_law(losses, budget_flops=budget_flops, seed=question.seed))
        for task, points in sources.items()
        if _is_law(losses := _losses(points))
    ]
    unsized = dict.fromkeys(point.model for each in series for point in each.points if point.size.of(against) is None)
    if not abilities and not laws:
        missing = f" (none is known of {', '.join(unsized)})" if unsized else ""
        raise EvalkitError(
            f"found fewer than two models of known {against} with a pass rate{missing}; say it with "
            f"{_FORM[against]}, in the model's card, or name another size with --against"
        )
    if unsized:
        notes = [
            *notes,
            f"left aside, as their {against} are not known: {', '.join(unsized)}",
        ]
    return Scale(
        against=against,
        abilities=tuple(abilities),
        conjunctions=tuple(conjunctions),
        laws=tuple(laws),
        notes=tuple(notes),
    )


def _losses(points: Sequence[Point]) -> list[LossPoint]:
    return [
        LossPoint(model=point.model, params=point.size.params, tokens=point.size.tokens, loss=point.loss.value)
        for point in points
        if point.size.params is not None and point.size.tokens is not None and point.loss is not None
    ]


def _is_law(losses: Sequence[LossPoint]) -> bool:
    """Whether there are points enough, of different sizes and different amounts of training."""
    different = len({each.params for each in losses}) > 1 and len({each.tokens for each in losses}) > 1
    return len(losses) >= _LEAST_POINTS and different
