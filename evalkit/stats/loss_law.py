"""The scaling law of a loss: L(N, D) = E + A / N^α + B / D^β, for N parameters trained on D tokens.

Theory of operation. The law is fitted to the logarithm of the loss by the sum of Huber losses of the residuals. δ is so
small that this is nearly the sum of absolute residuals: a run that went wrong does not bend the law. Each fit is a
sequence of damped weighted least squares, in which a residual beyond δ weighs δ / |r|; that never raises the objective.
N and D are taken from the middle of their logarithms, where the parts of the law can be told apart. All starts, and all
resampled tables, are fitted in one go: arrays have one row for each of them. A fit ends when its gradient is small
beside what single points pull at it. How much the objective still falls says nothing: its scale is δ, and a fit stopped
by it ends anywhere (Besiroglu et al. 2024 found that in Hoffmann et al. 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log, pow
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from numpy import bool_, float64
    from numpy.random import Generator
    from numpy.typing import NDArray

    Grid: TypeAlias = NDArray[float64]
    Mask: TypeAlias = NDArray[bool_]

HUBER = 1e-3
"""δ: up to here a residual of the log loss counts by its square, beyond by its size (Hoffmann et al. 2022)."""
FLOPS_PER_PARAMETER_AND_TOKEN = 6
"""Of training a dense transformer: C ≈ 6 N D (Kaplan et al. 2020)."""
FLATTEST, STEEPEST = 0.01, 5.0
"""Exponents that are looked at. Below, a thousandfold size moves a term by less than 7 %; above, it is a step."""
LEAST_FLOOR = 1e-4
"""The least E that is looked at, as a share of the least loss; below, it could not be told from none."""
LEAST_POINTS = 6
"""Of a table: one more than the numbers that are fitted."""

Part = Literal["params", "tokens"]
"""What a term of the law depends on."""

_SHARES = (0.05, 0.3)
_EXPONENTS = (0.15, 0.5, 1.5)
"""Where fits start: shares of the loss that the terms hold in the middle of the table, and their exponents."""
_AGAIN = slice(4, None, 27)
"""Of these, the two where each resampled fit begins a second and a third time: a small table may have two valleys."""
_AT_ONCE = 40_000
"""Rows times points that are fitted together: more would not stay in the processor's cache."""
_ITERATIONS = 400
_TRIAL, _REST = 30, 120
"""Of a resampled fit: so many steps from each start, then so many from where it got lowest. Most end long before; where
the table leaves numbers open, it does not matter where along a flat valley they stop."""
_PRECISE, _ENOUGH = 1e-6, 1e-4
"""Where a fit ends, as a share of what the points could pull at it; resampled fits vary by far more than that."""
_NO_TERM = -60.0
"""Logarithm of a term that is not there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LossLaw:
    """Loss by size and training tokens; a law without one of its terms has 0 as that term's coefficient."""

    floor: float
    """E, what no size and no number of tokens removes; in the unit of the loss. 0 when it ran into `LEAST_FLOOR`."""
    a: float
    """A, in the unit of the loss; the term of the parameters at one parameter."""
    alpha: float
    b: float
    """B, likewise; the term of the tokens at one token."""
    beta: float

    def size_term(self, params: float) -> float:
        """A / N^α."""
        return self.a / pow(params, self.alpha)

    def token_term(self, tokens: float) -> float:
        """B / D^β."""
        return self.b / pow(tokens, self.beta)

    def loss(self, params: float, tokens: float) -> float:
        """What the law says of a model of some size trained on some number of tokens."""
        return self.floor + self.size_term(params) + self.token_term(tokens)

    def optimum(self, flops: float) -> tuple[float, float]:
        """Parameters and tokens of the least loss that training compute can buy, where C = 6 N D.

        Args:
            flops: Training compute C; above 0.

        Raises:
            ValueError: If a term is missing: then everything goes into the other.

        Source:
            Hoffmann et al. 2022, arXiv:2203.15556, equation 4: N = G (C/6)^a, D = G⁻¹ (C/6)^b.

        >>> law = LossLaw(floor=1.8172, a=482.01, alpha=0.3478, b=2085.43, beta=0.3658)
        >>> "{:.3g} parameters, {:.3g} tokens".format(*law.optimum(5.76e23))
        '7.22e+10 parameters, 1.33e+12 tokens'
        """
        if not (self.a > 0 and self.b > 0):
            raise ValueError(f"found A = {self.a:g} and B = {self.b:g}, expected both above 0")
        exponents = self.alpha + self.beta
        product = log(flops / FLOPS_PER_PARAMETER_AND_TOKEN)
        balance = (log(self.alpha) + log(self.a) - log(self.beta) - log(self.b)) / exponents
        params = exp(balance + product * self.beta / exponents)
        return params, exp(product) / params


