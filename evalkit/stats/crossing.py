"""Where along levels from easy to hard the pass rate meets the threshold: what a curve through all of them says.

Theory of operation. The pass rate at place x is (1 − λ) · expit(s · (c − x) + k): a logistic curve that falls from
1 − λ, λ being the share of lapses, trials that fail however easy they are. k = logit(τ / (1 − λ)) is such that c is the
place where the pass rate is the threshold τ, so the posterior of c is looked at directly. It is summed up on a grid. If
that is coarse beside the posterior, the interval comes out far too narrow, so the grid closes in on where the mass is
before anything is read off it. All of this holds if the curve is of that form: an estimate beside the verdicts of the
levels, never in their place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log, log1p
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Grid: TypeAlias = NDArray[float64]
    Box: TypeAlias = tuple[tuple[float, float], ...]

LOG_FROM = 8.0
"""Positive levels whose last is so many times the first, or the other way round, are taken on a logarithmic scale."""
MASS = 0.95
"""Of the credible interval."""
BEYOND = 1.0
"""How far the crossing may lie beyond the tested range on either side, in lengths of that range."""
LAPSE_POWER = 10
"""Of the prior of the lapse, Beta(1, 10) up to what the threshold leaves: most of its mass is near 0."""
_FLATTEST, _STEEPEST = 0.2, 20.0
"""Slopes: over the whole tested range, and between the two levels that are nearest to each other."""
_SHAPES = (*((40, 30, 8),) * 3, (400, 40, 8))
"""Cells for crossing, slope and lapse in each pass; a pass shows the next one where to look."""
_NEGLIGIBLE = 14.0
"""Cells whose log-likelihood is so much below the highest hold no mass that matters."""
_SLOPES, _LAPSES, _STEPS = 60, 16, 60
"""Slopes and lapses that are tried for a curve to be drawn, and steps along it."""
_FREE_PARAMETERS = 2
"""Crossing and slope. The lapse can do little, so counting it would only hide a bad fit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """Levels as places on a line that runs from easy to hard, and back."""

    sign: int
    """-1 where smaller numbers are harder."""
    logarithmic: bool

    @classmethod
    def of(cls, levels: Sequence[float]) -> Scale:
        """The scale of some levels from easy to hard.

        Args:
            levels: At least two, rising or falling.

        Raises:
            ValueError: If there are fewer, or they neither rise nor fall throughout.

        >>> Scale.of([0.02, 0.05, 0.2]).logarithmic
        True
        """
        steps = {1 if later > earlier else -1 if later < earlier else 0 for earlier, later in pairwise(levels)}
        if steps not in ({1}, {-1}):
            raise ValueError(f"found levels {list(levels)}, expected two or more that rise or fall throughout")
        least, most = min(levels), max(levels)
        return cls(sign=steps.pop(), logarithmic=least > 0 and most / least >= LOG_FROM)

    def place(self, level: float) -> float:
        """Where a level lies; higher is harder."""
        return self.sign * (log(level) if self.logarithmic else level)

    def level(self, place: float) -> float:
        """The level at a place."""
        return exp(self.sign * place) if self.logarithmic else self.sign * place


@dataclass(frozen=True, kw_only=True, slots=True)
class Crossing:
    """What a fitted curve says of the place where the pass rate meets the threshold."""

    estimate: float
    """Median of the posterior, in places."""
    low: float
    """Ends of the 95 % credible interval, in places; they may lie beyond the tested range."""
    high: float
    fit: float
    """How often the rates of levels would lie at least so far from the best curve if it were right, 0–1; 1 with two
    levels, which any curve can meet."""


def fit_crossing(counts: Sequence[tuple[float, int, int]], threshold: float) -> Crossing:
    """Fit a falling curve to what levels brought, and read off where it meets the threshold.

    Args:
        counts: Place (higher is harder), passes and trials of each level; levels without a trial are left out.
        threshold: The pass rate that is looked for; above 0, below 1.

    Raises:
        ValueError: If fewer than two places have a trial, a count or the threshold is out of range.

    Assumes:
        Independent trials, and a pass rate that falls along a logistic curve from 1 minus a small share of lapses.
        Prior: crossing and the logarithm of the slope uniform over wide ranges, lapse as `LAPSE_POWER` says.

    Source:
        Wichmann and Hill 2001, Perception & Psychophysics 63:1293, for the curve with lapses; Schütt et al. 2016,
        Vision Research 122:105, for summing its posterior on a grid. Fit: deviance against a rate of each level's own,
        compared with chi-squared.

    >>> round(fit_crossing([(0, 95, 100), (1, 75, 100), (2, 25, 100), (3, 5, 100)], 0.5).estimate, 2)
    1.53
    """
    tested = [each for each in counts if each[2] != 0]
    if len({place for place, _, _ in tested}) < 2 or not 0 < threshold < 1:
        raise ValueError(
            f"found {len(tested)} levels with trials and threshold {threshold}, expected at least two different places "
            "and a threshold between 0 and 1"
        )
    for place, passes, trials in tested:
        if not 0 <= passes <= trials:
            raise ValueError(f"found {passes} passes in {trials} trials at {place}, expected from 0 passes to all")
    box = _widest(sorted({place for place, _, _ in tested}))
    for shape in _SHAPES[:-1]:
        box = _around_the_mass(_log_likelihood(tested, threshold, box, shape), box)
    return _summed_up(_log_likelihood(tested, threshold, box, _SHAPES[-1]), box[0], tested)


