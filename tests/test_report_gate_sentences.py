from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.report.gate_sentences import findings, points_range, stands, summary, tolerated, was_cut_short
from tests.gate_results import EDGE, HELD, REGRESSED, UNCLEAR, UNUSABLE, USABLE, cond, gate, mixed

CHANGE = st.floats(-1, 1)


@given(CHANGE, CHANGE)
def test_an_interval_of_a_difference_is_rounded_outwards(one: float, other: float) -> None:
    low, high = sorted((one, other))
    shown = [float(end.replace("−", "-")) for end in points_range(low, high).split(" to ")]
    assert shown[0] <= 100 * low + 1e-8
    assert shown[1] >= 100 * high - 1e-8
    assert shown[1] - shown[0] < 100 * (high - low) + 0.2 + 1e-8


def test_an_exact_end_is_not_rounded_away() -> None:
    assert "−29.0 to +0.7" == points_range(-0.29, 0.007)
    assert "0.0 to 0.0" == points_range(-0.0, 0.0)


@pytest.mark.parametrize(("tolerance", "told"), [(0.0, "0 points"), (0.01, "1 point"), (0.025, "2.5 points")])
def test_a_tolerance_is_told_in_points(tolerance: float, told: str) -> None:
    assert told == tolerated(tolerance)


def test_what_fails_the_gate_comes_before_what_is_not_settled() -> None:
    assert ["regressed", "unusable", "edge", "unclear"] == [each.kind for each in findings(mixed())]


def test_a_task_may_be_unusable_and_worse() -> None:
    found = findings(gate({"a": [(cond(UNUSABLE), REGRESSED)]}))
    assert ["unusable", "regressed"] == [each.kind for each in found]


def test_of_a_gate_that_was_cut_short_only_what_failed_it_is_found() -> None:
    tasks = {"a": [(cond(USABLE), REGRESSED)], "b": [(cond(EDGE, reason="gate-decided"), UNCLEAR)]}
    assert was_cut_short(gate(tasks))
    assert ["regressed"] == [each.kind for each in findings(gate(tasks))]


def test_of_a_gate_that_stays_at_the_edge_tasks_that_were_left_for_that_are_not_found() -> None:
    tasks = {"a": [(cond(EDGE, reason="futility"), HELD)], "b": [(cond(EDGE, reason="gate-decided"), HELD)]}
    assert [("edge", "a")] == [(each.kind, each.task) for each in findings(gate(tasks))]
    (_, told) = summary(gate(tasks))
    assert "1 other task was not asked to the end: not all could be shown usable any more." == told


def test_tasks_that_were_left_are_at_the_edge_where_no_other_task_decides_the_gate() -> None:
    """Such as when a run that had failed is judged by another baseline."""
    tasks = {"a": [(cond(USABLE), HELD)], "b": [(cond(EDGE, reason="gate-decided"), HELD)]}
    assert ["edge"] == [each.kind for each in findings(gate(tasks))]


@pytest.mark.parametrize(
    ("missing", "told"), [(["noise@0.1"], "noise@0.1"), (["a", "b", "c"], "a and 2 other conditions")]
)
def test_what_could_not_be_compared_is_named_where_all_else_has_held(missing: list[str], told: str) -> None:
    """Not the condition that held, whose interval would contradict the sentence."""
    lacking = [(cond(USABLE, name), None) for name in missing]
    explored = (cond(USABLE, "noise@0.9", counts=False), None)
    (found,) = findings(gate({"routing": [(cond(USABLE), HELD), explored, *lacking]}))
    assert f"routing cannot be compared at {told}: no item was asked in both runs" == found.text


def test_a_gate_that_found_nothing_has_no_findings() -> None:
    assert [] == findings(gate({"a": [(cond(USABLE), HELD)]}))


def test_a_condition_that_was_not_asked_has_no_interval() -> None:
    assert "noise@0.2 was not asked" == stands(cond(None, "noise@0.2"))
