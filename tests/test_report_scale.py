from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from evalkit.report.scale import render_scale
from evalkit.scale import Question, Series, find_scale
from evalkit.scale.conjunction import Rung, TaskConjunction
from tests.conjunctions import found
from tests.ladder_points import points, series

pytestmark = pytest.mark.usefixtures("few_draws")

JUMP = [0.0, 0.01, 0.02, 0.9, 0.95, 0.96]
FINER: dict[str, Any] = {"scores": [0.3, 0.45, 0.6, 0.75, 0.9, 0.99], "losses": [2.0, 1.6, 1.2, 0.8, 0.4, 0.1]}


def text(*of: Series, question: Question | None = None) -> str:
    return render_scale(find_scale(of, question or Question(leave_out=0)))


def flat(*of: Series, question: Question | None = None) -> str:
    """Without line breaks, which stand anywhere."""
    return " ".join(text(*of, question=question).split())


def test_a_ladder_reads_well(golden: Callable[[str, str], None]) -> None:
    rise = series([0.02, 0.1, 0.45, 0.85, 0.97, 0.99], scores=[0.3, 0.5, 0.7, 0.9, 0.98, 0.99])
    jump = replace(series(JUMP, **FINER), task="multiply", condition="digits@4")
    floor = replace(series([0.0, 0.0, 0.01, 0.0, 0.02, 0.01]), task="translate")
    golden("scale.txt", text(rise, jump, floor, question=Question(predict=1e8)))


def test_it_fits_eighty_columns() -> None:
    named = [replace(point, model=f"provider/{'long-' * 12}{point.model}") for point in points(JUMP, **FINER)]
    wide = Series(task="task-" * 30, condition="clean", threshold=0.9, points=tuple(named))
    assert 80 >= max(len(line) for line in text(wide).splitlines())


def test_control_characters_from_outside_stay_harmless() -> None:
    evil = [replace(point, model=f"m\x1b[31m{point.model}") for point in points(JUMP)]
    assert "\x1b" not in text(Series(task="a\x1b[2J", condition="clean", threshold=None, points=tuple(evil)))


@pytest.mark.parametrize(
    ("sentence", "of"),
    [
        ("is crossed between 160k and 2.56m, by the curve at about", series([0.02, 0.1, 0.45, 0.85, 0.97, 0.99])),
        ("neither where nor how it goes on can be told: not extrapolable", series([0, 0, 0, 0.97])),
        ("not shown to be met by any model; the largest that surely falls short has 40k.",
         series([0.0, 0.1, 0.9, 1.0], trials=8)),
        ("is met by no model up to 640k.", series([0.0, 0.1, 0.2, 0.1])),
        ("matter of more than size: 10k is above it, yet 640k falls short", series([0.95, 0.95, 0.3, 0.2])),
        (". Size alone does not decide: 40k is above already", series([0.1, 0.95, 0.3, 0.95])),
        ("is met from 10k on; no model is shown to be below", series([0.97, 0.98, 0.99, 0.99])),
        ("no model is shown to be above or below; more trials would tell", series([0.8, 0.8, 0.8], trials=10)),
        ("it takes 4 sizes to tell a jump from a rise", series([0.1, 0.5, 0.9])),
        ("no larger model is shown to pass more often", series([0.5, 0.5, 0.5, 0.5])),
        ("a rise that has only begun (from 640k to 2.56m", series([0.0, 0.0, 0.0, 0.0, 0.5])),
        ("too few trials, or too much scatter", series([0.0, 0.1, 0.6, 0.8], trials=12)),
        ("The jump is made by the metric: from 160k to 640k, 20 % of the range", series(JUMP, **FINER)),
        ("A jump of the ability itself", series(JUMP, scores=[0.3, 0.32, 0.35, 0.95, 0.98, 0.98])),
        ("Without a finer score or a loss, it may as well be the metric's", series(JUMP)),
        ("from m2 at 160k to m3 at 640k the pass rate falls from 90.0 to 60.0 %", series([0, 0.5, 0.9, 0.6])),
        ("an ability that has not begun to show cannot be extrapolated", series([0.0, 0.0, 0.01, 0.01])),
        ("the items are too easy to tell these models apart", series([0.98, 0.98, 0.99, 0.99])),
        ("each rate is taken to be worth", series([0.05, 0.1, 0.3, 0.5, 0.7, 0.6, 0.9], trials=None)),
        ("so no fall is told from noise", series([0.05, 0.1, 0.3, 0.5, 0.7, 0.6, 0.9], trials=None)),
        ("times as much as their trials would", series([0.1, 0.5, 0.3, 0.7, 0.5, 0.9])),
    ],
)  # fmt: skip
def test_what_a_series_shows_is_said(sentence: str, of: Series) -> None:
    assert sentence in flat(of)


