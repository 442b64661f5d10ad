from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from typing import Any

import pytest
from scipy.stats import binom

from evalkit.stats import clopper_pearson
from evalkit.verdict import Terms, decidability, task_decidability


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
    found = [clopper_pearson(k, units, alpha_low=0.025, alpha_high=0.025 / n_counting) for k in range(units + 1)]
    verdicts = [k for k, each in enumerate(found) if each.low > threshold or each.high < threshold]
    expected = {p: float(sum(binom.pmf(verdicts, units, p))) for p in (0.97, 0.98, 0.99)}
    chances = decidability(terms(units=units, threshold=threshold, n_counting=n_counting)).chances
    assert pytest.approx(expected, rel=1e-9) == chances


def test_without_units_there_is_no_chance() -> None:
    assert decidability(terms(units=0)).chances == {0.97: 0, 0.98: 0, 0.99: 0}


def test_a_task_needs_a_verdict_on_every_counting_condition() -> None:
    parts = [terms(), terms(condition="noise@0.1", threshold=0.9, units=100)]
    explored = terms(condition="noise@0.5", counts=False, units=1)
    one, other = (decidability(each) for each in parts)
    found = task_decidability([*parts, explored])
    assert (found.least_units, found.enough) == (72, True)
    assert {p: one.chances[p] * other.chances[p] for p in one.chances} == found.chances


def test_a_task_is_held_up_by_one_condition_that_cannot_be_decided() -> None:
    found = task_decidability([terms(), terms(condition="strict", threshold=1.0)])
    assert (found.least_units, found.enough) == (None, False)


def test_a_task_without_a_counting_condition_is_refused() -> None:
    with pytest.raises(ValueError, match="found no counting condition"):
        task_decidability([terms(counts=False)])


def test_lint_does_not_wait_for_scipy() -> None:
    code = (
        "import sys; from evalkit.verdict import Terms, decidability\n"
        f"decidability(Terms(**{asdict(terms())!r}))\n"
        "print(sorted({'scipy', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
