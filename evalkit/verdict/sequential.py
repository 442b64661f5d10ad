"""Verdicts reached while a run goes on, for the fewest calls.

Theory of operation. Every condition has a test of its own that may end at any unit (`sequential_test`). What is left to
choose is which condition gets the next unit, and any choice is allowed, since a test's error rate holds whatever
happens to the others. So units go where they decide most:

1. Tasks take turns. Within one, the condition that counts with the lowest pass rate drawn from what is known of it goes
   first (Thompson sampling): one that fails decides the task, and it is found soon.
2. A task with its verdict needs nothing more of its other conditions; `explore` goes on with them.
3. Once no verdict can be hunted for, the margin is measured, upward to the suite's precision, and sideways along the
   levels that do not count.

Units of a condition may be in flight together, but the fewer the nearer its end is: what is asked beyond it is asked in
vain.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, TypeAlias

from evalkit.verdict.comparison import Comparison
from evalkit.verdict.condition_tests import ConditionTests
from evalkit.verdict.ladder import next_level
from evalkit.verdict.results import ConditionResult
from evalkit.verdict.sequential_test import ConditionTest
from evalkit.verdict.terms import Key, Terms, Verdict, all_of

Until: TypeAlias = Literal["verdict", "margin", "gate", "budget"]
"""How far a run goes: to the verdict for the fewest calls, to the verdict and the suite's precision, until a gate is
decided (`gate_decider`), or to the end of every condition's budget (for stored responses, which cost nothing)."""


class _TaskState:
    """One task's conditions."""

    def __init__(self, tests: Sequence[ConditionTest]) -> None:
        self.counting = [test for test in tests if test.terms.counts]
        self.others = [test for test in tests if not test.terms.counts]
        self.ladders: dict[str, list[ConditionTest]] = {}
        for test in self.others:
            if test.terms.repeats == 1 and test.terms.units:
                self.ladders.setdefault(test.terms.perturbation, []).append(test)

    @property
    def verdict(self) -> Verdict:
        return all_of(test.verdict for test in self.counting)

    @property
    def hunting(self) -> bool:
        """Whether a verdict of a condition that counts is still hoped for."""
        return any(test.hunts for test in self.counting)


