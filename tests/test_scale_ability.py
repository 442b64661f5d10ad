from __future__ import annotations

from dataclasses import replace
from math import sqrt

import pytest

from evalkit.scale import Ability, Question, Series, Size, find_ability
from evalkit.scale.result import Check
from tests.ladder_points import points, series

pytestmark = pytest.mark.usefixtures("few_draws")

RISE = [0.02, 0.1, 0.45, 0.85, 0.97, 0.99]


def ability(rates: list[float], question: Question | None = None, **given: object) -> Ability:
    found = find_ability(series(rates, **given), question or Question())  # type: ignore[arg-type]
    assert found is not None
    return found


def test_a_threshold_is_crossed_between_the_sizes_that_show_it() -> None:
    crossing = ability(RISE).crossing
    assert crossing is not None
    assert (160_000, 2_560_000, 2) == (round(crossing.below or 0), round(crossing.above or 0), crossing.n_above)
    assert crossing.estimate is not None
    assert crossing.low is not None
    assert crossing.high is not None
    assert 160_000 < crossing.low < crossing.estimate < crossing.high < 2_560_000


def test_one_size_above_gives_the_bracket_only() -> None:
    """Of 0, 0, 0, 0, 97 % any steep curve is as good as another."""
    found = ability([0.0, 0.0, 0.0, 0.0, 0.97])
    assert "separated" == found.curve.state
    assert found.crossing is not None
    assert (640_000, 2_560_000, 1, None) == (
        round(found.crossing.below or 0),
        round(found.crossing.above or 0),
        found.crossing.n_above,
        found.crossing.estimate,
    )


def test_a_larger_size_that_is_below_again_moves_the_bracket() -> None:
    crossing = ability([0.0, 0.97, 0.5, 0.97]).crossing
    assert crossing is not None
    assert (160_000, 640_000) == (round(crossing.below or 0), round(crossing.above or 0))


@pytest.mark.parametrize(("rates", "below", "above"), [([0.1] * 4, True, False), ([0.99] * 4, False, True)])
def test_a_threshold_that_no_two_sizes_bracket_has_no_estimate(rates: list[float], below: bool, above: bool) -> None:
    crossing = ability(rates).crossing
    assert crossing is not None
    assert (below, above, None) == (crossing.below is not None, crossing.above is not None, crossing.estimate)


@pytest.mark.parametrize(
    "rates", [[0.1, 0.3, 0.5, 0.6, 0.9, 0.6, 0.9, 0.9, 0.6, 0.98], [0.02, 0.3, 0.6, 0.62, 0.6, 0.61, 0.6, 0.95]]
)
def test_a_curve_that_contradicts_the_bracket_gives_no_estimate(rates: list[float]) -> None:
    crossing = ability(rates, threshold=0.8).crossing
    assert crossing is not None
    assert crossing.above is not None
    assert crossing.estimate is None


def test_a_fit_below_a_size_that_none_reaches_has_nothing_to_check_it() -> None:
    assert ability(RISE, Question(below=1e12)).check is None


def test_the_size_that_a_fit_stays_below_is_not_in_it() -> None:
    """Of a computer's numbers, ten to the logarithm of 410 million is a little less than that."""
    sizes = [14e6, 31e6, 70e6, 160e6, 410e6, 1e9]
    models = [replace(point, size=Size(params=size)) for point, size in zip(points(RISE), sizes, strict=True)]
    found = find_ability(replace(series(RISE), points=tuple(models)), Question(below=410e6))
    assert found is not None
    assert 4 == found.curve.sizes


def test_a_dip_is_published_with_its_models() -> None:
    (dip,) = ability([0.1, 0.5, 0.9, 0.6]).as_json()["dips"]
    assert ("m2", "m3", [160_000, 640_000], [0.9, 0.6]) == (
        dip["smaller"],
        dip["larger"],
        dip["sizes"],
        dip["pass_rates"],
    )


def test_a_series_without_a_threshold_has_no_crossing() -> None:
    assert ability(RISE, threshold=None).crossing is None


def test_models_at_the_floor_predict_nothing() -> None:
    found = ability([0.0, 0.005, 0.01, 0.02], Question(predict=1e9))
    assert found.prediction is not None
    assert ("floor", None, "floor") == (found.curve.state, found.prediction.estimate, found.prediction.refused)
    assert 4 == len(found.at_floor)


def test_models_that_all_guess_among_four_choices_are_at_the_floor_too() -> None:
    assert "floor" == ability([0.25, 0.24, 0.26, 0.27]).curve.state


def test_models_that_all_pass_are_at_the_ceiling() -> None:
    assert "ceiling" == ability([0.97, 0.98, 0.99, 0.99]).curve.state


def test_a_curve_is_checked_with_the_largest_sizes_left_out() -> None:
    check = ability([0.02, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99, 1.0]).check
    assert check is not None
    assert (6, ["m6", "m7"], True) == (
        check.sizes,
        [held.model for held in check.held],
        all(held.met for held in check.held),
    )


