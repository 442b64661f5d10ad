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
        ("CAD $500", 500, "CAD"),
        ("$500 (CAD)", 500, "CAD"),
        ("CAD$500", 500, "CAD"),
        ("Canadian $500", 500, "CAD"),
        ("500 Canadian dollars", 500, "CAD"),
        ("500 New Zealand dollars", 500, "NZD"),
        ("34.99 British pounds", 34.99, "GBP"),
        ("34.99 pounds sterling", 34.99, "GBP"),
        ("1,200 US dollars", 1200, "USD"),
        ("1,200 U.S. dollars", 1200, "USD"),
        ("89.50 Swiss francs", 89.5, "CHF"),
        ("**34.99** GBP", 34.99, "GBP"),
        ("`£34.99`", 34.99, "GBP"),
        ("34.99 (GBP)", 34.99, "GBP"),
        ("34.99 gbp", 34.99, "GBP"),
        ("GBP34.99", 34.99, "GBP"),
        ("34.99GBP", 34.99, "GBP"),
        ("Rs. 500", 500, "INR"),
        ("Rs.500", 500, "PKR"),
        ("MX$500", 500, "MXN"),
        ("RMB 500", 500, "CNY"),
        ("RMB500", 500, "CNY"),
        ("500元", 500, "CNY"),
        ("500 LBP", 500, "LBP"),
        ("£34.99k", 34990, "GBP"),
        ("1.5 million euros", 1500000, "EUR"),
        ("It cost us £61", 61, "GBP"),
        ("She won £61", 61, "GBP"),
        ("Total\n61 GBP", 61, "GBP"),
        ("TWD $61", 61, "TWD"),
        ("CHF 89.-", 89, "CHF"),
        ("2 lamps cost £61", 61, "GBP"),
        ("£61 and 2 lamps", 61, "GBP"),
        ("£34.99 or 34.99 GBP", 34.99, "GBP"),
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
        *(
            (text, Check(passed=False, score=0.5, found="34.99 in another currency, or in none"))
            for text in (
                "EUR 34.99 GBP",
                "34.99\nGBP",
                "GBP\n34.99",
                "34.99 THE",
                "EGP £34.99",
                "34.99 British",
                "try 34.99",
            )
        ),
        ("£34.99k", Check(passed=False, score=0.0, found="34990")),
        ("£34.99 million", Check(passed=False, score=0.0, found="34990000")),
        ("£34.99 or 30", Check(passed=False, score=0.0, found="2 amounts: 34.99, 30")),
        ("between £30 and 34.99", Check(passed=False, score=0.0, found="2 amounts: 30, 34.99")),
        ("30 to 34.99 GBP", Check(passed=False, score=0.0, found="2 amounts: 30, 34.99")),
        ("30, 32 or 34.99 GBP", Check(passed=False, score=0.0, found="2 amounts: 32, 34.99")),
        ("£34.99–40", Check(passed=False, score=0.0, found="2 amounts: 34.99, 40")),
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


@pytest.mark.parametrize("text", ["CAD $500", "$500 (CAD)", "Canadian $500", "$500 or 600", "between $500 and 600"])
def test_what_stands_beside_a_dollar_sign_decides(text: str) -> None:
    assert not bound(500, "USD").check(text).passed


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("£" + "1" * 200_000, "1" * 39 + "…"),
        ("1e999 GBP", "1" + "0" * 38 + "…"),
        ("£1 " * 60_000, "more than 2,000 numbers"),
    ],
    ids=range(3),
)
def test_a_reason_is_short_for_any_answer(text: str, found: str) -> None:
    assert Check(passed=False, score=0.0, found=found) == bound(34.99, "GBP").check(text)