class SequentialDecider(ConditionTests):
    """Gives each unit to the condition that it tells most about, and ends each condition as soon as its result is safe.

    Args:
        terms: Of every condition, in plan order; each has a test.
        until: How far to go.
        precision: Half-width of the interval at which a margin counts as measured.
        explore: Whether a task's other conditions go on after its verdict.
        strict: Whether levels that do not count are tested one by one from easy to hard.
        seed: Of the draws that choose a condition.
        in_rounds: Whether units go out together and come back together, hours later.
        comparisons: Of conditions that are compared with a baseline: each goes on until that is settled, too, unless
            its task is unusable.

    Raises:
        ValueError: If two conditions have the same key.
    """

    def __init__(
        self,
        terms: Sequence[Terms],
        *,
        until: Until,
        precision: float,
        explore: bool = False,
        strict: bool = False,
        seed: int = 0,
        in_rounds: bool = False,
        comparisons: Mapping[Key, Comparison] = MappingProxyType({}),
    ) -> None:
        wanted = precision if until == "margin" else None
        # The levels that do not count are there for the critical level alone, which verdicts bracket.
        tests = [
            ConditionTest(each, wanted if each.counts or each.repeats > 1 else None, in_rounds=in_rounds)
            for each in terms
        ]
        super().__init__(tests, comparisons, seed=seed, in_rounds=in_rounds)
        self._until, self._explore, self._strict = until, explore, strict
        self._tasks = {
            task: _TaskState([test for test in self._tests.values() if test.terms.task == task])
            for task in dict.fromkeys(each.task for each in terms)
        }
        self._turns = deque(self._tasks)

    # --- what a decider does

    def next(self) -> Key | None:
        """The condition that tells most; None when nothing may be started before more is known, or at all."""
        if self._stopped is not None:
            return None
        for wanted in (self._drawn, self._compared, self._measured, self._explored, self._left):
            for _ in range(len(self._turns)):
                task = self._turns[0]
                self._turns.rotate(-1)
                for test in wanted(self._tasks[task]):
                    if self._has_room(test):
                        self._started[test.terms.key] += 1
                        return test.terms.key
                    if wanted == self._drawn and test.leans_unusable:
                        break  # the task may be about to be decided by this one: what others are asked is in vain
        return None

    @property
    def ended(self) -> bool:
        """Whether nothing more is wanted, by what has been observed so far."""
        return not any(True for task in self._tasks.values() for _ in self._wanted(task))

    def result(self, key: Key) -> ConditionResult:
        """What is known of a condition so far."""
        test = self._tests[key]
        task = self._tasks[test.terms.task]
        # What waits for the task's verdict lacks units for the same reason as the task does.
        goes_on = test in self._wanted(task) or (task.verdict == "edge" and task.hunting)
        return test.result(self._stopped if goes_on else "task-decided")

    # --- who wants units

    def _wanted(self, task: _TaskState) -> list[ConditionTest]:
        wanted = (self._hunted, self._compared, self._measured, self._explored, self._left)
        return [test for part in wanted for test in part(task)]

    def _drawn(self, task: _TaskState) -> list[ConditionTest]:
        """Conditions that hope for a verdict, by the lowest draw of their margin."""
        hunted = self._hunted(task)
        return sorted(hunted, key=lambda test: test.drawn_margin(self._rng)) if len(hunted) > 1 else hunted

    def _hunted(self, task: _TaskState) -> list[ConditionTest]:
        """Conditions that count and hope for a verdict."""
        if task.verdict != "edge" and not self._explore:
            return []
        return [test for test in task.counting if test.hunts]

    def _compared(self, task: _TaskState) -> Iterator[ConditionTest]:
        """Conditions of which it is still to be told whether they fell behind the baseline."""
        if task.verdict == "unusable" and not self._explore:
            return
        for test in task.counting:
            comparison = self._comparisons.get(test.terms.key)
            if comparison is not None and comparison.hopeful:
                yield test

    def _measured(self, task: _TaskState) -> Iterator[ConditionTest]:
        """Conditions that count, are done with their verdict, and whose margin is not measured yet."""
        for test in task.counting:
            settled = test.verdict != "edge" or not test.hopeful
            given_up = test.verdict == "edge" and task.verdict != "edge" and not self._explore
            if settled and not given_up and _wants_precision(test):
                yield test

    def _explored(self, task: _TaskState) -> Iterator[ConditionTest]:
        """Conditions that do not count, once those that do are settled."""
        settled = not task.hunting or task.verdict != "edge"
        if not settled or (task.verdict == "unusable" and not self._explore):
            return
        for test in task.others:
            repeats = test.terms.repeats > 1
            # Without a wish for more, repeats are there for pass^k, and levels for the critical one.
            wished = test.terms.named or (repeats and self._explore)
            if (wished and test.hunts) or (repeats and _wants_precision(test)):
                yield test
        if self._until == "verdict" and not self._explore:
            return
        for ladder in task.ladders.values():
            level = next_level([None if test.hunts else test.verdict for test in ladder], strict=self._strict)
            if level is not None:
                yield ladder[level]

    def _left(self, task: _TaskState) -> Iterator[ConditionTest]:
        """Conditions with a budget to be used up."""
        if self._until == "budget":
            yield from (test for test in (*task.counting, *task.others) if test.seen < test.terms.units)

    def _has_room(self, test: ConditionTest) -> bool:
        """Whether one unit more of a condition may be in flight."""
        started = self._started[test.terms.key]
        if started >= test.terms.units:
            return False
        comparison = self._comparisons.get(test.terms.key)
        compared = comparison is not None and comparison.hopeful and not test.hunts
        room = comparison.room(self._ahead) if comparison is not None and compared else test.room
        return started == test.seen or started - test.seen < room


def _wants_precision(test: ConditionTest) -> bool:
    """Whether the margin is not measured yet, and more units may do it."""
    return not test.precise and test.seen < test.terms.units and not test.complete
