"""How often differences are claimed that are not there; marked slow."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom
from scipy.stats import t as student

from evalkit.stats import mean_lower_bound
from evalkit.verdict import PairedTerms, PairedTest, make_test
from evalkit.verdict.sequential_test import boundaries

pytestmark = pytest.mark.slow

SEED, RUNS, ALPHA = 20261127, 400, 0.025
MOST = binom.ppf(0.999, RUNS, ALPHA)
"""More runs than this do not err by chance, if each errs with chance alpha at most."""

Draw = Callable[[np.random.Generator], NDArray[np.float64]]


def pairs(n: int, worse: float, better: float) -> Draw:
    """Differences of n pairs."""
    return lambda rng: rng.choice([-1.0, 1.0, 0.0], n, p=[worse, better, 1 - worse - better])


def groups(n: int, members: int, worse: float, better: float) -> Draw:
    """Mean differences of groups whose members mostly flip together."""

    def draw(rng: np.random.Generator) -> NDArray[np.float64]:
        whole = rng.choice([-1.0, 1.0, 0.0], (n, 1), p=[worse, better, 1 - worse - better])
        together = rng.random((n, members)) < 0.8
        alone = rng.choice([-1.0, 1.0, 0.0], (n, members), p=[worse, better, 1 - worse - better])
        means: NDArray[np.float64] = np.where(together, whole, alone).mean(axis=1)
        return means

    return draw


DRAWS = [
    pytest.param(pairs(200, 0.1, 0.15), 0.05, id="many flips"),
    pytest.param(pairs(200, 0.02, 0.02), 0.0, id="few flips, as many each way"),
    pytest.param(pairs(150, 0.01, 0.0), -0.01, id="rare flips, one way"),
    pytest.param(pairs(30, 0.05, 0.0), -0.05, id="few items"),
    pytest.param(groups(60, 5, 0.1, 0.1), 0.0, id="groups of five"),
    pytest.param(groups(40, 5, 0.04, 0.0), -0.04, id="few groups, rare flips"),
]


@pytest.mark.parametrize(("draw", "difference"), DRAWS)
def test_an_end_of_a_fixed_interval_is_wrong_no_more_often_than_promised(draw: Draw, difference: float) -> None:
    rng = np.random.default_rng(SEED)
    too_high = too_low = 0
    for _ in range(RUNS):
        values = (1 + draw(rng)) / 2
        too_high += 2 * mean_lower_bound(values.tolist(), ALPHA) - 1 > difference
        too_low += 1 - 2 * mean_lower_bound((1 - values).tolist(), ALPHA) < difference
    assert too_high <= MOST
    assert too_low <= MOST


def test_student_s_t_errs_far_more_often_where_flips_are_rare() -> None:
    """Often nothing flips at all, and then t is sure that nothing ever does."""
    rng, draw, n = np.random.default_rng(SEED), pairs(150, 0.01, 0.0), 150
    wrong = 0
    for _ in range(RUNS):
        values = draw(rng)
        half = student.ppf(1 - ALPHA, n - 1) * values.std(ddof=1) / sqrt(n)
        wrong += values.mean() + half < -0.01 or values.mean() - half > -0.01
    assert wrong > 0.15 * RUNS


THRESHOLD, BUDGET = 0.9, 800


def stopped(passes: NDArray[np.bool_]) -> int:
    """After how many trials a run ends: at its verdict, or with its budget."""
    up, down = boundaries(THRESHOLD, make_test(THRESHOLD, ALPHA, ALPHA, BUDGET))
    hits = np.cumsum(passes).tolist()
    for n, hit in enumerate(hits, start=1):
        if up.decided(hit, n) or down.decided(n - hit, n):
            return n
    return len(hits)


def test_of_one_model_twice_naive_means_mislead_and_intervals_that_hold_at_any_time_do_not() -> None:
    """Runs that stop at their verdicts lean away from the threshold, one up and another down."""
    rng = np.random.default_rng(SEED)
    naive = ours = 0
    for _ in range(RUNS):
        rates = rng.beta(9.2, 0.8, BUDGET)  # of items; the model passes 92 %
        a, b = rng.random(BUDGET) < rates, rng.random(BUDGET) < rates
        n_a, n_b = stopped(a), stopped(b)
        rate_a, rate_b = a[:n_a].mean(), b[:n_b].mean()
        error = sqrt(rate_a * (1 - rate_a) / n_a + rate_b * (1 - rate_b) / n_b)
        naive += abs(rate_b - rate_a) > 1.96 * error
        test = PairedTest(PairedTerms(tolerance=0.0, alpha=ALPHA, n_compared=1))
        for before, after in zip(a[: min(n_a, n_b)].tolist(), b[: min(n_a, n_b)].tolist(), strict=True):
            test.observe(float(before), float(after))
        ours += test.regression != "unclear"
    assert naive > 0.08 * RUNS
    assert ours <= binom.ppf(0.999, RUNS, 2 * ALPHA)
