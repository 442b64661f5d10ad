"""Simulated coverage of the clustered interval, beta difficulties; marked slow."""

from __future__ import annotations

import numpy as np
import pytest

from evalkit.stats import ClusterMoments, clustered_interval

pytestmark = pytest.mark.slow

N_RUNS = 3000


def errors(sizes: list[int], p: float, correlation: float) -> tuple[float, float]:
    """How often the low end lies above the true rate, and the high end below it."""
    rng = np.random.default_rng(20261122)
    strength = 1 / correlation - 1
    difficulty = rng.beta(p * strength, (1 - p) * strength, (N_RUNS, len(sizes)))
    passes = rng.binomial(sizes, difficulty)
    found = [
        clustered_interval(ClusterMoments.of(zip(row.tolist(), sizes, strict=True)), alpha_low=0.025, alpha_high=0.025)
        for row in passes
    ]
    return sum(each.low > p for each in found) / N_RUNS, sum(each.high < p for each in found) / N_RUNS


@pytest.mark.parametrize("p", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("correlation", [0.05, 0.3, 0.6])
@pytest.mark.parametrize(
    "sizes",
    [[5] * 50, [5] * 20, [1, 2, 3, 4, 5, 6, 7, 8, 9] * 5, [1] * 19 + [100]],
    ids=["50 items of 5", "20 items of 5", "uneven", "one large"],
)
def test_each_end_errs_no_more_often_than_promised(sizes: list[int], p: float, correlation: float) -> None:
    low, high = errors(sizes, p, correlation)
    assert low <= 0.025
    assert high <= 0.025
