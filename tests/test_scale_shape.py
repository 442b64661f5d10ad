from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evalkit.scale.points import Mean
from evalkit.scale.shape import Shape, find_shape
from tests.ladder_points import measured, points

JUMP = [0.0, 0.01, 0.02, 0.9, 0.95, 0.96]
EVEN = [0.05, 0.2, 0.4, 0.6, 0.8, 0.95]


def shape(rates: list[float], **given: object) -> Shape:
    return find_shape(points(rates, **given), "params")  # type: ignore[arg-type]


def test_an_even_rise_is_smooth() -> None:
    assert "smooth" == shape(EVEN).verdict


def test_a_jump_that_the_score_makes_too_is_one_of_the_ability() -> None:
    found = shape(JUMP, scores=[0.3, 0.32, 0.35, 0.95, 0.98, 0.98])
    assert ("sharp", 160_000, 640_000) == (found.verdict, round(found.smaller or 0), round(found.larger or 0))


@pytest.mark.parametrize(
    "finer", [{"scores": [0.3, 0.45, 0.6, 0.75, 0.9, 0.99]}, {"losses": [2.0, 1.6, 1.2, 0.8, 0.4, 0.1]}]
)
def test_a_jump_through_which_score_or_loss_move_evenly_is_made_by_the_metric(finer: dict[str, list[float]]) -> None:
    found = shape(JUMP, **finer)
    assert "metric-made" == found.verdict
    passed, other = found.moved[:2]
    assert passed.share > 0.8
    assert pytest.approx(0.2, abs=0.07) == other.share
    assert other.low < other.share < other.high


def test_a_jump_without_anything_finer_is_called_sharp() -> None:
    found = shape(JUMP)
    assert ("sharp", ["pass_rate"]) == (found.verdict, [moved.metric for moved in found.moved])


def test_a_score_that_is_the_pass_rate_is_nothing_finer() -> None:
    assert ["pass_rate"] == [moved.metric for moved in shape(JUMP, scores=JUMP).moved]


def test_a_loss_that_does_not_change_tells_nothing() -> None:
    assert ["pass_rate"] == [moved.metric for moved in shape(JUMP, losses=[1.0] * 6).moved]


def test_the_loss_of_tokens_that_must_all_be_right_predicts_the_jump() -> None:
    """Schaeffer et al. 2023: at .99 a token, 30 tokens are all right 74 times in a hundred."""
    found = shape([0.0, 0.0, 0.01, 0.16, 0.47, 0.74], losses=[0.7, 0.34, 0.15, 0.06, 0.025, 0.01], tokens=30)
    predicted = next(moved for moved in found.moved if moved.metric == "predicted")
    assert "metric-made" == found.verdict
    assert pytest.approx(0.74, abs=0.005) == predicted.last
    assert predicted.share > 0.6


@pytest.mark.parametrize(
    ("reason", "rates", "trials"),
    [
        ("too few sizes", [0.0, 0.1, 0.9], 200),
        ("no rise shown", [0.5, 0.48, 0.52, 0.5], 200),
        ("rise unfinished", [0.0, 0.0, 0.0, 0.0, 0.5], 200),
        ("too few trials", [0.0, 0.1, 0.6, 0.8], 12),
    ],
)
def test_what_cannot_be_told_is_said_with_its_reason(reason: str, rates: list[float], trials: float) -> None:
    found = shape(rates, trials=trials)
    assert (None, reason) == (found.verdict, found.reason)


def test_where_most_models_have_a_score_the_others_are_left_aside() -> None:
    from dataclasses import replace

    members = list(points([*JUMP, 0.97], scores=[0.3, 0.45, 0.6, 0.75, 0.9, 0.97, 0.99]))
    members[6] = replace(members[6], score=None)
    assert ["pass_rate", "score"] == [moved.metric for moved in find_shape(members, "params").moved]


def test_models_that_scatter_are_taken_together_by_size() -> None:
    """Otherwise two outliers side by side would be the steepest stretch."""
    rng = np.random.default_rng(3)
    rates = [float(np.clip(rate + rng.normal(0, 0.15), 0, 1)) for rate in np.linspace(0.1, 0.9, 60)]
    members = points(rates, trials=10)
    assert "smooth" == find_shape(members, "params", pooled=True).verdict


def test_the_same_seed_says_the_same() -> None:
    members = measured([0.5, 0.7, 0.86, 0.94, 0.975, 0.99], 30, 200, rng=np.random.default_rng(0))
    assert find_shape(members, "params", seed=4) == find_shape(members, "params", seed=4)


def test_noise_of_unknown_size_is_no_smooth_loss() -> None:
    """A loss that goes up as often as down has not surely changed, even where no table says how precise it is."""
    losses = [2.01, 1.98, 2.02, 1.99, 2.0, 1.98]
    jump = [
        replace(point, loss=Mean(value=loss))
        for point, loss in zip(points([0.02, 0.02, 0.03, 0.95, 0.96, 0.97]), losses, strict=True)
    ]
    found = find_shape(jump, "params")
    assert ("sharp", ["pass_rate"]) == (found.verdict, [moved.metric for moved in found.moved])


def test_a_loss_of_unknown_precision_that_only_falls_is_taken_as_it_is() -> None:
    losses = [2.0, 1.6, 1.2, 0.8, 0.4, 0.1]
    jump = [
        replace(point, loss=Mean(value=loss))
        for point, loss in zip(points([0.02, 0.02, 0.03, 0.95, 0.96, 0.97]), losses, strict=True)
    ]
    assert "metric-made" == find_shape(jump, "params").verdict
