from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from evalkit.stats import mcnemar_exact

counts = st.integers(0, 400)


def test_known_values_are_met() -> None:
    assert pytest.approx(0.041389, abs=5e-7) == mcnemar_exact(15, 5)
    assert pytest.approx(0.0032, abs=5e-5) == mcnemar_exact(209, 152)


@given(counts, counts)
def test_it_is_the_exact_binomial_test_of_the_flips(worse: int, better: int) -> None:
    expected = binomtest(worse, worse + better, 0.5).pvalue if worse + better else 1.0
    assert pytest.approx(expected, rel=1e-9) == mcnemar_exact(worse, better)


@given(counts, counts)
def test_both_directions_are_treated_alike(worse: int, better: int) -> None:
    assert mcnemar_exact(worse, better) == mcnemar_exact(better, worse)


@given(st.integers(0, 200), st.integers(0, 200))
def test_more_flips_towards_the_rarer_side_are_less_surprising(more: int, fewer: int) -> None:
    fewer, more = sorted((more, fewer))
    if fewer + 1 < more:
        assert mcnemar_exact(fewer, more) < mcnemar_exact(fewer + 1, more)


def test_without_flips_nothing_is_surprising() -> None:
    assert 1.0 == mcnemar_exact(0, 0)


@pytest.mark.parametrize("wrong", [(-1, 0), (0, -1)])
def test_counts_below_zero_are_refused(wrong: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="expected at least 0 of each"):
        mcnemar_exact(*wrong)
