"""Where the mean of values from 0 to 1 lies, of which there is a number fixed beforehand.

Theory of operation. Against a mean m a bettor starts with wealth 1 and stakes before each value x an amount s ≥ 0,
which brings s (x − m), more or less than nothing. Were the mean at most m, the wealth would not grow on average, so the
chance that it ever reaches 1/α is at most α (Ville 1939), whatever the distribution, and however rarely a value differs
from the others. The means that are excluded in this way lie below one bound.

All the art is in the stakes. With n values to come, the bettor aims at the goal itself and no further: with p the share
of the goal that it has, it stakes what the owner of a digital option hedges with, φ(Φ⁻¹(p)) / (σ √r) of the goal, where
r values are left. Of normal values that ends at the goal exactly where the best test of n values would reject, so for
large n the bound is about that of Student's t, where stakes that are fixed shares of the wealth give one 1.4 times as
far away. A goal that is a little higher than needed makes it be reached before the end.

Two caps on the stakes, p / max(m, 1 − m) and (1 − p) / max(m, 1 − m), see to it that more wealth stays more whatever
comes, and that a larger m never has more. So whatever excludes a mean excludes all smaller ones, and the bound can be
searched for. σ is the standard deviation of the values before, with one more at each end of the range.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FURTHER = 1.1
"""By what factor the bettor's goal is higher than needed."""
_MEANS = 160
"""Means that are tried at once: between the last that is excluded and the next, as many are tried in the next round."""
_ROUNDS = 2
_STEPS = 1024
"""Of the table of φ(Φ⁻¹(p)). Between them a straight line: a concave function, as the caps need it, and a valid bet."""


def mean_lower_bound(values: Sequence[float], alpha: float) -> float:
    """A lower bound of a mean, from values whose number was fixed beforehand.

    An upper bound is one minus the lower bound of one minus the values.

    Args:
        values: From 0 to 1, each of an item, or of a group of items that stand or fall together; in an order that does
            not depend on what they are, as another order gives a slightly different bound. May be empty.
        alpha: Chance that the bound lies above the true mean; above 0, below 1.

    Returns:
        At least 0, at most the mean of the values; found to 0.00005, and rounded down. Of a thousand values it is
        a few per cent further away than Student's t has it; where few values differ from the others, and where there
        are few at all, t is too near and this is not.

    Raises:
        ValueError: If an argument is out of range.

    Assumes:
        Given those before it, each value has the same mean.

    Source:
        Waudby-Smith and Ramdas 2024, Journal of the Royal Statistical Society B 86:1, section 4, for the test; stakes
        that aim at a goal after Voracek and Orabona 2025 (STaR-Bets), by the hedge of a digital option: our own.

    >>> round(mean_lower_bound([1.0, 0.0] * 50, 0.025), 2)
    0.4
    """
    if not 0 < alpha < 1:
        raise ValueError(f"found alpha {alpha}, expected above 0 and below 1")
    wrong = next((value for value in values if not 0 <= value <= 1), None)
    if wrong is not None:
        raise ValueError(f"found a value of {wrong}, expected one from 0 to 1")
    return _lower_bound(tuple(values), alpha) if values else 0.0


@lru_cache(maxsize=256)
def _lower_bound(values: tuple[float, ...], alpha: float) -> float:
    """Many constraints of a task have the same values: they hold everywhere."""
    # Importing numpy takes a tenth of a second, which commands that compute nothing must not wait for.
    import numpy as np

    scales = _scales(values)
    low, high = 0.0, min(sum(values) / len(values), 1.0)
    for _ in range(_ROUNDS):
        means = np.linspace(low, high, _MEANS)
        n_excluded = int(_excluded(values, scales, means, alpha).sum())
        if n_excluded == 0:
            break
        low, high = float(means[n_excluded - 1]), float(means[min(n_excluded, _MEANS - 1)])
    return low


def _scales(values: Sequence[float]) -> list[float]:
    """For each value 1 / (σ √r), with what is known before it; r counts the value itself."""
    n, scales = len(values), []
    total, squares = 1.0, 1.0  # of a 0 and a 1
    for place, value in enumerate(values):
        mean = total / (place + 2)
        variance = max(squares / (place + 2) - mean * mean, 1e-12)
        scales.append(1 / sqrt(variance * (n - place)))
        total += value
        squares += value * value
    return scales


def _excluded(
    values: Sequence[float], scales: Sequence[float], means: NDArray[np.float64], alpha: float
) -> NDArray[np.bool_]:
    """Which of several means are excluded; rising, so that the first ones are."""
    import numpy as np

    shares, stakes = _table()
    most = 1 / np.maximum(means, 1 - means)
    wealth = np.full(len(means), alpha / _FURTHER)
    reached = np.zeros(len(means), dtype=bool)
    for value, scale in zip(values, scales, strict=True):
        stake = np.minimum(np.interp(wealth, shares, stakes) * scale, most * np.minimum(wealth, 1 - wealth))
        wealth = wealth + stake * (value - means)
        reached |= wealth >= 1 / _FURTHER
        wealth[reached] = 1.0  # and nothing is staked any more
    return reached


@lru_cache(maxsize=1)
def _table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of the goal from 0 to 1, and φ(Φ⁻¹(p)) of each."""
    import numpy as np

    shares = np.linspace(0, 1, _STEPS + 1)
    normal = NormalDist()
    inside = [normal.pdf(normal.inv_cdf(share)) for share in shares[1:-1].tolist()]
    return shares, np.array([0.0, *inside, 0.0])
