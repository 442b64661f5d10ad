from __future__ import annotations

import pytest

from evalkit.plain import columns
from evalkit.report.layout import WIDTH, bulleted, fit_encoding, words_only, wrapped


def test_a_terminal_that_can_show_bars_gets_them() -> None:
    assert not words_only({"TERM": "xterm-256color", "NO_COLOR": "", "CI": "false"}, terminal=True, encoding="utf-8")
    assert not words_only({}, terminal=True, encoding=None)


@pytest.mark.parametrize(
    ("environment", "terminal", "encoding"),
    [
        ({}, False, "utf-8"),
        ({"NO_COLOR": "1"}, True, "utf-8"),
        ({"TERM": "dumb"}, True, "utf-8"),
        ({"CI": "true"}, True, "utf-8"),
        ({"CI": "1"}, True, "utf-8"),
        ({}, True, "iso-8859-1"),
        ({}, True, "ascii"),
        ({}, True, "no such encoding"),
    ],
)
def test_files_logs_screen_readers_and_poor_encodings_get_words(
    environment: dict[str, str], terminal: bool, encoding: str
) -> None:
    assert words_only(environment, terminal=terminal, encoding=encoding)


def test_what_an_encoding_lacks_is_shown_by_what_it_has_in_the_same_width() -> None:
    text = "10×3  −7.5–8.1  cut…"
    for encoding in ("ascii", "iso-8859-1", "cp437"):
        fitted = fit_encoding(text, encoding)
        assert fitted.encode(encoding)
        assert (len(text), "10x3  -7.5-8.1  cut~") == (len(fitted), fitted)
    assert text == fit_encoding(text, "utf-8") == fit_encoding(text, None)


def test_lines_of_wide_letters_are_no_wider_than_others() -> None:
    text = "文脈 " * 30 + "文" * 90 + " e\u0301" * 50
    lines = [*wrapped(text, indent="  "), *bulleted(text)]
    assert max(map(columns, lines)) in (WIDTH - 1, WIDTH)
    assert 2 * text.replace(" ", "") == "".join(lines).replace(" ", "").replace("-", "")
