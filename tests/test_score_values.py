from __future__ import annotations

import pytest

from evalkit.score.values import show


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "nothing"),
        (True, "true"),
        (False, "false"),
        ({"a": 1}, "a mapping"),
        ([1], "a list"),
        ("x", '"x"'),
        (1.5, "1.5"),
        ("x" * 100, f'"{"x" * 58}…'),
    ],
)
def test_values_are_shown_as_a_suite_writes_them(value: object, expected: str) -> None:
    assert expected == show(value)
