from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.plain import (
    at_least,
    at_most,
    columns,
    counted,
    escape_unencodable,
    json_text,
    one_line,
    percent,
    percent_range,
    printable,
    rounded,
    usd,
    without_controls,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("naïve – 漢字 🎉", "naïve – 漢字 🎉"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("\u202eevil\u202c", "\\u202eevil\\u202c"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\x9b31m", "\\x9b31m"),
        ("a\r\nb\tc", "a\\r\nb\tc"),
        ("\ud800", "\\ud800"),
        ("\u2028", "\\u2028"),
    ],
)
def test_nothing_that_commands_a_terminal_gets_through(text: str, shown: str) -> None:
    assert shown == printable(text)


@given(st.text())
def test_printable_text_has_no_control_characters(text: str) -> None:
    categories = {unicodedata.category(character) for character in printable(text) if character not in "\n\t"}
    assert categories.isdisjoint({"Cc", "Cf", "Cs"})


@given(st.recursive(st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner)))
def test_json_for_a_terminal_means_the_same_and_commands_nothing(value: object) -> None:
    text = json_text(value)
    assert value == json.loads(text)
    assert text == printable(text)


def test_json_stays_readable() -> None:
    assert '{\n  "naïve": "漢字 🎉 \\u009b \\u007f \\u202e \\udb40\\udc41"\n}' == json_text(
        {"naïve": "漢字 🎉 \x9b \x7f \u202e \U000e0041"}
    )


def test_data_keeps_everything_but_control_characters() -> None:
    assert "a\\x1b\\x7f\\x9b\\r\n\tb 👩\u200d🚀" == without_controls("a\x1b\x7f\x9b\r\n\tb 👩\u200d🚀")


def test_what_a_stream_cannot_hold_is_escaped_as_in_json() -> None:
    error = UnicodeEncodeError("latin-1", "a–🎉b", 1, 3, "not in range")
    assert ("\\u2013\\ud83c\\udf89", 3) == escape_unencodable(error)
    with pytest.raises(UnicodeDecodeError):
        escape_unencodable(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"))


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("文脈文脈", 7, "文脈文…"),
        ("文脈文脈", 6, "文脈…"),
        ("ab\x1b[2J", 5, "ab…"),
        ("ab\x1b[2J", 7, r"ab\x1b…"),
        ("ab👩\u200d🚀c", 12, r"ab…"),
        (r"ab\ud83c\udf89c", 12, "ab…"),
        ("ab👍🏽c", 4, "ab…"),
        ("ab🇩🇪cd", 4, "ab…"),
        ("abe\u0301cd", 4, "ab…"),
    ],
)
def test_what_is_seen_as_one_character_is_never_cut_apart(text: str, width: int, shown: str) -> None:
    assert shown == one_line(text, width)


@given(st.text(), st.integers(1, 40))
def test_one_line_is_one_line_of_its_width(text: str, width: int) -> None:
    shown = one_line(text, width)
    assert len(shown) <= width
    assert columns(shown) <= width
    assert "\n" not in shown


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_a_rate_that_is_not_all_or_nothing_never_reads_so(rate: float) -> None:
    assert percent(rate) not in {"100.0", "0.0"}


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0.0, "0.00 USD"),
        (1e-7, "<0.000001 USD"),
        (0.000012345, "0.000012 USD"),
        (0.001, "0.001 USD"),
        (0.00999, "0.01 USD"),
        (0.01, "0.01 USD"),
        (1234.567, "1,234.57 USD"),
        (None, "unknown"),
    ],
)
def test_money_is_shown_in_cents_and_below_one_in_what_says_something(amount: float | None, shown: str) -> None:
    assert shown == usd(amount)


@given(st.floats(min_value=1e-12, max_value=1e9))
def test_an_amount_never_reads_as_nothing(amount: float) -> None:
    assert float(usd(amount).removesuffix(" USD").removeprefix("<").replace(",", "")) > 0


def test_one_is_singular() -> None:
    assert ("1 word", "0 words", "1,200 words") == (counted(1, "word"), counted(0, "word"), counted(1200, "word"))


def test_what_is_published_has_six_significant_digits() -> None:
    assert (0.333333, 1.23457e9, None) == (rounded(1 / 3), rounded(1234567890.0), rounded(None))


def test_unmeasured_reads_as_a_dash() -> None:
    assert ("–", "–") == (percent(None), percent_range(None, None))


@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_an_interval_is_rounded_outwards(low: float, high: float) -> None:
    first, last = percent_range(low, high).split("–")
    assert float(first) <= 100 * low + 1e-9
    assert float(last) >= 100 * high - 1e-9


@given(st.floats(-1, 1))
def test_a_guaranteed_margin_is_rounded_towards_less(margin: float) -> None:
    assert float(at_least(margin).replace("−", "-")) <= 100 * margin + 1e-9
    assert float(at_most(margin).replace("−", "-")) >= 100 * margin - 1e-9
