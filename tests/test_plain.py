from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.plain import at_least, at_most, one_line, percent, percent_range, printable


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


@given(st.text(), st.integers(1, 40))
def test_one_line_is_one_line_of_its_width(text: str, width: int) -> None:
    shown = one_line(text, width)
    assert len(shown) <= width
    assert "\n" not in shown


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_a_rate_that_is_not_all_or_nothing_never_reads_so(rate: float) -> None:
    assert percent(rate) not in {"100.0", "0.0"}


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
