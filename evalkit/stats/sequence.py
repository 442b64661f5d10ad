"""Where a pass rate lies, valid whenever one looks: a sequential test of every possible rate, inverted.

Theory of operation. A rate is in the interval while the test against it (`evidence`) has never been decided. What has
left it does not come back, so the ends only close in: the low end is the highest that it has ever been. Among trials
that pass in a row the low end rises, and a fail never raises it; so only the counts at the end of each row of passes
can give the highest low end, and those at the end of each row of fails the lowest high end. Nothing else of the history
is kept.
"""

from __future__ import annotations

from math import inf, log, sqrt

from evalkit.stats.evidence import bet_against

_EXACT = 1e-10
"""Width in which the bound is found; of the two sides the one that is not excluded is taken, as verdicts take it."""


class RunningBound:
    """A lower bound of a rate of hits, from trials that are taken in one by one.

    Args:
        alpha: Chance that it ever lies above the true rate.
        n_max: Calls at which the nearest alternative would reach its goal; see `alternatives`.

    Assumes:
        Given those before it, each trial hits with the same chance.
    """

    def __init__(self, alpha: float, n_max: float) -> None:
        self._alpha, self._n_max = alpha, n_max
        self._bound = 0.0
        self._turns: list[tuple[int, int]] = []
        """Hits and trials at the end of each row of hits since the bound was last asked for."""
        self._rising = False
        """Whether the last trial was a hit."""

    def add(self, hits: int, trials: int, *, hit: bool) -> None:
        """Take in a trial: the counts with it, and whether it hit."""
        if hit and self._rising:
            self._turns[-1] = (hits, trials)
        elif hit:
            self._turns.append((hits, trials))
        self._rising = hit

    def bound(self) -> float:
        """The bound, 0–1."""
        goal = -log(self._alpha)
        turns = self._turns
        while turns:
            log_evidence = bet_against(self._bound, self._alpha, self._n_max).log_evidence
            told = [(log_evidence(*turn), turn) for turn in turns]
            # What does not exclude this rate excludes no higher one.
            told = [each for each in told if each[0] >= goal]
            if not told:
                break
            furthest = max(told)
            self._bound = self._solved(*furthest[1], goal)
            turns = [turn for _, turn in told if turn != furthest[1]]
        self._turns = []
        self._rising = False
        return self._bound

    def _solved(self, hits: int, trials: int, goal: float) -> float:
        """The least rate that these counts do not exclude, above the bound so far."""

        def excess(rate: float) -> float:
            # About linear in the rate, where the evidence itself is about quadratic.
            evidence = bet_against(rate, self._alpha, self._n_max).log_evidence(hits, trials)
            return inf if evidence == inf else sqrt(max(evidence, 0.0)) - sqrt(goal)

        low, high = self._bound, hits / trials
        at_low, at_high = excess(low), excess(high)
        last = 0
        while high - low > _EXACT:
            middle = (low + high) / 2
            if at_low < inf:
                secant = low + at_low / (at_low - at_high) * (high - low)
                middle = min(max(secant, low + _EXACT / 2), high - _EXACT / 2)
            found = excess(middle)
            # Illinois: an end that stays twice counts half, else the other would creep towards it.
            if found >= 0:
                at_high = at_high / 2 if last > 0 else at_high
                low, at_low, last = middle, found, 1
            else:
                at_low = at_low / 2 if last < 0 else at_low
                high, at_high, last = middle, found, -1
        return high
