"""Make of one series of models what it says: where the threshold is met, of what shape the rise is, what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, log10
from statistics import median

from evalkit.scale.points import Against, Point, Series, place_of, size_of
from evalkit.scale.result import Ability, Check, CrossingSize, Curve, Dip, Held, Prediction, State
from evalkit.scale.shape import find_shape
from evalkit.stats.ability import Counted, fit_ability
from evalkit.stats.decline import Rate, declines
from evalkit.stats.interval import clopper_pearson
from evalkit.stats.progress import rising

MOVED = 0.05
"""Points that a rate must surely be above the smallest model's to have left the floor."""
_CEILING = 0.9
"""Where the smallest model is already, so that nothing is left to see."""
_POOR = 0.01
_TAIL = 0.025
"""Of each end of a model's interval."""
_LEAST_ERROR = 1e-6
"""Of a rate. A smaller one is taken for this: it stands for more trials than anybody makes."""
_ASSUMED = 100.0
"""Trials that a rate is taken to be worth where nothing says, not even the scatter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked of every series."""

    against: Against = "params"
    predict: float | None = None
    """A size whose pass rate is to be predicted."""
    leave_out: int | None = None
    """Sizes, the largest ones, that the check leaves out; a quarter of them when None."""
    below: float | None = None
    """The curve is fitted to smaller sizes only, and checked with the others."""
    seed: int = 0


def find_ability(series: Series, question: Question) -> Ability | None:
    """What a series of models shows.

    Args:
        series: Points with a pass rate and the size that is asked about count; others are left aside.
        question: What is to be found.

    Returns:
        None when fewer than two points count.
    """
    against = question.against
    points = [point for point in series.sized(against) if point.pass_rate is not None]
    if len(points) < 2:
        return None
    counted = all(point.trials is not None or point.error is not None for point in points)
    points = _with_trials(points) if counted else points
    used = [point for point in points if question.below is None or size_of(point, against) < question.below]
    curve = _curve(used, against, counted=counted, seed=question.seed)
    if not counted:
        worth = curve.fitted.worth if curve.fitted is not None and curve.fitted.worth is not None else _ASSUMED
        points = [replace(point, trials=point.trials or worth) for point in points]
    points = [_with_interval(point) for point in points]
    used = points[: len(used)]
    curve = _unless_flat(curve, used)
    return Ability(
        task=series.task,
        condition=series.condition,
        against=against,
        points=tuple(points),
        curve=curve,
        shape=find_shape(points, against, pooled=not counted, seed=question.seed),
        crossing=None if series.threshold is None else _crossing(points, curve, series.threshold, against),
        prediction=None if question.predict is None else _prediction(curve, question.predict),
        check=_check(points, used, curve, question, counted=counted),
        dips=tuple(_dips(points, against)) if counted else None,
        at_floor=tuple(point.model for point in points if not _left(point, _base(points))),
        at_ceiling=tuple(point.model for point in points if not _short_of(point, _top(points, curve))),
    )


def _with_trials(points: Sequence[Point]) -> list[Point]:
    """Trials that standard errors stand for: n = p(1 − p) / error²; where a rate of 0 or 1 has none, as the others."""
    worth = {}
    for index, point in enumerate(points):
        rate = point.pass_rate
        if point.trials is None and point.error and rate is not None and 0 < rate < 1:
            worth[index] = rate * (1 - rate) / max(point.error, _LEAST_ERROR) ** 2
    usual = median(worth.values()) if worth else _ASSUMED
    return [replace(point, trials=point.trials or worth.get(index, usual)) for index, point in enumerate(points)]


def _with_interval(point: Point) -> Point:
    """With an interval of its own, if it has none."""
    if point.low is not None and point.high is not None:
        return point
    assert point.pass_rate is not None
    assert point.trials is not None
    ends = clopper_pearson(point.pass_rate * point.trials, point.trials, alpha_low=_TAIL, alpha_high=_TAIL)
    return replace(point, low=ends.low, high=ends.high)


def _curve(points: Sequence[Point], against: Against, *, counted: bool, seed: int) -> Curve:
    """Fit a curve; what it may be used for is said later, when every point has an interval."""
    n_sizes = len({place_of(point, against) for point in points})
    if n_sizes < 3:
        return Curve(state="too few sizes", sizes=n_sizes)
    tested = [
        Counted(
            place=place_of(point, against),
            passes=(point.pass_rate or 0.0) * (point.trials or 1.0),
            trials=point.trials or 1.0,
        )
        for point in points
    ]
    fitted = fit_ability(tested, counted=counted, seed=seed)
    state: State = "separated" if fitted.separated else "poor" if fitted.fit < _POOR else "ok"
    return Curve(state=state, fitted=fitted, sizes=n_sizes)


