"""A figure: a picture, what it says in a sentence, and the numbers it is drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Cell: TypeAlias = str | int | float | bool | None
"""None: not measured."""
Kind: TypeAlias = Literal["text", "count", "share", "points", "usd", "seconds", "number"]
"""How cells of a column are shown: a `share` of 0.95 as 95 %, `points` of 0.02 as +2.0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """Of a table."""

    name: str
    kind: Kind = "text"


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """The numbers of a figure, as results have them: nothing is rounded here."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One chart of a report."""

    id: str
    """Unique within a report, of lower-case letters, digits and hyphens."""
    title: str
    says: str
    """What it shows, as one or two plain sentences; whoever cannot see the picture reads this."""
    spec: dict[str, Any]
    """Vega-Lite 6, with its data inside and without a `config`: the theme's is added where it is drawn."""
    table: Table
    more: tuple[str, ...] = ()
    """What that rests on, in sentences, for whoever asks further."""
    whose: str = ""
    """With which model, and in how many trials, as a sentence of a picture that stands alone; empty with several."""
