from __future__ import annotations

import random
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from evalkit.stats import mean_lower_bound

values = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=40)


def flipping(n: int, worse: int, better: int) -> list[float]:
    """Differences of pairs, (1 + d) / 2, in a random order."""
    made = [0.0] * worse + [1.0] * better + [0.5] * (n - worse - better)
    random.Random(1).shuffle(made)
    return made


def student_lower(given_values: list[float], alpha: float) -> float:
    n = len(given_values)
    mean = sum(given_values) / n
    variance = sum((value - mean) ** 2 for value in given_values) / (n - 1)
    return mean - float(student.ppf(1 - alpha, n - 1)) * sqrt(variance / n)


@given(values, st.sampled_from([0.01, 0.025, 0.2]))
def test_it_lies_between_zero_and_the_mean(given_values: list[float], alpha: float) -> None:
    assert 0 <= mean_lower_bound(given_values, alpha) <= sum(given_values) / len(given_values) + 1e-12


@given(values)
def test_the_surer_the_further_away(given_values: list[float]) -> None:
    assert mean_lower_bound(given_values, 0.01) <= mean_lower_bound(given_values, 0.1)


@settings(max_examples=10)
@given(values, st.data())
def test_a_higher_last_value_never_lowers_it(given_values: list[float], data: st.DataObject) -> None:
    """All stakes are made by then. Earlier values change later stakes, so of them it is not so."""
    raised = [*given_values[:-1], data.draw(st.floats(given_values[-1], 1))]
    assert mean_lower_bound(given_values, 0.05) <= mean_lower_bound(raised, 0.05) + 5e-5


@pytest.mark.parametrize(("worse", "better"), [(40, 60), (100, 150), (300, 320)])
def test_of_many_values_it_is_nearly_as_near_as_student_s_t(worse: int, better: int) -> None:
    made = flipping(1000, worse, better)
    mean = sum(made) / len(made)
    assert mean - mean_lower_bound(made, 0.025) <= 1.1 * (mean - student_lower(made, 0.025))


def test_where_nothing_differs_it_is_about_as_near_as_a_rule_can_be() -> None:
    """Were each of n pairs to flip with the rate 1 − α^(1/n), none would with chance α: no bound can be nearer."""
    n, alpha = 500, 0.025
    nearest = 0.5 * (1 - alpha ** (1 / n))
    assert nearest < 0.5 - mean_lower_bound([0.5] * n, alpha) < 1.6 * nearest


def test_few_flips_that_all_go_one_way_are_shown() -> None:
    assert mean_lower_bound(flipping(300, 0, 10), 0.025) > 0.5
    assert mean_lower_bound(flipping(300, 0, 4), 0.025) < 0.5


def test_of_nothing_nothing_is_known() -> None:
    assert 0.0 == mean_lower_bound([], 0.025)


@pytest.mark.parametrize(
    ("wrong", "alpha", "message"),
    [([0.5, 1.1], 0.05, "found a value of 1.1"), ([0.5], 0.0, "found alpha 0.0"), ([0.5], 1.0, "found alpha 1.0")],
)
def test_what_is_out_of_range_is_refused(wrong: list[float], alpha: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mean_lower_bound(wrong, alpha)
