from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.stats.ability import AbilityCurve, Counted, fit_ability
from evalkit.stats.fisher_scoring import expit


def counts(rates: list[float], *, trials: float = 200) -> list[Counted]:
    return [Counted(place=float(place), passes=round(rate * trials), trials=trials) for place, rate in enumerate(rates)]


def curve(rates: list[float], **given: float) -> AbilityCurve:
    return fit_ability(counts(rates, **given))


def test_a_plain_rise_needs_neither_floor_nor_ceiling() -> None:
    fitted = curve([0.02, 0.1, 0.5, 0.9, 0.98])
    assert ((), 0.0, 1.0) == (fitted.freed, fitted.floor, fitted.ceiling)
    assert pytest.approx(2, abs=0.05) == fitted.mid


def test_a_floor_is_fitted_where_the_data_show_one() -> None:
    """Four choices: whoever knows nothing passes a quarter."""
    fitted = curve([float(0.25 + 0.75 * expit(2 * (place - 4))) for place in range(8)])
    assert ("floor",) == fitted.freed
    assert pytest.approx(0.25, abs=0.02) == fitted.floor


def test_a_ceiling_is_fitted_where_the_data_show_one() -> None:
    fitted = curve([0.0, 0.01, 0.1, 0.4, 0.69, 0.7, 0.71])
    assert ("ceiling",) == fitted.freed
    assert pytest.approx(0.71, abs=0.03) == fitted.ceiling


def test_a_threshold_above_the_ceiling_is_never_met() -> None:
    assert curve([0.0, 0.01, 0.1, 0.4, 0.69, 0.7, 0.71]).crossing(0.9) is None


def test_an_interval_end_that_no_curve_bounds_is_open() -> None:
    """At the top of a flat rise some curves that fit as well never get there."""
    crossing = curve([0.0, 0.05, 0.3, 0.62, 0.69, 0.7], trials=60).crossing(0.72)
    assert crossing is None or inf == crossing.high


def test_all_or_nothing_is_separated() -> None:
    """One size part-way says where the rise is, but not how steep; with two it can be told."""
    ladders = ([0, 0, 1.0, 1], [0, 0.3, 1, 1], [0, 0.3, 0.8, 1])
    assert [True, True, False] == [curve(rates).separated for rates in ladders]


def test_models_that_scatter_have_a_wider_interval() -> None:
    rng = np.random.default_rng(0)
    places = np.linspace(0, 4, 20)
    even = [Counted(place=float(x), passes=float(round(1000 * expit(2 * (x - 2)))), trials=1000) for x in places]
    shifted = expit(2 * (places - 2 + rng.normal(0, 0.3, 20)))
    uneven = [
        Counted(place=float(x), passes=float(round(1000 * p)), trials=1000)
        for x, p in zip(places, shifted, strict=True)
    ]
    widths = []
    for each in (even, uneven):
        crossing = fit_ability(each).crossing(0.5)
        assert crossing is not None
        widths.append(crossing.high - crossing.low)
    assert widths[1] > 3 * widths[0]
    assert fit_ability(uneven).dispersion > 5


def test_rates_without_a_count_are_worth_what_their_scatter_says() -> None:
    rng = np.random.default_rng(1)
    places = np.linspace(0, 4, 40)
    passes = rng.binomial(50, expit(2 * (places - 2)))
    rates = [Counted(place=float(x), passes=k / 50, trials=1.0) for x, k in zip(places, passes, strict=True)]
    fitted = fit_ability(rates, counted=False)
    assert fitted.worth == pytest.approx(50, rel=0.5)


def test_a_measured_rate_is_expected_further_out_than_the_curve_itself() -> None:
    fitted = curve([0.02, 0.1, 0.5, 0.9, 0.98])
    low, high = fitted.drawn(2.0, 20, seed=0)
    at = fitted.rate_at(2.0)
    assert low < at.low < at.high < high


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([Counted(place=0, passes=1, trials=2)] * 3, "found 1 different sizes, expected at least three"),
        ([*counts([0, 0.5, 1]), Counted(place=4, passes=3, trials=2)], "found 3 passes in 2 trials"),
    ],
)
def test_what_no_curve_goes_through_is_refused(wrong: list[Counted], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_ability(wrong)


@settings(max_examples=5, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=3, max_size=7))
def test_a_curve_never_falls_and_stays_within_its_ends(passes: list[int]) -> None:
    fitted = fit_ability([Counted(place=float(x), passes=k, trials=30) for x, k in enumerate(passes)])
    rates = [fitted.rate(place) for place in np.linspace(-3, 10, 30)]
    assert sorted(rates) == pytest.approx(rates, abs=1e-9)
    assert 0 <= fitted.floor <= min(rates) + 1e-9 <= max(rates) + 2e-9 <= fitted.ceiling + 3e-9 <= 1 + 4e-9
    for place in (0.0, 20.0):
        estimate = fitted.rate_at(place)
        assert estimate.low <= estimate.value <= estimate.high
