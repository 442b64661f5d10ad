from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from evalkit.report.charts.level_curve import level_curve
from tests.charted import critical_of, ladder

STEPS = ladder("noise", [0.02, 0.05, 0.1, 0.2], [196, 190, 150, 60])


def at(curve: list[tuple[float, float]], level: float) -> float:
    """The curve's rate at a level, between its nearest points."""
    (x0, y0), (x1, y1) = next((one, other) for one, other in pairwise(curve) if one[0] <= level <= other[0])
    return y0 + (y1 - y0) * (level - x0) / (x1 - x0)


def test_it_meets_the_threshold_at_the_estimate() -> None:
    critical = critical_of(STEPS)
    assert at(level_curve(critical, STEPS), critical.estimate or 0.0) == pytest.approx(0.9, abs=0.002)


def test_it_runs_close_to_what_was_measured_over_the_tested_levels() -> None:
    curve = level_curve(critical_of(STEPS), STEPS)
    assert [0.02, 0.2] == pytest.approx([curve[0][0], curve[-1][0]])
    for each, level in zip(STEPS, (0.02, 0.05, 0.1, 0.2), strict=True):
        assert each.rate == pytest.approx(at([*curve, (0.2001, curve[-1][1])], level), abs=0.03)


def test_it_never_rises_as_levels_get_harder() -> None:
    falling = ladder("size", [64, 32, 8], [190, 180, 100])
    for steps in (STEPS, falling):
        rates = [rate for _, rate in level_curve(critical_of(steps), steps)]
        assert 61 == len(rates)
        assert sorted(rates, reverse=True) == rates


def test_levels_that_were_not_measured_do_not_count() -> None:
    steps = [*STEPS, *ladder("noise", [0.4], [None])]
    assert level_curve(critical_of(STEPS), STEPS) == level_curve(critical_of(steps), steps)


@pytest.mark.parametrize("passes", [[200, 200, 0, 0], [200, 199, 200, 199], [0, 0, 0, 0], [20, 190, 20, 190]])
def test_none_is_drawn_where_none_may_be_read(passes: list[int | None]) -> None:
    steps = ladder("noise", [0.02, 0.05, 0.1, 0.2], passes)
    assert [] == level_curve(critical_of(steps), steps)


def test_none_is_drawn_without_an_estimate() -> None:
    assert [] == level_curve(replace(critical_of(STEPS), estimate=None), STEPS)