@dataclass(frozen=True, slots=True)
class LossTable:
    """Measured losses, as logarithms around their middle."""

    x: Grid
    y: Grid
    log_losses: Grid
    middle: tuple[float, float]
    """Means of ln N and ln D."""

    @classmethod
    def of(cls, params: Sequence[float], tokens: Sequence[float], losses: Sequence[float]) -> LossTable:
        """The table of some models.

        Args:
            params: Parameters of each model; above 0.
            tokens: Tokens that each was trained on; above 0.
            losses: Of each, such as nats per token; above 0.

        Raises:
            ValueError: If there are fewer than `LEAST_POINTS`, or a number is not positive and finite.
        """
        import numpy as np

        columns = [np.asarray(column, dtype=float) for column in (params, tokens, losses)]
        if len({len(column) for column in columns}) != 1 or len(columns[0]) < LEAST_POINTS:
            found = " / ".join(str(len(column)) for column in columns)
            raise ValueError(
                f"found {found} parameters / tokens / losses, expected as many of each, at least {LEAST_POINTS}"
            )
        if not all((np.isfinite(column) & (column > 0)).all() for column in columns):
            raise ValueError("found a number that is not above 0 and finite among parameters, tokens, losses")
        x, y, log_losses = (np.log(column) for column in columns)
        return cls(x - x.mean(), y - y.mean(), log_losses, (float(x.mean()), float(y.mean())))


def fit_loss_law(table: LossTable, *, without: Part | None = None) -> LossLaw:
    """The law that fits a table best.

    Args:
        table: What was measured.
        without: A term that the law shall not have, since the table cannot show it.

    Assumes:
        The form of the law, and errors that are about as often above as below it.

    Source:
        Hoffmann et al. 2022, section 3.3 and appendix D.3, for the objective; Besiroglu et al. 2024, arXiv:2404.10102,
        for its sum in place of its mean.
    """
    import numpy as np

    starts = _starts(table, without)
    weights = np.ones((len(starts), len(table.x)))
    found, objectives = _descend(table, starts, weights, _free(without), _PRECISE, _ITERATIONS)
    return _law(found[int(objectives.argmin())], table, without)


def resampled_laws(
    table: LossTable,
    law: LossLaw,
    *,
    blocks: Sequence[int],
    n_laws: int,
    rng: Generator,
    without: Part | None = None,
) -> list[LossLaw]:
    """Laws of tables that might have been measured instead: blocks of points drawn with replacement.

    Args:
        table: What was measured.
        law: Its best fit, where each of the fits begins.
        blocks: The block of each point, numbered from 0. Points whose errors go together share one: otherwise
            intervals come out too narrow.
        n_laws: How many; at least 1.
        rng: Draws the blocks.
        without: As in the best fit.

    Source:
        Efron 1979, The Annals of Statistics 7:1; Künsch 1989, The Annals of Statistics 17:1217, for blocks.
    """
    import numpy as np

    free, block_of = _free(without), np.asarray(blocks)
    n_blocks = int(block_of.max()) + 1
    starts = np.array([_coordinates(law, table), *_starts(table, without)[_AGAIN]])
    laws: list[LossLaw] = []
    while len(laws) < n_laws:
        n = min(n_laws - len(laws), max(1, _AT_ONCE // (len(starts) * len(table.x))))
        weights = rng.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), size=n)[:, block_of].astype(float)
        begun = np.repeat(starts, n, axis=0)
        tried, objectives = _descend(table, begun, np.tile(weights, (len(starts), 1)), free, _ENOUGH, _TRIAL)
        lowest = objectives.reshape(len(starts), n).argmin(axis=0) * n + np.arange(n)
        found, _ = _descend(table, tried[lowest], weights, free, _ENOUGH, _REST)
        laws.extend(_law(each, table, without) for each in found)
    return laws


