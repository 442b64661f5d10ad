"""How the pass rate rises with the size of a model: a logistic curve in log size, between a floor and a ceiling.

Theory of operation. The pass rate at place x, the decimal logarithm of a size, is f + (c − f) · expit(s · (x − m)) with
slope s > 0. It is fitted by binomial likelihood with Fisher scoring, many starts and bootstrap samples at once, since
each is an array of a few numbers. Floor and ceiling are 0 and 1 unless the data show otherwise: each is freed only if
the deviance falls by more than chance would make it. What scatters more than trials do (models of different families)
is met by a dispersion: every count is taken to be worth so many times fewer trials.

Two bootstraps answer two questions: over models, what other sizes would have shown; and of the trials, what other
trials of these models would have. With a handful of models the first is too narrow as often as not, with few trials the
second, so whatever is read off the curve has the wider end of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, inf, log
from typing import TYPE_CHECKING, Any, TypeAlias

from evalkit.stats.fisher_scoring import Form, expit, log_likelihood, logit, maximise

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[float64]

_SHOWN = 3.84
"""Fall of the deviance, over the dispersion, that shows a floor or a ceiling: chi-squared with one degree at 95 %."""
_WIDTH = 2 * log(9)
"""From 10 to 90 % of the rise, times the slope."""
_DRAWS = 400
"""Of each bootstrap: ends of a 95 % interval to about a tenth of its length."""
_NOMINAL = 100.0
"""Trials of a rate without a count, before the scatter says what it is worth."""
_WORTH = (4.0, 10_000.0)
"""What such a rate may be worth."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """What the models of one size brought."""

    place: float
    """Decimal logarithm of the size."""
    passes: float
    trials: float
    """Above 0; need not be whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A value that was read off a curve, and where it may be."""

    value: float
    low: float
    """Ends of the 95 % interval; -inf or inf where curves that fit as well never get there."""
    high: float


@dataclass(frozen=True, kw_only=True)
class AbilityCurve:
    """A fitted curve with its bootstrap samples, which are drawn when the first interval is asked for."""

    floor: float
    ceiling: float
    slope: float
    """Logits a decade of size."""
    mid: float
    """Place where half of the rise is made."""
    freed: tuple[str, ...]
    """Which of `floor` and `ceiling` were fitted; the others are 0 and 1."""
    dispersion: float
    """How many times fewer trials every count is worth; at least 1 where the counts are known."""
    worth: float | None
    """Trials that each rate without a count is worth by its scatter; None where counts are known."""
    fit: float
    """How often the rates would lie at least so far from the curve by chance alone if it were right, 0–1; 1 where
    counts are not known."""
    separated: bool
    """Whether fewer than two places lie part-way up, so that how steep the curve is stays unknown."""
    draw: Callable[[], tuple[Floats, Floats]]
    """Makes the samples, the same ones every time."""

    @cached_property
    def samples(self) -> tuple[Floats, Floats]:
        """Of curves through bootstrap samples, over models and of the trials: mid, log slope, floor, ceiling."""
        return self.draw()

    @property
    def width(self) -> float:
        """Decades from 10 to 90 % of the rise."""
        return _WIDTH / self.slope

    def rate(self, place: float) -> float:
        """The pass rate at a place."""
        return float(_rates(self._parameters(), place)[0])

    def rate_at(self, place: float) -> Estimate:
        """The pass rate at a place, with its interval."""
        return self._estimate(self.rate(place), [_rates(sample, place) for sample in self.samples])

    def crossing(self, rate: float) -> Estimate | None:
        """The place where the curve meets a rate; None where it never does."""
        value = float(_places(self._parameters(), rate)[0])
        if value in (inf, -inf):
            return None
        return self._estimate(value, [_places(sample, rate) for sample in self.samples])

    def drawn(self, place: float, trials: float, *, seed: int) -> tuple[float, float]:
        """Where the measured rate of a new model at a place is expected with 95 % chance.

        Args:
            place: Decimal logarithm of its size.
            trials: That it is measured with, over the dispersion; above 0.
            seed: Of the draws.
        """
        import numpy as np

        rng = np.random.default_rng(seed)
        ends = []
        for sample in self.samples:
            rates = _rates(sample, place)
            n = max(round(trials / max(self.dispersion, 1.0)), 1)
            ends.append(np.quantile(rng.binomial(n, np.clip(np.tile(rates, 5), 0, 1)) / n, (0.025, 0.975)))
        return min(float(low) for low, _ in ends), max(float(high) for _, high in ends)

    def _parameters(self) -> Floats:
        import numpy as np

        return np.array([[self.mid, log(self.slope), self.floor, self.ceiling]])

    def _estimate(self, value: float, drawn: Sequence[Floats]) -> Estimate:
        import numpy as np

        # The method keeps infinities: interpolating between a number and infinity would give nan.
        ends = [np.quantile(each, (0.025, 0.975), method="nearest") for each in drawn if len(each)]
        return Estimate(
            value=value,
            low=min([value, *(float(low) for low, _ in ends)]),
            high=max([value, *(float(high) for _, high in ends)]),
        )


def fit_ability(tested: Sequence[Counted], *, counted: bool = True, seed: int = 0) -> AbilityCurve:
    """Fit how the pass rate rises with size.

    Args:
        tested: Of each model; at least three different places.
        counted: Whether trials are counts. If not, `trials` is left aside and the scatter about the curve says what
            the rates are worth.
        seed: Of the bootstrap.

    Raises:
        ValueError: If there are too few places, or a count is out of range.

    Assumes:
        Independent models, and a pass rate that does not fall with size. Trials that models share (the same items) make
        the interval too wide rather than too narrow, as far as they pass together.

    Source:
        McCullagh and Nelder 1989, Generalized Linear Models, for Fisher scoring and the dispersion; Wichmann and Hill
        2001, Perception & Psychophysics 63:1293, for a curve with floor and ceiling; Efron and Tibshirani 1993 for both
        bootstraps.

    >>> tested = [Counted(place=place, passes=passes, trials=100) for place, passes in enumerate([5, 20, 50, 80, 95])]
    >>> round(fit_ability(tested).mid, 2)
    2.0
    """
    import numpy as np

    data = _Data.of(tested, counted=counted)
    fitted, freed = _selected(data, counted=counted)
    n_parameters = 2 + len(freed)
    dispersion = data.dispersion(fitted, n_parameters, counted=counted)
    worth = None if counted else float(min(max(_NOMINAL / dispersion, _WORTH[0]), _WORTH[1]))
    effective = data.trials / dispersion if worth is None else np.full_like(data.trials, worth)
    mid, log_slope, floor, ceiling = (float(value) for value in fitted)

    def draw() -> tuple[Floats, Floats]:
        rng = np.random.default_rng(seed)
        return _over_models(data, fitted, freed, rng), _of_trials(data, effective, fitted, freed, rng)

    return AbilityCurve(
        floor=floor,
        ceiling=ceiling,
        slope=exp(log_slope),
        mid=mid,
        freed=freed,
        dispersion=dispersion if counted else 1.0,
        worth=worth,
        fit=data.fit(fitted, n_parameters) if counted else 1.0,
        separated=data.part_way(fitted) < 2,
        draw=draw,
    )


@dataclass(frozen=True, slots=True)
class _Data:
    places: Floats
    """Rising."""
    passes: Floats
    trials: Floats

    @classmethod
    def of(cls, tested: Sequence[Counted], *, counted: bool) -> _Data:
        """Refuse what no curve can be fitted to.

        Raises:
            ValueError: If there are too few places, or a count is out of range.
        """
        import numpy as np

        n_places = len({each.place for each in tested})
        if n_places < 3:
            raise ValueError(f"found {n_places} different sizes, expected at least three")
        for each in tested:
            if not 0 <= each.passes <= each.trials or not each.trials > 0:
                raise ValueError(f"found {each.passes} passes in {each.trials} trials, expected from 0 passes to all")
        ordered = sorted(tested, key=lambda each: each.place)
        rates = np.array([each.passes / each.trials for each in ordered])
        trials = np.array([each.trials if counted else _NOMINAL for each in ordered])
        return cls(np.array([each.place for each in ordered]), rates * trials, trials)

    def form(self, freed: tuple[str, ...] = ()) -> Form:
        """How far a curve's middle and slope may move: from nearly flat to a step between two places."""
        import numpy as np

        first, last = float(self.places[0]), float(self.places[-1])
        length, nearest = last - first, float(np.diff(np.unique(self.places)).min())
        return Form(
            mids=(first - 2 * length, last + 2 * length),
            log_slopes=(log(0.2 / length), log(min(40 / nearest, 400 / length))),
            freed=freed,
        )

    def deviance(self, fitted: Floats) -> float:
        """Twice what a rate of its own for every model would gain in log-likelihood."""
        import numpy as np

        free = log_likelihood(self.passes / self.trials, self.passes, self.trials)
        return float(
            2 * np.maximum(free - log_likelihood(_rates(fitted, self.places), self.passes, self.trials), 0).sum()
        )

    def part_way(self, fitted: Floats) -> int:
        """Places at which the curve expects a pass more than its floor and a fail more than its ceiling."""
        import numpy as np

        rates = _rates(fitted, self.places)
        between = ((rates - fitted[2]) * self.trials > 1) & ((fitted[3] - rates) * self.trials > 1)
        return len(np.unique(self.places[between]))

    def dispersion(self, fitted: Floats, n_parameters: int, *, counted: bool) -> float:
        """Pearson's; at least 1 where trials are counts."""
        import numpy as np

        rates = _rates(fitted, self.places)
        # Where a pass is hardly expected, a single one would count for thousands.
        least = 0.5 / self.trials
        rates = np.clip(rates, least, 1 - least)
        chi = ((self.passes - self.trials * rates) ** 2 / (self.trials * rates * (1 - rates))).sum()
        return float(max(chi / (len(self.places) - n_parameters), 1.0 if counted else 1e-6))

    def fit(self, fitted: Floats, n_parameters: int) -> float:
        """How often chance alone would make a larger deviance if the curve were right."""
        from scipy.special import gammaincc

        return float(gammaincc((len(self.places) - n_parameters) / 2, self.deviance(fitted) / 2))


