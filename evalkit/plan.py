"""From a suite to what is asked, in which order.

Theory of operation. Every condition has one sequence of units, fixed before the run by (seed, task, item ids) alone,
the same for all conditions and models; a unit is one trial, or, for `repeat@k`, one item asked k times. A decider says
which condition gets its next unit; it can never choose the item. That is what keeps the error rates valid under any
schedule and any stopping.

With a population claim each unit takes a fresh item, in a permutation that a new item does not disturb (items are
ordered by a hash of their id), and the sequence can run out. With a claim about the very set, and for generators,
items are drawn with replacement, and the sequence never ends; the same item drawn again has the next repeat number.
Nothing about a prompt depends on the position or the repeat number.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalkit.errors import EvalkitError, did_you_mean
from evalkit.perturb import Source, perturb
from evalkit.suite import ConditionDefinition, Suite, Task
from evalkit.trial import Call, Condition, Item, Level, Prompt, rng_for
from evalkit.verdict import Key, Terms

DEFAULT_UNITS = 200
"""Units a condition when nothing else is said."""
DEFAULT_MAX_CALLS = 2000
"""Calls a condition may take when nothing else is said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """How much of a suite is run."""

    tasks: tuple[str, ...] = ()
    """Names; empty: all."""
    conditions: tuple[str, ...] = ()
    """Ids (`noise@0.05`) or perturbations (`noise`); empty: all. Does not change which conditions count."""
    limit: int | None = None
    """Only the first items of the order, at most this many."""
    fixed: int = DEFAULT_UNITS
    """Units a condition."""
    max_calls: int = DEFAULT_MAX_CALLS
    """A condition's budget in calls."""

    def __post_init__(self) -> None:
        """Refuse what asks for nothing.

        Raises:
            ValueError: If a number is not at least 1.
        """
        for name, number in (("limit", self.limit), ("fixed", self.fixed), ("max_calls", self.max_calls)):
            if number is not None and (type(number) is not int or number < 1):
                raise ValueError(f"found {name} {number!r}, expected a whole number, at least 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """One step of a condition's sequence."""

    key: Key
    position: int
    """0-based place in the condition's sequence."""
    item: Item
    repeats: tuple[int, ...]
    """The repeat number of each ask: how often this item was asked before under this condition."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a run asks."""

    suite: Suite
    seed: int
    terms: tuple[Terms, ...]
    """Of every condition of the tasks in scope, in the suite's order; those not run have no units."""
    limit: int | None = None
    """Of a list of items, only so many, the first in the order of the seed."""

    @property
    def task_names(self) -> list[str]:
        """The tasks in scope that are run, in the suite's order."""
        return list(dict.fromkeys(terms.task for terms in self.terms if terms.units))

    def units(self, terms: Terms) -> Iterator[Unit]:
        """The sequence of a condition, up to the planned number of units."""
        task = self.suite.task(terms.task)
        levels = _levels_of(task, terms.perturbation, terms.level)
        order = item_order(task, self.seed, levels, limit=self.limit)
        for position in range(terms.units):
            item, drawn_before = next(order)
            first = drawn_before * terms.repeats
            yield Unit(
                key=(terms.task, terms.condition),
                position=position,
                item=item,
                repeats=tuple(range(first, first + terms.repeats)),
            )

    def prompt(self, terms: Terms, item: Item) -> Prompt:
        """What a model is asked about an item under a condition.

        Raises:
            EvalkitError: If the condition cannot be made for this item.
        """
        return perturbed(self.suite.task(terms.task), item, terms.perturbation, terms.level, seed=self.seed)

    def call(self, terms: Terms, item: Item, repeat: int, prompt: Prompt) -> Call:
        """A prompt with its place in the run."""
        return Call(
            task=terms.task,
            item=item.id,
            condition=terms.condition,
            repeat=repeat,
            messages=prompt.messages,
            sampling=self.suite.task(terms.task).sampling,
        )


def perturbed(task: Task, item: Item, perturbation: str, level: Level | None, *, seed: int) -> Prompt:
    """An item's prompt under a condition; the same for every model.

    Raises:
        EvalkitError: If the perturbation cannot be applied (too little context material, nothing to contradict).
    """
    source = Source(
        seed=seed,
        item=item,
        prompt=task.prompt,
        paraphrases=task.paraphrases,
        protect=task.protect,
        opposites=task.opposites(item) if perturbation == "conflict" else {},
        targets=task.targets if perturbation == "context" else None,
        noise_on=task.noise_on,
        place=task.place,
        material=task.material,
    )
    condition = Condition(perturbation=perturbation, level=level)
    try:
        return perturb(source, condition)
    except ValueError as error:
        raise EvalkitError(f'task "{task.name}", item {item.id!r}: {condition.id} cannot be made: {error}') from error


def make_plan(suite: Suite, scope: Scope, *, seed: int = 0, confidence: float | None = None) -> Plan:
    """Fix what a run will ask and the terms of every verdict.

    Args:
        suite: What is asked.
        scope: How much of it.
        seed: Of item order and perturbations.
        confidence: Two-sided; the suite's when None.

    Raises:
        EvalkitError: If the scope names a task or condition that the suite lacks.
        ValueError: If the confidence is out of range, or the seed no whole number.
    """
    if type(seed) is not int:
        raise ValueError(f"found seed {seed!r}, expected a whole number")
    if confidence is not None and not 0.5 < confidence < 1:
        raise ValueError(f"found confidence {confidence}, expected above 0.5 and below 1")
    _check_names(suite, scope)
    alpha = (1 - (suite.confidence if confidence is None else confidence)) / 2
    terms = [
        _terms(task, definition, scope, alpha)
        for task in suite.tasks
        if not scope.tasks or task.name in scope.tasks
        for definition in task.conditions
    ]
    return Plan(suite=suite, seed=seed, terms=tuple(terms), limit=scope.limit)


def check_prompts(plan: Plan) -> None:
    """Make every prompt whose making can fail, before anything is paid for.

    Raises:
        EvalkitError: Naming each item that a condition cannot be made for.
    """
    failures = []
    for terms in plan.terms:
        if terms.perturbation not in {"context", "conflict"}:
            continue
        for unit in plan.units(terms):
            try:
                plan.prompt(terms, unit.item)
            except EvalkitError as error:
                failures.append(str(error))
    if failures:
        raise EvalkitError("\n".join(dict.fromkeys(failures)))


def condition_names(suite: Suite, tasks: Sequence[str]) -> set[str]:
    """What a scope may call the conditions of some tasks: their ids, and their perturbations."""
    return {
        name
        for task in tasks
        for definition in suite.task(task).conditions
        for name in (definition.condition.id, definition.condition.perturbation)
    }


def _check_names(suite: Suite, scope: Scope) -> None:
    for name in scope.tasks:
        if name not in suite.task_names:
            raise EvalkitError(f'no task "{name}" in {suite.path}. {did_you_mean(name, suite.task_names)}')
    known = condition_names(suite, scope.tasks or suite.task_names)
    for name in scope.conditions:
        if name not in known:
            raise EvalkitError(f'no condition "{name}" in {suite.path}. {did_you_mean(name, known)}')


def _terms(task: Task, definition: ConditionDefinition, scope: Scope, alpha: float) -> Terms:
    condition = definition.condition
    wanted = min(scope.fixed, scope.max_calls // definition.repeats)
    chosen = not scope.conditions or bool({condition.id, condition.perturbation} & set(scope.conditions))
    available = items_available(task, _levels_of(task, condition.perturbation, condition.level))
    units = wanted if available is None else min(wanted, available)
    exhausted = units < wanted
    # A limit caps how many items are asked; those of a set are drawn again and again, so its units stay as many.
    if scope.limit is not None and scope.limit < units and not (isinstance(task.supply, tuple) and available is None):
        units, exhausted = scope.limit, False
    return Terms(
        task=task.name,
        condition=condition.id,
        perturbation=condition.perturbation,
        level=condition.level,
        counts=definition.counts,
        threshold=definition.threshold,
        alpha=alpha,
        n_counting=max(task.n_counting, 1),
        units=units if chosen else 0,
        exhausted=exhausted,
        repeats=definition.repeats,
        curtail=definition.curtail,
        clustered=task.grouped and not draws_with_replacement(task),
    )


def _levels_of(task: Task, perturbation: str, level: Level | None) -> Sequence[Level] | None:
    """The difficulty levels that a condition's items come from; None when the task has no axis."""
    if task.axis is None:
        return None
    return [level] if perturbation == task.axis.field and level is not None else task.axis.counting


def draws_with_replacement(task: Task) -> bool:
    """Whether items may come again: the claim is about this very set, or a generator is its own population."""
    return task.claim == "set" or not isinstance(task.supply, tuple)


def items_available(task: Task, levels: Sequence[Level] | None) -> int | None:
    """How many units a condition can have; None when it cannot run out."""
    return None if draws_with_replacement(task) else len(_at_levels(task, levels))


def _at_levels(task: Task, levels: Sequence[Level] | None) -> list[Item]:
    items = task.supply if isinstance(task.supply, tuple) else ()
    if levels is None or task.axis is None:
        return list(items)
    return [item for item in items if item.fields[task.axis.field] in levels]


def item_order(
    task: Task, seed: int, levels: Sequence[Level] | None, *, limit: int | None = None
) -> Iterator[tuple[Item, int]]:
    """A condition's items in their fixed order.

    Args:
        task: Whose items.
        seed: Of the run.
        levels: Difficulty levels to draw from; None for all.
        limit: Of a list of items, only so many, the first in the order of the seed.

    Yields:
        Each item with how often it came before; endless when items are drawn with replacement.
    """
    listed = sorted(_at_levels(task, levels), key=lambda item: _rank(seed, task.name, item.id))[:limit]
    if not draws_with_replacement(task):
        yield from ((item, 0) for item in listed)
        return
    drawn: Counter[str] = Counter()
    for item in _drawn(task, seed, levels, listed):
        yield item, drawn[item.id]
        drawn[item.id] += 1


def _rank(seed: int, task: str, item: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{task}\0{item}".encode()).digest()


def _drawn(task: Task, seed: int, levels: Sequence[Level] | None, listed: Sequence[Item]) -> Iterator[Item]:
    rng = rng_for(seed, task.name, "items", *(str(level) for level in levels or ()))
    if isinstance(task.supply, tuple):
        items = sorted(listed, key=lambda item: item.id)
        while True:
            yield rng.choice(items)
    choices = list(levels) if levels is not None else task.supply.levels()
    while True:
        fields = task.supply.draw(rng, rng.choice(choices))  # type: ignore[arg-type]  # an axis has its generator's levels
        yield Item(id=str(fields["id"]), fields=fields)
