"""Is a jump in the pass rate a jump of the ability, or of the metric?

Theory of operation. A pass needs every token right, so a chance per token that rises evenly becomes a pass rate that
stays at nothing for long and then shoots up (Schaeffer, Miranda and Koyejo 2023, arXiv:2304.15004). What tells the two
apart is where each makes its change. Of all stretches between two sizes, the one is taken in which the pass rate makes
most of its change beyond the stretch's share of the sizes on a logarithmic scale (its excess). Then it is asked how
much of their own change the mean score and the loss make between the same two sizes. Score and loss are taken in their
own units: on a logit or a log scale values near their ends, which are mostly noise, would make most of the change.

The rule, in which surely means at the 5 % end of a parametric bootstrap:
- a jump is an excess of at least 0.45, surely at least 0.3: 70 % of the rise within a quarter of the sizes, say. It is
  `metric-made` if the excess of the score, or of the loss, is surely less than half of it, else `sharp`; but nothing if
  the largest size ends it part-way, since it may then be the beginning of a long rise;
- a late rise is an excess of at least a third, surely at least 0.2. It is `metric-made` if the score, or the loss,
  surely makes less than its even share there, by 0.1 at least: most of it is done before the pass rate begins;
- else `smooth` is an excess below 0.45, surely below 0.55. A logistic curve from 1 to 99 % has about 0.35.
Anything else cannot be told, and the reason is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import exp, sqrt
from statistics import fmean
from typing import Any, Literal, TypeAlias

from evalkit.plain import rounded
from evalkit.scale.points import Against, Mean, Point, place_of
from evalkit.stats.decline import Rate, rises
from evalkit.stats.progress import Stretch, progress, steepest, stretch_of

Verdict: TypeAlias = Literal["smooth", "sharp", "metric-made"]
Metric: TypeAlias = Literal["pass_rate", "score", "loss", "predicted"]
Reason: TypeAlias = Literal["too few sizes", "no rise shown", "too few trials", "rise unfinished"]

LEAST_SIZES = 4
"""With three, a stretch is one of two steps, and nearly any rise looks steep."""
JUMP, SURELY_JUMP = 0.45, 0.3
LATE, SURELY_LATE = 1 / 3, 0.2
SURELY_SMOOTH = 0.55
_FINER: tuple[Metric, ...] = ("score", "loss")
_FINISHED = 0.9
"""Pass rate at which a rise that ends with the largest size is over; below, it may be the beginning of a long one."""
_BEFORE = -0.1
"""Excess of what is mostly done before."""
_HALF = 0.5
_DRAWS = 300
_POOLS = 12
"""Steps, evenly over the range of sizes, that scattering models are taken together in."""
_TAIL = 0.05
_SAME = 0.01
"""A score that is nowhere further from the pass rate is the pass rate."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """What a series makes of its change in the stretch where the pass rate rises most steeply."""

    metric: Metric
    """`predicted`: exp(-loss · tokens), the chance that all tokens are right if each is as likely as the loss says."""
    share: float
    """Of its total change, 0–1."""
    low: float
    """Ends of the 90 % interval of the share."""
    high: float
    first: float
    """Its values at the smallest and at the largest size."""
    last: float

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        names = ("share", "low", "high", "first", "last")
        return {"metric": self.metric, **{name: rounded(getattr(self, name)) for name in names}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """How the pass rate rises, with the evidence."""

    verdict: Verdict | None
    reason: Reason | None = None
    """Why there is no verdict."""
    smaller: float | None = None
    """Sizes between which the pass rate rises most steeply; None where that was not looked for."""
    larger: float | None = None
    length: float | None = None
    """Share of the sizes, on a logarithmic scale, that lies between them: what an even change would make there."""
    excess_low: float | None = None
    """Ends of the 90 % interval of the pass rate's excess."""
    excess_high: float | None = None
    moved: tuple[Moved, ...] = ()
    """The pass rate first, then whatever finer is known."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        names = ("smaller", "larger", "length", "excess_low", "excess_high")
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            **{name: rounded(getattr(self, name)) for name in names},
            "moved": [each.as_json() for each in self.moved],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    """All models of one size together, or of about one size."""

    place: float
    rate: Rate
    score: Mean | None
    loss: Mean | None
    tokens: float | None


def find_shape(points: Sequence[Point], against: Against, *, pooled: bool = False, seed: int = 0) -> Shape:
    """Say how the pass rate rises with size.

    Args:
        points: With pass rate, trials and the size; from small to large.
        against: Which size.
        pooled: Whether models of about the same size are taken together: where they scatter more than trials do, the
            steepest stretch would be that of two outliers.
        seed: Of the bootstrap.
    """
    steps = _steps(_comparable(points), against, pooled=pooled)
    if len(steps) < LEAST_SIZES:
        return Shape(verdict=None, reason="too few sizes")
    made = progress([_rate(step) for step in steps], [step.rate.trials for step in steps])
    if made is None or not rises([step.rate for step in steps]):
        return Shape(verdict=None, reason="no rise shown")
    stretch = steepest([step.place for step in steps], made)
    drawn = _drawn(steps, stretch, seed)
    moved = tuple(_moved(name, steps, stretch, shares) for name, shares in drawn.items())
    excesses = {name: [share - stretch.length for share in shares] for name, shares in drawn.items()}
    verdict, reason = _judged(steps, stretch, excesses)
    low, high = _ends(excesses["pass_rate"])
    return Shape(
        verdict=verdict,
        reason=reason,
        smaller=10 ** steps[stretch.first].place,
        larger=10 ** steps[stretch.last].place,
        length=stretch.length,
        excess_low=low,
        excess_high=high,
        moved=moved,
    )


def _comparable(points: Sequence[Point]) -> Sequence[Point]:
    """Where most points have a score, or a loss, those: shares of a change can be compared over the same sizes only."""
    for name in _FINER:
        having = [point for point in points if getattr(point, name) is not None]
        if len(points) < 2 * len(having) < 2 * len(points):
            points = having
    return points


def _judged(
    steps: Sequence[_Step], stretch: Stretch, excesses: Mapping[Metric, Sequence[float]]
) -> tuple[Verdict | None, Reason | None]:
    """The rule of the module's docstring."""
    passed = excesses["pass_rate"]
    low, high = _ends(passed)
    jump = stretch.excess >= JUMP and low >= SURELY_JUMP
    late = stretch.excess >= LATE and low >= SURELY_LATE
    for name in _FINER:
        finer = excesses.get(name, ())
        even = jump and finer and _ends([_HALF * a - b for a, b in zip(passed, finer, strict=True)])[0] > 0
        if even or (late and finer and _ends(finer)[1] < _BEFORE):
            return "metric-made", None
    if jump and stretch.last == len(steps) - 1 and _rate(steps[-1]) < _FINISHED:
        return None, "rise unfinished"
    if jump:
        return "sharp", None
    if stretch.excess < JUMP and high < SURELY_SMOOTH:
        return "smooth", None
    return None, "too few trials"


