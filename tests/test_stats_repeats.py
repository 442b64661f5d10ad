from __future__ import annotations

from itertools import combinations
from statistics import mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats import agreement, pass_at_k, pass_hat_k, pass_hat_k_error

items = st.lists(st.integers(0, 5).map(lambda passes: (passes, 5)), min_size=1, max_size=20)


@pytest.mark.parametrize(("k", "expected"), [(1, 0.05), (10, 0.408548), (100, 0.999229)])
def test_published_pass_at_k_is_reproduced(k: int, expected: float) -> None:
    assert round(pass_at_k([(10, 200)], k), 6) == expected


def test_pass_hat_k_is_the_share_of_draws_that_all_pass() -> None:
    outcomes = [(True, True, False, True), (True, False, False, True), (True,) * 4]
    drawn = [mean(all(draw) for draw in combinations(each, 2)) for each in outcomes]
    assert pytest.approx(mean(drawn)) == pass_hat_k([(sum(each), 4) for each in outcomes], 2)


def test_items_may_have_been_asked_differently_often() -> None:
    assert pytest.approx((3 / 6 + 1 / 1) / 2) == pass_hat_k([(3, 4), (2, 2)], 2)


@given(items)
def test_more_repeats_pass_together_less_often(counts: list[tuple[int, int]]) -> None:
    rates = [pass_hat_k(counts, k) for k in range(1, 6)]
    assert rates == sorted(rates, reverse=True)
    assert pytest.approx(mean(passes / 5 for passes, _ in counts)) == rates[0]


@given(items)
def test_any_of_k_passes_unless_all_fail(counts: list[tuple[int, int]]) -> None:
    failing = [(repeats - passes, repeats) for passes, repeats in counts]
    assert pytest.approx(1 - pass_hat_k(failing, 3)) == pass_at_k(counts, 3)


def test_weights_stand_for_equal_items() -> None:
    spelled_out = [(3, 5)] * 4 + [(5, 5)] * 7
    assert pytest.approx(pass_hat_k(spelled_out, 2)) == pass_hat_k([(3, 5), (5, 5)], 2, weights=[4, 7])
    assert pytest.approx(agreement(spelled_out)) == agreement([(3, 5), (5, 5)], weights=[4, 7])
    error = pass_hat_k_error([(3, 5), (5, 5)], 2, weights=[4, 7])
    assert pytest.approx(pass_hat_k_error(spelled_out, 2)) == error


def test_the_standard_error_is_that_of_a_mean_over_items() -> None:
    counts = [(5, 5), (4, 5), (2, 5), (5, 5)]
    expected = stdev(passes / 5 for passes, _ in counts) / 4**0.5
    assert pytest.approx(expected) == pass_hat_k_error(counts, 1)


def test_items_with_something_in_common_are_one_observation() -> None:
    doubled = pass_hat_k_error([(5, 5), (5, 5), (2, 5), (2, 5), (4, 5), (4, 5)], 2, clusters="aabbcc")
    assert pytest.approx(pass_hat_k_error([(5, 5), (2, 5), (4, 5)], 2)) == doubled


@pytest.mark.parametrize("clusters", [None, ["a"]])
def test_a_single_cluster_has_no_standard_error(clusters: list[str] | None) -> None:
    assert pass_hat_k_error([(3, 5)], 1, clusters=clusters) is None


def test_agreement_counts_pairs_of_one_outcome() -> None:
    outcomes = [(True, True, False, True), (True, False, False, True), (True,) * 4, (False,) * 4]
    alike = [mean(a == b for a, b in combinations(each, 2)) for each in outcomes]
    assert pytest.approx(mean(alike)) == agreement([(sum(each), 4) for each in outcomes])


@pytest.mark.parametrize("k", [0, 6])
def test_k_beyond_the_repeats_is_undefined(k: int) -> None:
    for estimate in (pass_hat_k, pass_hat_k_error, pass_at_k):
        with pytest.raises(ValueError, match=f"found k = {k} with an item of"):
            estimate([(3, 9), (3, 5)], k)


def test_agreement_needs_two_repeats() -> None:
    with pytest.raises(ValueError, match="found k = 2 with an item of 1 repeats"):
        agreement([(1, 1)])


def test_no_items_and_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="found no item"):
        pass_hat_k([], 1)
    with pytest.raises(ValueError, match="found 6 passes in 5 repeats"):
        pass_hat_k([(6, 5)], 1)
