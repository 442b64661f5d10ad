from __future__ import annotations

import time
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.score import Check, Constraint, ConstraintError, read_constraint
from evalkit.score.calendar import dates_in


def bound(entry: object, **fields: Any) -> Constraint:
    return read_constraint(entry).bind(fields, {})


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-31",
        "2026/3/31",
        "on 31 March 2026.",
        "31st of March, 2026",
        "March 31st, 2026",
        "Mar. 31 2026",
        "31-Mar-2026",
        "31/03/2026",
        "31.3.2026",
        "3/31/2026",
        "31. March 2026",
        "31st day of March 2026",
        "2026 March 31",
        "March 31,2026",
        "31 / 03 / 2026",
        "31. 3. 2026",
        "**31** March 2026",
        "2026\u201103\u201131",
        "31\u00a0March\n2026",
        "31 March, that is 2026-03-31",
        "At 5, 31 March 2026",
        "It came on MARCH the 31st 2026, that is 2026-03-31",
    ],
)
def test_a_day_is_read_however_it_is_written(text: str) -> None:
    assert Check(passed=True, score=1.0, found="2026-03-31") == bound({"date": "2026-03-31"}).check(text)


@given(
    st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.sampled_from(["%Y-%m-%d", "%d %B %Y", "%B %d, %Y", "%d.%m.%Y"])
)
def test_every_day_is_read_as_it_was_written(day: date, form: str) -> None:
    assert [day] == list(dates_in(day.strftime(form)))


def test_figures_are_read_in_the_order_that_the_suite_says() -> None:
    assert bound({"date": "2026-04-03"}).check("3/4/2026").passed
    assert bound({"date": {"value": "2026-03-04", "order": "month_first"}}).check("3/4/2026").passed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Check(passed=False, score=0.0, found="no date")),
        ("31 March", Check(passed=False, score=0.0, found="no date")),
        ("2026-02-30", Check(passed=False, score=0.0, found="no date")),
        ("order 2026-03-31-77", Check(passed=False, score=0.0, found="no date")),
        ("2026-03-30", Check(passed=False, score=2 / 3, found="2026-03-30")),
        ("2025-04-30", Check(passed=False, score=0.0, found="2025-04-30")),
        (
            "2026-03-31 or 2026-04-01",
            Check(passed=False, score=0.0, found="2 dates: 2026-03-31, 2026-04-01"),
        ),
    ],
)
def test_anything_else_fails(text: str, expected: Check) -> None:
    assert expected == bound({"date": "2026-03-31"}).check(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("30-31 March 2026", "30 Mar"),
        ("30–31 March 2026", "30 Mar"),
        ("30th or 31st of March 2026", "30 Mar"),
        ("between 1 and 31 March 2026", "1 Mar"),
        ("31 March 2026 or 1 April", "1 Apr"),
        ("1 April or 31 March 2026", "1 Apr"),
        ("31 March 2026 to April 1st", "1 Apr"),
    ],
)
def test_a_day_without_a_year_beside_it_is_another_day(text: str, told: str) -> None:
    expected = Check(passed=False, score=0.0, found=f"2 dates: 2026-03-31, {told}")
    assert expected == bound({"date": "2026-03-31"}).check(text)


def test_a_suite_may_leave_the_quotes_of_a_day_out() -> None:
    assert bound({"date": date(2026, 3, 31)}).check("2026-03-31").passed


@pytest.mark.parametrize(
    "text", ["31 March " * 20_000, "1 and " * 30_000, "1" + " " * 200_000 + "March", "31 / " * 40_000], ids=range(4)
)
def test_a_long_text_takes_time_in_proportion(text: str) -> None:
    start = time.process_time()
    assert not bound({"date": "2026-03-31"}).check(f"{text} 2026-03-31 2026-03-31").found.startswith("no")
    # A quadratic pattern would take minutes.
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "value",
    [
        "31 March",
        5,
        "2026-02-30",
        "20260331",
        "2026-W14-2",
        "2026-3-31",
        "2026-03-31 ",
        [],
        datetime(2026, 3, 31, tzinfo=UTC),
    ],
)
def test_what_is_no_day_is_refused(value: object) -> None:
    with pytest.raises(ConstraintError, match="expected a day such as"):
        read_constraint({"date": value}).bind({}, {})
