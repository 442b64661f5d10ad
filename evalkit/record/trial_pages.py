"""Find trials among many: by task, condition, outcome, broken constraint, item or text.

Theory of operation. The record has no index for such questions, since keeping one would slow recording. One reading of
it makes narrow tables in memory, in the order of the plan; every question after that is answered from those, and wide
rows are fetched for the trials that are shown only. When the record has changed since, they are made again. Between
questions the file is let go of: a run that ends could not fold its WAL in while somebody has it open.
"""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import RLock
from typing import Any, Self

from evalkit.errors import RecordError
from evalkit.findings.trials import (
    ENDINGS,
    FailureGroup,
    FlakyItem,
    GroupKind,
    TrialFilter,
    TrialPage,
    TrialSummary,
    trial_id,
)
from evalkit.plain import one_line, printable
from evalkit.record.trial_row import TrialKey
from evalkit.record.trials import DATABASE
from evalkit.score import ANSWERED
from evalkit.verdict import Key

EXCERPT = 120
"""Characters of a response in a summary."""
_EXAMPLES = 5
_ASKS = 20
_KEPT_SEARCHES = 8
_KINDS: tuple[GroupKind, ...] = ("ending", "constraint", "other", "void")

# Columns without a type, as those of the record: SQLite would convert those before it compares them, and use no key.
_TABLES = """
DROP TABLE IF EXISTS marks;
DROP TABLE IF EXISTS broken;
CREATE TABLE marks (n INTEGER PRIMARY KEY, place, position, repeat, item, outcome, reason);
CREATE TABLE broken (n, name, at, PRIMARY KEY (n, name)) WITHOUT ROWID;
CREATE INDEX broken_by_name ON broken (name);
"""
_MARKS = f"""
INSERT INTO marks (place, position, repeat, item, outcome, reason)
SELECT ?, position, repeat, shown(item),
       CASE WHEN void_reason IS NOT NULL THEN 'void' WHEN passed IS NULL THEN 'unscored'
            WHEN passed THEN 'pass' ELSE 'fail' END,
       CASE WHEN void_reason IS NOT NULL THEN shown(void_reason)
            WHEN NOT passed AND NOT coalesce(json_extract(constraints, '$.{ANSWERED}.passed'), 1) THEN
                 CASE finish_reason WHEN 'length' THEN 'truncated' WHEN 'content_filter' THEN 'filtered'
                      WHEN 'refusal' THEN 'refused' WHEN 'context_overflow' THEN 'too-long' ELSE 'empty' END
       END
FROM run.trials WHERE task = ? AND condition = ? ORDER BY position, repeat
"""
_BROKEN = f"""
INSERT OR IGNORE INTO broken
SELECT marks.n, shown(checks.key), checks.id
FROM marks CROSS JOIN run.trials ON task = ? AND condition = ? AND trials.position = marks.position
                             AND trials.repeat = marks.repeat
     JOIN json_each(trials.constraints) AS checks
WHERE marks.n BETWEEN ? AND ? AND marks.outcome = 'fail' AND checks.key <> '{ANSWERED}'
      AND NOT json_extract(checks.value, '$.passed')
"""
_SUMMARY = """
SELECT marks.position, marks.repeat, marks.item, marks.outcome, marks.reason, variant, score,
       response, latency_s, cost_usd
FROM marks JOIN run.trials ON task = ? AND condition = ? AND trials.position = marks.position
                       AND trials.repeat = marks.repeat
WHERE marks.n = ?
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """A condition's stretch of the trials, which are numbered in plan order."""

    key: Key
    task: str
    """As shown."""
    condition: str
    first: int
    """Number of its first trial; 1-based."""
    trials: int

    @property
    def end(self) -> int:
        """One past the number of its last trial."""
        return self.first + self.trials