def test_a_check_that_any_rate_would_meet_is_no_comfort() -> None:
    said = flat(series(JUMP), question=Question(leave_out=1))
    assert "meets 1 of 1 larger ones" in said
    assert "so wide an interval would be met by nearly anything" in said


def test_leaving_out_every_size_is_answered() -> None:
    said = flat(series([0.02, 0.5, 0.97, 0.99]), question=Question(leave_out=4))
    assert "Check: without that many of the largest sizes none is left for a curve." in said


def test_a_floor_of_the_fitted_sizes_is_not_said_of_all() -> None:
    said = flat(series([0.0, 0.0, 0.0, 0.5, 0.9]), question=Question(below=5e5))
    assert "No curve: no model of the 3 smallest sizes does surely better" in said


def test_a_curve_that_hardly_rises_is_told_in_words() -> None:
    said = flat(series([0.30, 0.32, 0.34, 0.36, 0.38, 0.40], trials=20_000))
    assert "takes more than a million times the size" in said


def test_no_estimate_stands_where_only_a_bracket_is_known() -> None:
    assert "by the curve at" not in flat(series([0.0, 0.0, 0.0, 0.97]))


def test_a_prediction_stands_with_its_check() -> None:
    said = flat(series([0.02, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 1.0]), question=Question(predict=1e9))
    assert "Prediction for 1b: a pass rate of 99" in said
    assert "a curve through the 6 smallest sizes only meets 2 of 2 larger ones" in said
    assert "do not rely" not in said


def test_a_prediction_that_failed_its_check_is_not_to_be_relied_on() -> None:
    said = flat(series([0.02, 0.06, 0.18, 0.42, 0.5, 0.5]), question=Question(predict=1e9, leave_out=2))
    assert "do not rely on a prediction" in said


def test_no_prediction_comes_from_the_floor() -> None:
    said = flat(series([0.0, 0.0, 0.01, 0.01]), question=Question(predict=1e9))
    assert "No prediction for 1b: see above" in said
    assert "predicts nothing of the larger ones (none of them leaves the floor)" in said


def test_a_plot_shows_rates_scores_and_the_threshold() -> None:
    drawn = text(series(JUMP, **FINER))
    assert [6, True, True] == [drawn.count("●") - 1, "○" in drawn, "┄" in drawn]
    assert "┄" not in text(series(JUMP, threshold=None))


def test_many_models_are_plotted_and_not_listed() -> None:
    many = series([index / 40 for index in range(40)])
    assert "m39" not in text(many, question=Question(leave_out=0))


def test_a_prediction_from_the_loss_stands_beside_a_jump_that_the_metric_makes() -> None:
    losses = [0.7, 0.34, 0.15, 0.06, 0.025, 0.01]
    said = flat(series([0.0, 0.0, 0.01, 0.16, 0.47, 0.74], losses=losses, tokens=30))
    assert "many tokens that must all be right turn a smooth loss into a jump" in said


def test_a_curve_that_hangs_on_a_few_models_is_warned_about() -> None:
    assert "4 of 6 points are at the floor; the others carry the curve" in flat(series([0, 0, 0.01, 0.04, 0.3, 0.8]))


def test_models_of_one_size_have_no_plot() -> None:
    same = [replace(point, size=points([0.5])[0].size) for point in points([0.4, 0.6])]
    assert "┤" not in text(Series(task="t", condition="clean", threshold=None, points=tuple(same)))


def test_notes_and_constraints_follow() -> None:
    rungs = tuple(Rung(model=model, conjunction=found(["a", "b", ""])) for model in ("m0", "m1"))
    joint = TaskConjunction(task="add", threshold=0.8, rungs=rungs)
    scale = find_scale([series([0.1, 0.9])], Question(), conjunctions=[joint], notes=["a note"])
    said = " ".join(render_scale(scale).split())
    assert "Constraints that must hold together" in said
    assert "note: a note" in said


def test_a_law_follows_the_abilities() -> None:
    from evalkit.scale import Mean, Size

    members = tuple(
        replace(
            point,
            size=Size(params=10**index, tokens=10.0 ** (9 - index % 3)),
            loss=Mean(value=1 + 3 / (index + 1)),
        )
        for index, point in enumerate(points(JUMP), start=5)
    )
    assert "Scaling law of the loss of t" in flat(Series(task="t", condition="clean", threshold=None, points=members))
