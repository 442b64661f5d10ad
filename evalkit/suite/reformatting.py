"""Business records in prose or in lines, to be written as JSON of one given form."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from evalkit.suite.draws import between, pick, picks, refuse_unknown, shuffled, whole_numbers
from evalkit.suite.tables import FIRST_NAMES, SURNAMES

MAX_LINES = 12

_URGENCY = ("urgent", "not", "no", "yes", "no hurry")
"""Words that a slip must not turn into their opposite."""
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip
_CITIES = (
    "Aarhus",
    "Bologna",
    "Cork",
    "Ghent",
    "Gdynia",
    "Graz",
    "Leeds",
    "Malmo",
    "Nantes",
    "Porto",
    "Seville",
    "Turku",
)
_PRODUCTS = (
    ("desk lamp", "desk lamps"), ("office chair", "office chairs"), ("paper tray", "paper trays"),
    ("wall clock", "wall clocks"), ("extension lead", "extension leads"), ("cork board", "cork boards"),
    ("water jug", "water jugs"), ("door stop", "door stops"), ("coat hook", "coat hooks"),
    ("label printer", "label printers"), ("first-aid kit", "first-aid kits"), ("filing cabinet", "filing cabinets"),
    ("hand truck", "hand trucks"), ("desk fan", "desk fans"), ("key cabinet", "key cabinets"),
    ("whiteboard", "whiteboards"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of record."""

    noun: str
    form: str
    """Of its reference, `{}` for a number."""
    verb: str
    """What the customer did."""


KINDS = (
    Kind("order", "PO-{}", "ordered"),
    Kind("quote", "Q-{}", "asked for a quote for"),
    Kind("invoice", "INV-{}", "was invoiced for"),
    Kind("delivery note", "DN-{}", "received"),
    Kind("return", "R-{}", "sent back"),
    Kind("rental", "HIRE-{}", "hired"),
    Kind("reservation", "RES-{}", "reserved"),
    Kind("purchase", "BUY-{}", "bought"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of a record."""

    product: tuple[str, str]
    """Singular and plural."""
    quantity: int
    cents: int
    """Price of one."""

    @property
    def price(self) -> str:
        """With two decimals."""
        return f"{self.cents / 100:.2f}"

    def as_json(self) -> dict[str, Any]:
        """As the answer must have it."""
        return {"product": self.product[0], "quantity": self.quantity, "price": self.cents / 100}


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What is to be reformatted."""

    kind: Kind
    reference: str
    customer: str
    city: str
    day: date
    urgent: bool
    lines: tuple[Line, ...]


def _record(rng: random.Random, n_lines: int) -> Record:
    kind = pick(rng, KINDS)
    return Record(
        kind=kind,
        reference=kind.form.format(between(rng, 1001, 99999)),
        customer=f"{pick(rng, FIRST_NAMES)} {pick(rng, SURNAMES)}",
        city=pick(rng, _CITIES),
        day=date(between(rng, 2024, 2028), between(rng, 1, 12), between(rng, 1, 28)),
        urgent=rng.random() < 0.5,
        lines=tuple(
            Line(product=product, quantity=between(rng, 1, 24), cents=between(rng, 150, 29999))
            for product in picks(rng, _PRODUCTS, n_lines)
        ),
    )


def _day(rng: random.Random, day: date) -> str:
    """A day in one of the ways in which only one reading is possible."""
    month = _MONTHS[day.month - 1]
    return pick(
        rng,
        (
            f"{day.day} {month} {day.year}",
            f"{month} {day.day}, {day.year}",
            f"{day.day} {month[:3]} {day.year}",
            day.isoformat(),
        ),
    )


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _prose(rng: random.Random, record: Record) -> str:
    goods = _listed(
        [
            f"{line.quantity} {line.product[line.quantity > 1]} at {line.price}{' each' * (line.quantity > 1)}"
            for line in record.lines
        ]
    )
    verb, day = record.kind.verb, _day(rng, record.day)
    first = pick(
        rng,
        (
            f"On {day}, {record.customer} from {record.city} {verb} {goods}.",
            f"{record.customer}, who lives in {record.city}, {verb} {goods}. The date was {day}.",
        ),
    )
    urgency = ("It is urgent.", "This one is urgent, please.") if record.urgent else ("It is not urgent.", "No hurry.")
    others = [pick(rng, urgency), f"The {record.kind.noun} has the reference {record.reference}."]
    return " ".join([first, *shuffled(rng, others)])


def _lines(rng: random.Random, record: Record) -> str:
    lines = [
        f"Reference: {record.reference}",
        f"Customer: {record.customer}",
        f"City: {record.city}",
        f"Date: {_day(rng, record.day)}",
        f"Urgent: {'yes' if record.urgent else 'no'}",
    ]
    goods = [
        f"- {line.quantity} x {line.product[0]}, {line.price}{' each' * (line.quantity > 1)}" for line in record.lines
    ]
    # The empty line makes it a text of paragraphs: what is put before or behind it then stands apart.
    return "\n".join([record.kind.noun.capitalize(), "", *shuffled(rng, lines), "Lines:", *goods])


@dataclass(frozen=True, kw_only=True, slots=True)
class Reformatting:
    """Records with a number of lines."""

    lines: tuple[int, ...]
    axis: str = "lines"

    def levels(self) -> list[int]:
        """Numbers of lines, from few to many."""
        return list(self.lines)

    def size(self, level: int) -> None:
        """Unknown: there are far more records than anybody will ask."""
        return

    def draw(self, rng: random.Random, level: int) -> dict[str, Any]:
        """Fields `record`, `names`, `lines`, the values as JSON has them, `goods`: a schema that only they fit."""
        record = _record(rng, level)
        text = _prose(rng, record) if rng.random() < 0.5 else _lines(rng, record)
        goods = [line.as_json() for line in record.lines]
        return {
            "id": sha256(text.encode()).hexdigest()[:12],
            "record": text,
            "names": [record.customer, record.city, *(form for line in record.lines for form in line.product),
                      _MONTHS[record.day.month - 1], _MONTHS[record.day.month - 1][:3], *_URGENCY],
            self.axis: level,
            "reference": record.reference,
            "customer": record.customer,
            "city": record.city,
            "date": record.day.isoformat(),
            "urgent": "true" if record.urgent else "false",
            "goods": {
                "type": "array",
                "prefixItems": [{"const": line} for line in goods],
                "minItems": level,
                "maxItems": level,
            },
        }  # fmt: skip


def reformatting(arguments: Mapping[str, Any]) -> Reformatting:
    """Make the generator from a suite's argument `lines`.

    Raises:
        GeneratorError: If an argument is unknown or out of range.
    """
    refuse_unknown(arguments, ["lines"])
    return Reformatting(lines=whole_numbers(arguments, "lines", default=[1, 2, 4, 8], within=(1, MAX_LINES)))
