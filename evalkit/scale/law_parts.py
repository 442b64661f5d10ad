"""What a scaling law says: of its numbers, of a budget, of single models, and how well it predicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from evalkit.scale.law_problems import Name
from evalkit.scale.loss_points import Estimate, LossPoint


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A number of the law."""

    name: Name
    estimate: Estimate | None
    """None when the table cannot tell it at all."""
    known: bool
    """False when many other values would do as well: `Law.problems` says why."""

    def as_json(self) -> dict[str, Any]:
        """Its estimate, nulls where there is none."""
        estimate = dict.fromkeys(("value", "low", "high")) if self.estimate is None else self.estimate.as_json()
        return {**estimate, "known": self.known}


@dataclass(frozen=True, kw_only=True, slots=True)
class Prediction:
    """What the law says of one model."""

    params: float
    tokens: float
    loss: Estimate | None
    """None when it is refused."""
    measured: bool
    """Whether it lies in the range that was measured; else it is extrapolated."""
    model: str | None = None
    """A measured model of this size."""

    def as_json(self) -> dict[str, Any]:
        """Its fields."""
        return {
            "model": self.model,
            "params": self.params,
            "tokens": self.tokens,
            "loss": None if self.loss is None else self.loss.as_json(),
            "measured": self.measured,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Optimum:
    """How large a model a budget should train, and on how many tokens."""

    params: Estimate
    tokens: Estimate
    tokens_per_parameter: Estimate
    loss: Estimate | None
    """None when it lies beyond what was measured, and the law cannot say."""
    measured: bool

    def as_json(self) -> dict[str, Any]:
        """Its fields."""
        return {
            "params": self.params.as_json(),
            "tokens": self.tokens.as_json(),
            "tokens_per_parameter": self.tokens_per_parameter.as_json(),
            "loss": None if self.loss is None else self.loss.as_json(),
            "measured": self.measured,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two measured models of different sizes that took about the budget."""

    smaller: LossPoint
    larger: LossPoint
    winner: Literal["smaller", "larger"] | None
    """None when they are nearer to each other than points lie to the law."""

    def as_json(self) -> dict[str, Any]:
        """Its fields."""
        return {"smaller": self.smaller.as_json(), "larger": self.larger.as_json(), "winner": self.winner}


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """How well a law without the points of the most compute predicts them."""

    n_points: int
    flops: float
    """The least compute of those points."""
    mean_error: float
    """Mean size of the error of the log loss; 0.01 is about 1 %."""
    bias: float
    """Its mean with its sign: above 0 the law had promised lower losses than came."""
    worst_error: float

    def as_json(self) -> dict[str, Any]:
        """Its fields."""
        return {
            "points": self.n_points,
            "from_flops": self.flops,
            "mean_error": self.mean_error,
            "bias": self.bias,
            "worst_error": self.worst_error,
        }
