"""Numbers of tables as a page shows them, and as they are sorted and copied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor

from evalkit.plain import percent, rounded, usd
from evalkit.report.figure import Cell, Column, Kind, Table

NOT_MEASURED = "–"
_TEXT = 200
"""Most characters of a cell."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownCell:
    """One cell."""

    text: str
    value: float | int | None = None
    """The number itself, to six significant digits; None where it is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownTable:
    """A table as a template shows it."""

    id: str
    """Unique within a page."""
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[ShownCell, ...], ...]


def shown_table(table: Table, *, identity: str, caption: str) -> ShownTable:
    """A figure's numbers as they are shown.

    Args:
        table: The numbers.
        identity: Unique within the page.
        caption: What they are.
    """
    rows = tuple(
        tuple(shown(cell, column) for cell, column in zip(row, table.columns, strict=True)) for row in table.rows
    )
    return ShownTable(id=identity, caption=caption, columns=table.columns, rows=rows)


def shown(cell: Cell, column: Column) -> ShownCell:
    """A cell as it is shown: ends of intervals rounded outwards, so that no more is claimed than was shown.

    >>> shown(0.94996, Column(name="low", kind="share")).text
    '94.9 %'
    """
    if cell is None:
        return ShownCell(text=NOT_MEASURED)
    if isinstance(cell, bool):
        return ShownCell(text="yes" if cell else "no")
    if isinstance(cell, str):
        return ShownCell(text=cell if len(cell) <= _TEXT else f"{cell[: _TEXT - 1]}…")
    return ShownCell(text=_number(cell, column), value=rounded(cell))


def texts(values: Iterable[Cell], kinds: Sequence[Column]) -> tuple[ShownCell, ...]:
    """A row of cells."""
    return tuple(shown(value, column) for value, column in zip(values, kinds, strict=True))


def _number(value: float, column: Column) -> str:
    kind: Kind = column.kind
    if kind == "share":
        outwards = _outwards(column.name)
        return f"{percent(value) if outwards is None else _tenths(100 * value, outwards)} %"
    if kind == "points":
        return signed(value, _outwards(column.name) or round)
    if kind == "usd":
        return usd(value)
    if kind == "count":
        return f"{value:,.0f}"
    if kind == "seconds":
        return f"{value:,.2f} s" if value < 10 else f"{value:,.0f} s"
    return f"{value:,.6g}".replace("-", "−")


def signed(margin: float, rounding: Callable[[float], int] = round) -> str:
    """A difference of rates in points.

    >>> signed(-0.0289), signed(0.0289, floor)
    ('−2.9', '+2.8')
    """
    return f"{rounding(round(1000 * margin, 8)) / 10:+.1f}".replace("-", "−")


def _tenths(value: float, rounding: Callable[[float], int]) -> str:
    return f"{rounding(round(10 * value, 8)) / 10:.1f}"


def _outwards(name: str) -> Callable[[float], int] | None:
    """How an end of an interval is rounded, by its column's name."""
    words = set(name.lower().replace("_", " ").split())
    if words & {"low", "lowest", "least"}:
        return floor
    return ceil if words & {"high", "highest", "most"} else None
