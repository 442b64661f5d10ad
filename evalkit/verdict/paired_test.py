"""Did it get worse? Two runs of the same items compared pair by pair, for as long as it takes and no longer.

Theory of operation. The difference of a pair, after minus before, lies between −1 and 1. Half of one minus the
difference, x = (before − after + 1)/2, lies between 0 and 1 and has the mean (1 + d)/2 where the pass rate fell by d.
So "worse by more than the tolerance δ" is a test of a mean score against the threshold (1 + δ)/2 (`ScoreSide`), valid
whenever one looks; for passes and fails and δ = 0 it is a sequential test of McNemar's hypothesis. The evidence of the
other direction is that of 1 − x.

Pairs come in the order of the later run's plan, which was fixed before it. That the earlier run is known by then, and
stopped where it did, changes nothing: a bet must not look ahead, and it does not, since it is fixed by budgets and
error rates alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, nextafter, sqrt
from random import Random
from typing import Any, Literal, TypeAlias

from evalkit.plain import rounded
from evalkit.stats import LEAST_TRIALS, ScoreBound
from evalkit.verdict.sequential_test import boundaries, make_test_of
from evalkit.verdict.side import ScoreSide

Regression: TypeAlias = Literal["regressed", "unclear", "held"]
"""Shown to be worse by more than the tolerance, neither, or shown not to be."""

N_MAX = 500.0
"""Pairs at which the alternative nearest to the tolerance would reach its goal: most serve changes of some points."""
_OPTIMISM = 2.0
"""Standard errors by which the difference may turn out larger than it looks, before a verdict is given up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PairedTerms:
    """The terms of a comparison, fixed before the later run."""

    tolerance: float
    """By how much the rate may be lower; 0 ≤ tolerance < 1."""
    alpha: float
    """Chance that `held` is wrong, and `regressed` on any of all conditions that are compared."""
    n_compared: int
    """Conditions that are compared, of all tasks; at least 1."""

    @property
    def alpha_regressed(self) -> float:
        """Error rate of `regressed`: shared among all that are compared."""
        return self.alpha / self.n_compared


@dataclass(frozen=True, kw_only=True, slots=True)
class PairedResult:
    """How one condition stands against an earlier run of the same items."""

    pairs: int
    """Units that both have; void ones on either side included."""
    void: int
    """Pairs of which one side is void: counted against either claim."""
    worse: int
    """Pairs that passed before and fail now; of scores, that are lower."""
    better: int
    """Pairs that failed before and pass now; of scores, that are higher."""
    rate_before: float | None
    """Pass rate, or mean score, of the pairs without a void side; None when there is none."""
    rate_after: float | None
    low: float
    """Of the difference of the rates, after minus before, −1 to 1; errs with chance alpha, whenever one looks."""
    high: float
    """Errs with chance alpha over the number of conditions compared."""
    regression: Regression
    decided_at: int | None
    """Pairs that the verdict took."""
    evidence: tuple[float, float]
    """For regressed, and for held."""
    needed: tuple[float, float]

    @property
    def difference(self) -> float | None:
        """After minus before, on the pairs without a void side."""
        if self.rate_before is None or self.rate_after is None:
            return None
        return self.rate_after - self.rate_before

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "pairs": self.pairs,
            "void": self.void,
            "worse": self.worse,
            "better": self.better,
            "rate_before": rounded(self.rate_before),
            "rate_after": rounded(self.rate_after),
            "difference": rounded(self.difference),
            "low": rounded(self.low),
            "high": rounded(self.high),
            "regression": self.regression,
            "decided_at": self.decided_at,
            "evidence": {
                "regressed": rounded(self.evidence[0]),
                "held": rounded(self.evidence[1]),
                "needed": [rounded(value) for value in self.needed],
            },
        }


