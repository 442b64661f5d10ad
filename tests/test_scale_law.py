from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from math import exp, log

import numpy as np
import pytest

from evalkit.errors import EvalkitError
from evalkit.scale import law as law_module
from evalkit.scale.law import Law
from evalkit.scale.loss_points import LossPoint
from evalkit.stats.loss_law import LossLaw
from tests.scaling import PUBLISHED, TINY, ladder, points_of, scattered


def find_law(points: Sequence[LossPoint], *, budget_flops: float | None = None, n_resampled: int = 150) -> Law:
    """With as many resampled tables as a test of what is known needs, and no more."""
    return law_module.find_law(points, budget_flops=budget_flops, n_resampled=n_resampled)


@cache
def published() -> Law:
    return find_law(points_of(scattered(50, noise=0.005)), budget_flops=1e21)


@cache
def undertrained() -> Law:
    """The largest of five sizes was trained on too little, and the table says so."""
    return find_law(ladder(noise=0.005))


def grid(law: LossLaw, *, n_sizes: int = 5, n_lengths: int = 6, noise: float = 0.005) -> list[LossPoint]:
    rng = np.random.default_rng(3)
    return [
        LossPoint(
            model=f"{size:g}/{length:g}",
            params=size,
            tokens=length,
            loss=law.loss(size, length) * exp(noise * rng.standard_normal()),
        )
        for size in np.geomspace(1e7, 1e10, n_sizes).tolist()
        for length in np.geomspace(1e9, 1e12, n_lengths).tolist()
    ]


def codes(law: Law) -> dict[str, tuple[str, ...]]:
    return {problem.code: problem.parameters for problem in law.problems}


def withheld(law: Law) -> set[str]:
    return {each.name for each in law.parameters if each.estimate is None}


# --- a table that carries a law


def test_the_published_law_lies_in_its_intervals() -> None:
    planted = {"E": 1.8172, "A": 482.01, "alpha": 0.3478, "B": 2085.43, "beta": 0.3658}
    for parameter in published().parameters:
        assert parameter.known
        assert parameter.estimate is not None
        assert parameter.estimate.low < planted[parameter.name] < parameter.estimate.high
    assert () == published().problems


def test_the_best_size_for_a_budget_lies_in_its_interval() -> None:
    params, tokens = PUBLISHED.optimum(1e21)
    optimum = published().optimum
    assert optimum is not None
    assert optimum.loss is not None
    assert optimum.params.low < params < optimum.params.high
    assert optimum.tokens.low < tokens < optimum.tokens.high
    assert optimum.tokens_per_parameter.low < tokens / params < optimum.tokens_per_parameter.high
    assert optimum.loss.low < PUBLISHED.loss(params, tokens) < optimum.loss.high
    assert optimum.measured
    assert optimum == published().best_for(1e21)


def test_a_prediction_far_beyond_the_table_is_told_from_one_within() -> None:
    far = published().predict(70e9, 1.4e12)
    near = published().predict(1e9, 20e9)
    assert (False, True) == (far.measured, near.measured)
    for each in (far, near):
        assert each.loss is not None
        assert each.loss.low < PUBLISHED.loss(each.params, each.tokens) < each.loss.high


def test_residuals_say_how_well_it_fits_and_where_not() -> None:
    assert 0.004 < published().rms < 0.006
    point, residual = published().worst[0]
    assert log(point.loss / published().fitted.loss(point.params, point.tokens)) == pytest.approx(residual)
    assert abs(residual) == max(abs(each) for each in published().residuals)


def test_the_largest_are_left_out_and_predicted() -> None:
    left_out = published().left_out
    assert left_out is not None
    assert 10 == left_out.n_points
    assert 10 == sum(each.flops >= left_out.flops for each in published().points)
    assert abs(left_out.bias) <= left_out.mean_error <= left_out.worst_error
    assert 0.001 < left_out.mean_error < 0.02


