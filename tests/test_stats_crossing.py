from __future__ import annotations

import subprocess
import sys
from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats import Crossing, Scale, curve_through, fit_crossing, reach

Counts = list[tuple[float, int, int]]

FALLING: Counts = [(0.0, 99, 100), (1.0, 97, 100), (2.0, 88, 100), (3.0, 60, 100), (4.0, 25, 100)]


def curve(place: float, crossing: float, threshold: float, slope: float, lapse: float = 0.0) -> float:
    """The pass rate at a place, written without the code under test."""
    return (1 - lapse) / (1 + ((1 - lapse) / threshold - 1) * exp(slope * (place - crossing)))


def on_a_curve(n_trials: int, *, threshold: float = 0.9, crossing: float = 2.3, slope: float = 1.5) -> Counts:
    return [(float(place), round(n_trials * curve(place, crossing, threshold, slope)), n_trials) for place in range(6)]


def ends(found: Crossing) -> list[float]:
    return [found.low, found.estimate, found.high]


# --- the curve


@pytest.mark.parametrize("threshold", [0.5, 0.9])
def test_the_posterior_is_that_of_a_plain_sum_over_a_fine_grid(threshold: float) -> None:
    """Closing in on the mass must leave nothing out."""
    counts = FALLING[1:]
    crossing = np.linspace(-2, 7, 601)[:, None, None]
    slope = np.exp(np.linspace(log(0.2 / 3), log(20), 81))[None, :, None]
    below = 1 - threshold**10
    lapse = 1 - (1 - (np.arange(16) + 0.5) / 16 * below) ** 0.1
    total = np.zeros((601, 81, 16))
    for place, passes, trials in counts:
        odds = ((1 - lapse) / threshold - 1) * np.exp(np.clip(slope * (place - crossing), -200, 200))
        rate = (1 - lapse) / (1 + odds)
        total += passes * np.log(rate) + (trials - passes) * np.log1p(-rate)
    mass = np.exp(total - total.max()).sum(axis=(1, 2))
    cumulated = np.cumsum(mass) / mass.sum()
    expected = np.interp([0.025, 0.5, 0.975], cumulated, crossing.ravel() + 0.0075)
    assert expected == pytest.approx(ends(fit_crossing(counts, threshold)), abs=0.01)


def test_many_trials_find_the_crossing_itself() -> None:
    """A grid that is coarse beside so narrow a posterior would miss it, or take one cell for all of it."""
    counts = [(float(place), round(10**6 * curve(place, 6.4, 0.9, 0.8, 0.02)), 10**6) for place in range(16)]
    found = fit_crossing(counts, 0.9)
    assert 6.4 == pytest.approx(found.estimate, abs=0.005)
    assert found.low < 6.4 < found.high
    assert 0.002 < found.high - found.low < 0.02


def test_a_share_of_lapses_is_not_taken_for_a_slope() -> None:
    """3 % fail however easy it is; without lapses the curve would be flat, and its crossing far too easy."""
    rates = [curve(place, 7.6, 0.95, 1.5, 0.03) for place in range(16)]
    found = fit_crossing([(float(place), round(400 * rate), 400) for place, rate in enumerate(rates)], 0.95)
    assert 7.6 == pytest.approx(found.estimate, abs=0.3)


def test_the_curve_that_is_drawn_is_the_one_that_the_levels_were_made_by() -> None:
    """As near as slopes that are a tenth apart come to it: a picture cannot show more."""
    n_trials, slope = 1_000_000, 1.5
    counts = [(x, round(n_trials * curve(x, 2.0, 0.9, slope, 0.02)), n_trials) for x in (0.0, 1.0, 2.0, 3.0, 4.0)]
    drawn = curve_through(counts, 0.9, 2.0)
    assert (0.0, 4.0) == (drawn[0][0], drawn[-1][0])
    assert [curve(place, 2.0, 0.9, slope, 0.02) for place, _ in drawn] == pytest.approx(
        [rate for _, rate in drawn], abs=0.03
    )


def test_what_lies_on_a_curve_fits() -> None:
    assert fit_crossing(on_a_curve(400), 0.9).fit > 0.5


def test_a_dip_at_an_easy_level_does_not_fit() -> None:
    dip = [(place, 250 if place == 1 else passes, trials) for place, passes, trials in on_a_curve(400)]
    assert fit_crossing(dip, 0.9).fit < 1e-6


def test_two_levels_fit_any_curve() -> None:
    assert fit_crossing([(0.0, 90, 100), (1.0, 95, 100)], 0.9).fit == 1


def test_levels_all_on_one_side_leave_the_crossing_beyond_them() -> None:
    above, below = (fit_crossing([(float(place), passes, 100) for place in range(4)], 0.9) for passes in (100, 20))
    assert above.low > 3
    assert below.high < 0


def test_hardly_any_trials_leave_it_open() -> None:
    found = fit_crossing([(0.0, 1, 1), (1.0, 1, 1), (2.0, 0, 1)], 0.9)
    assert found.low < 0
    assert found.high > 1


def test_a_level_without_a_trial_is_left_out() -> None:
    assert fit_crossing(FALLING, 0.9) == fit_crossing([*FALLING, (9.0, 0, 0)], 0.9)


counts_of_levels = st.lists(
    st.integers(0, 60).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))),
    min_size=2,
    max_size=6,
).filter(lambda counts: sum(trials > 0 for _, trials in counts) > 1)