class PairedTest:
    """Compares one condition with an earlier run, pair by pair.

    Args:
        terms: Of the comparison.
    """

    def __init__(self, terms: PairedTerms) -> None:
        threshold = (1 + terms.tolerance) / 2
        test = make_test_of(threshold, terms.alpha_regressed, terms.alpha, N_MAX)
        regressed, held = boundaries(threshold, test)
        self.terms, self._needed = terms, test.needed
        self._regressed = ScoreSide(regressed, ScoreBound(terms.alpha_regressed, N_MAX))
        self._held = ScoreSide(held, ScoreBound(terms.alpha, N_MAX))
        self.regression: Regression = "unclear"
        self.decided_at: int | None = None
        self._void = self._worse = self._better = 0
        self._sum_before = self._sum_after = 0.0
        self._squares = 0.0
        """Sum of the squared differences."""

    @property
    def pairs(self) -> int:
        """Pairs taken in."""
        return self._regressed.seen

    def observe(self, before: float | None, after: float | None) -> None:
        """Take in the next pair of the later run's plan.

        Args:
            before: The earlier run's pass (1), fail (0), or score; None when void.
            after: Likewise, of the later run.
        """
        # A void side is what speaks most against the claim: whatever it would have been, the claim would be the same.
        least = ((0.0 if before is None else before) - (1.0 if after is None else after) + 1) / 2
        most = ((1.0 if before is None else before) - (0.0 if after is None else after) + 1) / 2
        self._regressed.add(least)
        self._held.add(1 - most)
        if before is None or after is None:
            self._void += 1
        else:
            self._worse += after < before
            self._better += after > before
            self._sum_before += before
            self._sum_after += after
            self._squares += (after - before) ** 2
        if self.decided_at is None:
            self._decide()

    def _decide(self) -> None:
        for side, claim in ((self._regressed, "regressed"), (self._held, "held")):
            if self.decided_at is None and side.decided():
                self.regression, self.decided_at = claim, self.pairs  # type: ignore[assignment]

    # --- what further pairs may bring

    def hopeful(self, further: int, *, of: Literal["regressed", "held"]) -> bool:
        """Whether so many further pairs may be expected to show a claim, if the difference is as large as it may be."""
        if self.decided_at is not None or further <= 0:
            return False
        if self.pairs < LEAST_TRIALS:
            return True
        side = self._regressed if of == "regressed" else self._held
        return self._growth(side, _OPTIMISM) * further >= side.missing()

    def likely_further(self) -> float:
        """Pairs until either claim is likely shown, were the difference a standard error larger than it looks."""
        growths = [(side, self._growth(side, 1.0)) for side in (self._regressed, self._held)]
        likely = min((side.missing() / growth for side, growth in growths if growth > 0), default=inf)
        return max(likely, LEAST_TRIALS - self.pairs, 1)

    @property
    def leans_regressed(self) -> bool:
        """Whether the evidence is nearer to `regressed`."""
        return self._regressed.log_evidence() > self._held.log_evidence()

    def drawn_margin(self, rng: Random) -> float:
        """How far above the tolerated loss the difference is, drawn from what is known of it, for Thompson sampling."""
        mean, error = self._moments()
        return rng.gauss(-mean, error) + self.terms.tolerance

    def _moments(self) -> tuple[float, float]:
        """By how much the rate fell, and the standard error of that; as with one pair more that is worse, one better.

        So nothing is certain.
        """
        n = self.pairs - self._void + 2
        mean = (self._sum_before - self._sum_after) / n
        return mean, sqrt(max((self._squares + 2) / n - mean * mean, 0.0) / n)

    def _growth(self, side: ScoreSide, optimism: float) -> float:
        """What a pair brings to the logarithm of the evidence, of the alternative that gains most.

        Pairs are taken to be of three kinds, worse, better, alike, with the mean square observed and a mean that is
        some standard errors larger than the one observed.
        """
        fell, error = self._moments()
        mean = min((fell if side is self._regressed else -fell) + optimism * error, 1.0)
        square = min(max((self._squares + 2) / (self.pairs - self._void + 2), abs(mean)), 1.0)
        hits, misses = (square + mean) / 2, (square - mean) / 2
        return side.growth(((1.0, hits), (0.0, misses), (0.5, 1 - hits - misses)))

    # --- what is known

    def result(self) -> PairedResult:
        """What is known so far."""
        observed = self.pairs - self._void
        low, high = self._interval()
        return PairedResult(
            pairs=self.pairs,
            void=self._void,
            worse=self._worse,
            better=self._better,
            rate_before=self._sum_before / observed if observed else None,
            rate_after=self._sum_after / observed if observed else None,
            low=low,
            high=high,
            regression=self.regression,
            decided_at=self.decided_at,
            evidence=(_exp(self._regressed.log_evidence()), _exp(self._held.log_evidence())),
            needed=self._needed,
        )

    def _interval(self) -> tuple[float, float]:
        """Where the difference lies; it excludes the tolerated loss exactly when there is a verdict."""
        low, high, edge = 2 * self._held.bound() - 1, 1 - 2 * self._regressed.bound(), -self.terms.tolerance
        # The same test, found in two ways: let no rounding, and no pair before the least number, part them.
        low = max(low, nextafter(edge, 2)) if self.regression == "held" else min(low, edge)
        high = min(high, nextafter(edge, -2)) if self.regression == "regressed" else max(high, edge)
        # Were both ends to err, they could cross: the one that the verdict hangs on stays.
        return (min(low, high), high) if self.regression == "regressed" else (low, max(low, high))


def _exp(log_value: float) -> float:
    """Evidence as a number that JSON can hold."""
    return exp(min(log_value, 700.0)) if log_value > -inf else 0.0
