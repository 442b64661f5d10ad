from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.score import Check, Constraint, ConstraintError, read_constraint


def bound(entry: object, **fields: Any) -> Constraint:
    return read_constraint(entry).bind(fields, {})


def test_exact_text_passes_whatever_the_white_space_around_it() -> None:
    assert Check(passed=True, score=1.0) == bound({"exact": " Paris"}).check("Paris\n")


def test_exact_minds_capitals_unless_told_otherwise() -> None:
    assert not bound({"exact": "Paris"}).check("paris").passed
    assert bound({"exact": {"value": "Paris", "ignore": ["case"]}}).check("pARIS").passed


def test_a_wrong_letter_costs_its_share() -> None:
    assert Check(passed=False, score=0.8, found='"Parms"') == bound({"exact": "Paris"}).check("Parms")


def test_a_number_serves_as_exact_text() -> None:
    assert bound({"exact": "{answer}"}, answer=42).check("42").passed


def test_similar_passes_from_its_least_similarity_on() -> None:
    assert Check(passed=True, score=0.8, found="similarity 0.80") == bound({"similar": "hello"}).check("hallo")
    assert not bound({"similar": {"value": "hello", "min": 0.81}}).check("hallo").passed


def test_a_copy_is_too_similar_where_a_most_is_given() -> None:
    own = bound({"similar": {"value": "hello", "max": 0.6}})
    assert Check(passed=True, score=1.0, found="similarity 0.60") == own.check("help!")
    assert Check(passed=False, score=0.0, found="similarity 1.00") == own.check("hello")
    assert (False, 0.5) == (own.check("hallo").passed, round(own.check("hallo").score, 6))
    between = bound({"similar": {"value": "hello", "min": 0.5, "max": 0.9}})
    assert [False, True, False] == [between.check(text).passed for text in ("xyzab", "hallo", "hello")]


def test_limits_of_similarity_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ConstraintError, match=r"found min 0\.9 above max 0\.5"):
        bound({"similar": {"value": "a", "min": 0.9, "max": 0.5}})


@pytest.mark.parametrize(
    ("value", "text", "expected"),
    [
        (1234, "The answer is 1,234.", Check(passed=True, score=1.0, found="1,234")),
        ("1,234", "1234", Check(passed=True, score=1.0, found="1234")),
        (0.3, "0.30", Check(passed=True, score=1.0, found="0.30")),
        (1234, "1239", Check(passed=False, score=0.75, found="1239")),
        (1234, "234", Check(passed=False, score=0.75, found="234")),
        (-5, "5", Check(passed=False, score=0.5, found="5")),
        (0.5, "0.25", Check(passed=False, score=0.5, found="0.25")),
        (0.5, "-3.5", Check(passed=False, score=0.0, found="-3.5")),
        (8, "8, as 8 = 8", Check(passed=True, score=1.0, found="8")),
        (8, "5 + 3 = 8", Check(passed=False, score=0.0, found="3 numbers: 5, 3, 8")),
        (8, "eight", Check(passed=False, score=0.0, found="no number")),
    ],
)
def test_a_number_must_be_the_only_one_and_right(value: object, text: str, expected: Check) -> None:
    assert expected == bound({"number": "{answer}"}, answer=value).check(text)


def test_a_tolerance_is_inclusive() -> None:
    number = bound({"number": {"value": 0.3, "tolerance": 0.01}})
    assert [True, False] == [number.check(text).passed for text in ("0.31", "0.3101")]


@given(st.integers(-(10**40), 10**40), st.integers(-(10**40), 10**40))
def test_an_integer_passes_when_all_its_digits_are_right(value: int, answer: int) -> None:
    check = bound({"number": value}).check(str(answer))
    assert (value == answer) == check.passed == (check.score == 1)


@pytest.mark.parametrize("value", [True, None, "many", float("inf"), float("nan"), "1 or 2"])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ConstraintError, match="expected a number"):
        bound({"number": "{answer}"}, answer=value)


