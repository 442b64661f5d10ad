from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats.progress import progress, rising, steepest

VALUES = st.lists(st.floats(-100, 100), min_size=2, max_size=12)


@given(VALUES)
def test_the_nearest_rising_series_rises_and_keeps_the_mean(values: list[float]) -> None:
    level = rising(values, [1.0] * len(values))
    assert sorted(level) == level
    assert pytest.approx(sum(values), abs=1e-6) == sum(level)


def test_a_dip_is_levelled_out_by_weight() -> None:
    assert [1.0, pytest.approx(2.25), pytest.approx(2.25), 4.0] == rising([1, 3, 2, 4], [1, 1, 3, 1])


def test_progress_runs_from_nothing_to_all() -> None:
    made = progress([2, 3, 3, 6], [1, 1, 1, 1])
    assert [0.0, 0.25, 0.25, 1.0] == made


def test_what_does_not_rise_makes_no_progress() -> None:
    assert progress([3, 2, 1], [1, 1, 1]) is None


def test_an_even_rise_has_no_excess() -> None:
    assert pytest.approx(0) == steepest([0, 1, 2, 3], [0, 1 / 3, 2 / 3, 1]).excess


def test_the_steepest_stretch_is_where_most_is_made_beyond_its_share_of_the_sizes() -> None:
    stretch = steepest([0, 1, 2, 6], [0, 0.1, 0.9, 1.0])
    assert (1, 2) == (stretch.first, stretch.last)
    assert pytest.approx([0.8, 1 / 6]) == [stretch.share, stretch.length]


def test_a_short_stretch_is_named_before_a_long_one_with_hardly_more() -> None:
    """The last step adds 26 % of the rise in 25 % of the sizes, which says nothing of a jump."""
    stretch = steepest([0, 1, 2, 3, 4], [0, 0.0, 0.0, 0.74, 1.0])
    assert (2, 3) == (stretch.first, stretch.last)
