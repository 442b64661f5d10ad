"""Fits of many logistic curves with floor and ceiling at once, by Fisher scoring.

A curve has four parameters: the place where half of its rise is made, the logarithm of its slope, the logit of its
floor, and the logit of the share that the rise takes of what the floor leaves. The last two may stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[float64]

_STEPS = 60
_ENDS = ((-12.0, 3.0), (-6.0, 12.0))
"""Bounds of the logits of floor and share: beyond them a rate changes by less than trials could show."""
_NO_GAIN = 1e-7
_STUCK = 1e3
"""Damping at which a step is too short to matter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """What may move in a fit, and how far."""

    mids: tuple[float, float]
    log_slopes: tuple[float, float]
    freed: tuple[str, ...] = ()
    """Which of `floor` and `ceiling` move."""

    @property
    def free(self) -> list[int]:
        """Which of the four parameters move."""
        return [0, 1, *([2] if "floor" in self.freed else []), *([3] if "ceiling" in self.freed else [])]


def maximise(places: Floats, passes: Floats, trials: Floats, start: Floats, form: Form) -> tuple[Floats, Floats]:
    """The most likely curve through each of many samples.

    Args:
        places: Of the columns.
        passes: A row a sample, a column a place.
        trials: Likewise.
        start: A row a sample, a column a parameter.
        form: What moves.

    Returns:
        Middle, log slope, floor and ceiling of each sample's curve, and its log-likelihood.

    Source:
        McCullagh and Nelder 1989, Generalized Linear Models, section 2.5; damped as by Marquardt 1963, J. SIAM 11:431.
    """
    import numpy as np

    free = form.free
    lower, upper = (np.array(ends)[free] for ends in zip(form.mids, form.log_slopes, *_ENDS, strict=True))
    at = start.copy()
    at[:, free] = np.clip(at[:, free], lower, upper)
    likelihood, damping = log_likelihood(_rates(places, at), passes, trials).sum(axis=1), np.full(len(at), 1e-2)
    left = np.arange(len(at))  # samples that still gain
    for _ in range(_STEPS):
        now, further = at[left], at[left]
        rates, changes = _curves(places, now)
        trials_left, weight, changes = trials[left], 1 / (rates * (1 - rates)), changes[:, :, free]
        gradient = np.einsum("bm,bmk->bk", (passes[left] - trials_left * rates) * weight, changes)
        # What pushes against its bound stands still: a step that counts on its moving would lead the others astray.
        held = np.where(gradient < 0, now[:, free] <= lower, now[:, free] >= upper)
        step = _step(
            np.where(held, 0, gradient), trials_left * weight, np.where(held[:, None], 0, changes), damping[left]
        )
        further[:, free] = np.clip(now[:, free] + np.clip(step, -2, 2), lower, upper)
        reached = log_likelihood(_rates(places, further), passes[left], trials[left]).sum(axis=1)
        gain = reached - likelihood[left]
        better = gain > 0
        at[left] = np.where(better[:, None], further, now)
        likelihood[left] = np.where(better, reached, likelihood[left])
        damping[left] *= np.where(better, 0.2, 4.0)
        left = left[(gain > _NO_GAIN) | (~better & (damping[left] < _STUCK))]
        if not len(left):
            break
    floor = expit(at[:, 2])
    return np.column_stack([at[:, 0], at[:, 1], floor, floor + (1 - floor) * expit(at[:, 3])]), likelihood


def _step(gradient: Floats, weights: Floats, changes: Floats, damping: Floats) -> Floats:
    """Where each sample's likelihood rises."""
    import numpy as np

    information = np.einsum("bm,bmk,bml->bkl", weights, changes, changes)
    diagonal = np.einsum("bkk->bk", information)  # a view: what is added to it is added to the matrices
    # With many trials the least that keeps a matrix from being singular is a share of its largest number.
    diagonal += damping[:, None] * diagonal + 1e-9 + 1e-12 * diagonal.max(axis=1, keepdims=True)
    return np.asarray(np.linalg.solve(information, gradient[:, :, None])[:, :, 0])


def _rates(places: Floats, at: Floats) -> Floats:
    import numpy as np

    mid, log_slope, v, u = (at[:, index, None] for index in range(4))
    floor = expit(v)
    return np.asarray(
        np.clip(floor + (1 - floor) * expit(u) * expit(np.exp(log_slope) * (places - mid)), 1e-9, 1 - 1e-9)
    )


def _curves(places: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Rates of each sample at each place, and how they change with each parameter."""
    import numpy as np

    mid, log_slope, v, u = (at[:, index, None] for index in range(4))
    slope, floor, share = np.exp(log_slope), expit(v), expit(u)
    distance = slope * (places - mid)
    rise = expit(distance)
    bend = (1 - floor) * share * rise * (1 - rise)
    changes = [
        -bend * slope,
        bend * distance,
        floor * (1 - floor) * (1 - share * rise),
        (1 - floor) * share * (1 - share) * rise,
    ]
    return np.clip(floor + (1 - floor) * share * rise, 1e-9, 1 - 1e-9), np.stack(changes, axis=-1)


def log_likelihood(rates: Floats, passes: Floats, trials: Floats) -> Floats:
    """Of each count at a rate, but for what does not depend on the rate."""
    import numpy as np

    rates = np.clip(rates, 1e-12, 1 - 1e-12)
    return np.asarray(passes * np.log(rates) + (trials - passes) * np.log1p(-rates))


def expit(x: Any) -> Any:
    """The logistic function, without overflow.

    >>> float(expit(0.0))
    0.5
    """
    import numpy as np

    return 0.5 * (1 + np.tanh(np.asarray(x) / 2))


def logit(p: Any) -> Any:
    """Its inverse."""
    import numpy as np

    return np.log(p) - np.log1p(-np.asarray(p))