def test_the_check_finds_that_large_models_do_worse_than_promised() -> None:
    limit = sorted(each.flops for each in published().points)[-10]
    points = [replace(each, loss=each.loss * (1.1 if each.flops >= limit else 1.0)) for each in published().points]
    left_out = find_law(points).left_out
    assert left_out is not None
    assert left_out.bias > 0.05


# --- what a budget should train


def test_a_larger_model_that_was_trained_on_too_little_loses() -> None:
    (comparison,) = undertrained().comparisons
    assert ("tiny/314320", "tiny/1.00814e+06", "smaller") == (
        comparison.smaller.model,
        comparison.larger.model,
        comparison.winner,
    )
    best = undertrained().best_measured
    assert best is not None
    assert "tiny/314320" == best.model


def test_of_the_measured_sizes_the_best_for_the_budget_is_not_the_largest() -> None:
    losses = {each.model: each.loss.value for each in undertrained().at_budget if each.loss is not None}
    budget = undertrained().budget_flops
    expected = {size: TINY.loss(size, budget / 6 / size) for size in (4428, 22776, 87024, 314320, 1008144)}
    assert list(expected.values()) == pytest.approx(list(losses.values()), rel=0.05)
    assert "tiny/314320" == min(losses, key=lambda name: losses[name])


def test_without_a_budget_it_is_the_most_that_was_spent() -> None:
    assert 6 * 1008144 * 11e6 == pytest.approx(undertrained().budget_flops)


def test_what_took_more_than_the_budget_is_not_the_best_for_it() -> None:
    law = find_law(ladder(noise=0.005), budget_flops=1e12)
    assert law.best_measured is not None
    assert "tiny/22776" == law.best_measured.model
    assert law.best_measured.flops <= 1e12
    assert None is find_law(ladder(noise=0.005), budget_flops=1e3).best_measured


def test_models_that_lie_nearer_than_the_noise_are_too_close_to_call() -> None:
    points = ladder(noise=0.1)
    (comparison,) = find_law(points).comparisons
    assert None is comparison.winner


def test_a_larger_model_that_was_trained_well_wins() -> None:
    points = ladder(noise=0.005, sizes=(1000, 3000, 9000, 27000), tokens=(1e9, 5e8, 3e8, 1.6e8))
    winners = [each.winner for each in find_law(points, budget_flops=2.6e13).comparisons]
    assert ["larger"] == winners


# --- checkpoints that err together


@pytest.mark.slow
def test_checkpoints_that_err_together_make_wider_intervals() -> None:
    """Each run has an error of its own for long stretches: its checkpoints are not so many observations."""
    rng = np.random.default_rng(5)
    error, points = 0.0, []
    for place, each in enumerate(ladder(checkpoints=16)):
        error = 0.0 if place % 16 == 0 else 0.9 * error + 0.01 * rng.standard_normal()
        points.append(replace(each, loss=each.loss * exp(error)))
    together = find_law(points)
    alone = find_law([replace(each, model=f"{place}") for place, each in enumerate(points)])
    assert alone.block == 1
    assert together.block >= 3

    def width(law: Law) -> float:
        found = next(each.estimate for each in law.parameters if each.name == "beta")
        assert found is not None
        return found.high - found.low

    assert width(together) > 1.2 * width(alone)


def test_checkpoints_with_errors_of_their_own_stand_alone() -> None:
    assert 1 == find_law(ladder(noise=0.01, checkpoints=12)).block


def test_a_block_is_made_of_neighbours_of_one_run() -> None:
    points = ladder(sizes=(1e4, 1e5), tokens=(2e6, 2e6), checkpoints=5)
    assert [0, 0, 1, 1, 2, 3, 3, 4, 4, 5] == law_module._blocks(points, 2)


# --- what a table cannot tell


def test_one_size_tells_nothing_of_size() -> None:
    law = find_law(grid(PUBLISHED, n_sizes=1, n_lengths=20))
    assert {"few-sizes": ("E", "A", "alpha")} == codes(law)
    assert {"E", "A", "alpha"} == withheld(law)
    assert "only one size was measured: what size does needs three or more" == law.optimum_refused
    assert None is law.predict(1e8, 1e10).loss
    within = law.predict(1e7, 1e10).loss
    assert within is not None
    assert PUBLISHED.loss(1e7, 1e10) == pytest.approx(within.value, rel=0.01)


