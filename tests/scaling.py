"""Tables of losses that were made from a law that is known."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

import numpy as np

from evalkit.scale.loss_points import LossPoint
from evalkit.stats.loss_law import LossLaw, LossTable

PUBLISHED = LossLaw(floor=1.8172, a=482.01, alpha=0.3478, b=2085.43, beta=0.3658)
"""Besiroglu et al. 2024, arXiv:2404.10102."""
TINY = LossLaw(floor=0.02, a=40.0, alpha=0.5, b=800.0, beta=0.5)
"""In the reach of models that a laptop trains."""

Columns = tuple[list[float], list[float], list[float]]


def scattered(n: int, *, noise: float = 0.0, seed: int = 0, law: LossLaw = PUBLISHED) -> Columns:
    """Parameters, tokens and losses of models all over the range of Hoffmann et al. 2022."""
    rng = np.random.default_rng(seed)
    params = [exp(each) for each in rng.uniform(log(5e7), log(1.6e10), n)]
    tokens = [exp(each) for each in rng.uniform(log(1e9), log(5e11), n)]
    errors = rng.standard_normal(n)
    losses = [law.loss(*each) * exp(noise * error) for *each, error in zip(params, tokens, errors, strict=True)]
    return params, tokens, losses


def table_of(columns: Columns) -> LossTable:
    """The same as what is fitted."""
    return LossTable.of(*columns)


def points_of(columns: Columns) -> list[LossPoint]:
    """The same as models that stand alone."""
    return [
        LossPoint(model=f"m{index}", params=params, tokens=tokens, loss=loss)
        for index, (params, tokens, loss) in enumerate(zip(*columns, strict=True))
    ]


def ladder(
    *,
    law: LossLaw = TINY,
    noise: float = 0.0,
    sizes: Sequence[float] = (4428, 22776, 87024, 314320, 1008144),
    tokens: Sequence[float] = (29e6, 21e6, 20e6, 20e6, 11e6),
    checkpoints: int = 6,
    seed: int = 0,
) -> list[LossPoint]:
    """Checkpoints of a few models, the largest of which was trained on too little."""
    rng = np.random.default_rng(seed)
    return [
        LossPoint(
            model=f"tiny/{params:g}",
            params=params,
            tokens=each,
            loss=law.loss(params, each) * exp(noise * rng.standard_normal()),
        )
        for params, most in zip(sizes, tokens, strict=True)
        for each in np.geomspace(1e6, most, checkpoints).tolist()
    ]