def curve_through(
    counts: Sequence[tuple[float, int, int]], threshold: float, crossing: float
) -> list[tuple[float, float]]:
    """Of the curves that `fit_crossing` thinks of, the likeliest that meets the threshold at a given place.

    Args:
        counts: As there, in the order of places, each with trials.
        threshold: As there.
        crossing: The place where the curve is to meet it, such as the estimate.

    Returns:
        Place and pass rate of points along the tested range, from easy to hard.

    >>> curve_through([(0, 95, 100), (1, 75, 100), (2, 25, 100), (3, 5, 100)], 0.5, 1.5)[30]
    (1.5, 0.5)
    """
    places = [place for place, _, _ in counts]
    _, (flattest, steepest), _ = _widest(places)
    slopes = [exp(flattest + (steepest - flattest) * step / (_SLOPES - 1)) for step in range(_SLOPES)]
    lapses = [(1 - threshold) * (step + 0.5) / _LAPSES for step in range(_LAPSES)]

    def odds(place: float, slope: float, lapse: float) -> float:
        """Of failing against passing, lapses aside."""
        return exp(min(max(slope * (place - crossing), -600), 600)) * ((1 - lapse) / threshold - 1)

    def likelihood(pair: tuple[float, float]) -> float:
        lapse, total = pair[1], 0.0
        for place, passes, trials in counts:
            against = odds(place, *pair)
            total += passes * log1p(-lapse) - trials * log1p(against) + (trials - passes) * log(lapse + against)
        return total

    slope, lapse = max(((slope, lapse) for slope in slopes for lapse in lapses), key=likelihood)
    along = [places[0] + (places[-1] - places[0]) * step / _STEPS for step in range(_STEPS + 1)]
    return [(place, (1 - lapse) / (1 + odds(place, slope, lapse))) for place in along]


def reach(rates: Sequence[float], threshold: float) -> int | None:
    """How far the rates stay above a threshold, from the first on.

    Args:
        rates: From easy to hard.
        threshold: A rate at the threshold itself is not above it.

    Returns:
        Index of the last rate before the first that is not above; None when the first is not.

    >>> reach([0.97, 0.9, 0.7, 0.9], 0.85)
    1
    """
    length = next((index for index, rate in enumerate(rates) if not rate > threshold), len(rates))
    return length - 1 if length else None


def _widest(places: Sequence[float]) -> Box:
    """Ranges of crossing, logarithm of the slope, and quantile of the lapse within its prior."""
    length = places[-1] - places[0]
    nearest = min(later - earlier for earlier, later in pairwise(places))
    return (
        (places[0] - BEYOND * length, places[-1] + BEYOND * length),
        (log(_FLATTEST / length), log(_STEEPEST / nearest)),
        (0.0, 1.0),
    )


def _log_likelihood(tested: Sequence[tuple[float, int, int]], threshold: float, box: Box, shape: Sequence[int]) -> Grid:
    """Of the middle of each cell; one axis each for crossing, slope and lapse."""
    import numpy as np

    crossing, log_slope, quantile = (
        low + (np.arange(n) + 0.5) / n * (high - low) for (low, high), n in zip(box, shape, strict=True)
    )
    below = 1 - threshold**LAPSE_POWER
    lapse = 1 - (1 - quantile * below) ** (1 / LAPSE_POWER)
    against = (1 - lapse) / threshold - 1
    slope = np.exp(log_slope)
    total: Any = np.zeros(shape)
    for place, passes, trials in tested:
        odds = np.exp(np.clip(-slope * (crossing[:, None] - place), -600, 600))[:, :, None] * against
        total += passes * np.log1p(-lapse) - trials * np.log1p(odds)
        if passes < trials:
            total += (trials - passes) * np.log(lapse + odds)
    return total  # type: ignore[no-any-return]


def _around_the_mass(log_likelihood: Grid, box: Box) -> Box:
    """The part of a box that holds the mass, with a margin, since a coarse grid may miss the peak by a cell or two."""
    import numpy as np

    held = log_likelihood > log_likelihood.max() - _NEGLIGIBLE
    closer = []
    for axis, (low, high) in enumerate(box):
        cells = np.flatnonzero(held.any(axis=tuple(other for other in range(3) if other != axis)))
        cell = (high - low) / held.shape[axis]
        closer.append((max(low, low + (cells[0] - 2) * cell), min(high, low + (cells[-1] + 3) * cell)))
    return tuple(closer)


def _summed_up(
    log_likelihood: Grid, crossings: tuple[float, float], tested: Sequence[tuple[float, int, int]]
) -> Crossing:
    import numpy as np

    highest = log_likelihood.max()
    mass = np.exp(log_likelihood - highest).sum(axis=(1, 2))
    edges = np.linspace(*crossings, len(mass) + 1)
    cumulated = np.concatenate([[0.0], np.cumsum(mass)])
    below = cumulated / cumulated[-1]
    low, estimate, high = np.interp([(1 - MASS) / 2, 0.5, (1 + MASS) / 2], below, edges)
    return Crossing(
        estimate=float(estimate),
        low=float(low),
        high=float(high),
        fit=_fit(float(highest), tested),
    )


def _fit(log_likelihood: float, tested: Sequence[tuple[float, int, int]]) -> float:
    freedom = len(tested) - _FREE_PARAMETERS
    if freedom < 1:
        return 1.0
    from scipy.special import gammaincc

    free = sum(
        count * log(count / trials) for _, passes, trials in tested for count in (passes, trials - passes) if count
    )
    return float(gammaincc(freedom / 2, max(free - log_likelihood, 0.0)))
