"""How often a race chooses wrongly and what it takes, over simulated models with a price list; marked slow."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context

import pytest
from scipy.stats import binom

from benchmarks.choose import Raced, race

pytestmark = pytest.mark.slow

N_RACES = 60
ALPHA = 0.025
LEAST_NAMED = 0.9


@cache
def raced() -> tuple[Raced, ...]:
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("fork")) as pool:
        return tuple(pool.map(race, range(N_RACES)))


def test_a_model_that_is_not_usable_is_chosen_no_more_often_than_promised() -> None:
    assert sum(each.wrong for each in raced()) <= binom.ppf(0.999, N_RACES, ALPHA)


def test_the_cheapest_usable_model_is_named_where_margins_are_three_points() -> None:
    named = [each.named for each in raced() if each.named is not None]
    assert sum(named) >= binom.ppf(0.001, len(named), LEAST_NAMED)


def test_a_race_takes_a_quarter_of_the_calls_and_of_the_cost_at_most() -> None:
    calls = sum(each.calls for each in raced()) / sum(each.exhaustive_calls for each in raced())
    cost = sum(each.cost_usd for each in raced()) / sum(each.exhaustive_usd for each in raced())
    assert max(calls, cost) <= 0.25
