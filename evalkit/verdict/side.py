"""One direction of a sequential test, for passes and fails or for scores: how far its evidence has come.

Either direction looks upward: towards "usable" a pass is a hit, towards "unusable" a fail is; a score x counts as x of
a hit, or as 1 − x of one. A void unit counts as a miss, so whatever it would have brought, the verdict would be the
same.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from math import ceil, exp, inf, log, sqrt
from typing import Protocol

from evalkit.stats import LEAST_TRIALS, Boundary, ScoreBound, kl, optimistic_rate, within_reach

MOST_IN_FLIGHT = 1_000
"""More units of one condition are never in flight at once."""


class Side(Protocol):
    """What the two kinds have in common."""

    threshold: float
    seen: int
    """Units taken in, void ones included."""
    observed: int
    hits: float

    def add(self, hit: float | None) -> None:
        """Take in a unit: how much of a hit it is, 0–1; None when it is void."""

    def decided(self) -> bool:
        """Whether the evidence suffices."""

    def missing(self) -> float:
        """Logarithm of the factor by which the evidence is short; 0 or less when it is not."""

    def missing_without_void(self) -> float:
        """As if the void units had never been asked."""

    def log_evidence(self) -> float:
        """Logarithm of the evidence."""

    def least_further(self, least: int) -> int:
        """The least number of further units that could decide it, at least `least`, at most `MOST_IN_FLIGHT`."""


class PassSide:
    """One direction of a test of passes and fails."""

    def __init__(self, boundary: Boundary) -> None:
        self._boundary = boundary
        self.threshold = boundary.bet.threshold
        self.seen = self.observed = 0
        self.hits: float = 0
        self._missing: float | None = None

    def add(self, hit: float | None) -> None:
        """Take in a unit."""
        self.seen += 1
        if hit is not None:
            self.observed += 1
            self.hits += hit
        self._missing = None

    def decided(self) -> bool:
        """Whether the evidence suffices; a look at a table."""
        return self._boundary.decided(int(self.hits), self.seen)

    def missing(self) -> float:
        """How much evidence is short."""
        if self._missing is None:
            self._missing = self._boundary.missing(int(self.hits), self.seen)
        return self._missing

    def missing_without_void(self) -> float:
        """As if the void units had never been asked."""
        return self._boundary.missing(int(self.hits), self.observed)

    def log_evidence(self) -> float:
        """Logarithm of the evidence."""
        return self._boundary.bet.log_evidence(int(self.hits), self.seen)

    def least_further(self, least: int) -> int:
        """The least number of hits in a row that would decide it."""
        hits, seen = int(self.hits), self.seen

        def decides(further: int) -> bool:
            return self._boundary.decided(hits + further, seen + further)

        if least >= MOST_IN_FLIGHT or decides(least):
            return least
        return least + bisect_left(range(least, MOST_IN_FLIGHT), True, key=decides)


class ScoreSide:
    """One direction of a test of scores from 0 to 1; see `evalkit.stats.betting`.

    Args:
        boundary: Of the same test for passes and fails.
        bound: Takes in the same scores.
    """

    def __init__(self, boundary: Boundary, bound: ScoreBound) -> None:
        self.threshold = boundary.bet.threshold
        self._needed, self._bound = boundary.log_needed, bound
        inside = 0 < self.threshold < 1
        self._factors = [
            (rate / self.threshold, (1 - rate) / (1 - self.threshold)) for rate in boundary.bet.rates if inside
        ]
        self._logs = [0.0] * len(self._factors)
        """Logarithm of the wealth of each alternative, void units left out."""
        self.seen = self.observed = 0
        self.hits = 0.0

    def add(self, hit: float | None) -> None:
        """Take in a unit."""
        self.seen += 1
        self._bound.add(0.0 if hit is None else hit)
        if hit is not None:
            self.observed += 1
            self.hits += hit
            factors = (hit * up + (1 - hit) * down for up, down in self._factors)
            self._logs = [logarithm + _log(factor) for logarithm, factor in zip(self._logs, factors, strict=True)]

    def decided(self) -> bool:
        """Whether the evidence suffices."""
        return self.seen >= LEAST_TRIALS and self.missing() <= 0

    def missing(self) -> float:
        """How much evidence is short."""
        return self._needed - self.log_evidence()

    def missing_without_void(self) -> float:
        """As if the void units had never been asked."""
        return self._needed - self._mean(self._logs)

    def log_evidence(self) -> float:
        """Logarithm of the evidence."""
        void = self.seen - self.observed
        if not void:
            return self._mean(self._logs)
        misses = (void * log(down) if down > 0 else -inf for _, down in self._factors)
        return self._mean([each + miss for each, miss in zip(self._logs, misses, strict=True)])

    def _mean(self, logs: list[float]) -> float:
        """Logarithm of the mean wealth."""
        if not logs:  # at a threshold of 0 anything above it settles it, and at 1 nothing does
            return inf if self.threshold == 0 and self.hits > 0 else 0.0
        most = max(logs)
        return most if most == -inf else most + log(sum(exp(each - most) for each in logs) / len(logs))

    def least_further(self, least: int) -> int:
        """No fewer than this many of the highest scores would decide it."""
        most = max((log(up) for up, _ in self._factors), default=0.0)
        further = ceil(min(max(self.missing(), 0.0) / most, float(MOST_IN_FLIGHT))) if most > 0 else 1
        return min(max(further, LEAST_TRIALS - self.seen, least), MOST_IN_FLIGHT)

    def growth(self, hits: Sequence[tuple[float, float]]) -> float:
        """What a unit brings to the logarithm of the evidence, on average, of the alternative that gains most.

        Args:
            hits: How much of a hit a unit is, with the chance of it.
        """
        return max(
            (
                sum(chance * _log(hit * up + (1 - hit) * down) for hit, chance in hits if chance > 0)
                for up, down in self._factors
            ),
            default=0.0,
        )

    def bound(self) -> float:
        """The highest mean of hits that has been excluded so far."""
        return self._bound.bound()


def _log(factor: float) -> float:
    return log(factor) if factor > 0 else -inf


def hopeful(side: Side, further: int) -> bool:
    """Whether so many further units may be expected to decide it, with the rate of hits at its optimistic end.

    A mean of scores brings at least the evidence that passes at the same rate would.
    """
    return within_reach(side.threshold, side.missing(), optimistic_rate(side.hits, side.seen), further)


def hopeful_without_void(side: Side, further: int) -> bool:
    """As `hopeful`, had the void units never been asked."""
    return within_reach(side.threshold, side.missing_without_void(), optimistic_rate(side.hits, side.observed), further)


def units_of_hope(side: Side, further: int, most: int) -> int:
    """Of so many further units, how many go by, at the rate of hits so far, before hope does; at most `most`."""
    rate, missing = side.hits / max(side.seen, 1), side.missing()

    def without_hope(units: int) -> bool:
        optimistic = optimistic_rate(side.hits + rate * units, side.seen + units)
        return not within_reach(side.threshold, missing, optimistic, further - units)

    most = min(most, further)
    return most if not without_hope(most) else bisect_left(range(most), True, key=without_hope)


def units_to_verdict(side: Side) -> float:
    """Further units until it may be decided, were the rate of hits a standard deviation higher than it looks."""
    # As with one hit and one miss more, so that nothing is certain.
    rate = (side.hits + 1) / (side.seen + 2)
    rate = min(rate + sqrt(rate * (1 - rate) / (side.seen + 2)), 1.0)
    missing = max(side.missing(), 0.0)
    if side.threshold == 0 and missing > 0:  # the first hit will decide it
        return 1 / rate
    return missing / kl(rate, side.threshold) if rate > side.threshold else inf
