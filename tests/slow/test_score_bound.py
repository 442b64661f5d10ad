"""Simulated coverage of the bound of a mean score; marked slow."""

from __future__ import annotations

from collections.abc import Callable
from math import log

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from evalkit.stats import ScoreBound

pytestmark = pytest.mark.slow

SEED, RUNS, ALPHA = 20261127, 500, 0.1
MOST = binom.ppf(0.999, RUNS, ALPHA)
"""More runs than this do not err by chance, if each errs with chance alpha at most."""

Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]


def beta(mean: float, strength: float) -> Draw:
    return lambda rng, n: rng.beta(mean * strength, (1 - mean) * strength, n)


def three_valued(low: float, middle: float) -> Draw:
    """Scores of 0, a half and 1."""
    return lambda rng, n: rng.choice([0.0, 0.5, 1.0], n, p=[low, middle, 1 - low - middle])


def item_means(mean: float, repeats: int) -> Draw:
    """Pass rates of items asked several times, whose outcomes correlate by 0.3 within an item."""
    strength = 1 / 0.3 - 1
    return lambda rng, n: rng.binomial(repeats, rng.beta(mean * strength, (1 - mean) * strength, n)) / repeats


DRAWS = [
    pytest.param(beta(0.9, 4), 0.9, id="beta around .9"),
    pytest.param(beta(0.5, 0.5), 0.5, id="beta at both ends"),
    pytest.param(beta(0.3, 20), 0.3, id="narrow beta"),
    pytest.param(three_valued(0.03, 0.04), 0.95, id="three values around .95"),
    pytest.param(three_valued(0.3, 0.3), 0.55, id="three values around .55"),
    pytest.param(item_means(0.95, 5), 0.95, id="items asked five times"),
]


@pytest.mark.parametrize(("draw", "mean"), DRAWS)
def test_it_exceeds_the_true_mean_no_more_often_than_promised_wherever_one_stops(draw: Draw, mean: float) -> None:
    """It never falls, so a run in which it was ever too high ends with one that is: that is the worst way to stop."""
    rng = np.random.default_rng(SEED)
    too_high = too_low = 0
    for _ in range(RUNS):
        low, high = ScoreBound(ALPHA, 100), ScoreBound(ALPHA, 100)
        for score in draw(rng, 200).tolist():
            low.add(score)
            high.add(1 - score)
        too_high += low.bound() > mean
        too_low += 1 - high.bound() < mean
    assert too_high <= MOST
    assert too_low <= MOST


def test_stopping_as_soon_as_it_exceeds_a_threshold_leaves_it_below_the_mean() -> None:
    """One that is looked at after every score, until it says what one wants to hear."""
    mean, threshold, rng = 0.9, 0.85, np.random.default_rng(SEED)
    wrong, stops = 0, []
    for _ in range(200):
        bound = ScoreBound(ALPHA, 100)
        for n, score in enumerate(beta(mean, 4)(rng, 200).tolist(), start=1):
            bound.add(score)
            if bound.log_evidence(threshold) >= log(1 / ALPHA):
                stops.append(n)
                break
        wrong += bound.bound() > mean
    assert wrong <= ALPHA * 200
    assert len(stops) >= 100
