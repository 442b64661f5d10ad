"""Small tables as offices keep them, filled at random, and ways to write them down."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from evalkit.suite.draws import between, pick, shuffled

Row: TypeAlias = list[str | int]

MAX_ROWS = 64


@dataclass(frozen=True, slots=True)
class Words:
    """A column of texts from a short list, by which rows can be chosen."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Whole:
    """A column of whole numbers."""

    name: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Cents:
    """A column of amounts with two decimals."""

    name: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Clock:
    """A column of times of day."""

    name: str


@dataclass(frozen=True, slots=True)
class Day:
    """A column of days, as ISO 8601 has them."""

    name: str
    year: int


Column: TypeAlias = Words | Whole | Cents | Clock | Day


@dataclass(frozen=True, slots=True)
class Kind:
    """What tables of a kind are about."""

    title: str
    row: str
    """What a row stands for, in the plural."""
    key: str
    """Name of the first column, whose values tell rows apart."""
    key_form: str
    """Form of a key, `{}` for a number; empty when keys are people's names."""
    columns: tuple[Column, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table with its values."""

    kind: Kind
    header: list[str]
    rows: list[Row]

    def column(self, name: str) -> int:
        """Where a column stands."""
        return self.header.index(name)


FIRST_NAMES = ("Ada", "Bilal", "Cora", "Dmitri", "Elena", "Femi", "Gina", "Hassan", "Ida", "Jorge", "Kavya", "Liam",
               "Mina", "Noor", "Otto", "Petra", "Rafael", "Sana", "Tariq", "Uma", "Vera", "Wen", "Yara",
               "Zoe")  # fmt: skip
SURNAMES = ("Abara", "Berg", "Castillo", "Dubois", "Eriksen", "Fischer", "Gupta", "Haddad", "Ito", "Jansen", "Kowalski",
            "Lindqvist", "Moreau", "Novak", "Okafor", "Petrov", "Rossi", "Silva", "Tanaka", "Weber")  # fmt: skip

KINDS = (
    Kind("Orders of a web shop", "orders", "Order", "A-{}", (
        Words("Country", ("Austria", "Chile", "Ghana", "Japan", "Norway", "Spain")),
        Words("Status", ("open", "paid", "shipped", "cancelled")),
        Whole("Articles", 1, 14), Cents("Total", 900, 48000))),
    Kind("Staff rota", "shifts", "Employee", "", (
        Words("Day", ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")),
        Words("Station", ("bar", "kitchen", "reception", "terrace")),
        Clock("Start"), Whole("Hours", 3, 10))),
    Kind("Stock list", "articles", "Article number", "KX-{}", (
        Words("Category", ("cables", "lamps", "screws", "switches", "tools")),
        Words("Site", ("Bristol", "Cardiff", "Leeds", "York")),
        Whole("Pieces", 2, 480), Cents("Unit price", 40, 9900), Whole("Reorder at", 5, 80))),
    Kind("Departures", "trains", "Train", "RE {}", (
        Clock("Departure"), Words("Destination", ("Antwerp", "Basel", "Cologne", "Lille", "Nancy", "Trier")),
        Words("Platform", ("1", "2", "3", "4", "5")), Whole("Delay (min)", 0, 48))),
    Kind("Invoices", "invoices", "Invoice", "INV-{}", (
        Words("Client", ("Arbor Ltd", "Bluefin Inc", "Corvid GmbH", "Delta Foods", "Elm & Sons")),
        Day("Due", 2026), Words("State", ("open", "overdue", "paid")), Whole("Amount", 40, 5200))),
    Kind("Sensor readings", "sensors", "Sensor", "S{}", (
        Words("Room", ("attic", "boiler room", "cellar", "hall", "lab")),
        Words("Type", ("humidity", "pressure", "temperature")),
        Whole("Reading", 4, 98), Whole("Battery %", 3, 100), Clock("Last seen"))),
    Kind("Library loans", "loans", "Loan", "L{}", (
        Words("Branch", ("Central", "Eastgate", "Harbour", "Westend")),
        Words("Genre", ("biography", "crime", "history", "poetry", "travel")),
        Whole("Days out", 1, 60), Whole("Renewals", 0, 5))),
    Kind("Hotel bookings", "bookings", "Booking", "HB{}", (
        Words("Room type", ("double", "family", "single", "suite")), Day("Arrival", 2027), Whole("Nights", 1, 14),
        Words("Channel", ("agency", "e-mail", "phone", "website")), Whole("Days ahead", 1, 120))),
    Kind("Courier deliveries", "parcels", "Parcel", "P-{}", (
        Words("Driver", ("Amir", "Birgit", "Chen", "Dolores")), Words("Zone", ("A", "B", "C", "D", "E")),
        Whole("Weight (kg)", 1, 31), Clock("Delivered"), Whole("Attempts", 1, 4))),
    Kind("Exam results", "candidates", "Candidate", "", (
        Words("Class", ("9a", "9b", "10a", "10b")), Words("Subject", ("biology", "French", "maths", "music")),
        Whole("Points", 12, 100), Whole("Absences", 0, 18))),
    Kind("Meter readings", "meters", "Meter", "M-{}", (
        Words("Street", ("Birch Lane", "Canal Street", "Mill Road", "Park Avenue")),
        Words("Tariff", ("day", "flat", "night")), Whole("Usage (kWh)", 60, 900), Day("Read on", 2026))),
)  # fmt: skip


def drawn_table(rng: random.Random, n_rows: int) -> Table:
    """A table of any kind with so many rows, whose keys are all different."""
    kind = pick(rng, KINDS)
    keys = _keys(rng, kind, n_rows)
    columns = [_cells(rng, column, n_rows) for column in kind.columns]
    header = [kind.key, *(column.name for column in kind.columns)]
    return Table(kind=kind, header=header, rows=[list(row) for row in zip(keys, *columns, strict=True)])


def _keys(rng: random.Random, kind: Kind, n_rows: int) -> Sequence[str]:
    if not kind.key_form:
        return _people(rng, n_rows)
    number = between(rng, 201, 4000)
    keys = []
    for _ in range(n_rows):
        number += between(rng, 1, 9)
        keys.append(kind.key_form.format(number))
    return shuffled(rng, keys) if rng.random() < 0.5 else keys


def _people(rng: random.Random, n: int) -> list[str]:
    people: dict[str, None] = {}
    while len(people) < n:
        people[f"{pick(rng, FIRST_NAMES)} {pick(rng, SURNAMES)}"] = None
    return list(people)


def _cells(rng: random.Random, column: Column, n: int) -> Row:
    random_ = rng.random
    if isinstance(column, Words):
        values = column.values
        return [values[int(random_() * len(values))] for _ in range(n)]
    if isinstance(column, Whole):
        low, span = column.low, column.high - column.low + 1
        return [low + int(random_() * span) for _ in range(n)]
    if isinstance(column, Cents):
        low, span = column.low, column.high - column.low + 1
        return [f"{(low + int(random_() * span)) / 100:.2f}" for _ in range(n)]
    if isinstance(column, Clock):
        return [f"{between(rng, 6, 21):02}:{between(rng, 0, 59):02}" for _ in range(n)]
    return [f"{column.year}-{between(rng, 1, 12):02}-{between(rng, 1, 28):02}" for _ in range(n)]


def _markdown(header: Sequence[str], rows: Sequence[Row]) -> str:
    lines = [f"| {' | '.join(header)} |", "|---" * len(header) + "|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)


def _csv(header: Sequence[str], rows: Sequence[Row]) -> str:
    return "\n".join([",".join(header), *(",".join(map(str, row)) for row in rows)])


def _aligned(header: Sequence[str], rows: Sequence[Row]) -> str:
    cells = [header, *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


WRITERS: Mapping[str, Callable[[Sequence[str], Sequence[Row]], str]] = {
    "Markdown": _markdown,
    "CSV": _csv,
    "aligned text": _aligned,
}
"""Ways to write a table down; no value holds a comma or a bar."""