def test_what_the_smaller_sizes_do_not_foresee_is_not_met() -> None:
    """The rise ends at 50 %, which nothing before tells."""
    check = ability([0.02, 0.06, 0.18, 0.42, 0.5, 0.5], Question(leave_out=2)).check
    assert check is not None
    assert [False, False] == [held.met for held in check.held]


def test_a_check_of_sizes_at_the_floor_says_so() -> None:
    check = ability([0.0, 0.0, 0.01, 0.01, 0.9, 0.95], Question(leave_out=2)).check
    assert check is not None
    assert ("floor", ()) == (check.refused, check.held)


def test_a_curve_may_be_fitted_to_small_sizes_and_checked_with_the_others() -> None:
    found = ability([0.02, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99], Question(below=2_000_000, predict=1e7))
    assert found.check is not None
    assert found.prediction is not None
    assert found.prediction.estimate is not None
    assert (4, 3, True) == (found.curve.sizes, len(found.check.held), found.prediction.estimate.value > 0.8)


def test_no_check_leaves_out_nothing() -> None:
    assert ability(RISE, Question(leave_out=0)).check is None


@pytest.mark.parametrize("leave_out", [6, 9])
def test_a_check_that_leaves_out_everything_is_refused(leave_out: int) -> None:
    assert Check(sizes=0, held=(), refused="too few sizes") == ability(RISE, Question(leave_out=leave_out)).check


def test_no_curve_goes_through_rates_that_only_fall() -> None:
    """Nor is the level of the smaller ones, with the dips levelled out, what they are better than."""
    found = ability([0.95, 0.95, 0.3, 0.2], Question(predict=1e9))
    assert ("floor", None) == (found.curve.state, found.prediction.estimate if found.prediction else 0)


def test_a_smaller_model_above_the_threshold_is_seen_beside_a_larger_one_below() -> None:
    found = ability([0.95, 0.95, 0.3, 0.2]).crossing
    assert found is not None
    assert (None, 0, 10_000) == (found.above, found.n_above, round(found.first_above or 0))


def test_a_standard_error_of_next_to_nothing_is_many_trials() -> None:
    rates = [0.1, 0.4, 0.7, 0.9]
    members = [replace(point, trials=None, error=1e-200) for point in points(rates)]
    found = find_ability(Series(task="t", condition="clean", threshold=None, points=tuple(members)), Question())
    assert found is not None
    assert [pytest.approx(rate * (1 - rate) * 1e12) for rate in rates] == [point.trials for point in found.points]


def test_a_dip_is_named_only_if_it_is_surely_one() -> None:
    sure, unsure = ability([0.1, 0.5, 0.9, 0.6]), ability([0.1, 0.5, 0.9, 0.87])
    assert sure.dips is not None
    assert [("m2", "m3")] == [(dip.smaller.model, dip.larger.model) for dip in sure.dips]
    assert () == unsure.dips


def test_models_of_one_size_are_no_dip_of_each_other() -> None:
    members = points([0.1, 0.9, 0.5])
    members = (*members[:2], replace(members[2], size=members[1].size))
    found = find_ability(Series(task="t", condition="clean", threshold=None, points=members), Question())
    assert found is not None
    assert () == found.dips


def test_standard_errors_stand_for_trials() -> None:
    bare = [replace(point, trials=None, error=sqrt((point.pass_rate or 0) * 0.5 / 400)) for point in points([0.5] * 4)]
    members = (*bare, replace(points([0.0])[0], trials=None, error=0.0))
    found = find_ability(Series(task="t", condition="clean", threshold=0.5, points=members), Question())
    assert found is not None
    assert pytest.approx([400.0] * 5) == [point.trials for point in found.points]


def test_rates_without_trials_are_worth_their_scatter_and_tell_of_no_dip() -> None:
    found = ability([0.05, 0.1, 0.3, 0.5, 0.7, 0.6, 0.9, 0.97], trials=None)
    assert found.dips is None
    assert found.curve.fitted is not None
    assert {found.curve.fitted.worth} == {point.trials for point in found.points}
    assert all(point.low is not None and point.low <= (point.pass_rate or 0) for point in found.points)


def test_a_single_model_shows_nothing() -> None:
    assert find_ability(series([0.5]), Question()) is None
    assert find_ability(series(RISE), Question(against="flops")) is None


def test_two_models_have_no_curve() -> None:
    found = ability([0.1, 0.95])
    assert ("too few sizes", "too few sizes") == (found.curve.state, found.shape.reason)
    assert found.crossing is not None
    assert (10_000, 40_000) == (round(found.crossing.below or 0), round(found.crossing.above or 0))


def test_the_published_shape_has_all_of_it() -> None:
    value = ability(RISE, Question(predict=1e8)).as_json()
    assert [
        "task",
        "condition",
        "against",
        "points",
        "shape",
        "crossing",
        "curve",
        "prediction",
        "check",
        "dips",
        "at_floor",
        "at_ceiling",
    ] == list(value)
    assert ("ok", 6, "m0", 10_000) == (
        value["curve"]["state"],
        value["curve"]["sizes"],
        value["points"][0]["model"],
        value["points"][0]["size"],
    )
