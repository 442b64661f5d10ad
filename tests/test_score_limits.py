from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.score import Check, Constraint, ConstraintError, read_constraint


def bound(entry: object) -> Constraint:
    return read_constraint(entry).bind({}, {})


@pytest.mark.parametrize(
    ("entry", "text", "expected"),
    [
        ({"words": 2}, "two words", Check(passed=True, score=1.0, found="2 words")),
        ({"words": 2}, "now four words here", Check(passed=False, score=0.5, found="4 words")),
        ({"words": {"min": 4}}, "three words only", Check(passed=False, score=0.75, found="3 words")),
        ({"words": {"min": 1, "max": 2}}, "one", Check(passed=True, score=1.0, found="1 word")),
        ({"words": 2}, "- bullets — count 'not'", Check(passed=False, score=2 / 3, found="3 words")),
        ({"characters": 4}, "four", Check(passed=True, score=1.0, found="4 characters")),
        ({"lines": 2}, "one\n\n  \ntwo\n", Check(passed=True, score=1.0, found="2 lines")),
        ({"sentences": 1}, "Sorry. It is late!", Check(passed=False, score=0.5, found="2 sentences")),
        ("one_line", "just one", Check(passed=True, score=1.0, found="1 line")),
        ("one_line", "one\ntwo", Check(passed=False, score=0.5, found="2 lines")),
        ("one_line", "", Check(passed=True, score=1.0, found="1 line")),
    ],
)
def test_lengths_are_counted_and_near_misses_get_credit(entry: object, text: str, expected: Check) -> None:
    assert expected == bound(entry).check(text)


@given(st.integers(1, 50), st.integers(1, 49))
def test_the_score_falls_with_every_word_too_many(limit: int, excess: int) -> None:
    words = bound({"words": limit})
    assert words.check("w " * (limit + excess + 1)).score < words.check("w " * (limit + excess)).score < 1


@pytest.mark.parametrize("given_limits", [None, {}])
def test_a_length_without_limits_is_refused(given_limits: object) -> None:
    with pytest.raises(ConstraintError, match="found no limit, expected min, max or both"):
        read_constraint({"words": given_limits})


def test_limits_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ConstraintError, match="found min 5 above max 3"):
        read_constraint({"lines": {"min": 5, "max": 3}})


def test_one_word_at_least_has_no_opposite() -> None:
    assert () == bound({"words": {"min": 1}}).wishes()