def _selected(data: _Data, *, counted: bool) -> tuple[Floats, tuple[str, ...]]:
    """The best curve, with floor and ceiling freed where the data show one."""
    import numpy as np

    n_places = len(np.unique(data.places))
    freed: tuple[str, ...] = ()
    best = _best(data, freed)
    while len(freed) < 2 and n_places > 2 + len(freed) + 1:
        if counted and data.deviance(best) <= _SHOWN:
            break  # no curve is closer than 0, and no dispersion of counts is below 1
        tried = [(*freed, name) for name in ("floor", "ceiling") if name not in freed]
        fits = [(_best(data, each), each) for each in tried]
        closer, which = min(fits, key=lambda pair: data.deviance(pair[0]))
        dispersion = data.dispersion(closer, 2 + len(which), counted=counted)
        if data.deviance(best) - data.deviance(closer) <= _SHOWN * dispersion:
            break
        best, freed = closer, tuple(sorted(which, reverse=True))
    return best, freed


def _best(data: _Data, freed: tuple[str, ...]) -> Floats:
    """The best of many starts."""
    import numpy as np

    form = data.form(freed)
    mids = np.linspace(data.places[0], data.places[-1], 7)
    slopes = np.linspace(*form.log_slopes, 6)
    ends = (0.3, 0.8) if freed else (0.5,)
    starts = np.array([[mid, slope, end, end] for mid in mids for slope in slopes for end in ends])
    ones = np.ones((len(starts), 1))
    fitted, likelihood = maximise(
        data.places, ones * data.passes, ones * data.trials, _unbound(starts, data, freed), form
    )
    return np.asarray(fitted[int(np.argmax(likelihood))])


