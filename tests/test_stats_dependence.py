from __future__ import annotations

import random
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats import Dependence
from evalkit.stats.dependence import growth

NAMES = "abcd"


def seen(*trials: str) -> Dependence:
    """Trials as words: the demands that hold, of `abcd`."""
    found = Dependence()
    for trial in trials:
        found.add({name: name in trial for name in NAMES})
    return found


def test_what_always_breaks_together_is_shown_soon() -> None:
    assert seen(*["abcd", "cd"] * 8).together > 40
    assert 1 == seen(*["abcd", "cd"] * 8).apart


def test_what_always_breaks_apart_is_shown_soon() -> None:
    assert seen(*["acd", "bcd"] * 8).apart > 40
    assert 1 == seen(*["acd", "bcd"] * 8).together


def test_the_first_pair_multiplies_the_evidence_by_the_mean_of_what_its_bets_pay() -> None:
    # Two demands differ: by chance they agree in half of all pairs; odds 2, 4 and 16 to 1 pay 4/3, 8/5 and 32/17.
    assert pytest.approx((4 / 3 + 8 / 5 + 32 / 17) / 3, rel=1e-12) == seen("abcd", "cd").together
    assert pytest.approx((4 / 3 + 8 / 5 + 32 / 17) / 3, rel=1e-12) == seen("acd", "bcd").apart


@pytest.mark.parametrize("trials", [("abcd",), ("abcd", "abcd"), ("abcd", "abc"), ("cd", "cd")])
def test_trials_that_differ_in_one_demand_at_most_tell_nothing(trials: tuple[str, ...]) -> None:
    assert (1, 1) == (seen(*trials).together, seen(*trials).apart)


@given(st.lists(st.tuples(st.sampled_from(["abcd", "cd", "acd", "d"]), st.integers(1, 5)), max_size=12))
def test_trials_that_are_alike_can_be_taken_in_at_once(rows: list[tuple[str, int]]) -> None:
    at_once = Dependence()
    for trial, n in rows:
        at_once.add({name: name in trial for name in NAMES}, n)
    one_by_one = seen(*[trial for trial, n in rows for _ in range(n)])
    assert (one_by_one.together, one_by_one.apart) == (at_once.together, at_once.apart)


def test_evidence_that_was_reached_is_not_lost() -> None:
    reached = seen(*["abcd", "cd"] * 8)
    assert reached.together == seen(*["abcd", "cd"] * 8, *["acd", "bcd"] * 8).together


def test_evidence_stays_a_number_that_json_can_hold() -> None:
    assert seen(*["abcd", ""] * 3000).together < float("inf")


@given(st.integers(2, 9), st.floats(1e-3, 1e3))
def test_by_independence_a_bet_neither_wins_nor_loses_on_average(differing: int, odds: float) -> None:
    """Otherwise the evidence would not be one: its mean must stay 1 whatever the rates are."""
    chance = 2.0 ** (1 - differing)
    alike, unlike = (exp(growth(chance, odds, alike=each)) for each in (True, False))
    assert pytest.approx(1, rel=1e-12) == chance * alike + (1 - chance) * unlike


@pytest.mark.slow
@pytest.mark.parametrize("rates", [(0.9, 0.9), (0.5, 0.5), (0.7, 0.8, 0.9, 0.95)])
def test_independent_demands_are_hardly_ever_called_dependent(rates: tuple[float, ...]) -> None:
    """The chance that either evidence ever reaches 40 is at most 0.025, however often one looks."""
    rng = random.Random(7)
    runs, together, apart = 2000, 0, 0
    for _ in range(runs):
        found = Dependence()
        for _ in range(500):
            found.add({str(index): rng.random() < rate for index, rate in enumerate(rates)})
        together += found.together >= 40
        apart += found.apart >= 40
    assert max(together, apart) / runs <= 0.025


@pytest.mark.slow
def test_demands_that_share_half_of_their_breaks_are_called_dependent() -> None:
    rng = random.Random(7)
    shown = 0
    for _ in range(300):
        found = Dependence()
        for _ in range(400):
            common = rng.random() < 0.1
            found.add({name: not (common or rng.random() < 0.1) for name in "ab"})
        shown += found.together >= 40
    assert shown / 300 > 0.8
