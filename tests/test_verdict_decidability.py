from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from scipy.stats import binom

from evalkit.stats import clopper_pearson, prospect
from evalkit.verdict import (
    ASSUMED_PASS_RATES,
    Terms,
    decidability,
    make_test,
    task_decidability,
    units_to_precision,
)
from evalkit.verdict.running import RunningCounts
from evalkit.verdict.sequential_test import boundaries


def terms(**changes: Any) -> Terms:
    given: dict[str, Any] = {
        "task": "t",
        "condition": "clean",
        "perturbation": "clean",
        "level": None,
        "counts": True,
        "threshold": 0.95,
        "alpha": 0.025,
        "n_counting": 1,
        "units": 200,
        "exhausted": False,
    }
    return Terms(**(given | changes))


def sequential(*, budget: int = 2000, units: int | None = None, **changes: Any) -> Terms:
    """Terms of a test that stops by itself, as a run makes them."""
    made = terms(units=budget if units is None else units, **changes)
    return replace(made, test=make_test(made.threshold, made.alpha, made.alpha_high, budget))


@pytest.mark.parametrize(
    ("threshold", "alpha", "least"),
    [
        (0.95, 0.05, 59),
        (0.95, 0.025, 72),
        (0.99, 0.05, 299),
        (0.9, 0.05, 29),
        (0.8, 0.05, 14),
        (0.5, 0.25, 3),
        (0, 0.025, 1),
    ],
)
def test_published_least_numbers_of_passes_are_reproduced(threshold: float, alpha: float, least: int) -> None:
    assert least == decidability(terms(threshold=threshold, alpha=alpha)).least_units
    lows = [clopper_pearson(n, n, alpha_low=alpha, alpha_high=alpha).low if n else 0.0 for n in (least - 1, least)]
    assert [low > threshold for low in lows] == [False, True]


def test_a_threshold_of_one_can_never_be_shown_to_hold() -> None:
    found = decidability(terms(threshold=1.0))
    assert (found.least_units, found.enough) == (None, False)


@pytest.mark.parametrize(("units", "enough"), [(71, False), (72, True)])
def test_units_are_enough_when_all_passing_they_would_do(units: int, enough: bool) -> None:
    assert decidability(terms(units=units)).enough is enough


@pytest.mark.parametrize("units", [1, 50, 72, 200, 1000])
@pytest.mark.parametrize("n_counting", [1, 5])
@pytest.mark.parametrize("threshold", [0.9, 0.95, 0.99])
def test_the_chance_of_a_verdict_is_that_of_the_intervals_that_exclude_the_threshold(
    units: int, n_counting: int, threshold: float
) -> None:
    ends = [clopper_pearson(k, units, alpha_low=0.025, alpha_high=0.025 / n_counting) for k in range(units + 1)]
    verdicts = [k for k, each in enumerate(ends) if each.low > threshold or each.high < threshold]
    expected = {p: float(sum(binom.pmf(verdicts, units, p))) for p in ASSUMED_PASS_RATES}
    found = decidability(terms(units=units, threshold=threshold, n_counting=n_counting))
    assert pytest.approx(expected, rel=1e-9) == found.chances
    assert dict.fromkeys(ASSUMED_PASS_RATES, units) == found.expected_units


@pytest.mark.parametrize("make", [terms, sequential])
def test_without_units_there_is_no_chance_and_nothing_to_pay(make: Callable[..., Terms]) -> None:
    found = decidability(make(units=0))
    nothing = dict.fromkeys(ASSUMED_PASS_RATES, 0.0)
    assert (nothing, nothing, False) == (found.chances, found.expected_units, found.enough)


@pytest.mark.parametrize(
    ("threshold", "least"), [(0.8, 23), (0.9, 47), (0.95, 90), pytest.param(0.99, 380, marks=pytest.mark.slow)]
)
def test_a_test_that_stops_by_itself_needs_the_published_passes_in_a_row(threshold: float, least: int) -> None:
    found = decidability(sequential(threshold=threshold))
    assert (least, True) == (found.least_units, found.enough)
    test = sequential(threshold=threshold).test
    assert [False, True] == [
        decidability(replace(terms(threshold=threshold, units=units), test=test)).enough for units in (least - 1, least)
    ]


def test_no_verdict_comes_before_ten_units() -> None:
    """One pass is enough evidence against a threshold of almost nothing, and would look absurd."""
    assert 10 == decidability(sequential(threshold=0.01)).least_units


def test_at_a_threshold_of_nothing_a_pass_decides_and_at_one_of_everything_a_fail() -> None:
    nothing, everything = (decidability(sequential(threshold=threshold)) for threshold in (0.0, 1.0))
    assert (10, True, None, False) == (nothing.least_units, nothing.enough, everything.least_units, everything.enough)
    assert pytest.approx(dict.fromkeys(ASSUMED_PASS_RATES, 1.0)) == nothing.chances
    assert pytest.approx(dict.fromkeys(ASSUMED_PASS_RATES, 1.0) | {1.0: 0.0}) == everything.chances