def test_two_sizes_give_one_difference_and_no_exponent() -> None:
    law = find_law(grid(PUBLISHED, n_sizes=2, n_lengths=12))
    assert {"E", "A", "alpha"} == withheld(law)
    beta = next(each for each in law.parameters if each.name == "beta").estimate
    assert beta is not None
    assert beta.low < 0.3658 < beta.high


def test_one_number_of_tokens_tells_nothing_of_training() -> None:
    points = [
        LossPoint(model=f"{n:g}", params=n, tokens=1e10, loss=PUBLISHED.loss(n, 1e10))
        for n in np.geomspace(1e7, 1e10, 9).tolist()
    ]
    law = find_law(points)
    assert {"few-token-counts": ("E", "B", "beta")} == codes(law)
    assert None is law.optimum


def test_sizes_given_in_two_roundings_are_one_size() -> None:
    points = [
        replace(each, params=each.params * (1.001 if index % 2 else 1.0))
        for index, each in enumerate(grid(PUBLISHED, n_sizes=1, n_lengths=20))
    ]
    assert "few-sizes" in codes(find_law(points))


def test_a_fixed_number_of_tokens_per_parameter_leaves_all_of_it_open() -> None:
    sizes = np.geomspace(1e7, 1e10, 12).tolist()
    points = [LossPoint(model=f"{n:g}", params=n, tokens=20 * n, loss=PUBLISHED.loss(n, 20 * n)) for n in sizes]
    law = find_law(points)
    assert {"one-line": ("E", "A", "alpha", "B", "beta")} == codes(law)
    assert {"E", "A", "alpha", "B", "beta"} == withheld(law)
    assert None is law.optimum
    assert None is law.predict(1e9, 100e9).loss
    on_the_line = law.predict(1e9, 20e9).loss
    assert on_the_line is not None
    assert PUBLISHED.loss(1e9, 20e9) == pytest.approx(on_the_line.value, rel=0.01)


@pytest.mark.parametrize(
    ("planted", "code", "open_ones"),
    [
        (replace(PUBLISHED, a=0.0), "no-size-effect", {"A", "alpha"}),
        pytest.param(replace(PUBLISHED, b=0.0), "no-token-effect", {"B", "beta"}, marks=pytest.mark.slow),
    ],
)
def test_a_term_that_does_nothing_is_not_given_numbers(planted: LossLaw, code: str, open_ones: set[str]) -> None:
    law = find_law(grid(planted))
    assert code in codes(law)
    assert open_ones == withheld(law)
    assert None is law.optimum


def test_a_loss_that_never_changes_has_no_law() -> None:
    points = [replace(each, loss=2.0) for each in grid(PUBLISHED)]
    assert {"no-size-effect", "no-token-effect"} == set(codes(find_law(points)))


def test_a_loss_that_falls_all_at_once_runs_into_the_bound() -> None:
    points = [
        replace(each, loss=each.loss + (3.0 if each.params < 2e7 else 0.0)) for each in grid(replace(PUBLISHED, a=0.0))
    ]
    law = find_law(points)
    assert ("A", "alpha") == codes(law)["bound"]
    assert any("so fast that it may be a single step" in problem.message for problem in law.problems)
    assert None is law.predict(1e12, 1e13).loss


@pytest.mark.slow
def test_noise_in_place_of_losses_leaves_everything_open() -> None:
    rng = np.random.default_rng(0)
    points = [replace(each, loss=float(np.exp(rng.standard_normal()))) for each in grid(PUBLISHED)]
    law = find_law(points)
    assert not any(each.known for each in law.parameters)
    assert None is law.optimum


def test_losses_that_go_by_another_law_are_told_so() -> None:
    """Such as those of the first steps of training, which hardly fall at all."""
    early = [replace(point, loss=8.0 if point.tokens < 5e10 else point.loss) for point in grid(PUBLISHED)]
    found = find_law(early)
    assert "poor-fit" in codes(found)
    assert (None, True) == (found.optimum, "whether the loss goes by this law" in (found.optimum_refused or ""))