def _unbound(starts: Floats, data: _Data, freed: tuple[str, ...]) -> Floats:
    """Starts in the parameters of the fit: `ends` become logits of a low floor and of a high ceiling."""
    import numpy as np

    rates = data.passes / data.trials
    low, high = float(np.clip(rates.min(), 0.01, 0.9)), float(np.clip(rates.max(), 0.1, 0.99))
    result = starts.copy()
    result[:, 2] = logit(low * np.ones(len(starts))) if "floor" in freed else -inf
    result[:, 3] = logit(high + (1 - high) * starts[:, 3] * 0.9) if "ceiling" in freed else inf
    return result


def _over_models(data: _Data, fitted: Floats, freed: tuple[str, ...], rng: Any) -> Floats:
    """Curves through models drawn anew; draws of fewer than three sizes say nothing of a curve."""
    import numpy as np

    n = len(data.places)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=_DRAWS)
    kept = np.array([len(np.unique(data.places[row > 0])) >= 3 for row in weights])
    weights = weights[kept].astype(float)
    return _resampled(data, weights * data.passes, weights * data.trials, fitted, freed)


def _of_trials(data: _Data, trials: Floats, fitted: Floats, freed: tuple[str, ...], rng: Any) -> Floats:
    """Curves through trials drawn anew from each model's own rate."""
    import numpy as np

    n = np.maximum(np.round(trials), 1).astype(int)
    # Half a pass and half a fail more: a model without a pass would else have none in any draw.
    rates = (data.passes / data.trials * n + 0.5) / (n + 1)
    drawn = rng.binomial(n, rates, size=(_DRAWS, len(n))).astype(float)
    return _resampled(data, drawn, np.ones((_DRAWS, 1)) * n, fitted, freed)


