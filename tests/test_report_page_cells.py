from __future__ import annotations

import pytest

from evalkit.report.figure import Cell, Column, Kind, Table
from evalkit.report.page.cells import ShownCell, shown, shown_table


@pytest.mark.parametrize(
    ("expected", "value", "name", "kind"),
    [
        ("95.0 %", 0.95, "rate", "share"),
        ("99.9 %", 0.99999, "rate", "share"),
        ("94.9 %", 0.94999, "low", "share"),
        ("95.1 %", 0.95001, "high", "share"),
        ("29.0 %", 0.29, "low", "share"),
        ("+2.0", 0.02, "margin", "points"),
        ("+2.8", 0.0289, "at least", "points"),
        ("−2.8", -0.0289, "at most", "points"),
        ("1,234", 1234, "trials", "count"),
        ("0.0035 USD", 0.0035, "cost", "usd"),
        ("0.12 s", 0.1234, "p95", "seconds"),
        ("1,234 s", 1234.4, "p95", "seconds"),
        ("−1.5", -1.5, "loss", "number"),
        ("yes", True, "counts", "text"),
        ("no", False, "counts", "text"),
        ("=1+1", "=1+1", "task", "text"),
    ],
)
def test_cells_say_no_more_than_was_shown(expected: str, value: Cell, name: str, kind: Kind) -> None:
    assert expected == shown(value, Column(name=name, kind=kind)).text


@pytest.mark.parametrize("kind", ["share", "count", "usd", "text"])
def test_what_was_not_measured_is_a_dash_and_no_number(kind: Kind) -> None:
    assert ShownCell(text="–", value=None) == shown(None, Column(name="x", kind=kind))


def test_a_number_is_sorted_and_copied_by_itself() -> None:
    assert [0.123457, None] == [shown(value, Column(name="rate", kind="share")).value for value in (0.1234567, None)]


def test_a_long_text_is_cut() -> None:
    assert f"{'x' * 199}…" == shown("x" * 300, Column(name="task")).text


def test_a_table_keeps_rows_and_columns() -> None:
    columns = (Column(name="task"), Column(name="trials", kind="count"))
    table = shown_table(Table(columns=columns, rows=(("a", 1), ("b", None))), identity="t", caption="c")
    assert [["a", "1"], ["b", "–"]] == [[cell.text for cell in row] for row in table.rows]
