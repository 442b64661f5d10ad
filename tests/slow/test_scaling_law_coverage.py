"""Simulated coverage of a scaling law's intervals: 200 tables planted with the published law; marked slow."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import exp

import numpy as np
import pytest

from evalkit.scale.law import Law, find_law
from evalkit.scale.loss_points import Estimate, LossPoint
from tests.scaling import PUBLISHED, TINY, ladder, points_of, scattered

pytestmark = pytest.mark.slow

N_TABLES = 200
N_RESAMPLED = 200
PLANTED = {"E": PUBLISHED.floor, "A": PUBLISHED.a, "alpha": PUBLISHED.alpha, "B": PUBLISHED.b, "beta": PUBLISHED.beta}
BUDGET = 1e21


def estimates(law: Law) -> dict[str, Estimate]:
    """Every interval that a law without gaps gives."""
    found = {each.name: each.estimate for each in law.parameters if each.estimate is not None}
    assert law.optimum is not None
    optimum = {"best size": law.optimum.params, "tokens per parameter": law.optimum.tokens_per_parameter}
    best = law.predict(*PUBLISHED.optimum(BUDGET)).loss
    far = law.predict(*PUBLISHED.optimum(100 * BUDGET)).loss
    assert best is not None
    assert far is not None
    return {**found, **optimum, "loss": best, "loss far beyond": far}


@pytest.mark.parametrize("n_points", [20, 50])
def test_intervals_hold_the_planted_law(n_points: int) -> None:
    """At least 90 % of them do, for each of its numbers, its optimum, and losses within and far beyond the table."""
    params, tokens = PUBLISHED.optimum(BUDGET)
    planted = {
        **PLANTED,
        "best size": params,
        "tokens per parameter": tokens / params,
        "loss": PUBLISHED.loss(params, tokens),
        "loss far beyond": PUBLISHED.loss(*PUBLISHED.optimum(100 * BUDGET)),
    }
    held: Counter[str] = Counter()
    for seed in range(N_TABLES):
        points = points_of(scattered(n_points, noise=0.005, seed=seed))
        law = find_law(points, budget_flops=BUDGET, seed=seed, n_resampled=N_RESAMPLED)
        held.update(name for name, found in estimates(law).items() if found.low <= planted[name] <= found.high)
    assert {} == {name: held[name] / N_TABLES for name in planted if held[name] < 0.9 * N_TABLES}


def test_checkpoints_that_err_together_keep_the_coverage_from_falling_apart() -> None:
    """Taken for single points, they would hold the planted exponent far less often."""
    held, alone = 0, 0
    for seed in range(N_TABLES // 4):
        points = together(seed)
        held += holds(points, seed)
        alone += holds([replace(each, model=f"{place}") for place, each in enumerate(points)], seed)
    assert held >= 0.85 * N_TABLES / 4
    assert held > alone


def together(seed: int) -> list[LossPoint]:
    """Runs whose errors last for about five checkpoints."""
    rng = np.random.default_rng(seed)
    error, points = 0.0, []
    for place, each in enumerate(ladder(checkpoints=20)):
        error = 0.01 * rng.standard_normal() if place % 20 == 0 else 0.8 * error + 0.006 * rng.standard_normal()
        points.append(replace(each, loss=each.loss * exp(error)))
    return points


def holds(points: list[LossPoint], seed: int) -> bool:
    law = find_law(points, budget_flops=None, seed=seed, n_resampled=N_RESAMPLED)
    found = next(each.estimate for each in law.parameters if each.name == "beta")
    return found is not None and found.low <= TINY.beta <= found.high


@pytest.mark.parametrize(("planted", "code"), [("a", "no-size-effect"), ("b", "no-token-effect")])
def test_a_term_that_is_not_there_is_seldom_found(planted: str, code: str) -> None:
    found = 0
    for seed in range(N_TABLES // 4):
        law = replace(PUBLISHED, a=0.0) if planted == "a" else replace(PUBLISHED, b=0.0)
        points = points_of(scattered(30, noise=0.01, seed=seed, law=law))
        problems = find_law(points, budget_flops=None, seed=seed, n_resampled=100).problems
        found += code not in {problem.code for problem in problems}
    assert found <= 0.12 * N_TABLES / 4