def _steps(points: Sequence[Point], against: Against, *, pooled: bool) -> list[_Step]:
    places = [place_of(point, against) for point in points]
    width = (max(places) - min(places)) / _POOLS if pooled and len(set(places)) > _POOLS else 0.0
    together: dict[float, list[Point]] = {}
    for place, point in zip(places, points, strict=True):
        pool = min(int((place - min(places)) / width), _POOLS - 1) if width else place
        together.setdefault(pool, []).append(point)
    return [_step(members, against) for _, members in sorted(together.items())]


def _step(members: Sequence[Point], against: Against) -> _Step:
    weights = [point.trials or 1.0 for point in members]
    trials = sum(weights)
    passes = sum(weight * (point.pass_rate or 0.0) for weight, point in zip(weights, members, strict=True))
    tokens = [point.target_tokens for point in members]
    known = [each for each in tokens if each is not None]
    place = fmean(place_of(point, against) for point in members)
    return _Step(
        place=place,
        rate=Rate(passes=passes, trials=trials),
        score=_together([point.score for point in members], weights),
        loss=_together([point.loss for point in members], weights),
        tokens=sum(known) / len(known) if len(known) == len(tokens) else None,
    )


def _together(means: Sequence[Mean | None], weights: Sequence[float]) -> Mean | None:
    """The mean of several, if each is known."""
    known = [(mean, weight) for mean, weight in zip(means, weights, strict=True) if mean is not None]
    if len(known) < len(means):
        return None
    total = sum(weight for _, weight in known)
    value = sum(mean.value * weight for mean, weight in known) / total
    if any(mean.error is None for mean, _ in known):
        return Mean(value=value)
    return Mean(value=value, error=sqrt(sum((weight * (mean.error or 0.0)) ** 2 for mean, weight in known)) / total)


