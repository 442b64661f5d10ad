"""A gate decided while the run goes on: is every task usable, and did none get worse?

Theory of operation. One task that is unusable, or one condition that is shown to have regressed, fails the gate, and
then nothing more need be asked of any. So the condition that looks worst, of all tasks together, is asked first: by
margins drawn from what is known of each (Thompson sampling), above the threshold or, against a baseline, above what was
there before. Any such schedule keeps the error rates, since each test bounds its own (`sequential`).

Once a condition is given up, its task is at the edge, and the gate cannot say any more that all are usable: of the
others it need only be told whether one fails. That nothing regressed need not be shown, unless the gate is strict: a
comparison is over as soon as the pairs that are left could hardly show that it did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evalkit.verdict.comparison import Comparison
from evalkit.verdict.condition_tests import ConditionTests
from evalkit.verdict.paired_test import PairedTest
from evalkit.verdict.results import ConditionResult
from evalkit.verdict.sequential_test import ConditionTest
from evalkit.verdict.terms import Key, Outcome, Terms


class GateDecider(ConditionTests):
    """Gives each unit to the condition that most likely fails the gate, until the gate is decided.

    Args:
        terms: Of every condition, in plan order; each has a test.
        comparisons: Of conditions that are compared with a baseline.
        seed: Of the draws that choose a condition.
        in_rounds: Whether units go out together and come back together, hours later.
    """

    def __init__(
        self,
        terms: Sequence[Terms],
        comparisons: Mapping[Key, Comparison],
        *,
        seed: int = 0,
        in_rounds: bool = False,
    ) -> None:
        tests = [ConditionTest(each, None, in_rounds=in_rounds) for each in terms]
        super().__init__(tests, comparisons, seed=seed, in_rounds=in_rounds)
        self._counting = [test for test in self._tests.values() if test.terms.counts]
        self._given_up = self._gives_up()

    # --- what a decider does

    def observe(self, key: Key, outcome: Outcome) -> None:
        """Take in what a unit brought; see the base class."""
        super().observe(key, outcome)
        self._given_up = self._gives_up()

    def next(self) -> Key | None:
        """The condition that looks worst; None when nothing may be started before more is known, or at all."""
        if self._stopped is not None:
            return None
        wanted = self._wanted()
        if len(wanted) > 1:
            wanted.sort(key=self._draw)
        for test in wanted:
            if self._has_room(test):
                self._started[test.terms.key] += 1
                return test.terms.key
            if self._leans_failing(test):
                break  # the gate may be about to be decided by this one: what others are asked is in vain
        return None

    @property
    def ended(self) -> bool:
        """Whether the gate is decided, or nothing more can decide it."""
        return not self._wanted()

    def result(self, key: Key) -> ConditionResult:
        """What is known of a condition so far."""
        test = self._tests[key]
        if not test.terms.counts:
            return test.result("task-decided")
        decided = self.failed or (test.hunts and not self._judged(test))
        return test.result("gate-decided" if decided else self._stopped)

    # --- who wants units

    @property
    def failed(self) -> bool:
        """Whether a task is unusable or a condition has regressed."""
        return any(test.verdict == "unusable" for test in self._counting) or any(
            comparison.test.regression == "regressed" for comparison in self._comparisons.values()
        )

    def _wanted(self) -> list[ConditionTest]:
        """Conditions whose next unit may change what the gate comes to."""
        if self.failed:
            return []
        return [test for test in self._counting if self._judged(test) or self._compared(test) is not None]

    def _gives_up(self) -> bool:
        """Whether a condition stays at the edge, so that no gate can say that all are usable."""
        return any(test.verdict == "edge" and not test.hunts for test in self._counting)

    def _judged(self, test: ConditionTest) -> bool:
        """Whether a condition's verdict by its threshold is wanted."""
        return test.may_fail if self._given_up else test.hunts

    def _compared(self, test: ConditionTest) -> PairedTest | None:
        """The comparison of a condition, if more of it is wanted."""
        comparison = self._comparisons.get(test.terms.key)
        return comparison.test if comparison is not None and comparison.hopeful else None

    def _draw(self, test: ConditionTest) -> float:
        """How far above what it needs the condition is, by threshold or baseline; drawn."""
        compared = self._compared(test)
        margins = [test.drawn_margin(self._rng)] if self._judged(test) else []
        return min(margins if compared is None else [*margins, compared.drawn_margin(self._rng)])

    def _leans_failing(self, test: ConditionTest) -> bool:
        compared = self._compared(test)
        return (compared is not None and compared.leans_regressed) or (self._judged(test) and test.leans_unusable)

    def _has_room(self, test: ConditionTest) -> bool:
        """Whether one unit more of a condition may be in flight."""
        started = self._started[test.terms.key]
        if started >= test.terms.units:
            return False
        return started == test.seen or started - test.seen < self._room(test)

    def _room(self, test: ConditionTest) -> int:
        """How many units may be in flight: all that can be needed, and fewer the nearer a claim is."""
        rooms = [test.room] if self._judged(test) else []
        if self._compared(test) is not None:
            rooms.append(self._comparisons[test.terms.key].room(self._ahead))
        return min(rooms, default=1)
