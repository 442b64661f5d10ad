from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats import Bet, Boundary, Interval, RunningBound, alternatives
from evalkit.verdict.running import RunningCounts

N_MAX = 50.0

paths = st.tuples(st.integers(0, 20), st.integers(0, 40)).flatmap(
    lambda drawn: st.lists(
        st.sampled_from([True] * drawn[0] + [False] * (20 - drawn[0])), min_size=drawn[1], max_size=drawn[1]
    )
)
"""Of every length and every share of passes."""
void_paths = st.lists(st.sampled_from([True, True, True, False, None]))


def counted(path: Sequence[bool | None], *, low: float = 0.05, high: float = 0.05) -> RunningCounts:
    counts = RunningCounts(alpha_low=low, alpha_high=high, n_max=N_MAX)
    for passed in path:
        counts.add(passed)
    return counts


def ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


def test_before_the_first_unit_anything_is_possible() -> None:
    assert (0.0, 1.0) == ends(counted([]).interval())


@given(void_paths)
def test_passes_fails_and_voids_are_counted(path: list[bool | None]) -> None:
    counts = counted(path)
    expected = (path.count(True), path.count(True) + path.count(False), path.count(None))
    assert expected == (counts.passes, counts.trials, counts.void)


@given(paths)
def test_passes_and_fails_mirror_each_other(path: list[bool]) -> None:
    found = counted(path, low=0.05, high=0.01).interval()
    mirrored = counted([not passed for passed in path], low=0.01, high=0.05).interval()
    assert pytest.approx((1 - found.high, 1 - found.low), abs=1e-9) == ends(mirrored)


@given(paths, st.floats(0.02, 0.98))
def test_an_end_is_beyond_a_threshold_once_the_test_against_it_was_decided(path: list[bool], threshold: float) -> None:
    up = Boundary(Bet(threshold, alternatives(threshold, 0.05, N_MAX)), 20, least_trials=1)
    down = Boundary(Bet(1 - threshold, alternatives(1 - threshold, 0.05, N_MAX)), 20, least_trials=1)
    units = [(sum(path[:n]), n) for n in range(1, len(path) + 1)]
    above = any(up.decided(passes, n) for passes, n in units)
    below = any(down.decided(n - passes, n) for passes, n in units)
    found = counted(path).interval()
    if not (above and below) and min(abs(found.low - threshold), abs(found.high - threshold)) > 1e-9:
        assert (above, below) == (found.low > threshold, found.high < threshold)


@given(void_paths)
def test_a_void_unit_counts_as_failed_for_the_low_end_and_as_passed_for_the_high_one(path: list[bool | None]) -> None:
    found = counted(path).interval()
    failed, passed = (counted([each if v is None else v for v in path]).interval() for each in (False, True))
    assert pytest.approx((failed.low, passed.high), abs=1e-9) == ends(found)


def test_each_end_has_its_own_error_rate() -> None:
    path = [unit % 10 != 0 for unit in range(200)]
    low, high = counted(path, low=0.01).interval(), counted(path, high=0.01).interval()
    both = counted(path).interval()
    assert low.low < both.low
    assert low.high == both.high
    assert high.high > both.high
    assert high.low == both.low


@given(void_paths, void_paths)
def test_units_before_a_constraint_was_seen_are_void_for_it(
    before: list[bool | None], after: list[bool | None]
) -> None:
    counts = counted(before, high=0.01).all_void(alpha_high=0.05)
    for passed in after:
        counts.add(passed)
    expected = counted([None] * len(before) + after)
    assert (expected.passes, expected.trials, expected.void) == (counts.passes, counts.trials, counts.void)
    assert ends(expected.interval()) == ends(counts.interval())


def test_the_ends_do_not_cross_even_when_the_rate_drifts() -> None:
    """Passes only, then fails only, drive the low end beyond the high one."""
    found = counted([True] * 200 + [False] * 2000).interval()
    assert found.low < 0.2
    assert found.high > 0.9


@given(void_paths)
def test_the_interval_is_that_of_bounds_that_are_told_of_every_unit(path: list[bool | None]) -> None:
    low, high = RunningBound(0.05, N_MAX), RunningBound(0.01, N_MAX)
    for seen, passed in enumerate(path, start=1):
        low.add(path[:seen].count(True), seen, hit=passed is True)
        high.add(path[:seen].count(False), seen, hit=passed is False)
    expected = sorted((low.bound(), 1 - high.bound()))
    assert expected == list(ends(counted(path, high=0.01).interval()))


@given(paths)
def test_looking_in_between_changes_nothing(path: list[bool]) -> None:
    looked = RunningCounts(alpha_low=0.05, alpha_high=0.05, n_max=N_MAX)
    for passed in path:
        looked.add(passed)
        looked.interval()
    assert pytest.approx(ends(counted(path).interval()), abs=1e-9) == ends(looked.interval())
