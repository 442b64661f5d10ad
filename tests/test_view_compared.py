from __future__ import annotations

import pytest

from evalkit.compare import compare_runs
from evalkit.findings.compare import RunComparison
from evalkit.view.compared import moment, shown_comparison
from tests.runs import right
from tests.viewing import hostile, make_run


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> RunComparison:
    """The second loses every fifth item, and says something long."""
    place = tmp_path_factory.mktemp("compared")
    first = make_run(place, place / "runs", right, perturbations="{noise: [0.1]}")
    long = make_run(
        place,
        place / "runs",
        lambda call: hostile(call) * 200 if "<" in hostile(call) else right(call),
        perturbations="{noise: [0.1]}",
    )
    return compare_runs(first, long)


def test_flips_are_cut_to_a_number_and_the_rest_is_counted(both: RunComparison) -> None:
    whole, cut = (shown_comparison(both, ("a", "b"), most) for most in (50, 1))
    (lost,) = whole.tasks[0].flips
    assert "Passed with A, not with B" == lost.heading
    assert lost.total == len(lost.shown) > 1
    assert 0 == whole.left_out
    assert lost.total - 1 == cut.left_out


def test_both_answers_stand_side_by_side_and_say_what_is_left_out(both: RunComparison) -> None:
    flip = shown_comparison(both, ("a", "b"), 50).tasks[0].flips[0].shown[0]
    assert [("A", True), ("B", False)] == [(side.letter, side.passed) for side in flip.sides]
    assert "number" == flip.sides[1].failed
    answer = next(
        each.a.response is not None and each.b.response for _, condition in both.conditions for each in condition.flips
    )
    assert isinstance(answer, str)
    assert len(answer) == len(flip.sides[1].response) + flip.sides[1].cut


def test_rows_say_what_is_not_known(both: RunComparison) -> None:
    rows = shown_comparison(both, ("a", "b"), 50).tasks[0].rows
    assert ["clean", "noise@0.1"] == [row.condition for row in rows]
    assert ("100.0 %", "80.0 %", "2", "0") == (rows[0].a, rows[0].b, rows[0].only_a, rows[0].only_b)


def test_a_moment_of_another_form_is_cut_not_trusted() -> None:
    assert "2026-11-22 03:15 UTC" == moment("2026-11-22T03:15:00Z")
    assert " UTC" in moment("x")
