"""From a task's perturbations and difficulty axis to its conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from evalkit.errors import did_you_mean
from evalkit.suite.definition import Axis, ConditionDefinition, Supply
from evalkit.suite.document import Where
from evalkit.suite.models import Levelled, TaskFile
from evalkit.trial import CLEAN, Condition, Level


def axis_of(given: TaskFile, supply: Supply, complain: Callable[[Where, str], None]) -> Axis | None:
    """The task's difficulty axis with its values, or None.

    Args:
        given: The task as written.
        supply: Its items.
        complain: Takes the place inside the task and what is wrong there.
    """
    difficulty = given.difficulty
    if difficulty is None:
        return None
    levels: list[Level] = []
    if isinstance(supply, tuple):
        values = [item.fields.get(difficulty.field) for item in supply]
        if not all(
            isinstance(value, str | int | float) and value is not True and value is not False for value in values
        ):
            known = set.intersection(*(set(item.fields) for item in supply))
            complain(("difficulty", "field"), f'not every item has "{difficulty.field}" as text or number. '
                     f"{did_you_mean(difficulty.field, known)}")  # fmt: skip
            return None
        levels = _in_order(values)  # type: ignore[arg-type]  # checked just above
    elif supply.axis != difficulty.field:
        complain(("difficulty", "field"), f'found "{difficulty.field}", expected "{supply.axis}", the axis of the '
                 "generator")  # fmt: skip
        return None
    else:
        levels = list(supply.levels())
    if difficulty.require is not None and difficulty.require not in levels:
        shown = ", ".join(str(level) for level in levels)
        complain(("difficulty", "require"), f"found {difficulty.require!r}, expected one of {shown}")
        return None
    return Axis(field=difficulty.field, levels=tuple(levels), counting=tuple(_counting(levels, difficulty.require)))


def _in_order(values: Sequence[Level]) -> list[Level]:
    """Each value once: numbers by size, texts as they first appear."""
    once = list(dict.fromkeys(values))
    numeric = [value for value in once if isinstance(value, int | float)]
    return sorted(numeric) if len(numeric) == len(once) else once


def _counting(levels: Sequence[Level], require: Level | None) -> Sequence[Level]:
    """The levels up to the required one; all of them when none is named."""
    return levels if require is None else levels[: list(levels).index(require) + 1]


def condition_definitions(given: TaskFile, threshold: float, axis: Axis | None) -> tuple[ConditionDefinition, ...]:
    """Every condition of a task: clean (or its difficulty levels) first, repeats last."""
    return tuple(_definitions(given, threshold, axis))


def _definitions(given: TaskFile, threshold: float, axis: Axis | None) -> Iterator[ConditionDefinition]:
    asked = given.perturbations
    if axis is None:
        yield ConditionDefinition(condition=Condition(perturbation=CLEAN), counts=True, threshold=threshold)
    else:
        for level in axis.levels:
            condition = Condition(perturbation=axis.field, level=level)
            yield ConditionDefinition(condition=condition, counts=level in axis.counting, threshold=threshold)
    if asked.paraphrase is not None:
        own = asked.paraphrase.threshold
        yield ConditionDefinition(
            condition=Condition(perturbation="paraphrase"), counts=True, threshold=threshold if own is None else own
        )
    for name, levelled in (("noise", asked.noise), ("context", asked.context), ("conflict", asked.conflict)):
        if levelled is not None:
            yield from _levelled(name, levelled, threshold)
    if asked.repeat is not None:
        own = asked.repeat.threshold
        yield ConditionDefinition(
            condition=Condition(perturbation="repeat", level=asked.repeat.times),
            counts=own is not None,
            threshold=threshold if own is None else own,
            repeats=asked.repeat.times,
            curtail=asked.repeat.curtail,
        )


def _levelled(name: str, levelled: Levelled, threshold: float) -> Iterator[ConditionDefinition]:
    counting = _counting(levelled.levels, levelled.require)
    for level in levelled.levels:
        yield ConditionDefinition(
            condition=Condition(perturbation=name, level=level),
            counts=level in counting,
            threshold=threshold if levelled.threshold is None else levelled.threshold,
        )
