from __future__ import annotations

from typing import Any

import pytest

from evalkit.score import Check, Constraint, ConstraintError, read_constraint


def bound(entry: object, **fields: Any) -> Constraint:
    return read_constraint(entry).bind(fields, {})


@pytest.mark.parametrize(
    ("entry", "text", "passed"),
    [
        ({"starts_with": "Dear"}, " Dear Ms Okafor", True),
        ({"starts_with": "Dear"}, "dear Ms Okafor", False),
        ({"starts_with": ["Dear", "Hello"]}, "Hello", True),
        ({"starts_with": {"text": "Señor", "ignore": ["case", "accents"]}}, "SENOR Ruiz", True),
        ({"starts_with": 42}, "42 lamps", True),
        ({"ends_with": "END"}, "That is all.\nEND\n", True),
        ({"ends_with": "END"}, "END.", False),
        ({"ends_with": {"text": "end", "ignore": ["case", "punctuation"]}}, "The END!", True),
        ({"ends_with": ["a", "b"]}, "", False),
    ],
)
def test_an_end_is_as_demanded_or_not(entry: object, text: str, passed: bool) -> None:
    check = bound(entry).check(text)
    assert (passed, float(passed)) == (check.passed, check.score)


def test_the_text_may_come_from_the_item() -> None:
    assert bound({"starts_with": "{greeting}"}, greeting=["Hi", "Hello"]).check("Hello you").passed


def test_what_stands_there_is_shown() -> None:
    assert Check(passed=False, score=0.0, found='begins "It came"') == bound({"starts_with": "Dear"}).check("It came")
    assert Check(passed=False, score=0.0, found='ends "It came"') == bound({"ends_with": "END"}).check("It came")


@pytest.mark.parametrize("value", [[], "", ["a", " "], True])
def test_nothing_to_begin_with_is_refused(value: object) -> None:
    with pytest.raises(ConstraintError, match="expected"):
        read_constraint({"starts_with": value})


def test_a_text_of_which_nothing_is_left_is_refused() -> None:
    with pytest.raises(ConstraintError, match="nothing is left of the text"):
        read_constraint({"ends_with": {"text": "!", "ignore": ["punctuation"]}})


def test_an_unknown_difference_is_refused() -> None:
    with pytest.raises(ConstraintError, match='found "colour", expected'):
        read_constraint({"starts_with": {"text": "a", "ignore": ["colour"]}})
