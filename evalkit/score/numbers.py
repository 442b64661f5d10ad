"""Read the numbers that people and models write: `1,234.50`, `$12`, `−3 °C`, `1.234,50 €`, `12%`.

A group of three digits after a comma is a thousands group (`1,234`); any other digits after a lone comma are decimals
(`3,5`). Digits that belong to a name (`A-1042`, `CO2`, `v1`) and dotted versions (`1.2.3`) are not numbers. One pass
over the text: the patterns have no nested choice that could be retried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_SPACES = "\u00a0\u2009\u202f"  # no-break, thin and narrow no-break: the spaces that group digits
_RUN = re.compile(rf"(?:(?<![\w.,])\.)?\d+(?:[.,'’{_SPACES}]\d+)*(?:[eE][+-]?\d{{1,3}}(?!\w))?")
_IN_NAME = re.compile(r"[^\W\d][-_]?\Z|_\Z")
_MINUS = re.compile(r"(?:^|[^\w)\]])[-−–](?:[$€£¥₹][ \u00a0]?)?\Z")
_ENGLISH = re.compile(rf"(?:[1-9]\d{{0,2}}([,'’{_SPACES}])\d{{3}}(?:\1\d{{3}})*|\d+)?(?:\.\d+)?(?:[eE][+-]?\d+)?")
_CONTINENTAL = re.compile(
    rf"[1-9]\d{{0,2}}(?:(?:\.\d{{3}})+,\d+|(?:\.\d{{3}}){{2,}}|(?:['’{_SPACES}]\d{{3}})+,\d+)|\d+,\d+"
)
_GROUPING = str.maketrans("", "", f",'’{_SPACES}")
_CONTINENTAL_GROUPING = str.maketrans(",", ".", f".'’{_SPACES}")


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenNumber:
    """A number where it stands in a text."""

    literal: str
    """As written, with its minus sign, without currency and unit."""
    value: Decimal
    start: int
    """Its first character in the text, the sign left out."""
    end: int
    """One past its last character."""


def numbers_in(text: str) -> Iterator[WrittenNumber]:
    """Every number of a text, from left to right.

    >>> [str(number.value) for number in numbers_in("order A-1042: 2 lamps at $1,250.50")]
    ['2', '1250.50']
    """
    for match in _RUN.finditer(text):
        # Nothing further away than a character, a sign, a currency and a space decides about a number.
        before = text[max(0, match.start() - 4) : match.start()]
        if _IN_NAME.search(before):
            continue
        sign = "-" if _MINUS.search(before) else ""
        run = match.group()
        whole = _value(run)
        pieces = [(run, whole)] if whole is not None else [(piece, _value(piece)) for piece in run.split(",")]
        start = match.start()
        for literal, value in pieces:
            end = start + len(literal)
            if value is not None:
                value = value.copy_negate() if sign else value
                yield WrittenNumber(literal=sign + literal, value=value, start=start, end=end)
            sign = ""
            start = end + 1


def read_number(text: str) -> Decimal | None:
    """The number that a text holds, or None unless it holds exactly one.

    >>> read_number("1.234,50 €")
    Decimal('1234.50')
    """
    found = numbers_in(text)
    first = next(found, None)
    return first.value if first is not None and next(found, None) is None else None


def _value(run: str) -> Decimal | None:
    if _ENGLISH.fullmatch(run):
        return Decimal(run.translate(_GROUPING))
    if _CONTINENTAL.fullmatch(run):
        return Decimal(run.translate(_CONTINENTAL_GROUPING))
    return None
