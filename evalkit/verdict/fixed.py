"""Verdicts from a number of units that was fixed before the run.

Theory of operation. Each condition gets its planned units and is judged once, by Clopper–Pearson, which holds for a
number of trials that does not depend on what they brought. Looking earlier is allowed, deciding earlier is not: of a
condition that still lacks units, the interval says what it would be if this were the end, and the verdict is edge. That
holds of a run that ended early, too: it may have been interrupted because of what the display showed, and one whose
money was spent can be given more.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from functools import partial

from evalkit.stats import Interval, clopper_pearson, effective_trials
from evalkit.verdict.condition import Judgement, condition_result
from evalkit.verdict.results import ConditionResult
from evalkit.verdict.tally import PassCounts, Tally
from evalkit.verdict.terms import Key, Outcome, Reason, Terms, Verdict

MOST_FURTHER_UNITS = 1_000_000
"""A verdict that is further away is out of sight."""


class FixedDecider:
    """Gives every condition its planned units, in turn.

    Args:
        terms: Of every condition, in plan order.

    Raises:
        ValueError: If two conditions have the same key.
    """

    def __init__(self, terms: Sequence[Terms]) -> None:
        self._terms = {each.key: each for each in terms}
        if len(self._terms) != len(terms):
            raise ValueError(
                f"found {len(terms)} conditions with {len(self._terms)} different keys, expected no doubles"
            )
        self._tallies = {each.key: Tally(each, partial(_new_counts, each)) for each in terms}
        self._started = dict.fromkeys(self._terms, 0)
        self._turns = deque(each.key for each in terms)
        self._stopped: Reason | None = None

    def next(self) -> Key | None:
        """The next condition, in turn, that has not been handed all its units; None when there is none."""
        while self._turns and self._stopped is None:
            key = self._turns[0]
            if self._started[key] < self._terms[key].units:
                self._started[key] += 1
                self._turns.rotate(-1)
                return key
            self._turns.popleft()
        return None

    def observe(self, key: Key, outcome: Outcome) -> None:
        """Take in what a unit brought.

        Raises:
            ValueError: If the outcome is not the condition's next one.
        """
        self._tallies[key].observe(outcome)
        if self._started[key] <= outcome.position:
            self._started[key] = outcome.position + 1

    def stop(self, reason: Reason) -> None:
        """Start nothing more; conditions that lack units have this reason."""
        self._stopped = reason

    def verdict(self, key: Key) -> Verdict:
        """A condition's verdict so far: none before all its units are there."""
        terms, tally = self._terms[key], self._tallies[key]
        if tally.seen < terms.units or not tally.units.trials:
            return "edge"
        return verdict_of(tally.units.interval(), terms.threshold)

    @property
    def ended(self) -> bool:
        """Whether every condition has had its units."""
        return all(self._tallies[key].seen >= terms.units for key, terms in self._terms.items())

    def result(self, key: Key) -> ConditionResult:
        """What is known of a condition so far."""
        terms, tally = self._terms[key], self._tallies[key]
        interval = tally.units.interval() if tally.units.trials else None
        verdict = self.verdict(key)
        judged = Judgement(
            interval=interval,
            verdict=verdict,
            reason=self._reason(terms, tally) if verdict == "edge" else None,
            decided_at=None if verdict == "edge" else tally.seen,
            calls_to_decide=_calls_to_decide(terms, tally) if verdict == "edge" else None,
        )
        return condition_result(terms, tally, judged)

    def _reason(self, terms: Terms, tally: Tally[PassCounts]) -> Reason | None:
        """Why a condition is at the edge; None while it goes on."""
        if tally.seen < terms.units:
            return self._stopped
        if _void_decides(terms, tally.units):
            return "void"
        return "items" if terms.exhausted else "budget"


def verdict_of(interval: Interval | None, threshold: float) -> Verdict:
    """Read a verdict off an interval."""
    if interval is None:
        return "edge"
    if interval.low > threshold:
        return "usable"
    return "unusable" if interval.high < threshold else "edge"


def _new_counts(terms: Terms, alpha_high: float) -> PassCounts:
    return PassCounts(alpha_low=terms.alpha, alpha_high=alpha_high, clustered=terms.clustered)


def _void_decides(terms: Terms, units: PassCounts) -> bool:
    """Whether a condition at the edge is there because of its void units: without them, a verdict or nothing at all."""
    if not units.void or not units.trials:
        return units.void > 0
    return verdict_of(units.observed_interval(), terms.threshold) != "edge"


def _calls_to_decide(terms: Terms, tally: Tally[PassCounts]) -> int | None:
    """Further calls until a verdict, if units pass as often as those observed; at least those still planned."""
    units = tally.units
    if not units.trials or units.passes / units.trials == terms.threshold:
        return None
    further = _further_units(units, terms)
    return None if further is None else max(further, terms.units - tally.seen) * terms.repeats


def _further_units(units: PassCounts, terms: Terms) -> int | None:
    """The least number, at least 1, after which the interval at the same pass rate excludes the threshold."""
    rate = units.passes / units.trials
    above = rate > terms.threshold
    moments = units.moments(void_as=not above)
    # How much a unit is worth is taken to stay as it is.
    worth = effective_trials(moments) / moments.n_trials

    def decided(further: int) -> bool:
        n_trials = moments.n_trials + further
        n_passes = min(moments.n_passes + rate * further, n_trials)
        interval = clopper_pearson(
            n_passes * worth, n_trials * worth, alpha_low=terms.alpha, alpha_high=terms.alpha_high
        )
        return verdict_of(interval, terms.threshold) == ("usable" if above else "unusable")

    least = 1 + bisect_left(range(1, MOST_FURTHER_UNITS + 1), True, key=decided)
    return least if least <= MOST_FURTHER_UNITS else None
