"""What a scaling law is made from, and the estimates that it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isfinite, log
from statistics import fmean
from typing import Any

from evalkit.errors import EvalkitError
from evalkit.stats.loss_law import FLOPS_PER_PARAMETER_AND_TOKEN, LossLaw

CONFIDENCE = 0.95
"""Of every interval of a law."""
SAME_LINE = 0.05
"""Points so near a line through the logarithms of N and D, on average, are on it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LossPoint:
    """One measured loss."""

    model: str
    """Whose; checkpoints of one training run have one name, so that intervals can allow for what they share."""
    params: float
    """N; above 0."""
    tokens: float
    """D, tokens that it was trained on up to here; above 0."""
    loss: float
    """Such as nats per token; above 0."""

    @property
    def flops(self) -> float:
        """Training compute, by C = 6 N D."""
        return FLOPS_PER_PARAMETER_AND_TOKEN * self.params * self.tokens

    def checked(self) -> LossPoint:
        """The same in plain floats.

        Raises:
            EvalkitError: If a number is not above 0 and finite.
        """
        for name in ("params", "tokens", "loss"):
            value = getattr(self, name)
            if not (isfinite(value) and value > 0):
                raise EvalkitError(
                    f'scaling law: model "{self.model}": {name}: found {value}, expected a number above 0. '
                    "Correct it, or leave this point out."
                )
        return LossPoint(model=self.model, params=float(self.params), tokens=float(self.tokens), loss=float(self.loss))

    def as_json(self) -> dict[str, Any]:
        """Its fields and its training compute."""
        return {
            "model": self.model,
            "params": self.params,
            "tokens": self.tokens,
            "flops": self.flops,
            "loss": self.loss,
        }


def tokens_for(flops: float, params: float) -> float:
    """How many tokens training compute lasts for, of a model of some size."""
    return flops / (FLOPS_PER_PARAMETER_AND_TOKEN * params)


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, drawn: Iterable[float]) -> Estimate:
        """By the percentiles of what resampled tables brought; the interval holds the value itself."""
        import numpy as np

        low, high = np.quantile(np.fromiter(drawn, dtype=float), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        return cls(value=value, low=min(float(low), value), high=max(float(high), value))

    @property
    def factor(self) -> float:
        """How many times its low end the high end is."""
        return self.high / self.low if self.low > 0 else float("inf")

    def as_json(self) -> dict[str, float]:
        """Its three numbers."""
        return {"value": self.value, "low": self.low, "high": self.high}


def estimated(value: Callable[[LossLaw], float], fitted: LossLaw, draws: Iterable[LossLaw]) -> Estimate:
    """What the fitted law says, with the interval that laws of resampled tables make."""
    return Estimate.of(value(fitted), (value(draw) for draw in draws))


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """The range of sizes and tokens that points cover."""

    params: tuple[float, float]
    tokens: tuple[float, float]
    flops: tuple[float, float]
    line: tuple[float, float] | None
    """Intercept and slope of ln D by ln N where all points lie on such a line, else None."""

    @classmethod
    def by(cls, points: Iterable[LossPoint]) -> Measured:
        """The range of some points; at least one."""
        points = list(points)
        columns = ([each.params for each in points], [each.tokens for each in points], [each.flops for each in points])
        params, tokens, flops = ((min(column), max(column)) for column in columns)
        return cls(params=params, tokens=tokens, flops=flops, line=_line(columns[0], columns[1]))

    def holds(self, params: float, tokens: float) -> bool:
        """Whether a model lies within; on the line, where there is one."""
        inside = _within(params, self.params) and _within(tokens, self.tokens)
        if not inside or self.line is None:
            return inside
        intercept, slope = self.line
        return abs(log(tokens) - intercept - slope * log(params)) < 2 * SAME_LINE


def _within(value: float, limits: tuple[float, float]) -> bool:
    """Numbers of parameters come rounded: 1 % beyond is not beyond."""
    return 0.99 * limits[0] <= value <= 1.01 * limits[1]


def _line(params: list[float], tokens: list[float]) -> tuple[float, float] | None:
    x, y = [log(value) for value in params], [log(value) for value in tokens]
    middle, height = fmean(x), fmean(y)
    spread = sum((value - middle) ** 2 for value in x)
    if spread < 1e-12 or len(set(tokens)) == 1:
        return None
    slope = sum((a - middle) * (b - height) for a, b in zip(x, y, strict=True)) / spread
    intercept = height - slope * middle
    off = [abs(b - intercept - slope * a) for a, b in zip(x, y, strict=True)]
    return (intercept, slope) if fmean(off) < SAME_LINE else None
