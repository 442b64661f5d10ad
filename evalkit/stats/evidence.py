"""Evidence that a pass rate lies above a threshold, valid however long one goes on and whenever one stops.

Theory of operation. Against each of some alternatives q above the threshold τ, trials that pass multiply a wealth by
q/τ and trials that fail by (1 − q)/(1 − τ). Were the pass rate at most τ, no wealth would grow on average, and nor
would the mean of the wealths, so the chance that it ever reaches 1/α is at most α (Ville 1939). The alternatives are
placed so that the calls at which each would reach its goal, log(1/α) / kl(q, τ), run geometrically from the fewest
possible to `n_max`: whatever the true rate, one of them is near.

Evidence that a rate lies below τ is evidence that the rate of fails lies above 1 − τ. Everything here therefore looks
upward and counts hits: passes in one direction, fails in the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from math import exp, inf, log, nextafter, sqrt

N_ALTERNATIVES = 10
"""A mixture of so few costs at most log 10 and comes within a few per cent of the best possible rule."""


def kl(p: float, q: float) -> float:
    """Kullback–Leibler divergence of a coin of rate p from one of rate q, in nats; infinite where q excludes p.

    >>> round(kl(0.97, 0.95), 7)
    0.0048843
    """
    if not (0 <= p <= 1 and 0 <= q <= 1):
        raise ValueError(f"found rates {p} and {q}, expected each from 0 to 1")
    if (q == 0 and p > 0) or (q == 1 and p < 1):
        return inf
    passing = p * log(p / q) if p > 0 else 0.0
    failing = (1 - p) * log((1 - p) / (1 - q)) if p < 1 else 0.0
    return passing + failing


def rate_at_divergence(divergence: float, threshold: float) -> float:
    """The rate q at or above the threshold with kl(q, threshold) = divergence; 1 where none is so far.

    Args:
        divergence: At least 0.
        threshold: Above 0, below 1.
    """
    if divergence >= -log(threshold):
        return 1.0
    # Newton's method from the right of a convex function's root never passes it. Pinsker: kl ≥ 2 (q − τ)².
    q = min(threshold + sqrt(divergence / 2), nextafter(1.0, 0.0))
    odds = threshold / (1 - threshold)
    for _ in range(60):
        slope = log(q / (1 - q) / odds)
        if slope <= 0:
            break
        step = (kl(q, threshold) - divergence) / slope
        if step <= 1e-15:
            break
        q -= step
    return max(q, threshold)


def alternatives(threshold: float, alpha: float, n_max: float, n_points: int = N_ALTERNATIVES) -> tuple[float, ...]:
    """The rates above a threshold that are bet on.

    Args:
        threshold: Above 0, below 1.
        alpha: Error rate of the test.
        n_max: Calls at which the nearest alternative would reach its goal.
        n_points: How many.

    Returns:
        From 1 downwards; 1 alone where n_max is less than the fewest calls that can decide.

    Raises:
        ValueError: If an argument is out of range.
    """
    if not (0 < threshold < 1 and 0 < alpha < 1 and n_max > 0 and n_points >= 2):
        raise ValueError(
            f"found threshold {threshold}, alpha {alpha}, n_max {n_max} and {n_points} points, expected rates between "
            "0 and 1, a positive n_max and at least 2 points"
        )
    goal = -log(alpha)
    fewest = goal / -log(threshold)
    if n_max <= fewest:
        return (1.0,)
    step = (n_max / fewest) ** (1 / (n_points - 1))
    return (1.0, *(rate_at_divergence(goal / (fewest * step**place), threshold) for place in range(1, n_points)))


@dataclass(frozen=True, slots=True)
class Bet:
    """A one-sided test of "the rate of hits is at most the threshold"."""

    threshold: float
    """0–1."""
    rates: tuple[float, ...]
    """Alternatives above the threshold. Ignored where the threshold is 0: there one hit settles it. None at 1."""
    _factors: tuple[tuple[float, float], ...] = field(init=False, repr=False, compare=False)
    """Per alternative the logarithm of what a hit and what a miss multiply its wealth by."""

    def __post_init__(self) -> None:
        """Look the logarithms up once."""
        inside = 0 < self.threshold < 1
        factors = tuple(
            (log(q / self.threshold), log((1 - q) / (1 - self.threshold)) if q < 1 else -inf)
            for q in (self.rates if inside else ())
        )
        object.__setattr__(self, "_factors", factors)

    def log_evidence(self, hits: int, trials: int) -> float:
        """Logarithm of the mean wealth after so many hits in so many trials, in any order; 0 at the start."""
        misses = trials - hits
        if not self._factors:
            return inf if self.threshold == 0 and hits > 0 else 0.0
        if misses:
            logs = [hits * hit + misses * miss for hit, miss in self._factors]
        else:
            logs = [hits * hit for hit, _ in self._factors]
        most = max(logs)
        if most == -inf:
            return -inf
        return most + log(sum([exp(each - most) for each in logs]) / len(logs))


@lru_cache(maxsize=4096)
def bet_against(threshold: float, alpha: float, n_max: float) -> Bet:
    """The test of one threshold among all those that an interval is made of.

    Raises:
        ValueError: As `alternatives`, unless the threshold is 0 or 1.
    """
    if threshold in (0, 1):
        return Bet(threshold, ())
    return Bet(threshold, alternatives(threshold, alpha, n_max))
