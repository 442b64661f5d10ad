from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.report.bar import BAR, bar
from tests.results import condition


def drawn(low: float | None, high: float | None, threshold: float = 0.5) -> str:
    return bar(replace(condition(100), low=low, high=high, threshold=threshold))


@pytest.mark.parametrize(
    ("low", "high", "threshold", "expected"),
    [
        (0.0, 0.2, 0.5, "━━━···┃·····"),
        (0.8, 1.0, 0.5, "······┃··━━━"),
        (0.4, 0.7, 0.5, "····━━╋━━···"),
        (None, None, 0.5, "······┃·····"),
        (0.0, 1.0, 0.0, "━╋━━━━━━━━━━"),
    ],
    ids=["below", "above", "either", "not measured", "threshold of nothing"],
)
def test_the_interval_lies_beside_the_threshold_or_across_it(
    low: float | None, high: float | None, threshold: float, expected: str
) -> None:
    assert expected == drawn(low, high, threshold)


def test_an_interval_next_to_the_threshold_is_not_hidden_by_it() -> None:
    assert ["··········┃━", "·········━┃·"] == [drawn(0.951, 1.0, 0.95), drawn(0.94, 0.949, 0.95)]


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_bar_has_its_width_and_crosses_the_threshold_only_where_the_interval_does(
    one: float, other: float, threshold: float
) -> None:
    low, high = sorted((one, other))
    shown = drawn(low, high, threshold)
    assert (BAR, low <= threshold <= high) == (len(shown), "╋" in shown)
