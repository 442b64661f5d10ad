"""Simulated searches for the critical level among 16 levels, by bisection with the sequential test; marked slow."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import exp

import pytest

from evalkit.stats import fit_crossing
from evalkit.verdict import Outcome, Terms, Verdict
from evalkit.verdict.ladder import next_level
from evalkit.verdict.sequential_test import ConditionTest, make_level_test

pytestmark = pytest.mark.slow

THRESHOLD = 0.95
CROSSING = 7.6
N_LEVELS = 16
CAP = 400
N_RUNS = 1000
N_FITTED = 200
CURVES = {"steep": (1.0, 0.0), "medium": (0.55, 0.0), "shallow": (0.35, 0.0), "lapse": (1.5, 0.03)}
"""Slope per level, and lapse."""
TERMS = Terms(
    task="t",
    condition="noise@1",
    perturbation="noise",
    level=1,
    counts=False,
    threshold=THRESHOLD,
    alpha=0.025,
    n_counting=1,
    units=CAP,
    exhausted=False,
    test=make_level_test(THRESHOLD, 0.025, CAP),
)


def pass_rates(slope: float, lapse: float) -> list[float]:
    """A logistic curve that meets the threshold at the crossing."""
    odds_at_crossing = (1 - lapse) / THRESHOLD - 1
    return [(1 - lapse) / (1 + odds_at_crossing * exp(slope * (level - CROSSING))) for level in range(N_LEVELS)]


@dataclass
class Search:
    """One bisection: what was found of each level."""

    verdicts: list[Verdict | None]
    counts: list[tuple[float, int, int]]

    @property
    def usable_to(self) -> int:
        return max((level for level, verdict in enumerate(self.verdicts) if verdict == "usable"), default=-1)

    @property
    def unusable_from(self) -> int:
        return min((level for level, verdict in enumerate(self.verdicts) if verdict == "unusable"), default=N_LEVELS)

    @property
    def width(self) -> int:
        return self.unusable_from - self.usable_to

    @property
    def calls(self) -> int:
        return sum(trials for _, _, trials in self.counts)

    @property
    def wrong(self) -> bool:
        return not self.usable_to < CROSSING < self.unusable_from


def searched(rates: Sequence[float], rng: random.Random) -> Search:
    search = Search(verdicts=[None] * N_LEVELS, counts=[])
    while (level := next_level(search.verdicts, strict=False)) is not None:
        test = ConditionTest(TERMS, None)
        while test.verdict == "edge" and test.hopeful and test.seen < CAP:
            passed = rng.random() < rates[level]
            test.observe(Outcome(position=test.seen, cluster="", asks=(passed,), score=None, constraints={}))
        search.verdicts[level] = test.verdict
        search.counts.append((float(level), test.tally.units.passes, test.seen))
    return search


@cache
def simulated(curve: str) -> list[Search]:
    rates, rng = pass_rates(*CURVES[curve]), random.Random(20261122)
    return [searched(rates, rng) for _ in range(N_RUNS)]


@pytest.mark.parametrize("curve", CURVES)
def test_an_end_of_the_bracket_is_seldom_wrong(curve: str) -> None:
    """Several levels are tested, each with an error rate of its own; measured: at most .013."""
    assert sum(each.wrong for each in simulated(curve)) / N_RUNS <= 0.05


def test_a_medium_curve_is_bracketed_within_four_or_five_levels_for_780_calls() -> None:
    """Measured: 755 calls, 3.9 levels."""
    found = simulated("medium")
    assert sum(each.calls for each in found) / N_RUNS <= 780
    assert sum(each.width for each in found) / N_RUNS <= 4.5


@pytest.mark.parametrize("curve", CURVES)
def test_a_curve_through_the_levels_of_the_search_covers_the_crossing(curve: str) -> None:
    """Levels are chosen by what others brought, and each ends once decided: neither may bias the interval much."""
    found = [fit_crossing(each.counts, THRESHOLD) for each in simulated(curve)[:N_FITTED]]
    assert sum(each.low <= CROSSING <= each.high for each in found) / N_FITTED >= 0.90
    assert sum(each.fit < 0.01 for each in found) / N_FITTED <= 0.05
