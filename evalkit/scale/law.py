"""The scaling law of measured losses, and what it says of a budget of training compute.

Theory of operation. A law is fitted to the points, then to tables resampled from them; every interval is made of what
those brought. Checkpoints of one training run share much of their error, so what is drawn are blocks of neighbouring
ones, as long as the correlation of their residuals asks for. What the table cannot tell is named. With such a gap the
law still describes what was measured, but nothing is predicted beyond it. What it would have predicted is also seen: a
second law, fitted without the points of the most compute, is held against them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from math import ceil, log, sqrt
from statistics import fmean
from typing import Any, Literal

from evalkit.errors import EvalkitError
from evalkit.scale.law_parts import Comparison, LeftOut, Optimum, Parameter, Prediction
from evalkit.scale.law_problems import NAMES, VALUES, Name, Problem, fit_problems, poor_fit, table_problems
from evalkit.scale.loss_points import CONFIDENCE, Estimate, LossPoint, Measured, estimated, tokens_for
from evalkit.stats.loss_law import LEAST_POINTS, LossLaw, LossTable, fit_loss_law, resampled_laws, residuals

N_RESAMPLED = 1000
"""Tables; so many that the ends of intervals are those of most seeds."""
_WORST = 3
_NEAR = 2.0
"""Models that took at least the budget over this are compared with each other."""
_LEFT_OUT = 0.2
"""Share of the points, those of the most compute, that the check leaves out."""
_CORRELATED = 1.64
"""Standard errors from which on neighbouring residuals are taken to go together."""
_UNKNOWN = 100.0
"""An optimum whose ends lie further apart than so many times says nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Law:
    """A scaling law, how far it can be trusted, and what it says of a budget."""

    points: tuple[LossPoint, ...]
    fitted: LossLaw
    draws: tuple[LossLaw, ...] = field(repr=False)
    """Laws of resampled tables."""
    block: int
    """How many neighbouring checkpoints were drawn together; 1 when each point stands alone."""
    parameters: tuple[Parameter, ...]
    problems: tuple[Problem, ...]
    residuals: tuple[float, ...]
    """How far each point lies above the law, as a logarithm."""
    measured: Measured
    budget_flops: float
    optimum: Optimum | None
    optimum_refused: str | None
    """Why there is no optimum."""
    left_out: LeftOut | None

    @property
    def sizes(self) -> tuple[float, ...]:
        """Numbers of parameters that were measured, from the smallest on."""
        return tuple(sorted({each.params for each in self.points}))

    @property
    def rms(self) -> float:
        """Root mean square of the residuals of the log loss; 0.01 is about 1 %."""
        return sqrt(fmean(value * value for value in self.residuals))

    @property
    def worst(self) -> tuple[tuple[LossPoint, float], ...]:
        """The points that the law fits worst, with their residuals."""
        by_size = sorted(zip(self.points, self.residuals, strict=True), key=lambda pair: -abs(pair[1]))
        return tuple(by_size[:_WORST])

    @property
    def best_measured(self) -> LossPoint | None:
        """The point of the least loss among those that took at most the budget."""
        within = [each for each in self.points if each.flops <= self._at_most]
        return min(within, key=lambda each: each.loss, default=None)

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Measured models that took about the budget, each beside the next larger one."""
        near = [each for each in self.points if self.budget_flops / _NEAR <= each.flops <= self._at_most]
        by_size = groupby(sorted(near, key=lambda each: (each.params, each.flops)), key=lambda each: each.params)
        contenders = [list(points)[-1] for _, points in by_size]
        noise = 2 * sqrt(2) * self.rms
        return tuple(_compared(smaller, larger, noise) for smaller, larger in pairwise(contenders))

    @property
    def at_budget(self) -> tuple[Prediction, ...]:
        """What each measured size would reach if the whole budget trained it, from the smallest on."""
        models = {each.params: each.model for each in self.points}
        return tuple(
            self.predict(params, tokens_for(self.budget_flops, params), model=models[params]) for params in self.sizes
        )

    def predict(self, params: float, tokens: float, *, model: str | None = None) -> Prediction:
        """What a model would reach; without a loss when that lies beyond what was measured and the table has a gap.

        Args:
            params: N; above 0.
            tokens: D; above 0.
            model: A name to go with it.
        """
        inside = self.measured.holds(params, tokens)
        loss = None
        if inside or not any(problem.refuses for problem in self.problems):
            loss = estimated(lambda law: law.loss(params, tokens), self.fitted, self.draws)
        return Prediction(params=params, tokens=tokens, loss=loss, measured=inside, model=model)

    def best_for(self, flops: float) -> Optimum | None:
        """What another budget should train; None for the reason why there is no optimum."""
        return _optimum(self.fitted, self.draws, self.problems, self.measured, flops)[0]

    @property
    def _at_most(self) -> float:
        """The budget, and what rounding adds to it."""
        return self.budget_flops * (1 + 1e-9)

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        best = self.best_measured
        return {
            "law": "L = E + A / N^alpha + B / D^beta",
            "points": len(self.points),
            "sizes": len(self.sizes),
            "confidence": CONFIDENCE,
            "resampled": {"tables": len(self.draws), "block": self.block},
            "parameters": {each.name: each.as_json() for each in self.parameters},
            "problems": [problem.as_json() for problem in self.problems],
            "fit": {
                "rms_log_residual": self.rms,
                "worst": [{**point.as_json(), "log_residual": value} for point, value in self.worst],
            },
            "left_out": None if self.left_out is None else self.left_out.as_json(),
            "budget_flops": self.budget_flops,
            "optimum": None if self.optimum is None else self.optimum.as_json(),
            "optimum_refused": self.optimum_refused,
            "at_budget": [each.as_json() for each in self.at_budget],
            "best_measured": None if best is None else best.as_json(),
            "comparisons": [each.as_json() for each in self.comparisons],
        }


def find_law(
    points: Sequence[LossPoint], *, budget_flops: float | None, seed: int = 0, n_resampled: int = N_RESAMPLED
) -> Law:
    """Fit a scaling law to measured losses, and ask it about a budget.

    Args:
        points: At least six; checkpoints of one training run have one name.
        budget_flops: Training compute in operations, above 0; None for the most that any point took.
        seed: Of the tables that are resampled.
        n_resampled: How many; at least 1. Fewer than the usual thousand make ends of intervals that wobble.

    Raises:
        EvalkitError: If there are fewer points, or a number is not above 0.
    """
    import numpy as np

    points = _checked(points, budget_flops)
    measured, table = Measured.by(points), _table(points)
    problems, without = table_problems(points, measured)
    fitted = fit_loss_law(table, without=without)
    off = residuals(table, fitted)
    block = _block(points, off)
    draws = resampled_laws(
        table,
        fitted,
        blocks=_blocks(points, block),
        n_laws=n_resampled,
        rng=np.random.default_rng(seed),
        without=without,
    )
    error = sqrt(fmean(value * value for value in off) * block / len(points))
    problems = [*poor_fit(off), *problems, *fit_problems(fitted, draws, measured, error=error, said=problems)]
    budget = measured.flops[1] if budget_flops is None else float(budget_flops)
    optimum, refused = _optimum(fitted, draws, problems, measured, budget)
    return Law(
        points=points,
        fitted=fitted,
        draws=tuple(draws),
        block=block,
        parameters=tuple(_parameter(name, fitted, draws, problems) for name in NAMES),
        problems=tuple(problems),
        residuals=tuple(off),
        measured=measured,
        budget_flops=budget,
        optimum=optimum,
        optimum_refused=refused,
        left_out=_left_out(points),
    )


def _checked(points: Sequence[LossPoint], budget_flops: float | None) -> tuple[LossPoint, ...]:
    """The points by size, run, and tokens."""
    if len(points) < LEAST_POINTS:
        raise EvalkitError(
            f"scaling law: found {len(points)} points with parameters, tokens and loss, expected at least "
            f"{LEAST_POINTS}: five numbers are fitted. Add models or checkpoints."
        )
    if budget_flops is not None and not 0 < budget_flops < float("inf"):
        raise EvalkitError(f"scaling law: found a budget of {budget_flops} FLOP, expected a number above 0.")
    return tuple(sorted((each.checked() for each in points), key=lambda each: (each.params, each.model, each.tokens)))


def _table(points: Sequence[LossPoint]) -> LossTable:
    return LossTable.of(
        [each.params for each in points], [each.tokens for each in points], [each.loss for each in points]
    )


def _block(points: Sequence[LossPoint], off: Sequence[float]) -> int:
    """How many neighbouring checkpoints to draw together: what a first-order autocorrelation makes of one point."""
    pairs = [
        (off[index], off[index + 1])
        for index, (one, other) in enumerate(pairwise(points))
        if (one.params, one.model) == (other.params, other.model)
    ]
    square = fmean(value * value for value in off)
    if not pairs or square == 0:
        return 1
    correlation = min(fmean(one * other for one, other in pairs) / square, 0.9)
    if correlation < _CORRELATED / sqrt(len(pairs)):
        return 1
    return max(min(ceil((1 + correlation) / (1 - correlation)), len(points) // LEAST_POINTS), 1)


def _blocks(points: Sequence[LossPoint], length: int) -> list[int]:
    """The block of each point: runs of neighbours of one model."""
    blocks: list[int] = []
    block = -1
    for _, of_one in groupby(points, key=lambda each: (each.params, each.model)):
        for place, _ in enumerate(of_one):
            block += place % length == 0
            blocks.append(block)
    return blocks


def _parameter(name: Name, fitted: LossLaw, draws: Sequence[LossLaw], problems: Sequence[Problem]) -> Parameter:
    about = [problem for problem in problems if name in problem.parameters]
    if any(problem.withheld for problem in about):
        return Parameter(name=name, estimate=None, known=False)
    return Parameter(name=name, estimate=estimated(VALUES[name], fitted, draws), known=not about)


def _optimum(
    fitted: LossLaw, draws: Sequence[LossLaw], problems: Sequence[Problem], measured: Measured, flops: float
) -> tuple[Optimum | None, str | None]:
    """The best use of a budget, or why it is not known."""
    for problem in problems:
        if {"alpha", "beta"} & set(problem.parameters):
            return None, problem.message
    found = [law.optimum(flops) for law in (fitted, *draws)]
    (params, tokens), drawn = found[0], found[1:]
    size = Estimate.of(params, [each[0] for each in drawn])
    if size.factor > _UNKNOWN:
        return None, f"the best size may be anything from {size.low:.2g} to {size.high:.2g} parameters"
    inside = measured.holds(params, tokens)
    loss = None
    if inside or not any(problem.refuses for problem in problems):
        pairs = zip((fitted, *draws), found, strict=True)
        value, *values = [law.loss(*place) for law, place in pairs]
        loss = Estimate.of(value, values)
    optimum = Optimum(
        params=size,
        tokens=Estimate.of(tokens, [each[1] for each in drawn]),
        tokens_per_parameter=Estimate.of(tokens / params, [each[1] / each[0] for each in drawn]),
        loss=loss,
        measured=inside,
    )
    return optimum, None


def _compared(smaller: LossPoint, larger: LossPoint, noise: float) -> Comparison:
    ahead = log(larger.loss) - log(smaller.loss)
    winner: Literal["smaller", "larger"] | None = None
    if abs(ahead) > noise:
        winner = "smaller" if ahead > 0 else "larger"
    return Comparison(smaller=smaller, larger=larger, winner=winner)


def _left_out(points: Sequence[LossPoint]) -> LeftOut | None:
    """None when what is left cannot carry a law."""
    ordered = sorted(points, key=lambda each: each.flops)
    n_left_out = ceil(_LEFT_OUT * len(ordered))
    kept, left_out = ordered[:-n_left_out], ordered[-n_left_out:]
    if len(kept) < LEAST_POINTS or table_problems(kept, Measured.by(kept))[0]:
        return None
    law = fit_loss_law(_table(kept))
    errors = [log(each.loss / law.loss(each.params, each.tokens)) for each in left_out]
    sizes = [abs(error) for error in errors]
    return LeftOut(
        n_points=n_left_out,
        flops=left_out[0].flops,
        mean_error=fmean(sizes),
        bias=fmean(errors),
        worst_error=max(sizes),
    )
