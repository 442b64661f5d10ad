"""Running counts of a test that may stop at any unit: their interval is valid whenever one looks."""

from __future__ import annotations

from evalkit.stats import Interval, RunningBound


class RunningCounts:
    """Passes, fails and voids of units, with the interval that the sequential test leaves.

    A void unit counts as failed for the low end and as passed for the high one.

    Args:
        alpha_low: Chance that the low end ever lies above the true rate.
        alpha_high: Chance that the high end ever lies below it.
        n_max: See `SequentialTest`.
    """

    __slots__ = ("_high", "_low", "_n_max", "_row", "_told", "alpha_high", "alpha_low", "passes", "trials", "void")

    def __init__(self, *, alpha_low: float, alpha_high: float, n_max: float) -> None:
        self.alpha_low, self.alpha_high, self._n_max = alpha_low, alpha_high, n_max
        self._low = RunningBound(alpha_low, n_max)
        self._high = RunningBound(alpha_high, n_max)
        self.passes = self.trials = self.void = 0
        self._row: bool | None = None
        """How the units ended that came in last, all alike."""
        self._told = 0
        """Units that the bounds know of."""

    def add(self, passed: bool | None, cluster: str = "", n: int = 1) -> None:
        """Count units that ended alike; None is void. They are taken to be independent, whatever their cluster."""
        if passed is not self._row:
            self._tell()
            self._row = passed
        if passed is None:
            self.void += n
        else:
            self.trials += n
            self.passes += passed * n

    def _tell(self) -> None:
        """Let the bounds know of the last row: of units that ended alike they keep the counts at its end alone."""
        seen = self.trials + self.void
        if seen > self._told:
            self._low.add(self.passes, seen, hit=self._row is True)
            self._high.add(self.trials - self.passes, seen, hit=self._row is False)
            self._told = seen

    def all_void(self, *, alpha_high: float) -> RunningCounts:
        """New counts in which every unit so far is void, with an error rate of its own for the high end."""
        void = RunningCounts(alpha_low=self.alpha_low, alpha_high=alpha_high, n_max=self._n_max)
        void.void = self.trials + self.void
        return void

    def interval(self) -> Interval:
        """Bound the pass rate, whatever the void units would have brought."""
        self._tell()
        # Each end errs with a small chance; were both to, they could cross.
        low, high = self._low.bound(), 1 - self._high.bound()
        return Interval(low=min(low, high), high=max(low, high))