def _resampled(data: _Data, passes: Floats, trials: Floats, best: Floats, freed: tuple[str, ...]) -> Floats:
    """Fits of many samples, each from the best curve and from a gentle one through the middle; the better counts."""
    import numpy as np

    mid, log_slope, floor, ceiling = best
    gentle = log(8 / (data.places[-1] - data.places[0]))
    u = logit(np.clip((ceiling - floor) / max(1 - floor, 1e-9), 1e-4, 1 - 1e-4)) if "ceiling" in freed else inf
    v = logit(np.clip(floor, 1e-4, 0.9)) if "floor" in freed else -inf
    starts = np.array([[mid, log_slope, v, u], [float(np.mean(data.places)), gentle, v, u]])
    fitted, likelihood = maximise(
        data.places,
        np.tile(passes, (2, 1)),
        np.tile(trials, (2, 1)),
        np.repeat(starts, len(passes), axis=0),
        data.form(freed),
    )
    (first, second), better = np.split(fitted, 2), np.greater_equal(*np.split(likelihood, 2))
    return np.asarray(np.where(better[:, None], first, second))


def _rates(curves: Floats, places: Floats | float) -> Floats:
    """Of one curve at several places, or of several curves, a row each, at one place."""
    import numpy as np

    mid, log_slope, floor, ceiling = curves.T
    return np.asarray(floor + (ceiling - floor) * expit(np.exp(log_slope) * (places - mid)))


def _places(samples: Floats, rate: float) -> Floats:
    """Where each curve meets a rate: inf where its ceiling is too low, -inf where its floor is too high."""
    import numpy as np

    mid, log_slope, floor, ceiling = samples.T
    share = (rate - floor) / np.maximum(ceiling - floor, 1e-12)
    within = (share > 0) & (share < 1)
    place = mid + logit(np.where(within, share, 0.5)) / np.exp(log_slope)
    return np.asarray(np.where(share >= 1, inf, np.where(share <= 0, -inf, place)))