def residuals(table: LossTable, law: LossLaw) -> list[float]:
    """How far each measured loss lies above the law, as a logarithm."""
    terms = [
        law.loss(exp(x + table.middle[0]), exp(y + table.middle[1])) for x, y in zip(table.x, table.y, strict=True)
    ]
    return [float(found) - log(fitted) for found, fitted in zip(table.log_losses, terms, strict=True)]


# --- the descent; a row of `theta` is ln A and ln α, ln B and ln β, ln E, with A and B taken in the middle of the table


def _starts(table: LossTable, without: Part | None) -> Grid:
    import numpy as np

    middle = float(table.log_losses.mean())
    rows = [
        (middle + log(of_size), log(alpha), middle + log(of_tokens), log(beta), middle + log(1 - of_size - of_tokens))
        for of_size in _SHARES
        for of_tokens in _SHARES
        for alpha in _EXPONENTS
        for beta in _EXPONENTS
    ]
    starts = np.array(rows)
    if without is not None:
        starts[:, 0 if without == "params" else 2] = _NO_TERM
    return starts


def _free(without: Part | None) -> list[int]:
    return [0, 1, 2, 3, 4] if without is None else [2, 3, 4] if without == "params" else [0, 1, 4]


def _coordinates(law: LossLaw, table: LossTable) -> list[float]:
    size = log(law.a) - law.alpha * table.middle[0] if law.a else _NO_TERM
    tokens = log(law.b) - law.beta * table.middle[1] if law.b else _NO_TERM
    floor = log(law.floor) if law.floor else _least_floor(table)
    return [size, log(law.alpha or 1.0), tokens, log(law.beta or 1.0), floor]


def _law(theta: Grid, table: LossTable, without: Part | None) -> LossLaw:
    size, log_alpha, tokens, log_beta, floor = (float(value) for value in theta)
    alpha, beta = exp(log_alpha), exp(log_beta)
    has_size, has_tokens = without != "params", without != "tokens"
    return LossLaw(
        floor=exp(floor) if floor > _least_floor(table) + 0.01 else 0.0,
        a=exp(size + alpha * table.middle[0]) if has_size else 0.0,
        alpha=alpha if has_size else 0.0,
        b=exp(tokens + beta * table.middle[1]) if has_tokens else 0.0,
        beta=beta if has_tokens else 0.0,
    )


def _evaluated(theta: Grid, table: LossTable, free: list[int]) -> tuple[Grid, Grid]:
    """Residuals (rows × points), and their derivatives by each free coordinate (rows × coordinates × points)."""
    import numpy as np

    size, log_alpha, tokens, log_beta, floor = (theta[:, index, None] for index in range(5))
    falls = {1: -np.exp(log_alpha) * table.x, 3: -np.exp(log_beta) * table.y}
    terms = {0: np.exp(size + falls[1]), 2: np.exp(tokens + falls[3]), 4: np.exp(floor)}
    total = terms[0] + terms[2] + terms[4]
    slopes = np.empty((len(theta), len(free), len(table.x)))
    for place, index in enumerate(free):
        if index in terms:
            np.divide(terms[index], total, out=slopes[:, place])
        else:  # comes right after the coefficient of its term
            np.multiply(falls[index], slopes[:, place - 1], out=slopes[:, place])
    return np.log(total) - table.log_losses, slopes


