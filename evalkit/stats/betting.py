"""Where a mean score lies, valid whenever one looks: the test of `evidence` for scores from 0 to 1.

Theory of operation. A score x multiplies the wealth of an alternative q to the threshold τ by

    1 + λ (x − τ) = x q/τ + (1 − x) (1 − q)/(1 − τ)    with λ = (q − τ) / (τ (1 − τ)),

which lies between what a fail and what a pass would have brought, and is 1 on average where the mean score is τ. So
whatever the distribution of the scores, the chance that the mean of the wealths ever reaches 1/α is at most α.

Along the alternatives that `evidence` chooses, q/τ and (1 − q)/(1 − τ) both fall as τ rises. So does all evidence, and
the rates that it has excluded at some time are those below one bound.
"""

from __future__ import annotations

from math import inf, log
from typing import TYPE_CHECKING

from evalkit.stats.evidence import bet_against

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_EXACT = 1e-10
"""Width in which the bound is found; the lower side is taken."""


class ScoreBound:
    """A lower bound of a mean score, from scores that are taken in one by one.

    An upper bound is one minus the lower bound of one minus the scores. Of scores that are all 0 or 1 it is the same as
    `RunningBound`.

    Args:
        alpha: Chance that it ever lies above the true mean; above 0, below 1.
        n_max: Scores at which the nearest alternative would reach its goal, were they all 0 or 1; above 0.

    Raises:
        ValueError: If an argument is out of range.

    Assumes:
        Given those before it, each score has the same mean.

    Source:
        Waudby-Smith and Ramdas 2024, Journal of the Royal Statistical Society B 86:1; the alternatives are our own.
    """

    def __init__(self, alpha: float, n_max: float) -> None:
        if not (0 < alpha < 1 and n_max > 0):
            raise ValueError(f"found alpha {alpha} and n_max {n_max}, expected a rate between 0 and 1, and more than 0")
        self._alpha, self._n_max = alpha, n_max
        self._scores: list[float] = []
        self._bound = 0.0
        self._looked_at = 0
        """Scores that the bound takes into account."""
        self._total = self._highest_mean = 0.0
        """No evidence excludes the highest mean that there has been."""

    def add(self, score: float) -> None:
        """Take in a score.

        Raises:
            ValueError: If it is not from 0 to 1.
        """
        if not 0 <= score <= 1:
            raise ValueError(f"found a score of {score}, expected one from 0 to 1")
        self._scores.append(score)
        self._total += score
        self._highest_mean = max(self._highest_mean, self._total / len(self._scores))

    def log_evidence(self, threshold: float) -> float:
        """Logarithm of the evidence, by the scores so far, that the mean lies above a threshold; 0 at the start.

        Raises:
            ValueError: If the threshold is not from 0 to 1.
        """
        if not 0 <= threshold <= 1:
            raise ValueError(f"found a threshold of {threshold}, expected one from 0 to 1")
        if not self._scores or threshold == 1:
            return 0.0
        if threshold == 0:
            return inf if self._total > 0 else 0.0
        import numpy as np

        wealths = self._log_wealths(threshold)[-1]
        return float(np.logaddexp.reduce(wealths)) - log(len(wealths))

    def bound(self) -> float:
        """The bound, 0–1."""
        # Importing numpy takes a tenth of a second, which commands that compute nothing must not wait for.
        import numpy as np

        first, self._looked_at = self._looked_at, len(self._scores)

        def excluded(rate: float) -> bool:
            # What the earlier scores exclude lies below the bound already.
            with np.errstate(over="ignore"):  # infinite is as good as huge
                evidence = np.exp(self._log_wealths(rate)[first:]).mean(axis=1)
            return bool(evidence.max() >= 1 / self._alpha)

        low, high = self._bound, self._highest_mean
        if first < len(self._scores) and low + _EXACT < high and excluded(low + _EXACT):
            while high - low > _EXACT:
                middle = (low + high) / 2
                low, high = (middle, high) if excluded(middle) else (low, middle)
            self._bound = low
        return self._bound

    def _log_wealths(self, threshold: float) -> NDArray[np.float64]:
        """Logarithm of each alternative's wealth, a column each, after each score; threshold between 0 and 1."""
        import numpy as np

        rates = np.array(bet_against(threshold, self._alpha, self._n_max).rates)
        scores = np.array(self._scores)[:, np.newaxis]
        factors = scores * (rates / threshold) + (1 - scores) * ((1 - rates) / (1 - threshold))
        with np.errstate(divide="ignore"):  # a fail leaves nothing of a bet on 1
            logs: NDArray[np.float64] = np.log(factors).cumsum(axis=0)
        return logs