class TrialPages:
    """Looks through a run's trials, also while the run goes on; threads may share it.

    Args:
        folder: The run's.
        keys: Its tasks and conditions, in the order in which their trials are wanted.

    Raises:
        RecordError: If there are no trials that could be read; at construction or at any question.
    """

    def __init__(self, folder: Path, keys: Sequence[Key]) -> None:
        self._path, self._keys, self._lock = folder / DATABASE, tuple(keys), RLock()
        self._seen: object = None
        """Which state of the record the tables are of."""
        self._places: tuple[_Place, ...] = ()
        self._found: dict[TrialFilter, Sequence[int]] = {}
        if not self._path.is_file():
            raise RecordError(f"{folder}: no {DATABASE}; expected the folder of a run")
        self._connection = sqlite3.connect(":memory:", uri=True, check_same_thread=False, isolation_level=None)
        self._connection.create_function("shown", 1, _shown, deterministic=True)
        self._connection.create_function("folded", 1, _folded, deterministic=True)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            what = error.strerror if isinstance(error, OSError) else error
            raise RecordError(f"{self._path}: cannot be read as a run's trials: {what}") from None

    @contextmanager
    def current(self) -> Iterator[None]:
        """Have the tables say what the record says now, and keep other threads out; many questions within are quick."""
        with self._lock, self._reading():
            if self._connection.execute("SELECT 1 FROM pragma_database_list WHERE name = 'run'").fetchone():
                yield
                return
            state = self._state()
            self._connection.execute("ATTACH ? AS run", (f"{self._path.resolve().as_uri()}?mode=ro",))
            try:
                if state != self._seen:
                    self._seen = None
                    self._make()
                    self._seen = state
                yield
            finally:
                self._connection.execute("DETACH run")

    def _state(self) -> object:
        """What is another as soon as somebody has committed."""
        files = (self._path, self._path.with_name(f"{DATABASE}-wal"))
        found = [file.stat() for file in files if file.exists()]
        return [(each.st_ino, each.st_size, each.st_mtime_ns) for each in found]

    def _make(self) -> None:
        self._found.clear()
        self._connection.executescript(_TABLES)
        self._connection.execute("BEGIN")  # what is committed meanwhile waits for the next time
        try:
            self._places = tuple(self._filled())
        finally:
            self._connection.execute("COMMIT")

    def _filled(self) -> Iterator[_Place]:
        first = 1
        for place, (task, condition) in enumerate(self._keys):
            added = self._connection.execute(_MARKS, (place, task, condition)).rowcount
            self._connection.execute(_BROKEN, (task, condition, first, first + added - 1))
            yield _Place(
                key=(task, condition),
                task=printable(task),
                condition=printable(condition),
                first=first,
                trials=added,
            )
            first += added

    def _all(self, query: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        # At once: an unfinished statement would not let go of the file.
        return self._connection.execute(query, values).fetchall()

    def _one(self, query: str, values: Sequence[Any] = ()) -> tuple[Any, ...]:
        found: tuple[Any, ...] = self._connection.execute(query, values).fetchone()
        return found

    def total(self) -> int:
        """How many trials are recorded."""
        with self.current():
            return sum(place.trials for place in self._places)

    def page(self, wanted: TrialFilter, offset: int, limit: int) -> TrialPage:
        """Some of the trials that a filter finds, in plan order.

        Args:
            wanted: Which trials.
            offset: How many of them to skip.
            limit: How many to give at most.
        """
        with self.current():
            found = self._numbers(wanted)
            chosen = found[max(0, offset) : max(0, offset) + max(0, limit)]
            return TrialPage(total=len(found), offset=offset, trials=tuple(map(self._summary, chosen)))

    def keys(self, wanted: TrialFilter, limit: int) -> list[TrialKey]:
        """The first trials that a filter finds."""
        with self.current():
            return [self._key(number) for number in self._sought(wanted, limit)[:limit]]

    def _key(self, number: int) -> TrialKey:
        position, repeat = self._turn(number)
        task, condition = self._place(number).key
        return task, condition, position, repeat

    def _place(self, number: int) -> _Place:
        """Where a trial stands."""
        return self._places[bisect_left(self._places, number + 1, key=lambda place: place.end)]

    def _numbers(self, wanted: TrialFilter) -> Sequence[int]:
        """All trials that a filter finds, by their numbers."""
        if wanted not in self._found:
            if len(self._found) >= _KEPT_SEARCHES:
                del self._found[next(iter(self._found))]
            sought = self._sought(wanted)
            self._found[wanted] = sought if isinstance(sought, range) else array("Q", sought)
        return self._found[wanted]

    def _sought(self, wanted: TrialFilter, limit: int = -1) -> Sequence[int]:
        """As `_numbers`, or so many of each condition."""
        places = [
            place
            for place in self._places
            if wanted.task in (None, place.task) and wanted.condition in (None, place.condition)
        ]
        if wanted == TrialFilter(task=wanted.task, condition=wanted.condition):
            stretch = range(places[0].first, places[-1].end) if places else range(0)
            if len(stretch) == sum(place.trials for place in places):  # no other condition lies between
                return stretch
        return [number for place in places for number in self._sought_in(place, wanted, limit)]

    def _sought_in(self, place: _Place, wanted: TrialFilter, limit: int) -> list[int]:
        tables, where = "marks", ["marks.n BETWEEN :first AND :last"]
        values: dict[str, Any] = {"first": place.first, "last": place.end - 1, "limit": limit}
        for name in ("outcome", "reason", "item"):
            if getattr(wanted, name) is not None:
                where.append(f"marks.{name} = :{name}")
                values[name] = getattr(wanted, name)
        if wanted.constraint is not None:
            tables = "broken CROSS JOIN marks USING (n)"
            where[0] = "broken.n BETWEEN :first AND :last AND broken.name = :constraint"
            values["constraint"] = wanted.constraint
        if wanted.text is not None:
            tables += (
                " JOIN run.trials ON task = :task AND condition = :condition AND trials.position = marks.position"
                " AND trials.repeat = marks.repeat"
            )
            where.append("(instr(folded(response), :text) OR instr(folded(marks.item), :text))")
            values |= {"text": wanted.text.casefold(), "task": place.key[0], "condition": place.key[1]}
        query = f"SELECT marks.n FROM {tables} WHERE {' AND '.join(where)} ORDER BY marks.n LIMIT :limit"
        return [number for (number,) in self._all(query, values)]

    def summary(self, key: TrialKey) -> TrialSummary | None:
        """One trial in a line; None when it is not recorded."""
        with self.current():
            number = self._number(key)
            return None if number is None else self._summary(number)

    def _number(self, key: TrialKey) -> int | None:
        task, condition, position, repeat = key
        place = next((place for place in self._places if place.key == (task, condition)), None)
        if place is None:
            return None
        numbers = range(place.first, place.end)
        at = bisect_left(numbers, (position, repeat), key=self._turn)
        return numbers[at] if at < len(numbers) and self._turn(numbers[at]) == (position, repeat) else None

    def _turn(self, number: int) -> tuple[Any, ...]:
        """A trial's plan position and repeat, by which a condition's trials are numbered."""
        return self._one("SELECT position, repeat FROM marks WHERE n = ?", (number,))

    def _summary(self, number: int) -> TrialSummary:
        place = self._place(number)
        found = self._one(_SUMMARY, (*place.key, number))
        position, repeat, item, outcome, reason, variant, score, response, latency_s, cost_usd = found
        query = "SELECT name FROM broken WHERE n = ? ORDER BY at"
        failed = self._all(query, (number,)) if outcome == "fail" else []
        return TrialSummary(
            id=trial_id((*place.key, position, repeat)),
            task=place.task,
            condition=place.condition,
            item=item,
            repeat=repeat,
            position=position,
            variant=variant and printable(variant),
            outcome=outcome,
            score=score,
            failed=tuple(name for (name,) in failed),
            reason=reason,
            excerpt=None if response is None else one_line(response[: 4 * EXCERPT], EXCERPT),
            latency_s=latency_s,
            cost_usd=cost_usd,
        )

    def neighbours(self, key: TrialKey, limit: int) -> tuple[list[TrialSummary], int]:
        """Trials of the same item in the same task, itself left out; at most so many, and how many are left out."""
        query = """
            SELECT beside.n, beside.place FROM marks AS own JOIN marks AS beside ON beside.item = own.item
            WHERE own.n = ? AND beside.n <> own.n ORDER BY beside.n
        """
        with self.current():
            self._connection.execute("CREATE INDEX IF NOT EXISTS marks_by_item ON marks (item)")
            found = self._all(query, (self._number(key),))
            beside = [number for number, place in found if self._places[place].key[0] == key[0]]
            return [self._summary(number) for number in beside[:limit]], max(0, len(beside) - limit)

    def groups(self) -> list[FailureGroup]:
        """What went wrong, by condition and by what is broken; within a condition the most frequent first."""
        with self.current():
            found = [*self._broken(), *self._ended()]
            found.sort(key=lambda group: (group[0], -group[3], _KINDS.index(group[1]), group[2]))
            return [self._group(*group) for group in found]

    def _broken(self) -> Iterator[tuple[int, GroupKind, str, int]]:
        query = "SELECT place, name, count(*) FROM broken CROSS JOIN marks USING (n) GROUP BY place, name"
        for place, name, count in self._all(query):
            yield place, "constraint", name, count

    def _ended(self) -> Iterator[tuple[int, GroupKind, str, int]]:
        query = """
            SELECT place, outcome, coalesce(reason, 'failed'), count(*) FROM marks
            WHERE outcome = 'void' OR (outcome = 'fail' AND (reason IS NOT NULL OR n NOT IN (SELECT n FROM broken)))
            GROUP BY place, outcome, reason
        """
        for place, outcome, reason, count in self._all(query):
            kind: GroupKind = "void" if outcome == "void" else "ending" if reason in ENDINGS else "other"
            yield place, kind, reason, count

    def _group(self, place: int, kind: GroupKind, name: str, count: int) -> FailureGroup:
        known = self._places[place]
        told = {
            "constraint": f"breaks {name}",
            "ending": ENDINGS.get(name, name),
            "void": f"no answer: {name}",
            "other": "failed; the record does not say at what",
        }
        group = FailureGroup(
            task=known.task,
            condition=known.condition,
            kind=kind,
            name=name,
            says=told[kind],
            trials=count,
            of=known.trials,
            examples=(),
        )
        examples = self._sought_in(known, group.members, _EXAMPLES)
        return replace(group, examples=tuple(trial_id(self._key(number)) for number in examples))

    def flaky(self, limit: int) -> list[FlakyItem]:
        """Items that were asked the same several times and passed some of them, those that vary the most first."""
        query = """
            SELECT place, item, count(*) AS asks, sum(outcome = 'pass') AS passes FROM marks
            WHERE outcome IN ('pass', 'fail') GROUP BY place, item HAVING passes > 0 AND passes < asks
            ORDER BY abs(2.0 * passes / asks - 1), asks DESC, place, min(n) LIMIT ?
        """
        with self.current():
            return [self._flaky(*found) for found in self._all(query, (limit,))]

    def _flaky(self, place: int, item: str, asks: int, passes: int) -> FlakyItem:
        known = self._places[place]
        trials = self._sought_in(known, TrialFilter(item=item), _ASKS)
        return FlakyItem(
            task=known.task,
            condition=known.condition,
            item=item,
            asks=asks,
            passes=passes,
            trials=tuple(trial_id(self._key(number)) for number in trials),
        )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _shown(text: str | None) -> str | None:
    return None if text is None else printable(text)


def _folded(text: str | None) -> str:
    return (text or "").casefold()
