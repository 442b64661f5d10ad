"""Make text from outside fit to be shown: suites, models and providers may send anything."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    r"""Text without what could command a terminal or mislead an eye.

    Control characters (ANSI sequences start with one) and format characters (bidirectional overrides, zero-width
    marks) become visible escapes; tabs and line breaks stay.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if _harmless(character) else _escape(character) for character in text)


def _harmless(character: str) -> bool:
    return character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii") if ord(character) < 0xD800 else f"\\u{ord(character):04x}"


def one_line(text: str, width: int) -> str:
    """Printable text on one line, shortened to a width in characters."""
    flat = " ".join(printable(text).split())
    return flat if len(flat) <= width else f"{flat[: width - 1]}…"


def percent(rate: float | None) -> str:
    """A rate in percent with one decimal, or a dash when it was not measured.

    A rate below 1 never reads 100.0, and one above 0 never 0.0.

    >>> [percent(rate) for rate in (1.0, 0.99997, 0.12345, None)]
    ['100.0', '99.9', '12.3', '–']
    """
    if rate is None:
        return "–"
    shown = round(100 * rate, 1)
    if shown == 100 and rate < 1:
        shown = 99.9
    if shown == 0 and rate > 0:
        shown = 0.1
    return f"{shown:.1f}"


def points(margin: float | None) -> str:
    """A margin in percentage points with its sign, or a dash.

    >>> [points(margin) for margin in (0.012, -0.0661, None)]
    ['+1.2', '−6.6', '–']
    """
    if margin is None:
        return "–"
    return f"{100 * margin:+.1f}".replace("-", "−")
