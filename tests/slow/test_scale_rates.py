"""How often ability against size says what is true."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence

import numpy as np
import pytest

from evalkit.scale.shape import find_shape
from evalkit.stats.ability import Counted, fit_ability
from evalkit.stats.fisher_scoring import expit
from tests.ladder_points import measured

pytestmark = pytest.mark.slow

N = 200
"""Simulated ladders of each kind: a rate is known to about two points."""


def verdicts(per_token: Sequence[float], n_tokens: int, n_trials: int) -> Tally[str]:
    rng = np.random.default_rng(20261127)
    found = (find_shape(measured(per_token, n_tokens, n_trials, rng=rng), "params", seed=seed) for seed in range(N))
    return Tally(each.verdict or "none" for each in found)


@pytest.mark.parametrize("n_trials", [200, 500])
@pytest.mark.parametrize(
    ("per_token", "n_tokens"),
    [
        (expit(np.linspace(0, 4.6, 6)), 30),
        (expit(np.linspace(-1, 5, 6)), 20),
        (expit(np.linspace(0, 6, 8)), 50),
        (expit(np.linspace(0, 7, 6)), 100),
    ],
)
def test_a_metric_that_needs_every_token_right_is_found_out(
    per_token: Sequence[float], n_tokens: int, n_trials: int
) -> None:
    """The chance of a token rises evenly in logits, that of a pass shoots up."""
    assert verdicts(per_token, n_tokens, n_trials)["metric-made"] >= 0.9 * N


@pytest.mark.parametrize("n_trials", [200, 500])
@pytest.mark.parametrize(
    ("per_token", "n_tokens"),
    [
        ([0.3, 0.35, 0.4, 0.95, 0.97, 0.98], 10),
        ([0.5, 0.52, 0.54, 0.97, 0.98, 0.99], 30),
        ([0.5, 0.5, 0.5, 0.5, 0.5, 0.99], 20),
        ([0.6, 0.62, 0.64, 0.66, 0.97, 0.98, 0.98, 0.99], 20),
    ],
)
def test_a_jump_of_the_ability_is_not_laid_to_the_metric(
    per_token: Sequence[float], n_tokens: int, n_trials: int
) -> None:
    assert verdicts(per_token, n_tokens, n_trials)["metric-made"] <= 0.05 * N


@pytest.mark.parametrize("n_trials", [200, 500])
@pytest.mark.parametrize("logits", [np.linspace(-3, 3, 6), np.linspace(-3, 3, 8), np.linspace(-1.4, 1.4, 5)])
def test_what_rises_evenly_is_smooth(logits: Sequence[float], n_trials: int) -> None:
    assert verdicts(expit(logits), 1, n_trials)["smooth"] >= 0.95 * N


@pytest.mark.parametrize(("trials", "slope", "n"), [(100, 1.5, 6), (400, 1.0, 8), (50, 2.5, 6)])
def test_the_interval_of_a_crossing_holds_it_as_often_as_it_says(trials: int, slope: float, n: int) -> None:
    """At least 95 % less what chance makes of so many: the wider of two bootstraps is wide rather than narrow."""
    rng, held = np.random.default_rng(7), 0
    middle, threshold = (n - 1) / 2, 0.8
    for seed in range(N):
        passes = rng.binomial(trials, expit(slope * (np.arange(n) - middle)))
        counts = [Counted(place=float(x), passes=float(k), trials=trials) for x, k in enumerate(passes)]
        crossing = fit_ability(counts, seed=seed).crossing(threshold)
        held += crossing is not None and crossing.low <= middle + np.log(4) / slope <= crossing.high
    assert held >= 0.92 * N