def _objective(residual: Grid, weights: Grid) -> Grid:
    """Sum of Huber losses, row by row."""
    import numpy as np

    size = np.abs(residual)
    capped = np.minimum(size, HUBER)
    return (weights * capped * (size - 0.5 * capped)).sum(axis=1)  # type: ignore[no-any-return]


def _descend(
    table: LossTable, starts: Grid, weights: Grid, free: list[int], tolerance: float, iterations: int
) -> tuple[Grid, Grid]:
    """The bottom that each start leads to, and the objective there.

    Args:
        table: Points.
        starts: Rows of coordinates.
        weights: Of each point in each row.
        free: Coordinates that may move.
        tolerance: Of the gradient, as a share of what the points could pull.
        iterations: Most steps of a row.
    """
    import numpy as np

    least, most = _limits(table)
    found, lowest = np.clip(starts, least, most), np.empty(len(starts))
    theta, going, damping = found.copy(), np.arange(len(starts)), np.full(len(starts), 1e-2)
    residual, slopes = _evaluated(theta, table, free)
    objective = _objective(residual, weights)
    for _ in range(iterations):
        step, pull = _step(residual, slopes, weights, damping)
        still = (pull > tolerance) & (damping < 1e8)
        if not still.all():
            found[going[~still]], lowest[going[~still]] = theta[~still], objective[~still]
            theta, going, damping, step = theta[still], going[still], damping[still], step[still]
            residual, slopes, objective, weights = residual[still], slopes[still], objective[still], weights[still]
        if not len(going):
            break
        moved = theta.copy()
        moved[:, free] += step
        moved = np.clip(moved, least, most)
        moved_residual, moved_slopes = _evaluated(moved, table, free)
        moved_objective = _objective(moved_residual, weights)
        worse = moved_objective > objective
        damping = np.where(worse, 5 * damping, np.maximum(0.3 * damping, 1e-9))
        # Few rows get worse: putting those back costs less than copying the others.
        moved[worse], moved_objective[worse] = theta[worse], objective[worse]
        moved_residual[worse], moved_slopes[worse] = residual[worse], slopes[worse]
        theta, residual, slopes, objective = moved, moved_residual, moved_slopes, moved_objective
    found[going], lowest[going] = theta, objective
    return found, lowest


def _step(residual: Grid, slopes: Grid, weights: Grid, damping: Grid) -> tuple[Grid, Grid]:
    """Where damped weighted least squares would go, and how hard the points still pull there."""
    import numpy as np

    weight = weights * np.minimum(1.0, HUBER / np.maximum(np.abs(residual), 1e-300))
    weighted = slopes * weight[:, None]
    gradient = (weighted @ residual[:, :, None])[:, :, 0]
    curvature = weighted @ slopes.transpose(0, 2, 1)
    diagonal = np.einsum("rii->ri", curvature)
    # A coordinate that moves nothing, such as the exponent of a term that has vanished, stays where it is.
    ridge = damping[:, None] * (diagonal + 1e-12 * diagonal.max(axis=1, keepdims=True)) + 1e-30
    system = curvature + ridge[:, None] * np.eye(slopes.shape[1])
    step = -np.linalg.solve(system, gradient[:, :, None])[:, :, 0]
    at_most = HUBER * (np.abs(slopes) * weights[:, None]).sum(axis=2) + 1e-300
    return np.clip(step, -2.0, 2.0), (np.abs(gradient) / at_most).max(axis=1)


def _limits(table: LossTable) -> tuple[Grid, Grid]:
    """The least and the greatest value of each coordinate."""
    import numpy as np

    least_floor = _least_floor(table)
    flattest, steepest = log(FLATTEST), log(STEEPEST)
    return np.array([_NO_TERM, flattest, _NO_TERM, flattest, least_floor]), np.array(
        [inf, steepest, inf, steepest, inf]
    )


def _least_floor(table: LossTable) -> float:
    """Ln of the least E that is looked at."""
    return float(table.log_losses.min()) + log(LEAST_FLOOR)