def _rate(step: _Step) -> float:
    return step.rate.passes / step.rate.trials


def _finer(steps: Sequence[_Step]) -> dict[Metric, list[Mean]]:
    """Score and loss where every size has one that is finer than pass and fail, and that surely changes."""
    found: dict[Metric, list[Mean]] = {}
    scores = _with_errors([step.score for step in steps if step.score is not None], 1)
    losses = _with_errors([step.loss for step in steps if step.loss is not None], -1)
    if len(scores) == len(steps):
        further = any(abs(mean.value - _rate(step)) > _SAME for mean, step in zip(scores, steps, strict=True))
        if further and _changes(scores, 1):
            found["score"] = scores
    if len(losses) == len(steps) and _changes(losses, -1):
        found["loss"] = losses
    return found


def _with_errors(means: Sequence[Mean], sign: int) -> list[Mean]:
    """Where nobody says how precise they are, the steps that go the wrong way do.

    Of noise alone half of all steps go the wrong way, and the mean square of a step is twice that of the noise.
    """
    wrong = [min(sign * (after.value - before.value), 0.0) for before, after in pairwise(means)]
    scatter = sqrt(sum(step * step for step in wrong) / max(len(wrong), 1))
    return [replace(mean, error=scatter) if mean.error is None else mean for mean in means]


def _changes(means: Sequence[Mean], sign: int) -> bool:
    """Whether the last is better than the first by more than two standard errors."""
    error = sqrt((means[0].error or 0.0) ** 2 + (means[-1].error or 0.0) ** 2)
    return sign * (means[-1].value - means[0].value) > 2 * error


def _drawn(steps: Sequence[_Step], stretch: Stretch, seed: int) -> dict[Metric, list[float]]:
    """The share that each series makes in the stretch, in draws of other trials of the same models."""
    import numpy as np

    rng: Any = np.random.default_rng(seed)
    finer = _finer(steps)
    tokens = [step.tokens for step in steps if step.tokens is not None]
    shares: dict[Metric, list[float]] = {}
    for _ in range(_DRAWS):
        values: dict[Metric, list[float]] = {"pass_rate": []}
        for step in steps:
            n = max(round(step.rate.trials), 1)
            chance = (_rate(step) * n + 0.5) / (n + 1)
            values["pass_rate"].append(float(rng.binomial(n, chance)) / n)
        for name, means in finer.items():
            values[name] = [float(rng.normal(mean.value, mean.error or 0.0)) for mean in means]
        if "loss" in values and len(tokens) == len(steps):
            values["predicted"] = [exp(-loss * n) for loss, n in zip(values["loss"], tokens, strict=True)]
        for name, series in values.items():
            shares.setdefault(name, []).append(_share(name, series, steps, stretch))
    return shares


def _share(name: Metric, series: Sequence[float], steps: Sequence[_Step], stretch: Stretch) -> float:
    sign = -1 if name == "loss" else 1
    made = progress([sign * value for value in series], [step.rate.trials for step in steps])
    places = [step.place for step in steps]
    return 0.0 if made is None else stretch_of(places, made, stretch.first, stretch.last).share


def _moved(name: Metric, steps: Sequence[_Step], stretch: Stretch, shares: Sequence[float]) -> Moved:
    losses = [step.loss.value for step in steps if step.loss is not None]
    values: list[float] = {
        "pass_rate": [_rate(step) for step in steps],
        "score": [step.score.value for step in steps if step.score is not None],
        "loss": losses,
        "predicted": [exp(-loss * (step.tokens or 0.0)) for loss, step in zip(losses, steps, strict=False)],
    }[name]
    low, high = _ends(shares)
    return Moved(
        metric=name,
        share=_share(name, values, steps, stretch),
        low=low,
        high=high,
        first=values[0],
        last=values[-1],
    )


def _ends(values: Sequence[float]) -> tuple[float, float]:
    import numpy as np

    low, high = np.quantile(values, (_TAIL, 1 - _TAIL))
    return float(low), float(high)
