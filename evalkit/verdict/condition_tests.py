"""The tests of all conditions of a run, and what they have in flight: what deciders that may stop anywhere share."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from evalkit.verdict.comparison import Comparison
from evalkit.verdict.sequential_test import AHEAD, ConditionTest
from evalkit.verdict.terms import Key, Outcome, Reason, Verdict


class ConditionTests:
    """Takes in outcomes, and knows the verdicts.

    Args:
        tests: Of every condition, in plan order.
        comparisons: Of conditions that are compared with a baseline.
        seed: Of the draws that choose a condition.
        in_rounds: Whether units go out together and come back together, hours later.

    Raises:
        ValueError: If two conditions have the same key.
    """

    def __init__(
        self, tests: Sequence[ConditionTest], comparisons: Mapping[Key, Comparison], *, seed: int, in_rounds: bool
    ) -> None:
        self._tests = {test.terms.key: test for test in tests}
        if len(self._tests) != len(tests):
            raise ValueError(
                f"found {len(tests)} conditions with {len(self._tests)} different keys, expected no doubles"
            )
        self._comparisons = comparisons
        self._rng = random.Random(seed)
        # In rounds, what is asked in vain is cheaper than another round.
        self._ahead = 1.0 if in_rounds else AHEAD
        self._started = dict.fromkeys(self._tests, 0)
        self._stopped: Reason | None = None

    def observe(self, key: Key, outcome: Outcome) -> None:
        """Take in what a unit brought.

        Raises:
            ValueError: If the outcome is not the condition's next one.
        """
        test, comparison = self._tests[key], self._comparisons.get(key)
        test.observe(outcome)
        if comparison is not None:
            comparison.observe(outcome.item, outcome.value(test.terms))
        self._started[key] = max(self._started[key], outcome.position + 1)

    def stop(self, reason: Reason) -> None:
        """Start nothing more; conditions that lack units have this reason."""
        self._stopped = reason

    def verdict(self, key: Key) -> Verdict:
        """A condition's verdict so far."""
        return self._tests[key].verdict
