"""One condition judged while it runs: what its units say so far, and whether more are worth their calls.

Theory of operation. The evidence depends on the numbers of passes and fails alone, so the boundaries that decide a test
are found once and each unit costs a comparison. A verdict, once reached, stands: the chance that it is ever reached
wrongly is what the error rate bounds. Units that come in afterwards narrow the interval and change nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from math import ceil, exp, inf, log, nextafter
from random import Random

from evalkit.stats import LEAST_TRIALS, Bet, Boundary, Interval, ScoreBound, alternatives, kl
from evalkit.verdict.condition import Judgement, condition_result
from evalkit.verdict.results import ConditionResult, Evidence
from evalkit.verdict.running import RunningCounts
from evalkit.verdict.side import (
    MOST_IN_FLIGHT,
    PassSide,
    ScoreSide,
    Side,
    hopeful,
    hopeful_without_void,
    units_of_hope,
    units_to_verdict,
)
from evalkit.verdict.tally import Tally
from evalkit.verdict.terms import Outcome, Reason, SequentialTest, Terms, Verdict

AHEAD = 0.3
"""Share that may be in flight at once of the calls that a verdict may still take, were the model a little better or
worse than it looks: so few are asked in vain."""
INDISTINGUISHABLE = 1e-12
"""Differences of rates that nobody can tell."""
BUDGET_TO_N_MAX = 4
"""Units of a budget to one of `n_max`: verdicts that take a quarter of it are the best served."""
BUDGET_TO_N_MAX_OF_LEVELS = 3
"""Likewise of levels that do not count."""
LEAST_N_MAX = 500.0
"""`n_max` of budgets that are smaller than four times that, if they are not smaller than that themselves."""
MOST_FURTHER_UNITS = 1_000_000
"""A verdict that is further away is out of sight."""


@lru_cache(maxsize=1024)
def boundaries(threshold: float, test: SequentialTest) -> tuple[Boundary, Boundary]:
    """Where a test ends upwards, counting passes, and downwards, counting fails; shared by all with these terms."""
    needed_up, needed_down = test.needed
    threshold = _tested(threshold)
    up = Boundary(Bet(threshold, test.above), needed_up)
    down = Boundary(Bet(1 - threshold, tuple(1 - rate for rate in test.below)), needed_down)
    return up, down


def make_test(threshold: float, alpha: float, alpha_high: float, budget: int) -> SequentialTest:
    """Fix a test for a condition.

    Args:
        threshold: 0–1.
        alpha: Error rate upwards.
        alpha_high: Error rate downwards.
        budget: Units that the condition may take.
    """
    # A quarter of a small budget would leave no room for any alternative but those next to 1, and none to grow into.
    return make_test_of(threshold, alpha, alpha_high, max(budget / BUDGET_TO_N_MAX, min(budget, LEAST_N_MAX)))


def make_test_of(threshold: float, alpha: float, alpha_high: float, n_max: float) -> SequentialTest:
    """Fix a test whose `n_max` is known; the other arguments are those of `make_test`."""
    threshold = _tested(threshold)
    inside = 0 < threshold < 1
    return SequentialTest(
        n_max=n_max,
        above=alternatives(threshold, alpha, n_max) if inside else (),
        below=tuple(1 - rate for rate in alternatives(1 - threshold, alpha_high, n_max)) if inside else (),
        needed=(1 / alpha, 1 / alpha_high),
    )


def make_level_test(threshold: float, alpha: float, budget: int) -> SequentialTest:
    """Fix a test for a level that does not count: for a bracket, quick verdicts far from the threshold matter most."""
    return make_test_of(threshold, alpha, alpha, budget / BUDGET_TO_N_MAX_OF_LEVELS)


def _tested(threshold: float) -> float:
    """A threshold as it is tested: nobody can tell one that is next to 0 or 1 from these."""
    return float(round(threshold)) if min(threshold, 1 - threshold) < INDISTINGUISHABLE else threshold


def explored_budget(threshold: float, alpha: float, budget: int) -> int:
    """Units for a condition that does not count: a fifth of the budget, or what a verdict needs if that is more."""
    threshold = _tested(threshold)
    fewest = log(alpha) / log(threshold) if 0 < threshold < 1 else 1.0
    return max(min(budget, max(budget // 5, ceil(4 * fewest))), 1)


class ConditionTest:
    """The sequential test of one condition.

    Args:
        terms: With a test.
        precision: Half-width of the interval at which the margin counts as measured; None when that does not matter.
        in_rounds: Whether units go out together and come back together, hours later.
    """

    def __init__(self, terms: Terms, precision: float | None, *, in_rounds: bool = False) -> None:
        assert terms.test is not None
        self._in_rounds = in_rounds
        self.terms, self._test = terms, terms.test
        self.tally = Tally(terms, self._new_counts)
        self.verdict: Verdict = "edge"
        self.decided_at: int | None = None
        self.hopeful = True
        """Whether the units that are left could still bring a verdict."""
        self.precise = precision is None
        """Whether the margin is measured."""
        self._precision = precision or 0.0
        self._measure_at = 1
        """Number of units at which the width of the interval is looked at next."""
        self._measured_by = 1
        """Number of units by which it is likely to be narrow enough."""
        self._up, self._down = self._sides()
        self._room = 0
        """How many units may be in flight; 0 when that has to be found anew."""
        self._known: set[str] = set()
        """Of a set whose answers do not change: the items whose answer is known."""
        self._known_passes = 0.0

    def _new_counts(self, alpha_high: float) -> RunningCounts:
        return RunningCounts(alpha_low=self.terms.alpha, alpha_high=alpha_high, n_max=self._test.n_max)

    def _sides(self) -> tuple[PassSide | ScoreSide, PassSide | ScoreSide]:
        up, down = boundaries(self.terms.threshold, self._test)
        if self.terms.measure == "pass":
            return PassSide(up), PassSide(down)
        n_max = self._test.n_max
        return (
            ScoreSide(up, ScoreBound(self.terms.alpha, n_max)),
            ScoreSide(down, ScoreBound(self.terms.alpha_high, n_max)),
        )

    @property
    def seen(self) -> int:
        """Units taken in."""
        return self.tally.seen

    @property
    def rate(self) -> float | None:
        """Pass rate, or mean score, of the observed units."""
        return self._up.hits / self._up.observed if self._up.observed else None

    @property
    def hunts(self) -> bool:
        """Whether a verdict is wanted, and more units may bring it."""
        return self.verdict == "edge" and self.hopeful and self.seen < self.terms.units

    @property
    def may_fail(self) -> bool:
        """Whether more units may bring the verdict "unusable"."""
        return self.hunts and hopeful(self._down, self.terms.units - self.seen)

    def drawn_margin(self, rng: Random) -> float:
        """A margin drawn from what is known of it, for Thompson sampling."""
        trials = self.tally.units.trials
        hits = (self.rate or 0.0) * trials
        return rng.betavariate(hits + 1, trials - hits + 1) - self.terms.threshold

    def observe(self, outcome: Outcome) -> None:
        """Take in the next unit.

        Raises:
            ValueError: If it is not the next one of the plan.
        """
        self.tally.observe(outcome)
        value = outcome.value(self.terms)
        self._up.add(value)
        self._down.add(None if value is None else 1 - value)
        self._room = 0
        if self.terms.census is not None and value is not None and outcome.item not in self._known:
            self._known.add(outcome.item)
            self._known_passes += value
            if self.complete:
                self._know()
        if self.decided_at is None and not self.complete:
            self._decide()
        if not self.precise and self.seen >= self._measure_at:
            self._measure()

    def _know(self) -> None:
        """The rate is known: at least the threshold, or not. What was likely before does not matter any more."""
        self.verdict = "usable" if self._reaches(self._census_bounds().high) else "unusable"
        self.decided_at = self.seen if self.decided_at is None else self.decided_at

    def _reaches(self, rate: float) -> bool:
        """Whether a known rate is at least the threshold; sums of scores are rounded, and a tie must stay one."""
        return rate >= self.terms.threshold - (0.0 if self.terms.measure == "pass" else INDISTINGUISHABLE)

    def _decide(self) -> None:
        known = self._census_bounds()
        if self._up.decided() or (self._known and self._reaches(known.low)):
            self.verdict, self.decided_at = "usable", self.seen
        elif self._down.decided() or not self._reaches(known.high):
            self.verdict, self.decided_at = "unusable", self.seen
        elif self.hopeful and self.seen < self.terms.units:
            # Once given up, for good: what is still in flight would else start the hunt again and again.
            further = self.terms.units - self.seen
            self.hopeful = hopeful(self._up, further) or hopeful(self._down, further)

    def _measure(self) -> None:
        """See whether the interval is narrow enough, or when it may be."""
        interval = self.interval()
        width = (interval.high - interval.low) / 2
        self.precise = width <= self._precision
        # The width goes with one over the square root of the number of units, near 0 and 1 with one over the number.
        narrower = width / self._precision
        self._measure_at = self.seen + max(1, self.seen // 100, ceil(self.seen * (narrower - 1)))
        self._measured_by = self.seen + max(1, self.seen // 10, ceil(self.seen * (narrower**1.75 - 1)))

    # --- a set whose answers do not change

    @property
    def complete(self) -> bool:
        """Whether the pass rate is known, since the answer to each item of the set is."""
        return self.terms.census is not None and len(self._known) >= self.terms.census

    def _census_bounds(self) -> Interval:
        """Between what the set's known answers leave possible."""
        census = self.terms.census
        if census is None or (self.seen < LEAST_TRIALS and not self.complete):
            return Interval(low=0.0, high=1.0)
        known_fails = len(self._known) - self._known_passes
        return Interval(low=self._known_passes / census, high=(census - known_fails) / census)

    # --- how much is asked at once

    @property
    def leans_unusable(self) -> bool:
        """Whether the evidence is nearer to "unusable"."""
        return self.hopeful and self._down.log_evidence() > self._up.log_evidence()

    @property
    def room(self) -> int:
        """How many units may be in flight, at least 1: all that can be needed, and fewer the nearer the end is.

        In rounds, as many as the verdict is likely to take: what is asked in vain is cheaper than another round.
        """
        if self.decided_at is not None or not self.hopeful:
            until = self._measured_by if self._in_rounds else self._measure_at
            return MOST_IN_FLIGHT if self.precise else max(1, until - self.seen)
        if not self._room:
            further, most = self.terms.units - self.seen, MOST_IN_FLIGHT / AHEAD
            likely = int(min(units_to_verdict(self._up), units_to_verdict(self._down), most))
            likely = max(units_of_hope(side, further, likely) for side in (self._up, self._down))
            if self._in_rounds:
                nearer = self._down if self.leans_unusable else self._up
                self._room = nearer.least_further(max(likely, 1))
                return self._room
            least = max(int(AHEAD * likely), 1)
            self._room = min(self._up.least_further(least), self._down.least_further(least))
        return self._room

    # --- what is known

    def interval(self) -> Interval:
        """Where the pass rate lies; it excludes the threshold exactly when there is a verdict."""
        threshold, census = self.terms.threshold, self._census_bounds()
        if self.complete:
            sequence = Interval(low=0.0, high=1.0)  # what was drawn tells nothing that is not known
        elif isinstance(self._up, ScoreSide) and isinstance(self._down, ScoreSide):
            sequence = Interval(low=self._up.bound(), high=1 - self._down.bound())
        else:
            sequence = self.tally.units.interval()
        low, high = max(sequence.low, census.low), min(sequence.high, census.high)
        # The same test, found in two ways: let no rounding, and no unit before the least number, part them.
        low = max(low, nextafter(threshold, 2)) if self.verdict == "usable" else min(low, threshold)
        high = min(high, nextafter(threshold, -1)) if self.verdict == "unusable" else max(high, threshold)
        # Were both ends to err, they could cross: the one that the verdict hangs on stays.
        if self.verdict == "usable":
            return Interval(low=low, high=max(low, high))
        return Interval(low=min(low, high), high=high)

    def result(self, stopped: Reason | None) -> ConditionResult:
        """What is known so far.

        Args:
            stopped: Why nothing more is asked of it, if that is not its own doing; None while it goes on.
        """
        edge, measured = self.verdict == "edge", self._up.observed > 0
        judged = Judgement(
            interval=self.interval() if measured else None,
            verdict=self.verdict,
            reason=self._reason(stopped) if edge else None,
            decided_at=self.decided_at,
            calls_to_decide=self._calls_to_decide() if edge else None,
            evidence=self._evidence() if measured else None,
            void_price=self._void_price(),
        )
        result = condition_result(self.terms, self.tally, judged)
        if self.terms.measure == "score":
            observed = self._up.observed
            result = replace(result, trials=observed, void=self.seen - observed, mean_score=self.rate)
        if not self._known:
            return result
        # An item that was drawn again is the same trial.
        known, rate = len(self._known), self._known_passes / len(self._known)
        if result.repeat is not None:
            result = replace(result, repeat=replace(result.repeat, items=known))
        if self.terms.measure == "score":
            return replace(result, trials=known, mean_score=rate)
        return replace(result, trials=known, passes=int(self._known_passes), pass_rate=rate)

    def _evidence(self) -> Evidence:
        """How far the test has come, void units taken to speak against either verdict."""
        usable, unusable = self._up.log_evidence(), self._down.log_evidence()
        return Evidence(usable=_exp(usable), unusable=_exp(unusable), needed=self._test.needed)

    def _reason(self, stopped: Reason | None) -> Reason | None:
        """Why the condition is at the edge; None while it goes on."""
        terms = self.terms
        if self.hopeful and self.seen < terms.units:
            return stopped
        if self._void_decides():
            return "void"
        if terms.exhausted and (self.hopeful or self._hopeful_with_more_items()):
            return "items"
        # Too few from the start, or too near the threshold for what is left?
        up, _ = boundaries(terms.threshold, self._test)
        return "budget" if self.hopeful or up.hits(terms.units) > terms.units else "futility"

    def _hopeful_with_more_items(self) -> bool:
        further = max(round(BUDGET_TO_N_MAX * self._test.n_max) - self.seen, 0)
        return hopeful(self._up, further) or hopeful(self._down, further)

    def _void_decides(self) -> bool:
        """Whether, without the void units, there would be a verdict or the hope of one; or nothing at all."""
        if self._up.observed == self.seen or not self._up.observed:
            return self.seen > self._up.observed
        further = 0 if self.hopeful else max(self.terms.units - self.seen, 0)
        return any(hopeful_without_void(side, further) for side in (self._up, self._down))

    def _nearer_side(self) -> tuple[Side, float] | None:
        """The direction in which the rate observed points, and how fast evidence grows there; None at the threshold."""
        if self.rate is None or self.rate == self.terms.threshold:
            return None
        side: Side = self._up if self.rate > self.terms.threshold else self._down
        growth = kl(side.hits / side.observed, side.threshold)
        return (side, growth) if growth > 0 else None  # a mean of scores may differ by no more than its rounding

    def _void_price(self) -> int | None:
        """Calls that bring as much evidence as the void units cost, at the rate observed."""
        nearer = self._nearer_side()
        if nearer is None or self._up.observed == self.seen:
            return None
        side, growth = nearer
        return self._calls((side.missing() - side.missing_without_void()) / growth)

    def _calls_to_decide(self) -> int | None:
        """Further calls until a verdict, if units go on as those observed."""
        nearer = self._nearer_side()
        if nearer is None:
            return None
        side, growth = nearer
        return self._calls(max(side.missing() / growth, LEAST_TRIALS - self.seen))

    def _calls(self, units: float) -> int | None:
        return max(ceil(units), 1) * self.terms.repeats if units <= MOST_FURTHER_UNITS else None


def _exp(log_value: float) -> float:
    """Evidence as a number that JSON can hold."""
    return exp(min(log_value, 700.0)) if log_value > -inf else 0.0
