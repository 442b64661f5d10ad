from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats import percentile


@pytest.mark.parametrize(("share", "expected"), [(0.05, 15), (0.3, 20), (0.4, 20), (0.5, 35), (1, 50)])
def test_textbook_nearest_ranks_are_reproduced(share: float, expected: float) -> None:
    assert percentile([50, 15, 40, 20, 35], share) == expected


@given(st.lists(st.floats(0, 60), min_size=1), st.integers(1, 100))
def test_agrees_with_numpy(values: list[float], percent: int) -> None:
    assert np.percentile(values, percent, method="inverted_cdf") == percentile(values, percent / 100)


def test_rounding_of_the_rank_does_not_skip_a_value() -> None:
    """0.07 × 100 is a little over 7 in floating point."""
    assert percentile(range(1, 101), 0.07) == 7


def test_a_share_next_to_nothing_is_the_least_value() -> None:
    assert percentile([3, 1, 2], 1e-12) == 1


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="found no value"):
        percentile([], 0.5)


@pytest.mark.parametrize("share", [0, 1.01, float("nan")])
def test_shares_out_of_range_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match="found share"):
        percentile([1.0], share)
