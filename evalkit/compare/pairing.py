"""Units of two runs side by side: by task, condition, item, and how often the item came before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from evalkit.engine.outcomes import complete_units, outcome_of
from evalkit.errors import RecordError
from evalkit.findings.compare import Flip, Side
from evalkit.record import RunFile, TrialReader, TrialRow
from evalkit.verdict import Key, Outcome, Terms


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """What one item brought under a condition."""

    item: str
    before: int
    """How often the item came before under this condition."""
    outcome: Outcome
    cluster: str | None
    """What it may stand or fall with; None when it stands alone."""
    response: str | None
    """Of several asks, the first that failed, else the first."""

    @property
    def name(self) -> str:
        """By which a unit of another run is found."""
        return f"{self.item}\0{self.before}"

    @property
    def passed(self) -> float | None:
        """1, 0, or None when void."""
        return None if self.outcome.passed is None else float(self.outcome.passed)

    @property
    def score(self) -> float | None:
        """Mean score, 0–1; None when void."""
        return None if None in self.outcome.asks else self.outcome.score

    def held(self, constraint: str) -> float | None:
        """1, 0, or None when void, or when there is no such constraint."""
        held = self.outcome.constraints.get(constraint)
        return None if held is None else float(held)

    def side(self) -> Side:
        """For a flip."""
        failed = tuple(name for name, held in self.outcome.constraints.items() if not held)
        return Side(passed=self.outcome.passed is True, response=self.response, failed=failed)


UnitPair: TypeAlias = tuple[Unit, Unit]
"""Of A, of B."""


def read_units(folder: Path, run: RunFile) -> Mapping[Key, Sequence[Unit]]:
    """A run's units by task and condition, each in plan order, as far as they stand without a gap.

    Raises:
        RecordError: If the trials cannot be read, or are of another run.
    """
    terms = {each.key: each for each in run.terms}
    found: dict[Key, list[Unit]] = {key: [] for key in terms}
    came: Counter[tuple[Key, str]] = Counter()
    with TrialReader(folder) as reader:
        for key, rows in complete_units(_known(reader, folder, terms), terms):
            item = rows[0].item
            found[key].append(_unit(rows, terms[key], came[key, item]))
            came[key, item] += 1
    return found


def _known(reader: TrialReader, folder: Path, terms: Mapping[Key, Terms]) -> Iterator[TrialRow]:
    for row in reader.rows():
        if (row.task, row.condition) not in terms:
            raise RecordError(
                f"{folder}: trials.db has trials of {row.task}, {row.condition}, which run.json does not know; the two "
                "are of different runs"
            )
        yield row


def _unit(rows: Sequence[TrialRow], terms: Terms, before: int) -> Unit:
    outcome = outcome_of(rows)
    telling = next((row for row in rows if row.passed is False), rows[0])
    return Unit(
        item=rows[0].item,
        before=before,
        outcome=outcome,
        cluster=outcome.cluster if terms.clustered else None,
        response=telling.response,
    )


def pair_up(a: Sequence[Unit], b: Sequence[Unit], *, by_a: bool = False) -> list[UnitPair]:
    """The units that both have.

    Args:
        a: Of one run.
        b: Of the other.
        by_a: Whether pairs come in the order of A's plan; else in that of B's.
    """
    leading, other = (a, {unit.name: unit for unit in b}) if by_a else (b, {unit.name: unit for unit in a})
    found = [(unit, other[unit.name]) for unit in leading if unit.name in other]
    return found if by_a else [(first, second) for second, first in found]


def flips(pairs: Sequence[UnitPair]) -> Iterator[Flip]:
    """Pairs that passed with one of the two only."""
    for a, b in pairs:
        if None not in (a.passed, b.passed) and a.passed != b.passed:
            yield Flip(item=b.item, before=b.before, a=a.side(), b=b.side())
