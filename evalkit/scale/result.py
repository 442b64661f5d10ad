"""What ability against size says, as plain values; `as_json` gives the published shape, to six significant digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from evalkit.plain import rounded
from evalkit.scale.points import Against, Point, series_name
from evalkit.scale.shape import Shape
from evalkit.stats.ability import AbilityCurve, Estimate

State: TypeAlias = Literal["ok", "poor", "separated", "floor", "ceiling", "too few sizes"]
"""What became of the curve.

- `ok`: it is a fair picture of the sizes.
- `poor`: they scatter more about it than trials do; its intervals allow for that.
- `separated`: fewer than two sizes lie part-way up, so how steep the rise is stays unknown. Nothing is read off it.
- `floor`: no size does surely better than the smallest, by five points: a curve would predict nothing.
- `ceiling`: likewise, and already the smallest passes nine times in ten.
- `too few sizes`: fewer than three, so nothing was fitted.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossingSize:
    """At which size the threshold is met.

    `below` and `above` are sizes whose own intervals show it. The estimate is read off the curve, and given only where
    the two bracket it.
    """

    threshold: float
    below: float | None
    """The largest size that is shown to be below; None when none is."""
    above: float | None
    """The smallest size that is shown to be above, with no larger one shown to be below; None when there is none."""
    n_above: int
    """Sizes from `above` on that are shown to be above."""
    first_above: float | None = None
    """The smallest size that is shown to be above, even if a larger one is shown to be below; None when none is."""
    estimate: float | None = None
    low: float | None = None
    """Ends of the 95 % interval of the estimate; None where they lie beyond all sizes, or there is no estimate."""
    high: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "threshold": rounded(self.threshold),
            "below": rounded(self.below),
            "above": rounded(self.above),
            "n_above": self.n_above,
            "first_above": rounded(self.first_above),
            "estimate": rounded(self.estimate),
            "low": rounded(self.low),
            "high": rounded(self.high),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """The fitted curve, if there is one."""

    state: State
    fitted: AbilityCurve | None = None
    """None where it is fitted to nothing."""
    sizes: int = 0
    """That it is fitted to."""

    @property
    def readable(self) -> AbilityCurve | None:
        """The fitted curve if anything may be read off it, else None."""
        return self.fitted if self.state in {"ok", "poor"} else None

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        fitted = self.readable
        return {
            "state": self.state,
            "sizes": self.sizes,
            "floor": None if fitted is None else rounded(fitted.floor),
            "ceiling": None if fitted is None else rounded(fitted.ceiling),
            "freed": [] if fitted is None else list(fitted.freed),
            "middle": None if fitted is None else rounded(10**fitted.mid),
            "width": None if fitted is None else rounded(10 ** min(fitted.width, 300)),
            "dispersion": None if fitted is None else rounded(fitted.dispersion),
            "trials_assumed": None if fitted is None else rounded(fitted.worth),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """The pass rate that the curve has at a size."""

    size: float
    estimate: Estimate | None
    """None where nothing can be read off the curve."""
    refused: State | None = None

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        estimate = self.estimate
        return {
            "size": rounded(self.size),
            "pass_rate": None if estimate is None else rounded(estimate.value),
            "low": None if estimate is None else rounded(estimate.low),
            "high": None if estimate is None else rounded(estimate.high),
            "refused": self.refused,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A model that the curve was fitted without, and what the curve expected of it."""

    model: str
    size: float
    measured: float
    predicted: float
    low: float
    """Where its measured rate was expected with 95 % chance."""
    high: float

    @property
    def met(self) -> bool:
        """Whether it is there."""
        return self.low <= self.measured <= self.high

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        names = ("size", "measured", "predicted", "low", "high")
        return {"model": self.model, **{name: rounded(getattr(self, name)) for name in names}, "met": self.met}


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """How well smaller models predict the larger ones that were left out."""

    sizes: int
    """That the curve is fitted to."""
    held: tuple[Held, ...]
    """Empty where nothing can be read off that curve."""
    refused: State | None = None

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {"sizes": self.sizes, "refused": self.refused, "held": [each.as_json() for each in self.held]}


@dataclass(frozen=True, kw_only=True, slots=True)
class Dip:
    """A larger model that surely passes less often than a smaller one."""

    smaller: Point
    larger: Point
    p: float
    """After Holm's correction for all pairs of sizes."""

    def as_json(self, against: Against) -> dict[str, Any]:
        """The published shape."""
        return {
            "smaller": self.smaller.model,
            "larger": self.larger.model,
            "sizes": [rounded(self.smaller.size.of(against)), rounded(self.larger.size.of(against))],
            "pass_rates": [rounded(self.smaller.pass_rate), rounded(self.larger.pass_rate)],
            "p": rounded(self.p),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Ability:
    """One series: how the pass rate, the score and the loss go with size."""

    task: str
    condition: str
    against: Against
    points: tuple[Point, ...]
    """From small to large, all of them, also those that the curve is not fitted to."""
    curve: Curve
    shape: Shape
    crossing: CrossingSize | None
    """None where there is no threshold."""
    prediction: Prediction | None
    """None where none was asked for."""
    check: Check | None
    """None where there are too few sizes to leave any out."""
    dips: tuple[Dip, ...] | None
    """The surest first; None where nobody knows how precise the pass rates are, so that none can be told from noise."""
    at_floor: tuple[str, ...]
    """Models whose rate is not surely five points above that of the smallest."""
    at_ceiling: tuple[str, ...]
    """Models that are not surely five points below the top of the curve, or of the rates where there is none."""

    @property
    def name(self) -> str:
        """What it is called."""
        return series_name(self.task, self.condition)

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "task": self.task,
            "condition": self.condition,
            "against": self.against,
            "points": [point.as_json(self.against) for point in self.points],
            "shape": self.shape.as_json(),
            "crossing": None if self.crossing is None else self.crossing.as_json(),
            "curve": self.curve.as_json(),
            "prediction": None if self.prediction is None else self.prediction.as_json(),
            "check": None if self.check is None else self.check.as_json(),
            "dips": None if self.dips is None else [dip.as_json(self.against) for dip in self.dips],
            "at_floor": list(self.at_floor),
            "at_ceiling": list(self.at_ceiling),
        }
