from __future__ import annotations

from collections.abc import Iterable
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats import RunningBound
from evalkit.stats.evidence import bet_against

paths = st.tuples(st.integers(0, 20), st.integers(0, 30)).flatmap(
    lambda drawn: st.lists(
        st.sampled_from([True] * drawn[0] + [False] * (20 - drawn[0])), min_size=drawn[1], max_size=drawn[1]
    )
)
"""Of every length and every share of hits."""
alphas = st.floats(0.001, 0.5)
n_maxes = st.floats(1, 1000)


def bounds(path: Iterable[bool], alpha: float, n_max: float, looks: frozenset[int] | None = None) -> list[float]:
    """The bound after each trial, or only where one looks, by number of trials."""
    running, hits, found = RunningBound(alpha, n_max), 0, []
    for trials, hit in enumerate(path, start=1):
        hits += hit
        running.add(hits, trials, hit=hit)
        if looks is None or trials in looks:
            found.append(running.bound())
    return found or [running.bound()]


def excluded_below(hits: int, trials: int, alpha: float, n_max: float) -> float:
    """Where the evidence of these counts falls under what is needed, by bisection."""
    low, high = 0.0, hits / trials
    for _ in range(20 if hits else 0):
        middle = (low + high) / 2
        if bet_against(middle, alpha, n_max).log_evidence(hits, trials) >= log(1 / alpha):
            low = middle
        else:
            high = middle
    return low


@given(paths, alphas, n_maxes)
def test_it_is_the_highest_rate_that_any_prefix_excludes(path: list[bool], alpha: float, n_max: float) -> None:
    found, highest, hits = bounds(path, alpha, n_max), 0.0, 0
    for trials, hit in enumerate(path, start=1):
        hits += hit
        highest = max(highest, excluded_below(hits, trials, alpha, n_max))
        assert pytest.approx(highest, abs=1e-5) == found[trials - 1]


@given(paths, alphas, n_maxes, st.floats(0.01, 0.99))
def test_it_lies_above_a_rate_once_the_test_against_that_rate_was_decided(
    path: list[bool], alpha: float, n_max: float, rate: float
) -> None:
    against, hits, decided = bet_against(rate, alpha, n_max), 0, False
    for trials, (hit, bound) in enumerate(zip(path, bounds(path, alpha, n_max), strict=False), start=1):
        hits += hit
        decided = decided or against.log_evidence(hits, trials) >= log(1 / alpha)
        if abs(bound - rate) > 1e-9:
            assert decided is (bound > rate)


@given(paths, alphas, n_maxes)
def test_it_never_falls_and_never_exceeds_the_highest_rate_so_far(path: list[bool], alpha: float, n_max: float) -> None:
    found = bounds(path, alpha, n_max)
    rates = [sum(path[:n]) / n for n in range(1, len(path) + 1)]
    assert sorted(found) == found
    assert all(bound <= max(rates[: n + 1]) for n, bound in enumerate(found) if path)


@given(paths, alphas, n_maxes, st.frozensets(st.integers(1, 30)))
def test_it_does_not_depend_on_how_often_one_looks(
    path: list[bool], alpha: float, n_max: float, looks: frozenset[int]
) -> None:
    always, seldom = bounds(path, alpha, n_max), bounds(path, alpha, n_max, looks | {len(path)})
    assert pytest.approx(always[-1], abs=1e-9) == seldom[-1]


@given(paths, alphas, n_maxes)
def test_looking_twice_changes_nothing(path: list[bool], alpha: float, n_max: float) -> None:
    running = RunningBound(alpha, n_max)
    for trials in range(1, len(path) + 1):
        running.add(sum(path[:trials]), trials, hit=path[trials - 1])
    assert running.bound() == running.bound()


@pytest.mark.parametrize("path", [[], [False] * 50])
def test_without_a_hit_it_is_zero(path: list[bool]) -> None:
    assert bounds(path, 0.025, 500)[-1] == 0


@pytest.mark.parametrize(("trials", "threshold"), [(23, 0.8), (47, 0.9), (90, 0.95), (380, 0.99)])
def test_hits_in_a_row_lift_it_above_a_threshold_when_they_decide_the_test(trials: int, threshold: float) -> None:
    found = bounds([True] * trials, 0.025, 500, frozenset({trials - 1, trials}))
    assert [False, True] == [bound > threshold for bound in found]


def test_what_was_excluded_stays_excluded() -> None:
    found = bounds([True] * 100 + [False] * 400, 0.025, 500, frozenset({100, 500}))
    assert found[0] == found[1]


def test_a_smaller_error_rate_lowers_it() -> None:
    path = [trial % 10 != 0 for trial in range(300)]
    assert bounds(path, 0.001, 500)[-1] < bounds(path, 0.05, 500)[-1] < 0.9