def _unless_flat(curve: Curve, points: Sequence[Point]) -> Curve:
    """A curve through points that never leave their floor, or their ceiling, is none."""
    if curve.fitted is None:
        return curve
    levels = _levels(points)
    # A model may lie far above the level of the smallest ones because they fall, not because it does better.
    if levels[-1] > levels[0] + MOVED and any(_left(point, levels[0]) for point in points):
        return curve
    return replace(curve, state="ceiling" if _base(points) >= _CEILING else "floor")


def _base(points: Sequence[Point]) -> float:
    """The pass rate of the smallest models."""
    return _levels(points)[0]


def _levels(points: Sequence[Point]) -> list[float]:
    """The pass rates, dips levelled out."""
    return rising([point.pass_rate or 0.0 for point in points], [point.trials or 1.0 for point in points])


def _left(point: Point, base: float) -> bool:
    return (point.low or 0.0) > base + MOVED


def _top(points: Sequence[Point], curve: Curve) -> float:
    if curve.readable is not None:
        return curve.readable.ceiling
    return max(point.pass_rate or 0.0 for point in points)


def _short_of(point: Point, top: float) -> bool:
    return (1.0 if point.high is None else point.high) < top - MOVED


def _crossing(points: Sequence[Point], curve: Curve, threshold: float, against: Against) -> CrossingSize:
    """Between which sizes the threshold is met, by their own intervals, and where by the curve."""
    shown_below = [size_of(point, against) for point in points if (point.high or 0.0) < threshold]
    shown_above = [size_of(point, against) for point in points if (point.low or 0.0) > threshold]
    below = max(shown_below, default=None)
    beyond = sorted(size for size in shown_above if below is None or size > below)
    crossing = CrossingSize(
        threshold=threshold,
        below=below,
        above=beyond[0] if beyond else None,
        n_above=len(set(beyond)),
        first_above=min(shown_above, default=None),
    )
    if below is None or not beyond or curve.readable is None:
        return crossing
    estimate = curve.readable.crossing(threshold)
    # A curve that misses what the sizes themselves show says nothing that they do not.
    if estimate is None or not log10(below) <= estimate.value <= log10(beyond[0]):
        return crossing
    return replace(
        crossing,
        estimate=10**estimate.value,
        low=None if estimate.low == -inf else 10 ** max(estimate.low, -300),
        high=None if estimate.high == inf else 10 ** min(estimate.high, 300),
    )


def _prediction(curve: Curve, size: float) -> Prediction:
    if curve.readable is None:
        return Prediction(size=size, estimate=None, refused=curve.state)
    return Prediction(size=size, estimate=curve.readable.rate_at(log10(size)))


def _check(
    points: Sequence[Point], used: Sequence[Point], curve: Curve, question: Question, *, counted: bool
) -> Check | None:
    """What a curve without the largest models says of them."""
    against = question.against
    if question.below is None:
        sizes = sorted({place_of(point, against) for point in points})
        n_left_out = question.leave_out if question.leave_out is not None else len(sizes) // 4
        if not n_left_out:
            return None
        if n_left_out >= len(sizes):
            return Check(sizes=0, held=(), refused="too few sizes")
        used = [point for point in points if place_of(point, against) < sizes[-n_left_out]]
        curve = _unless_flat(_curve(used, against, counted=counted, seed=question.seed), used)
    held = points[len(used) :]
    if not held:
        return None
    if curve.readable is None:
        return Check(sizes=curve.sizes, held=(), refused=curve.state)
    found = []
    for point in held:
        place = place_of(point, against)
        low, high = curve.readable.drawn(place, point.trials or _ASSUMED, seed=question.seed)
        found.append(
            Held(
                model=point.model,
                size=size_of(point, against),
                measured=point.pass_rate or 0.0,
                predicted=curve.readable.rate(place),
                low=low,
                high=high,
            )
        )
    return Check(sizes=curve.sizes, held=tuple(found))


def _dips(points: Sequence[Point], against: Against) -> list[Dip]:
    """Larger models that surely pass less often; models of one size are no dip of each other."""
    rates = [
        Rate(
            passes=(point.pass_rate or 0.0) * (point.trials or 1.0),
            trials=point.trials or 1.0,
            error=point.error or None,
        )
        for point in points
    ]
    found = []
    for each in declines(rates):
        smaller, larger = points[each.earlier], points[each.later]
        if smaller.size.of(against) != larger.size.of(against):
            found.append(Dip(smaller=smaller, larger=larger, p=each.p))
    return found
