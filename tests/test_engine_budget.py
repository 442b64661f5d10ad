from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.engine.budget import Budget


def test_a_call_that_would_exceed_the_budget_with_those_in_flight_does_not_fit() -> None:
    budget = Budget(1.0)
    budget.begin(0.4)
    budget.begin(0.4)
    assert (True, False) == (budget.fits(0.2), budget.fits(0.21))


def test_what_a_call_did_not_cost_is_free_for_others() -> None:
    budget = Budget(1.0)
    budget.begin(0.9)
    assert not budget.fits(0.5)
    budget.end(0.9, 0.1, answered=True)
    assert (True, False) == (budget.fits(0.9), budget.fits(0.91))


def test_a_call_whose_cost_is_unknown_counts_as_the_mean_of_those_paid() -> None:
    budget = Budget(1.0, spent_usd=0.6, n_priced=3)
    assert budget.fits(None)
    budget.begin(None)
    assert budget.fits(None)
    budget.begin(None)
    assert not budget.fits(None)
    budget.end(None, None, answered=True)
    assert budget.fits(None)


def test_before_anything_was_paid_calls_of_unknown_cost_fit() -> None:
    budget = Budget(0.01)
    for _ in range(1000):
        assert budget.fits(None)
        budget.begin(None)


def test_an_answer_that_does_not_say_its_cost_is_taken_to_have_cost_what_was_expected() -> None:
    budget = Budget(1.0)
    budget.begin(0.7)
    budget.end(0.7, None, answered=True)
    assert not budget.fits(0.4)


def test_a_call_without_an_answer_costs_nothing() -> None:
    budget = Budget(1.0)
    budget.begin(0.7)
    budget.end(0.7, None, answered=False)
    assert budget.fits(1.0)


@pytest.mark.parametrize("expected", [0.0, 0.5, None])
def test_with_the_budget_spent_nothing_fits_that_costs(expected: float | None) -> None:
    assert (expected == 0.0) is Budget(1.0, spent_usd=1.0, n_priced=2).fits(expected)


@given(st.lists(st.tuples(st.floats(0.001, 0.3), st.floats(0, 1)), max_size=40), st.integers(1, 5))
def test_what_calls_cost_never_exceeds_the_budget_when_none_costs_more_than_expected(
    calls: list[tuple[float, float]], at_a_time: int
) -> None:
    budget, paid, in_flight = Budget(1.0), 0.0, []
    for expected, share in calls:
        if budget.fits(expected):
            budget.begin(expected)
            in_flight.append((expected, expected * share))
        if len(in_flight) >= at_a_time:
            begun, cost = in_flight.pop(0)
            budget.end(begun, cost, answered=True)
            paid += cost
    paid += sum(cost for _, cost in in_flight)
    assert paid <= 1.0 + 1e-9
