"""Texts and numbers as they are shown; what suites, models and providers send may be anything."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from math import ceil, floor
from typing import Any

_ATOM = re.compile(
    r"\\(?:[nrt]|ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})"
    r"|[\U0001f1e6-\U0001f1ff]{2}|.",
    re.S,
)
"""An escape, a flag, or any other character."""
_JOINS = "\\u200d"
"""What makes one picture of two emoji, as `printable` shows it."""


def printable(text: str) -> str:
    r"""Text without what could command a terminal or mislead an eye.

    Control characters (ANSI sequences start with one) and format characters (bidirectional overrides, zero-width
    marks) become visible escapes; tabs and line breaks stay.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    if text.isascii() and text.isprintable():
        return text
    return text.translate({ord(character): _escape(character) for character in set(text) if not _harmless(character)})


def with_texts(value: Any, shown: Callable[[str], str]) -> Any:
    """A JSON value with each of its texts and keys as `shown` makes it.

    >>> with_texts({"a": ["b", 1]}, str.upper)
    {'A': ['B', 1]}
    """
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, dict):
        return {shown(key): with_texts(held, shown) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [with_texts(held, shown) for held in value]
    return value


def without_controls(text: str) -> str:
    r"""Data with its control characters as visible escapes; everything else, tabs and line breaks too, stays as it is.

    >>> without_controls("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    controls = {character for character in set(text) - {"\n", "\t"} if unicodedata.category(character) == "Cc"}
    return text.translate({ord(character): _escape(character) for character in controls})


def json_text(value: Any) -> str:
    r"""A value as JSON that people can read, and that is fit for a terminal.

    >>> print(json_text({"ä": "\x7f"}))
    {
      "ä": "\u007f"
    }
    """
    return fit_json(json.dumps(value, indent=2, ensure_ascii=False))


def fit_json(text: str) -> str:
    r"""JSON of the same meaning without what could command a terminal or mislead an eye: \uXXXX stands for it."""
    if text.replace("\n", "").isprintable():  # far quicker, for the many megabytes of a large run
        return text
    harmful = {character for character in set(text) if not _harmless(character)}
    return text.translate({ord(character): json.dumps(character)[1:-1] for character in harmful})


def escape_unencodable(error: UnicodeError) -> tuple[str, int]:
    r"""For streams that cannot hold every character: \uXXXX stands for the others, in JSON too.

    Raises:
        UnicodeError: If it is not about encoding.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def _harmless(character: str) -> bool:
    return character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii") if ord(character) < 0xD800 else f"\\u{ord(character):04x}"


def one_line(text: str, width: int) -> str:
    """Printable text on one line, its end cut off where it is wider than so many columns of a terminal.

    It has at most so many characters, too. Neither an escape nor what is seen as one character is cut apart.

    >>> one_line("a name", 4), one_line("文脈文脈", 6)
    ('a n…', '文脈…')
    """
    flat = " ".join(printable(text).split())
    if len(flat) <= width and columns(flat) <= width:
        return flat
    return "".join([*fitting(pieces(flat), width - 1), "…"])


def columns(text: str) -> int:
    """Columns of a terminal that a printable text takes: letters of some scripts, and emoji, take two.

    >>> columns("ab"), columns("文脈")
    (2, 4)
    """
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # takes time to import, and most texts need none of it

    return cell_len(text)


def room(text: str) -> int:
    """Columns or characters of a printable text, whichever are more; accents and the like take no column."""
    return max(len(text), columns(text))


def padded(text: str, width: int) -> str:
    """A printable text with blanks behind it up to a width in columns of a terminal."""
    return text + " " * (width - columns(text))


def pieces(text: str) -> Iterator[str]:
    r"""A printable text in pieces that must not be cut: escapes, letters with their accents, emoji of several parts.

    >>> [*pieces(r"a\x1be")]
    ['a', '\\x1b', 'e']
    """
    piece = ""
    for found in _ATOM.finditer(text):
        atom = found[0]
        if piece and not piece.endswith(_JOINS) and not _goes_on(atom):
            yield piece
            piece = ""
        piece += atom
    if piece:
        yield piece


def _goes_on(atom: str) -> bool:
    """Whether it belongs to what stands before it: an accent, the colour of a skin, what joins emoji."""
    return atom == _JOINS or unicodedata.category(atom[0]).startswith("M") or "\U0001f3fb" <= atom <= "\U0001f3ff"


def fitting(parts: Iterable[str], width: int) -> list[str]:
    """The first of some pieces, as many as there is room for in a width."""
    taken = []
    for part in parts:
        width -= room(part)
        if width < 0:
            break
        taken.append(part)
    return taken


def counted(number: int, thing: str) -> str:
    """A number of things.

    >>> counted(1, "call"), counted(1200, "call")
    ('1 call', '1,200 calls')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def sentence(note: str) -> str:
    """A note as a sentence of its own.

    >>> sentence("all hold")
    'All hold.'
    """
    return f"{note[:1].upper()}{note[1:]}."


def rounded(value: float | None) -> float | None:
    """A number as results publish it: to six significant digits.

    >>> rounded(2 / 3)
    0.666667
    """
    return None if value is None else float(f"{value:.6g}")


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


def usd(amount: float | None) -> str:
    """An amount of money; below a cent with two digits that say something.

    >>> [usd(amount) for amount in (1234.5, 0.0, 0.00346, 1e-9, None)]
    ['1,234.50 USD', '0.00 USD', '0.0035 USD', '<0.000001 USD', 'unknown']
    """
    if amount is None:
        return "unknown"
    if 0 < amount < 1e-6:
        return "<0.000001 USD"
    if 0 < amount < 0.01:
        return f"{float(f'{amount:.2g}'):.7f}".rstrip("0") + " USD"
    return f"{amount:,.2f} USD"


def percent_range(low: float | None, high: float | None) -> str:
    """An interval in percent, its ends rounded outwards: a display never claims more than was shown.

    >>> percent_range(0.94996, 0.98001)
    '94.9–98.1'
    """
    if low is None or high is None:
        return "–"
    # Ten digits: 0.29 * 1000 is 289.99999999999994 and would round down to 28.9 %.
    return f"{floor(round(1000 * low, 10)) / 10:.1f}–{ceil(round(1000 * high, 10)) / 10:.1f}"


def whole_points(low: float, high: float) -> tuple[int, int]:
    """Where a margin lies, in points rounded outwards: a display never claims more than was shown.

    >>> whole_points(-0.0291, 0.0101)
    (-3, 2)
    """
    return floor(round(100 * low, 8)), ceil(round(100 * high, 8))


def points_between(low: float, high: float, to: str = "…") -> str:
    """Where a margin lies, as people read it.

    >>> points_between(-0.0291, 0.0101)
    '−3…+2'
    """
    least, most = whole_points(low, high)
    return f"{least:+d}{to}{most:+d}".replace("-", "−")


def at_least(margin: float) -> str:
    """A guaranteed margin above the threshold in points, rounded down.

    >>> [at_least(0.0289), at_least(0.00081)]
    ['+2.8', '+0.08']
    """
    return _points(margin, floor)


def at_most(margin: float) -> str:
    """A guaranteed margin below the threshold in points, rounded up.

    >>> at_most(-0.0289)
    '−2.8'
    """
    return _points(margin, ceil)


def _points(margin: float, rounded: Callable[[float], int]) -> str:
    """With one decimal, below one point with two: +0.0 would say nothing."""
    decimals = 1 if abs(margin) >= 0.01 else 2
    scale = 10**decimals
    return f"{rounded(round(100 * scale * margin, 10)) / scale:+.{decimals}f}".replace("-", "−")