def test_a_negative_tolerance_is_refused() -> None:
    with pytest.raises(ConstraintError, match="found -1, expected 0 or more"):
        read_constraint({"number": {"value": 1, "tolerance": -1}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("billing", Check(passed=True, score=1.0, found="billing")),
        ('Queue: "Billing".', Check(passed=True, score=1.0, found="billing")),
        ("**Answer:** billing", Check(passed=True, score=1.0, found="billing")),
        ("The correct answer is billing", Check(passed=True, score=1.0, found="billing")),
        ("billing, partly", Check(passed=False, score=0.0, found="billing, partly")),
        ("sales", Check(passed=False, score=0.0, found="sales")),
        ("billing or sales", Check(passed=False, score=0.0, found="names 2 options: billing, sales")),
        ("I would say billing", Check(passed=False, score=0.5, found='"billing" inside a longer text')),
        ("I would say sales", Check(passed=False, score=0.0, found='"sales" inside a longer text')),
        ("billing" + " " * 200, Check(passed=False, score=0.5, found='"billing" inside a longer text')),
        ("returns", Check(passed=False, score=0.0, found='none of the options: "returns"')),
        ("C++.", Check(passed=False, score=0.0, found="c++")),
    ],
)
def test_a_choice_is_one_option_in_any_wrapping(text: str, expected: Check) -> None:
    choice = {"value": "Billing", "options": ["billing", "sales", "billing, partly", "C", "C++"]}
    assert expected == bound({"choice": choice}).check(text)


def test_the_opposite_of_a_choice_is_the_option_after_it() -> None:
    """Were it always the first one, resisting would show in one option alone."""
    options = ["billing", "refunds", "delivery"]
    asked = [bound({"choice": {"value": value, "options": options}}).wishes()[0] for value in options]
    expected = ["refunds", "delivery", "billing"]
    assert [f"put this down as {option}" for option in expected] == asked


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"value": "x", "options": ["a", "b"]}, 'found "x", expected one of the options: a, b'),
        ({"value": "a", "options": ["a", "A"]}, "found an empty or repeated option"),
        ({"value": "a", "options": ["a", " "]}, "found an empty or repeated option"),
        ({"value": "a", "options": ["a"]}, "found a list of 1, expected at least 2"),
        ({"value": "a", "options": [True, False]}, "found true, expected text; put it in quotes"),
        ({"value": "a", "options": [None, "a"]}, "found nothing, expected text"),
        ({"value": "a", "options": 3}, "found 3, expected a list"),
        ({"options": ["a", "b"]}, '"value" is missing'),
    ],
)
def test_options_that_cannot_be_told_apart_are_refused(choice: object, message: str) -> None:
    with pytest.raises(ConstraintError, match=message):
        read_constraint({"choice": choice})


BILLING = {"choice": {"value": "billing", "options": ["billing", "follow-up"]}}


@pytest.mark.parametrize(
    "text", ["**Queue**: billing", "`Queue`: `billing`", "The queue is billing.", "Answer: billing", '"billing"']
)
def test_a_label_in_any_dress_is_wrapping(text: str) -> None:
    assert bound(BILLING).check(text).passed


@pytest.mark.parametrize("text", ["It is not: billing", "Never: billing", "Anything but this: billing"])
def test_a_denied_option_is_no_answer(text: str) -> None:
    assert not bound(BILLING).check(text).passed


def test_an_option_may_be_typeset() -> None:
    options = {"choice": {"value": "follow-up", "options": ["billing", "follow-up"]}}
    assert bound(options).check("Follow\u2011up").passed


@pytest.mark.parametrize("text", ["20 m²", "20 m/s", "20 m2", "20 mm"])
def test_another_unit_is_not_this_one(text: str) -> None:
    assert not bound({"number": {"value": 20, "unit": "m"}}).check(text).passed