def test_a_few_runs_that_went_wrong_are_no_poor_fit() -> None:
    wrong = [replace(point, loss=point.loss * (2 if index < 3 else 1)) for index, point in enumerate(grid(PUBLISHED))]
    assert "poor-fit" not in codes(find_law(wrong))


def test_a_floor_that_may_be_none_is_flagged() -> None:
    """It is small, so what the law says of larger models still holds."""
    law = find_law(grid(replace(PUBLISHED, floor=1e-9, a=48.0, b=200.0)))
    floor = law.parameters[0]
    assert "E" == floor.name
    assert floor.estimate is not None
    assert 0 == floor.estimate.low
    assert not floor.known
    assert None is not law.predict(1e11, 1e13).loss


def test_a_floor_that_is_nothing_in_every_resample_is_not_called_open() -> None:
    """A loss that falls faster than any power leaves no room for a floor."""
    law = find_law(grid(replace(PUBLISHED, floor=-0.02, a=48.0, b=200.0)))
    floor = law.parameters[0]
    assert floor.estimate is not None
    assert (0, 0) == (floor.estimate.low, floor.estimate.high)
    assert [] == [problem.message for problem in law.problems if "E may be" in problem.message]


def test_few_noisy_points_are_told_as_unknown_and_not_extrapolated() -> None:
    law = find_law(points_of(scattered(6, noise=0.02, seed=3)))
    assert "wide" in codes(law)
    assert None is law.predict(1e12, 1e13).loss
    assert None is law.left_out


# --- shapes and errors


def test_its_json_holds_numbers_and_nulls_only() -> None:
    law = find_law(grid(PUBLISHED, n_sizes=1, n_lengths=20))
    for each in (published(), undertrained(), law):
        json.dumps(each.as_json(), allow_nan=False)
    shown = law.as_json()
    assert {"value": None, "low": None, "high": None, "known": False} == shown["parameters"]["A"]
    assert None is shown["optimum"]
    assert ["few-sizes"] == [each["code"] for each in shown["problems"]]


def test_the_same_points_in_any_order_make_the_same_law() -> None:
    points = points_of(scattered(12, noise=0.01))
    assert find_law(points, budget_flops=1e20).as_json() == find_law(points[::-1], budget_flops=1e20).as_json()


def test_numbers_of_numpy_are_as_good() -> None:
    plain = [replace(each, params=round(each.params)) for each in points_of(scattered(8, noise=0.01))]
    points = [
        LossPoint(model=each.model, params=np.int64(each.params), tokens=np.float32(each.tokens), loss=each.loss)  # type: ignore[arg-type]
        for each in plain
    ]
    plain = [replace(each, tokens=float(other.tokens)) for each, other in zip(plain, points, strict=True)]
    assert json.dumps(find_law(plain).as_json()) == json.dumps(find_law(points).as_json())


def test_too_few_points_are_refused() -> None:
    with pytest.raises(EvalkitError, match="found 5 points with parameters, tokens and loss, expected at least 6"):
        find_law(points_of(scattered(5)))


@pytest.mark.parametrize(
    ("name", "value"), [("loss", 0.0), ("params", -1.0), ("tokens", float("nan")), ("loss", float("inf"))]
)
def test_a_point_that_is_no_measurement_is_named(name: str, value: float) -> None:
    points = points_of(scattered(8))
    points[2] = replace(points[2], **{name: value})  # type: ignore[arg-type]
    with pytest.raises(EvalkitError, match=f'model "m2": {name}: found {value}, expected a number above 0'):
        find_law(points)


@pytest.mark.parametrize("budget", [0.0, -1.0, float("inf"), float("nan")])
def test_a_budget_is_above_nothing(budget: float) -> None:
    with pytest.raises(EvalkitError, match=r"found a budget of .* FLOP, expected a number above 0"):
        find_law(points_of(scattered(8)), budget_flops=budget)
