"""Runs of the decider that runs use, with calls that end in any order; benchmarks and slow tests share them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from evalkit.stats import alternatives
from evalkit.verdict import ConditionResult, Key, Outcome, SequentialDecider, Terms, Until, make_test

BUDGET = 2000
ALPHA = 0.025
Answers = Callable[[Key, int], Outcome]
"""What a unit of a condition brings."""


def terms(
    condition: str = "clean", *, threshold: float = 0.95, alpha: float = ALPHA, n_counting: int = 1, units: int = BUDGET
) -> Terms:
    """A condition that counts."""
    return Terms(
        task="task",
        condition=condition,
        perturbation=condition,
        level=None,
        counts=True,
        threshold=threshold,
        alpha=alpha,
        n_counting=n_counting,
        units=units,
        exhausted=False,
        test=make_test(threshold, alpha, alpha / n_counting, units),
    )


def outcome(position: int, passed: bool, *, item: str = "") -> Outcome:
    return Outcome(position=position, cluster=item, asks=(passed,), score=float(passed), constraints={}, item=item)


def passing(rates: Mapping[Key, float], rng: random.Random) -> Answers:
    """Units that pass independently, each condition at its rate."""
    return lambda key, position: outcome(position, rng.random() < rates[key])


def carry_out(
    decider: SequentialDecider, answers: Answers, *, in_flight: int, rng: random.Random, slow_fails: bool = False
) -> int:
    """Ask until the decider wants nothing more; calls end in any order, failed ones later if wished.

    Returns:
        Units that were asked.
    """
    started: dict[Key, int] = {}
    observed: dict[Key, int] = {}
    waiting: dict[Key, dict[int, Outcome]] = {}
    flying: list[tuple[float, Key, Outcome]] = []
    clock = 0.0
    while True:
        while len(flying) < in_flight and (key := decider.next()) is not None:
            position = started.get(key, 0)
            started[key] = position + 1
            brought = answers(key, position)
            takes = rng.expovariate(1.0) + (2.0 if slow_fails and not brought.passed else 0.0)
            flying.append((clock + takes, key, brought))
        if not flying:
            return sum(started.values())
        first = min(range(len(flying)), key=lambda index: flying[index][0])
        clock, key, brought = flying.pop(first)
        waiting.setdefault(key, {})[brought.position] = brought
        while (position := observed.get(key, 0)) in waiting[key]:
            decider.observe(key, waiting[key].pop(position))
            observed[key] = position + 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Simulated:
    """One condition carried out once."""

    result: ConditionResult
    asked: int

    @property
    def consistent(self) -> bool:
        """Whether verdict and interval say the same."""
        found = self.result
        assert found.low is not None
        assert found.high is not None
        return (found.low > found.threshold) == (found.verdict == "usable") and (
            (found.high < found.threshold) == (found.verdict == "unusable")
        )


def one_condition(
    seed: int,
    *,
    rate: float,
    threshold: float = 0.95,
    in_flight: int = 32,
    until: Until = "verdict",
    units: int = BUDGET,
) -> Simulated:
    """A single condition whose units pass at a rate."""
    rng = random.Random(seed)
    each = terms(threshold=threshold, units=units)
    decider = SequentialDecider([each], until=until, precision=0.05, seed=seed)
    asked = carry_out(decider, passing({each.key: rate}, rng), in_flight=in_flight, rng=rng, slow_fails=True)
    return Simulated(result=decider.result(each.key), asked=asked)


def one_bad_of_ten(seed: int, *, in_flight: int = 1) -> int:
    """Calls until a task of ten conditions is unusable, one of which passes at .85 and nine at .99."""
    rng = random.Random(seed)
    conditions = [terms(f"c{number}", n_counting=10) for number in range(10)]
    rates = {each.key: 0.99 for each in conditions}
    rates[rng.choice(list(rates))] = 0.85
    decider = SequentialDecider(conditions, until="verdict", precision=0.05, seed=seed)
    return carry_out(decider, passing(rates, rng), in_flight=in_flight, rng=rng)


def a_set_of_fifty(seed: int, *, passes: int, steady: bool, threshold: float = 0.9) -> tuple[ConditionResult, int]:
    """Fifty items drawn with replacement, of which so many pass (or pass more often than not).

    Returns:
        The result, and the calls that were paid for.
    """
    rng = random.Random(seed)
    items = [f"i{number}" for number in range(50)]
    chances = dict.fromkeys(items, 0.0) | dict.fromkeys(rng.sample(items, passes), 1.0)
    if not steady:  # the same mean, spread over the items
        chances = {item: 0.5 * chance + 0.5 * passes / 50 for item, chance in chances.items()}
    each = replace(terms(threshold=threshold), steady=steady, census=50 if steady else None)
    decider = SequentialDecider([each], until="verdict", precision=0.05, seed=seed)
    known: set[str] = set()
    paid = 0

    def answers(_: Key, position: int) -> Outcome:
        nonlocal paid
        item = rng.choice(items)
        paid += not steady or item not in known
        known.add(item)
        return outcome(position, rng.random() < chances[item], item=item)

    carry_out(decider, answers, in_flight=1, rng=rng)
    return decider.result(each.key), paid


def clustered(seed: int, *, correlation: float = 0.3, n_conditions: int = 10) -> int:
    """False verdicts of conditions at the threshold that share their items, which differ in difficulty."""
    rng = random.Random(seed)
    threshold = 0.95
    scale = 1 / correlation - 1
    difficulty = [rng.betavariate(threshold * scale, (1 - threshold) * scale) for _ in range(BUDGET)]
    conditions = [terms(f"c{number}") for number in range(n_conditions)]
    decider = SequentialDecider(conditions, until="verdict", precision=0.05, explore=True, seed=seed)

    def answers(_: Key, position: int) -> Outcome:
        return outcome(position, rng.random() < difficulty[position])

    carry_out(decider, answers, in_flight=1, rng=rng)
    return sum(decider.result(each.key).verdict != "edge" for each in conditions)


def sixteen(threshold: float, alpha: float = ALPHA) -> tuple[list[float], list[float]]:
    """Eight alternatives above and eight below, in the test's own spacing."""
    above = alternatives(threshold, alpha, BUDGET / 4, 8)
    below = [1 - rate for rate in alternatives(1 - threshold, alpha, BUDGET / 4, 8)]
    return list(above), below
