from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.score.numbers import numbers_in, read_number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234.50", ["1234.50"]),
        ("1.234,50 €", ["1234.50"]),
        ("1.234.567", ["1234567"]),
        ("1\u202f234,5", ["1234.5"]),
        ("1'000", ["1000"]),
        ("3,5", ["3.5"]),
        ("0,123", ["0.123"]),
        (".5", ["0.5"]),
        ("007", ["7"]),
        ("1e3", ["1E+3"]),
        ("5e3x", ["5"]),
        ("12%", ["12"]),
        ("42 km, 7kg", ["42", "7"]),
        ("−3 °C", ["-3"]),
        ("-$5", ["-5"]),
        ("$-5", ["-5"]),
        ("(-5)", ["-5"]),
        ("x = -5.", ["-5"]),
        ("10-5", ["10", "5"]),
        ("- 5", ["5"]),
        ("1,2,3", ["1", "2", "3"]),
        ("-1,2,3", ["-1", "2", "3"]),
        ("1.2.3,4", ["4"]),
        ("A-1042, CO2, v1, x_5", []),
        ("192.168.1.1", []),
        ("٣٤", ["34"]),
        ("none", []),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, expected: list[str]) -> None:
    assert expected == [str(number.value) for number in numbers_in(text)]


@given(st.integers(-(10**30), 10**30))
def test_every_grouped_integer_is_read_back(value: int) -> None:
    assert Decimal(value) == read_number(f"That makes {value:,} pieces.")


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=3))
def test_every_decimal_is_read_back(value: Decimal) -> None:
    assert value == read_number(f"{value:f}")


def test_several_numbers_are_not_one() -> None:
    assert read_number("5 of 7") is None


def test_the_literal_keeps_its_grouping_and_its_sign() -> None:
    assert ["-1,234.5"] == [number.literal for number in numbers_in("−$1,234.5")]


@given(st.text("0123456789.,- x€'", max_size=40))
def test_a_number_knows_where_it_stands(text: str) -> None:
    for number in numbers_in(text):
        assert number.literal.lstrip("-") == text[number.start : number.end]


@pytest.mark.parametrize("text", ["Total\n5", "a-\n5", "so it is_\n5"])
def test_a_new_line_parts_a_number_from_the_name_before_it(text: str) -> None:
    assert ["5"] == [number.literal for number in numbers_in(text)]
