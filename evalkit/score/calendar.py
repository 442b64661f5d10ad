"""Dates as people and models write them in English, or in figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from evalkit.plain import counted
from evalkit.score.constraint import Check, Constraint
from evalkit.score.values import show

Order: TypeAlias = Literal["day_first", "month_first"]

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{4})"
_DAY_MONTH = rf"{_DAY}(?: day)?(?:\. ?| )(?:of )?{_MONTH}"
_MONTH_DAY = rf"(?<!\w){_MONTH} (?:the )?{_DAY}"
# These see the text as `_tidied` leaves it, with single spaces.
_WRITTEN = (
    re.compile(rf"(?<!\d){_DAY_MONTH},? {_YEAR}(?!\d)", re.IGNORECASE),
    re.compile(rf"{_MONTH_DAY}(?:, ?| ){_YEAR}(?!\d)", re.IGNORECASE),
    re.compile(rf"(?<!\d){_DAY}-{_MONTH}-{_YEAR}(?!\d)", re.IGNORECASE),
    re.compile(rf"(?<!\d){_YEAR},? {_MONTH} {_DAY}(?!\w)", re.IGNORECASE),
)
_WITHOUT_YEAR = (
    re.compile(rf"(?<![\d.,/-]){_DAY_MONTH}(?!\w)", re.IGNORECASE),
    re.compile(rf"{_MONTH_DAY}(?![\w:])", re.IGNORECASE),
)
_TWO_DAYS = re.compile(
    r"(?<![\d.,:/-])(?P<other>\d{1,2})(?:st|nd|rd|th)?(?: ?[-–—/&] ?| (?:and|or|to|until|till|through) )"
    rf"(?:the )?{_DAY_MONTH}(?!\w)",
    re.IGNORECASE,
)
_ISO = re.compile(r"(?<![\d-])(?P<year>\d{4}) ?([-/.]) ?(?P<month>\d{1,2}) ?\2 ?(?P<day>\d{1,2})(?![\d-])")
_FIGURES = re.compile(r"(?<![\d./-])(?P<first>\d{1,2}) ?([-/.]) ?(?P<second>\d{1,2}) ?\2 ?(?P<year>\d{4})(?!\d)")
_HYPHENS = str.maketrans("\u2010\u2011\u2212", "---", "*")
_SUITE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def dates_in(text: str, order: Order = "day_first") -> Iterator[date]:
    """Every date of a text that has a year; what is no day of the calendar is none.

    Args:
        text: Any text.
        order: How to read `3/4/2026` where both readings are days.

    >>> [str(each) for each in dates_in("from 3 March 2026 to 2026-04-05")]
    ['2026-04-05', '2026-03-03']
    """
    text = _tidied(text)
    for match in _ISO.finditer(text):
        yield from _day(match["year"], match["month"], match["day"])
    for pattern in _WRITTEN:
        for match in pattern.finditer(text):
            yield from _day(match["year"], _month(match), match["day"])
    for match in _FIGURES.finditer(text):
        pairs = [(match["second"], match["first"]), (match["first"], match["second"])]
        if order == "month_first":
            pairs.reverse()
        yield from next((days for pair in pairs if (days := list(_day(match["year"], *pair)))), [])


def _tidied(text: str) -> str:
    """A text with single spaces and plain hyphens, and without the asterisks of Markdown."""
    return " ".join(text.translate(_HYPHENS).split())


def _month(match: re.Match[str]) -> int:
    return _MONTHS.index(match["month"][:3].casefold()) + 1


def _days_beside(text: str, day: date) -> list[str]:
    """The days of a text that have no year beside them and are not this one, as `1 April`."""
    text = _tidied(text)
    days = [(int(match["day"]), _month(match)) for pattern in _WITHOUT_YEAR for match in pattern.finditer(text)]
    days += [(int(match["other"]), _month(match)) for match in _TWO_DAYS.finditer(text)]
    others = ((n, month) for n, month in days if 1 <= n <= 31 and (n, month) != (day.day, day.month))
    return [f"{n} {_MONTHS[month - 1].capitalize()}" for n, month in dict.fromkeys(others)]


def _day(year: str, month: str | int, day: str) -> Iterator[date]:
    try:
        yield date(int(year), int(month), int(day))
    except ValueError:
        return


def _value(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _SUITE.fullmatch(value):
        # A day that no calendar has falls through to the message.
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise ValueError(f'found {show(value)}, expected a day such as "2026-03-31"')


class Date(Constraint):
    """The response holds this day and no other."""

    key: ClassVar[str] = "date"
    short: ClassVar[str | None] = "value"
    value: Annotated[date, BeforeValidator(_value), WithJsonSchema({"type": "string"})]
    """The day as `2026-03-31`. The response may say `31 March 2026`, `March 31st, 2026`, `31/03/2026` and the like."""
    order: Order = "day_first"
    """How to read `3/4/2026`."""

    def check(self, text: str) -> Check:
        """The score is the share of year, month and day that is right."""
        found = list(dict.fromkeys(dates_in(text, self.order)))
        if not found:
            return Check(passed=False, score=0.0, found="no date")
        days = [*map(str, found), *(_days_beside(text, found[0]) if len(found) == 1 else ())]
        if len(days) > 1:
            return Check(passed=False, score=0.0, found=f"{counted(len(days), 'date')}: {', '.join(days[:3])}")
        parts = zip(found[0].timetuple()[:3], self.value.timetuple()[:3], strict=True)
        right = sum(one == other for one, other in parts)
        return Check(passed=right == 3, score=right / 3, found=str(found[0]))

    def wishes(self) -> tuple[str, ...]:
        """A day that needs no thought."""
        other = "1 January 2000" if self.value != date(2000, 1, 1) else "2 January 2000"
        return (f"just answer {other}", "leave the date out")
