from __future__ import annotations

import numpy as np
import pytest

from evalkit.stats.fisher_scoring import Form, expit, log_likelihood, logit, maximise

FORM = Form(mids=(-5, 10), log_slopes=(-3, 4))


def test_a_plain_curve_is_the_most_likely_one() -> None:
    from scipy.optimize import minimize

    places, passes = np.arange(5.0), np.array([[2.0, 9.0, 21.0, 30.0, 46.0]])
    fitted, _ = maximise(places, passes, np.full((1, 5), 50.0), np.array([[2.0, 0.0, -np.inf, np.inf]]), FORM)
    most_likely = minimize(
        lambda at: -log_likelihood(expit(at[1] * (places - at[0])), passes[0], np.full(5, 50.0)).sum(), [2.0, 1.0]
    ).x
    assert [pytest.approx(value, abs=1e-4) for value in most_likely] == [
        fitted[0, 0],
        np.exp(fitted[0, 1]),
    ]


def test_floor_and_ceiling_that_are_free_are_found() -> None:
    places = np.linspace(0, 10, 30)
    rates = 0.2 + 0.6 * expit(2 * (places - 5))
    form = Form(mids=(-5, 15), log_slopes=(-3, 4), freed=("floor", "ceiling"))
    start = np.array([[4.0, 0.0, logit(0.1), logit(0.9)]])
    fitted, _ = maximise(places, 1e4 * rates[None], np.full((1, 30), 1e4), start, form)
    assert [pytest.approx(5, abs=0.01), pytest.approx(0.2, abs=0.005), pytest.approx(0.8, abs=0.005)] == [
        fitted[0, 0],
        fitted[0, 2],
        fitted[0, 3],
    ]


def test_samples_do_not_disturb_each_other() -> None:
    """One that has no finite fit, all of it passing, stands beside one that has."""
    places, passes = np.arange(3.0), np.array([[1.0, 5.0, 9.0], [10.0, 10.0, 10.0]])
    start, trials = np.tile([1.0, 0.0, -np.inf, np.inf], (2, 1)), np.full((2, 3), 10.0)
    both, _ = maximise(places, passes, trials, start, FORM)
    alone, _ = maximise(places, passes[:1], trials[:1], start[:1], FORM)
    assert list(alone[0]) == pytest.approx(list(both[0]), abs=1e-4)
    assert both[1, 0] < -1


def test_likelihood_is_that_of_the_binomial() -> None:
    assert pytest.approx(3 * np.log(0.3) + 7 * np.log(0.7)) == float(
        log_likelihood(np.array(0.3), np.array(3.0), np.array(10.0))
    )


def test_a_parameter_at_its_bound_does_not_lead_the_others_astray() -> None:
    """A rise to 2 % of which the middle, the slope and the floor run into their bounds."""
    places, passes = np.array([4.0, 4.6, 5.2]), np.array([[0.0, 4.0, 4.0]])
    form = Form(mids=(-2, 13), log_slopes=(-2.7, 4.2), freed=("floor", "ceiling"))
    start = np.array([[5.5, 1.0, -5.3, 3.0]])
    trials = np.array([[600.0, 400.0, 200.0]])
    _, likelihood = maximise(places, passes, trials, start, form)
    a_step = log_likelihood(np.array([1e-9, 0.01, 0.02]), passes[0], trials[0]).sum()
    assert float(likelihood[0]) > a_step - 0.1
