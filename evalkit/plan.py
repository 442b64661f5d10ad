"""From a suite to what is asked, in which order.

Theory of operation. Every condition has one sequence of units, fixed before the run by (seed, task, item ids) alone,
the same for all conditions and models (`item_order`); a unit is one trial, or, for `repeat@k`, one item asked k times.
A decider says which condition gets its next unit; it can never choose the item. That is what keeps the error rates
valid under any schedule and any stopping.

Of items in groups a test that may stop anywhere takes one of each group, so that no two have anything in common. An
item that is drawn again has the next repeat number, so it is asked again, unless the model is steady and its answer
known. Nothing about a prompt depends on the position or the repeat number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import inf
from typing import get_args

from evalkit.errors import EvalkitError, did_you_mean
from evalkit.item_order import draws_with_replacement, item_order, items_at, items_available, levels_of
from evalkit.perturb import Source, perturb
from evalkit.suite import ConditionDefinition, Suite, Task
from evalkit.trial import Call, Condition, Item, Level, Prompt
from evalkit.verdict import Key, SequentialTest, Terms, Until, calibrated, explored_budget, make_level_test, make_test

DEFAULT_MAX_CALLS = 2000
"""Calls a condition may take when nothing else is said."""
DEFAULT_MAX_COST_USD = 10.0
"""What a run may cost when nothing else is said."""
LEAST_ITEMS_REPEATED = 40
"""Items that repeats which do not count are asked about at least, if the budget allows."""
_TRIED_OF_GENERATED = 100
"""Generated items that a condition is tried on before a run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """How much of a suite is run."""

    tasks: tuple[str, ...] = ()
    """Names; empty: all."""
    conditions: tuple[str, ...] = ()
    """Ids (`noise@0.05`) or perturbations (`noise`); empty: all. Does not change which conditions count."""
    limit: int | None = None
    """Only the first items of the order, at most this many."""
    fixed: int | None = None
    """Units a condition, judged once; None: as many as it takes."""
    until: Until = "margin"
    """How far a run goes that has no fixed number of units."""
    explore: bool = False
    """Whether a task's other conditions go on after its verdict."""
    max_calls: int = DEFAULT_MAX_CALLS
    """A condition's budget in calls."""
    max_cost: float = DEFAULT_MAX_COST_USD
    """The run's budget in US dollars."""
    calibrated: bool = False
    """Whether the tests are calibrated exactly for their budget, which can then not grow."""

    def __post_init__(self) -> None:
        """Refuse what asks for nothing.

        Raises:
            ValueError: If a number is not at least 1, or what is said excludes itself.
        """
        if self.until not in get_args(Until):
            raise ValueError(f"found until {self.until!r}, expected one of {', '.join(get_args(Until))}")
        for name, flag in (("explore", self.explore), ("calibrated", self.calibrated)):
            if type(flag) is not bool:
                raise ValueError(f"found {name} {flag!r}, expected True or False")
        if self.fixed is not None and self.calibrated:
            raise ValueError("found fixed and calibrated together: a fixed number of units needs no calibration")
        if not (type(self.max_cost) in (int, float) and 0 < self.max_cost < inf):
            raise ValueError(f"found max_cost {self.max_cost!r}, expected a positive number of US dollars")
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
    """Only so many items of each condition, the first of its order."""

    def for_steady(self) -> Plan:
        """This plan for a model that is known to answer the same request the same way."""
        return replace(self, terms=tuple(_steady(self, each) for each in self.terms))

    @property
    def task_names(self) -> list[str]:
        """The tasks in scope that are run, in the suite's order."""
        return list(dict.fromkeys(terms.task for terms in self.terms if terms.units))

    def units(self, terms: Terms) -> Iterator[Unit]:
        """The sequence of a condition, up to the planned number of units."""
        task = self.suite.task(terms.task)
        levels = levels_of(task, terms.perturbation, terms.level)
        order = item_order(task, self.seed, levels, limit=self.limit)
        for position in range(terms.units):
            item, drawn_before = next(order)
            first = 0 if terms.steady else drawn_before * terms.repeats
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
        task = self.suite.task(terms.task)
        return Call(
            task=terms.task,
            item=item.id,
            condition=terms.condition,
            repeat=repeat,
            messages=prompt.messages,
            sampling=task.sampling,
            target=task.target_of(item),
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
    """Make prompts whose making can fail, before anything is paid for: of each listed item, and of some generated ones.

    Raises:
        EvalkitError: Naming each item that a condition cannot be made for.
    """
    failures = []
    for terms in plan.terms:
        if terms.perturbation not in {"context", "conflict"}:
            continue
        listed = isinstance(plan.suite.task(terms.task).supply, tuple)
        drawn = plan.units(terms) if listed else islice(plan.units(terms), _TRIED_OF_GENERATED)
        for item in {unit.item.id: unit.item for unit in drawn}.values():
            try:
                plan.prompt(terms, item)
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
    if task.measure == "score" and (scope.fixed is not None or scope.calibrated):
        without = "a fixed number of trials has no interval" if scope.fixed else "a test cannot be calibrated exactly"
        option = "--fixed" if scope.fixed else "--calibrated"
        raise EvalkitError(f'task "{task.name}": is judged by its mean score, for which {without}; leave out {option}')
    n_counting = max(task.n_counting, 1)
    wanted = _wanted_units(definition, scope, alpha)
    sequential = scope.fixed is None
    chosen = not scope.conditions or bool({condition.id, condition.perturbation} & set(scope.conditions))
    available = items_available(task, levels_of(task, condition.perturbation, condition.level), apart=sequential)
    # A limit caps what is asked, never what a verdict is about: of a set, it is so many draws.
    available = min((number for number in (available, scope.limit) if number is not None), default=None)
    units = wanted if available is None else min(wanted, available)
    test = _test(definition, alpha, n_counting, max(wanted, 1)) if sequential else None
    if test is not None and scope.calibrated and units:
        test = calibrated(test, definition.threshold, units)
    return Terms(
        task=task.name,
        condition=condition.id,
        perturbation=condition.perturbation,
        level=condition.level,
        counts=definition.counts,
        threshold=definition.threshold,
        alpha=alpha,
        n_counting=n_counting,
        units=units if chosen else 0,
        exhausted=chosen and units < wanted,
        repeats=definition.repeats,
        curtail=definition.curtail,
        clustered=task.grouped and not sequential and not draws_with_replacement(task),
        test=test,
        claim=task.claim if isinstance(task.supply, tuple) else "population",
        named=chosen and bool(scope.conditions),
        measure=task.measure,
    )


def _test(definition: ConditionDefinition, alpha: float, n_counting: int, units: int) -> SequentialTest:
    """The test of a condition that may take so many units."""
    if not definition.counts and definition.repeats == 1:
        return make_level_test(definition.threshold, alpha, units)
    return make_test(definition.threshold, alpha, alpha / n_counting if definition.counts else alpha, units)


def _steady(plan: Plan, terms: Terms) -> Terms:
    """Terms of a condition of a model whose answers do not change."""
    task = plan.suite.task(terms.task)
    if not draws_with_replacement(task):
        return terms
    items = items_at(task, levels_of(task, terms.perturbation, terms.level))
    # A generator does not draw all its items equally often: to know each answer is not to know the pass rate.
    return replace(terms, steady=True, census=len(items) or None if terms.test is not None else None)


def _wanted_units(definition: ConditionDefinition, scope: Scope, alpha: float) -> int:
    """Units of a condition, were there items without end."""
    budget = scope.max_calls // definition.repeats
    if scope.fixed is not None:
        return min(scope.fixed, budget)
    if definition.counts:
        return budget
    if definition.repeats > 1:
        return max(budget // 5, min(budget, LEAST_ITEMS_REPEATED))
    return explored_budget(definition.threshold, alpha, budget)
