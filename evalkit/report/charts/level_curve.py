"""The curve behind a critical level: the one of its kind that fits the levels best and meets the threshold there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp, log, log1p

from evalkit.stats import Scale
from evalkit.verdict import ConditionResult, CriticalLevel

_SLOPES, _LAPSES, _STEPS = 60, 16, 60
_FLATTEST, _STEEPEST = 0.2, 20.0
"""Slopes that are tried, as where the critical level was found: over the tested range, and between near levels."""


def level_curve(critical: CriticalLevel, ladder: Sequence[ConditionResult]) -> list[tuple[float, float]]:
    """Levels and pass rates of the fitted curve over the tested levels; empty where no curve may be read.

    The estimate is given; of the curves (1 − λ) · expit(s · (c − x) + k) through it, this is the likeliest.

    Args:
        critical: What was found; its estimate is where the curve meets the threshold.
        ladder: The conditions of its levels, from easy to hard.

    Source:
        As `evalkit.stats.fit_crossing`.
    """
    if critical.estimate is None or critical.fit not in {"ok", "poor"}:
        return []
    tested = [each for each in ladder if each.trials and isinstance(each.level, int | float)]
    levels = [float(each.level) for each in tested if isinstance(each.level, int | float)]
    scale, threshold = Scale.of([*levels]), ladder[0].threshold
    places = [scale.place(level) for level in levels]
    crossing = scale.place(critical.estimate)
    counts = [(place, each.passes, each.trials) for place, each in zip(places, tested, strict=True)]
    length, nearest = places[-1] - places[0], min(later - earlier for earlier, later in pairwise(places))
    steepest = log(_STEEPEST / nearest) - log(_FLATTEST / length)
    slopes = [_FLATTEST / length * exp(steepest * step / (_SLOPES - 1)) for step in range(_SLOPES)]
    lapses = [(1 - threshold) * (step + 0.5) / _LAPSES for step in range(_LAPSES)]
    slope, lapse = max(
        ((slope, lapse) for slope in slopes for lapse in lapses),
        key=lambda pair: _log_likelihood(counts, crossing, threshold, *pair),
    )
    along = [places[0] + length * step / _STEPS for step in range(_STEPS + 1)]
    odds = [_odds(place, crossing, threshold, slope, lapse) for place in along]
    return [(scale.level(place), (1 - lapse) / (1 + against)) for place, against in zip(along, odds, strict=True)]


def _odds(place: float, crossing: float, threshold: float, slope: float, lapse: float) -> float:
    """Of failing against passing, lapses aside."""
    return exp(min(max(slope * (place - crossing), -600), 600)) * ((1 - lapse) / threshold - 1)


def _log_likelihood(
    counts: Sequence[tuple[float, int, int]], crossing: float, threshold: float, slope: float, lapse: float
) -> float:
    total = 0.0
    for place, passes, trials in counts:
        odds = _odds(place, crossing, threshold, slope, lapse)
        total += passes * log1p(-lapse) - trials * log1p(odds) + (trials - passes) * log(lapse + odds)
    return total
