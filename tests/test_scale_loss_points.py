from __future__ import annotations

import pytest

from evalkit.scale.loss_points import Estimate, LossPoint, Measured


def point(params: float, tokens: float) -> LossPoint:
    return LossPoint(model="m", params=params, tokens=tokens, loss=2.0)


def test_compute_is_six_operations_for_each_parameter_and_token() -> None:
    """Hoffmann et al. 2022: Chinchilla, 70B parameters on 1.4T tokens, took 5.88e23."""
    assert 5.88e23 == pytest.approx(point(70e9, 1.4e12).flops)


def test_an_estimate_has_the_percentiles_of_what_was_drawn() -> None:
    found = Estimate.of(50.0, [float(each) for each in range(101)])
    assert [50.0, 2.5, 97.5] == pytest.approx([found.value, found.low, found.high])
    assert 39.0 == pytest.approx(found.factor)


def test_an_interval_holds_its_value() -> None:
    found = Estimate.of(3.0, [5.0, 6.0, 7.0])
    assert 3.0 == found.low
    assert 7.0 < Estimate.of(9.0, [5.0, 6.0, 7.0]).high


def test_an_interval_down_to_nothing_spans_any_factor() -> None:
    assert float("inf") == Estimate(value=1.0, low=0.0, high=2.0).factor


def test_a_range_holds_what_lies_between_its_ends_and_what_rounding_puts_beyond() -> None:
    measured = Measured.by([point(1e6, 1e9), point(1e8, 1e9), point(1e6, 1e11), point(1e8, 1e11)])
    assert None is measured.line
    assert measured.holds(1e7, 1e10)
    assert measured.holds(1.005e8, 1e9)
    assert not measured.holds(1.1e8, 1e9)
    assert not measured.holds(1e7, 1e8)


def test_points_on_a_line_hold_what_lies_on_it() -> None:
    measured = Measured.by([point(size, 20 * size) for size in (1e6, 1e7, 1e8, 1e9)])
    assert measured.line is not None
    assert 1.0 == pytest.approx(measured.line[1])
    assert measured.holds(3e7, 6e8)
    assert not measured.holds(3e7, 1.2e9)


def test_one_size_or_one_number_of_tokens_is_no_line() -> None:
    assert None is Measured.by([point(1e6, tokens) for tokens in (1e8, 1e9)]).line
    assert None is Measured.by([point(size, 1e8) for size in (1e6, 1e7)]).line
