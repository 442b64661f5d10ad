from __future__ import annotations

import time

import pytest

from evalkit.score import Check, Constraint, ConstraintError, read_constraint
from evalkit.score.patterns import compile_pattern


def regex(value: object) -> Constraint:
    return read_constraint({"regex": value}).bind({}, {})


def test_a_pattern_is_searched_for_unless_all_must_match() -> None:
    assert Check(passed=True, score=1.0) == regex("b+").check("abba")
    expected = Check(passed=False, score=0.0, found="no match")
    assert expected == regex({"pattern": "b+", "match": "full"}).check("abba")


def test_doubled_braces_count() -> None:
    assert [True, False] == [regex(r"^\d{{4}}$").check(text).passed for text in ("1234", "12345")]


def test_a_slow_pattern_fails_after_half_a_second() -> None:
    started = time.monotonic()
    check = regex("(a|aa)+$").check("a" * 60 + "b")
    assert Check(passed=False, score=0.0, found="pattern took longer than 0.5 s") == check
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "not a regular expression: missing"),
        ("(" * 20_000 + ")" * 20_000, "groups are nested too deeply"),
        ("((a{{1000}}){{1000}}){{1000}}", "counted repeats unfold to more than 100,000 characters"),
        ("a{{999999999999}}", "counted repeats unfold"),
        ("[a-z{{9}}]{{200000}}", "counted repeats unfold"),
        ("(a{{100001}}", "counted repeats unfold"),
    ],
)
def test_a_pattern_that_cannot_be_compiled_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(ConstraintError, match=message):
        read_constraint({"regex": pattern})


@pytest.mark.parametrize("pattern", [r"\d{4}-\d{2}", r"[]{(]{1000}\{99999999\}", r"(?:[a-f0-9]{4}-?){8}"])
def test_ordinary_counts_are_fine(pattern: str) -> None:
    assert pattern == compile_pattern(pattern).pattern


def test_an_unmatched_closing_bracket_is_left_to_the_library() -> None:
    with pytest.raises(ValueError, match="not a regular expression"):
        compile_pattern("a)")
