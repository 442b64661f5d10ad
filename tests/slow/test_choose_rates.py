"""How often a race chooses wrongly and what it takes, over simulated models with a price list; marked slow."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context

import pytest
from scipy.stats import binom

from benchmarks.choose import MOST_MARGIN, Raced, race

pytestmark = pytest.mark.slow

N_RACES = 60
N_NARROW = 30
NARROW = 0.035
"""The largest margin where all are next to three points."""
ALPHA = 0.025
LEAST_NAMED = 0.9


@cache
def raced(most: float) -> tuple[Raced, ...]:
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("fork")) as pool:
        return tuple(pool.map(partial(race, most=most), range(N_NARROW if most == NARROW else N_RACES)))


@pytest.fixture(params=[MOST_MARGIN, NARROW])
def races(request: pytest.FixtureRequest) -> tuple[Raced, ...]:
    return raced(request.param)


def test_a_model_that_is_not_usable_is_chosen_no_more_often_than_promised(races: tuple[Raced, ...]) -> None:
    assert sum(each.wrong for each in races) <= binom.ppf(0.999, len(races), ALPHA)


def test_the_cheapest_usable_model_is_named_where_margins_are_three_points(races: tuple[Raced, ...]) -> None:
    named = [each.named for each in races if each.named is not None]
    assert sum(named) >= binom.ppf(0.001, len(named), LEAST_NAMED)


def test_a_race_takes_a_quarter_of_the_calls_and_of_the_cost_at_most(races: tuple[Raced, ...]) -> None:
    calls = sum(each.calls for each in races) / sum(each.exhaustive_calls for each in races)
    cost = sum(each.cost_usd for each in races) / sum(each.exhaustive_usd for each in races)
    assert max(calls, cost) <= 0.25
