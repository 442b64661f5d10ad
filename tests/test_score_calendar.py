from __future__ import annotations

from datetime import date
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


@pytest.mark.parametrize("value", ["31 March", 5, "2026-02-30"])
def test_what_is_no_day_is_refused(value: object) -> None:
    with pytest.raises(ConstraintError, match="expected a day such as"):
        read_constraint({"date": value}).bind({}, {})
