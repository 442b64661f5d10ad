"""Models of several sizes with given results, for whoever tests what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt
from typing import Any

import numpy as np

from evalkit.scale import Mean, Point, Series, Size

FACTOR = 4.0
"""Between neighbouring sizes."""


def points(
    rates: Sequence[float],
    *,
    trials: float | None = 200,
    scores: Sequence[float] | None = None,
    losses: Sequence[float] | None = None,
    tokens: float | None = None,
) -> tuple[Point, ...]:
    """Models `m0`, `m1`, … of 10k, 40k, 160k, … parameters."""
    return tuple(
        Point(
            model=f"m{index}",
            size=Size(params=1e4 * FACTOR**index),
            pass_rate=rate,
            trials=trials,
            score=None if scores is None else Mean(value=scores[index], error=0.01),
            loss=None if losses is None else Mean(value=losses[index], error=0.01),
            target_tokens=tokens,
        )
        for index, rate in enumerate(rates)
    )


def series(rates: Sequence[float], *, threshold: float | None = 0.8, **given: Any) -> Series:
    return Series(task="add", condition="clean", threshold=threshold, points=points(rates, **given))


def measured(per_token: Sequence[float], n_tokens: int, n_trials: int, *, rng: np.random.Generator) -> list[Point]:
    """What trials bring of which every token is right with a chance; a pass needs all of them."""
    found = []
    for index, chance in enumerate(per_token):
        right = rng.random((n_trials, n_tokens)) < chance
        scores = right.mean(axis=1)
        losses = -log(chance) + rng.normal(0, 0.5, n_trials) / sqrt(n_tokens)
        score, loss = (
            Mean(value=float(values.mean()), error=float(values.std()) / sqrt(n_trials)) for values in (scores, losses)
        )
        found.append(
            Point(
                model=f"m{index}",
                size=Size(params=1e4 * FACTOR**index),
                pass_rate=float(right.all(axis=1).mean()),
                trials=float(n_trials),
                score=score,
                loss=loss,
                target_tokens=float(n_tokens),
            )
        )
    return found
