"""All that a ladder of models, or a table of them, says at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.errors import EvalkitError
from evalkit.plain import one_line
from evalkit.scale.ability import Question, find_ability
from evalkit.scale.conjunction import TaskConjunction
from evalkit.scale.law import Law, find_law
from evalkit.scale.loss_points import LossPoint
from evalkit.scale.points import SIZES, Against, Point, Series, Size
from evalkit.scale.result import Ability
from evalkit.stats.loss_law import LEAST_POINTS

_NAMED = 8
"""Models that a note lists."""
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
    sources = [(None, total)] if total else [(each.name, each.points) for each in series]
    laws = [
        TaskLaw(task=task, law=find_law(losses, budget_flops=budget_flops, seed=question.seed))
        for task, points in sources
        if _is_law(losses := _losses(points))
    ]
    unsized = dict.fromkeys(point.model for each in series for point in each.points if point.size.of(against) is None)
    if not abilities and not laws:
        raise EvalkitError(_nothing(series, against, list(unsized)))
    return Scale(
        against=against,
        abilities=tuple(abilities),
        conjunctions=tuple(conjunctions),
        laws=tuple(laws),
        notes=(*notes, *_left_aside(series, abilities, against, list(unsized))),
    )


def _nothing(series: Sequence[Series], against: Against, unsized: Sequence[str]) -> str:
    """Why there is nothing to show."""
    if all(point.pass_rate is None for each in series for point in each.points):
        return (
            f"found no pass rate, and of no task {LEAST_POINTS} losses with params and tokens, of which neither are "
            "always the same; expected a pass rate, or such losses for a scaling law"
        )
    if not unsized:
        return "found fewer than two models with a pass rate on any task, expected two sizes or more to compare"
    return (
        f"found fewer than two models of known {against} with a pass rate (none is known of {_listed(unsized)}); "
        f"say it in a table's column, with {_FORM[against]} or in the card of a run's model, or name another size with "
        "--against"
    )


def _left_aside(
    series: Sequence[Series], abilities: Sequence[Ability], against: Against, unsized: Sequence[str]
) -> Iterator[str]:
    """What is not shown, or shown together although it differs."""
    if unsized:
        yield f"left aside, as their {against} are not known: {_listed(unsized)}"
    shown = {ability.name for ability in abilities}
    few = [each.name for each in series if each.name not in shown]
    if shown and few:
        yield f"left aside, with fewer than two models of known {against} and a pass rate: {_listed(few)}"
    mixed = dict.fromkeys(model for ability in abilities for model in _several_of_one_size(ability))
    if mixed:
        yield (
            f"several points of one model have the same {against} and differ otherwise ({_listed(list(mixed))}): name "
            "another size with --against, or keep one point of each"
        )


def _several_of_one_size(ability: Ability) -> Iterator[str]:
    """Models whose checkpoints the size that is looked at cannot tell apart."""
    seen: dict[tuple[str, float | None], Size] = {}
    for point in ability.points:
        if seen.setdefault((point.model, point.size.of(ability.against)), point.size) != point.size:
            yield point.model


def _listed(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(one_line(name, 60) for name in names[:_NAMED]) + more


def _losses(points: Sequence[Point]) -> list[LossPoint]:
    return [
        LossPoint(model=point.model, params=point.size.params, tokens=point.size.tokens, loss=point.loss.value)
        for point in points
        if point.size.params is not None and point.size.tokens is not None and point.loss is not None
    ]


def _is_law(losses: Sequence[LossPoint]) -> bool:
    """Whether there are points enough, of different sizes and different amounts of training."""
    different = len({each.params for each in losses}) > 1 and len({each.tokens for each in losses}) > 1
    return len(losses) >= LEAST_POINTS and different