def test_the_prospects_of_a_test_that_stops_by_itself_are_those_of_every_course_it_can_take() -> None:
    given = sequential(budget=400, n_counting=3)
    assert given.test is not None
    up, down = boundaries(given.threshold, given.test)
    found = decidability(given)
    for rate in ASSUMED_PASS_RATES:
        expected = prospect(up, down, rate, 400)
        assert expected.above + expected.below == pytest.approx(found.chances[rate], abs=1e-12)
        assert expected.mean_trials == found.expected_units[rate]


@pytest.mark.parametrize(("rate", "goal"), [(0.9, 235), (0.99, 160), (1.0, 92)])
def test_what_is_to_be_expected_of_a_test_that_stops_by_itself_keeps_to_the_goals(rate: float, goal: int) -> None:
    found = decidability(sequential())
    assert goal - 5 <= found.expected_units[rate] <= goal
    assert found.chances[rate] > 0.99


def test_fewer_units_than_the_test_was_made_for_lower_the_chance() -> None:
    whole, part = decidability(sequential()), decidability(sequential(units=100))
    assert whole.least_units == part.least_units == decidability(sequential(units=50)).least_units == 90
    assert all(part.chances[rate] <= whole.chances[rate] for rate in ASSUMED_PASS_RATES)
    assert part.chances[0.97] < 0.1 < whole.chances[0.97]
    assert all(part.expected_units[rate] <= 100 for rate in ASSUMED_PASS_RATES)


def test_a_smaller_error_rate_for_unusable_takes_more_units() -> None:
    one, ten = (decidability(sequential(n_counting=counting)) for counting in (1, 10))
    assert one.expected_units[0.9] < ten.expected_units[0.9]
    assert one.least_units == ten.least_units


def test_one_void_unit_in_a_hundred_is_a_fail_in_a_hundred() -> None:
    given = sequential(budget=400)
    assert given.test is not None
    expected = prospect(*boundaries(given.threshold, given.test), 0.98, 400)
    chance, units = decidability(given).with_void
    assert pytest.approx(1 - expected.undecided, abs=0.01) == chance
    assert pytest.approx(expected.mean_trials, rel=0.02) == units
    assert decidability(given).expected_units[0.99] < units


def test_void_units_cost_a_fixed_number_of_units_their_verdict_and_no_calls() -> None:
    found = decidability(terms(units=200))
    assert 200 == found.with_void[1]
    assert pytest.approx(found.chances[0.98], abs=0.01) == found.with_void[0] < found.chances[0.99]
    assert ASSUMED_PASS_RATES == tuple(found.chances)


@pytest.mark.parametrize(("rate", "precision"), [(0.0, 0.05), (0.5, 0.1), (0.95, 0.05), (1.0, 0.05)])
def test_the_units_to_a_precision_are_those_at_which_a_run_has_it(rate: float, precision: float) -> None:
    """A run whose passes are spread evenly."""
    given = sequential(n_counting=3)
    assert given.test is not None
    counts = RunningCounts(alpha_low=given.alpha, alpha_high=given.alpha_high, n_max=given.test.n_max)
    interval = counts.interval()
    while interval.high - interval.low > 2 * precision:
        n = counts.trials
        counts.add(int(rate * (n + 1)) > int(rate * n))
        interval = counts.interval()
    assert pytest.approx(counts.trials, rel=0.05) == units_to_precision(given, rate, precision)


def test_the_units_to_a_precision_grow_with_it_and_towards_the_middle() -> None:
    fine, coarse, middle = (
        units_to_precision(sequential(), *each) for each in ((0.99, 0.02), (0.99, 0.04), (0.9, 0.04))
    )
    assert coarse < fine
    assert coarse < middle


@pytest.mark.parametrize("units", [0, 1, 50])
def test_a_precision_out_of_reach_takes_all_units(units: int) -> None:
    assert units == units_to_precision(sequential(units=units), 0.9, 0.001)


def test_a_task_needs_a_verdict_on_every_counting_condition() -> None:
    parts = [terms(), terms(condition="noise@0.1", threshold=0.9, units=100)]
    explored = terms(condition="noise@0.5", counts=False, units=1)
    one, other = (decidability(each) for each in parts)
    found = task_decidability([*parts, explored])
    assert (found.least_units, found.enough) == (72, True)
    assert {p: one.chances[p] * other.chances[p] for p in one.chances} == found.chances
    assert dict.fromkeys(ASSUMED_PASS_RATES, 300.0) == found.expected_units


def test_a_task_is_held_up_by_one_condition_that_cannot_be_decided() -> None:
    found = task_decidability([terms(), terms(condition="strict", threshold=1.0)])
    assert (found.least_units, found.enough) == (None, False)


def test_a_task_without_a_counting_condition_is_refused() -> None:
    with pytest.raises(ValueError, match="found no counting condition"):
        task_decidability([terms(counts=False)])


def test_lint_does_not_wait_for_scipy() -> None:
    code = (
        "import sys; from evalkit.verdict import SequentialTest, Terms, decidability\n"
        f"decidability({terms()!r}), decidability({sequential(budget=200)!r})\n"
        "print(sorted({'scipy', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
