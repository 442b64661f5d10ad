"""Where a sequential test ends: how many hits decide it, and how few leave no hope."""

from __future__ import annotations

from math import log, sqrt

from evalkit.stats.evidence import Bet, kl

LEAST_TRIALS = 10
"""No verdict before: near a threshold of 1 a single fail would be one, which is valid, looks absurd, and hides faults
of the harness."""
OPTIMISM = 2.0
"""Standard deviations by which the rate so far is taken too low before a test is called hopeless."""


class Boundary:
    """The number of hits that decides a one-sided test, for every number of trials; found once, then looked up.

    Args:
        bet: The test.
        needed: Evidence that decides it, above 1: 1 / alpha.
        least_trials: No decision before.
    """

    def __init__(self, bet: Bet, needed: float, *, least_trials: int = LEAST_TRIALS) -> None:
        self.bet = bet
        self.log_needed = log(needed)
        self.least_trials = least_trials
        self._hits: list[int] = [1]
        """By number of trials; one more than these when none are enough. Without a trial there is no decision."""

    def hits(self, trials: int) -> int:
        """The least number of hits that decides it after so many trials; trials + 1 when not even all do."""
        hits = self._hits
        while len(hits) <= trials:
            n, least = len(hits), hits[-1]
            # One trial more asks for the same number of hits, or one more.
            least = min(least, n + 1)
            while least <= n and self.bet.log_evidence(least, n) < self.log_needed:
                least += 1
            while least > 0 and self.bet.log_evidence(least - 1, n) >= self.log_needed:
                least -= 1
            hits.append(least)
        return hits[trials]

    def decided(self, hits: int, trials: int) -> bool:
        """Whether so many hits in so many trials decide it."""
        return trials >= self.least_trials and hits >= self.hits(trials)

    def hopeful(self, hits: int, trials: int, further: int) -> bool:
        """Whether so many further trials could still decide it, with the rate of hits at its optimistic end.

        The optimistic end is the upper end of Wilson's interval at `OPTIMISM` standard deviations. A heuristic: it
        costs power and no error.
        """
        return within_reach(self.bet.threshold, self.missing(hits, trials), optimistic_rate(hits, trials), further)

    def missing(self, hits: int, trials: int) -> float:
        """Logarithm of the factor by which the evidence is short of what decides the test; 0 or less when it is not."""
        return self.log_needed - self.bet.log_evidence(hits, trials)


def within_reach(threshold: float, missing: float, rate: float, further: int) -> bool:
    """Whether so many further trials may be expected to bring the evidence that is missing, at a rate of hits.

    Args:
        threshold: Of the test, 0–1.
        missing: Logarithm of the factor by which the evidence is short; 0 or less when it is not.
        rate: Of hits, 0–1.
        further: Trials.
    """
    return missing <= 0 or (rate > threshold and further * kl(rate, threshold) >= missing)


def optimistic_rate(hits: float, trials: int) -> float:
    """The upper end of Wilson's interval at `OPTIMISM` standard deviations; 1 without a trial.

    Source:
        Wilson 1927, Journal of the American Statistical Association 22:209.
    """
    if trials == 0:
        return 1.0
    rate, z2 = hits / trials, OPTIMISM * OPTIMISM
    spread = OPTIMISM * sqrt(rate * (1 - rate) / trials + z2 / (4 * trials * trials))
    return min((rate + z2 / (2 * trials) + spread) / (1 + z2 / trials), 1.0)