@given(counts=counts_of_levels, shift=st.floats(-50, 50), threshold=st.sampled_from([0.5, 0.9, 0.99]))
def test_levels_that_shift_take_the_crossing_along(
    counts: list[tuple[int, int]], shift: float, threshold: float
) -> None:
    here = fit_crossing([(float(place), *each) for place, each in enumerate(counts)], threshold)
    there = fit_crossing([(place + shift, *each) for place, each in enumerate(counts)], threshold)
    assert [place + shift for place in ends(here)] == pytest.approx(ends(there), abs=1e-6)
    assert here.fit == pytest.approx(there.fit, abs=1e-6)


@given(counts=counts_of_levels, times=st.floats(0.001, 1000))
def test_the_unit_of_levels_does_not_matter(counts: list[tuple[int, int]], times: float) -> None:
    small = fit_crossing([(float(place), *each) for place, each in enumerate(counts)], 0.9)
    large = fit_crossing([(place * times, *each) for place, each in enumerate(counts)], 0.9)
    assert [place * times for place in ends(small)] == pytest.approx(ends(large), rel=1e-6, abs=1e-6 * times)


@given(counts=counts_of_levels)
def test_an_estimate_lies_within_its_interval_and_the_fit_is_a_share(counts: list[tuple[int, int]]) -> None:
    found = fit_crossing([(float(place), *each) for place, each in enumerate(counts)], 0.9)
    assert found.low <= found.estimate <= found.high
    assert 0 <= found.fit <= 1


@given(slope=st.floats(0.5, 4), crossing=st.floats(1, 4))
def test_more_trials_narrow_the_interval(slope: float, crossing: float) -> None:
    few, many = (fit_crossing(on_a_curve(n_trials, slope=slope, crossing=crossing), 0.9) for n_trials in (50, 5000))
    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize("counts", [[], [(0.0, 3, 4)], [(0.0, 3, 4), (1.0, 0, 0)], [(0.0, 3, 4), (0.0, 2, 4)]])
def test_a_single_place_has_no_curve(counts: Counts) -> None:
    with pytest.raises(ValueError, match="expected at least two different places"):
        fit_crossing(counts, 0.9)


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_no_curve_meets_a_threshold_of_0_or_1(threshold: float) -> None:
    with pytest.raises(ValueError, match=f"threshold {threshold}"):
        fit_crossing(FALLING, threshold)


@pytest.mark.parametrize("passes", [-1, 5])
def test_counts_that_cannot_be_are_refused(passes: int) -> None:
    with pytest.raises(ValueError, match=f"found {passes} passes in 4 trials at 2.0"):
        fit_crossing([(0.0, 4, 4), (2.0, passes, 4)], 0.9)


def test_numpy_is_imported_by_whoever_fits_only() -> None:
    """Commands that compute nothing must start fast."""
    code = "import sys, evalkit.stats; sys.exit('numpy' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode


# --- the scale


@pytest.mark.parametrize(
    ("levels", "sign", "logarithmic"),
    [
        ([0.02, 0.05, 0.1, 0.2], 1, True),
        ([1000, 4000, 16000], 1, True),
        ([1, 2, 3, 4, 5, 6], 1, False),
        ([1, 8], 1, True),
        ([1, 7.9], 1, False),
        ([0, 1, 100], 1, False),
        ([-1, 100], 1, False),
        ([32, 8, 2], -1, True),
        ([6, 4, 2], -1, False),
    ],
)
def test_levels_that_span_a_wide_ratio_are_logarithmic_and_those_that_fall_turn_round(
    levels: list[float], sign: int, logarithmic: bool
) -> None:
    assert Scale(sign=sign, logarithmic=logarithmic) == Scale.of(levels)


@given(levels=st.lists(st.floats(0.001, 1e6), min_size=2, max_size=8, unique=True), falling=st.booleans())
def test_places_rise_from_easy_to_hard_and_lead_back(levels: list[float], falling: bool) -> None:
    levels.sort(reverse=falling)
    scale = Scale.of(levels)
    places = [scale.place(level) for level in levels]
    assert sorted(places) == places
    assert levels == pytest.approx([scale.level(place) for place in places], rel=1e-9)


@pytest.mark.parametrize("levels", [[], [1.0], [1.0, 1.0], [1.0, 3.0, 2.0]])
def test_levels_without_a_direction_have_no_scale(levels: list[float]) -> None:
    with pytest.raises(ValueError, match="expected two or more that rise or fall throughout"):
        Scale.of(levels)


# --- reach


@pytest.mark.parametrize(
    ("rates", "last"),
    [([], None), ([0.8, 0.9], None), ([0.9, 0.8, 0.9], 0), ([0.9, 0.9], 1), ([0.9, 0.85], 0)],
)
def test_reach_ends_before_the_first_rate_that_is_not_above(rates: list[float], last: int | None) -> None:
    assert last == reach(rates, 0.85)


# --- simulated coverage

CURVES = {"steep": (1.0, 0.0), "medium": (0.55, 0.0), "shallow": (0.35, 0.0), "lapse": (1.5, 0.03)}
"""Slope per level, and lapse."""
N_RUNS = 200


@pytest.mark.slow
@pytest.mark.parametrize("n_trials", [75, 400])
@pytest.mark.parametrize("name", CURVES)
def test_the_interval_covers_the_crossing(name: str, n_trials: int) -> None:
    """16 levels, tested evenly; measured: .94 to .97."""
    slope, lapse = CURVES[name]
    rates = [curve(place, 7.6, 0.95, slope, lapse) for place in range(16)]
    rng = np.random.default_rng(20261122)
    covered = 0
    for _ in range(N_RUNS):
        passes = rng.binomial(n_trials, rates).tolist()
        found = fit_crossing([(float(place), count, n_trials) for place, count in enumerate(passes)], 0.95)
        covered += found.low <= 7.6 <= found.high
    assert covered / N_RUNS >= 0.90
