"""A run's trials on disk: `trials.db`, one row a trial. With `trial_pages` the only one that speaks SQL.

What a provider answered is committed before it is scored: a row is inserted without its score, and completed once the
commit is through. A killed process therefore loses nothing that was paid for; rows without a score are scored when the
run is resumed. While a run goes on the database is in WAL mode with synchronous FULL; when it ends, the WAL is folded
in and one file remains.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from evalkit.errors import EXIT_INFRASTRUCTURE, RecordError
from evalkit.record.trial_row import COLUMNS, TrialKey, TrialRow, read_row, values_of

if TYPE_CHECKING:
    import pandas

DATABASE = "trials.db"

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS trials ({", ".join(COLUMNS)}, PRIMARY KEY (task, condition, position, repeat)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS trials_by_request ON trials (request_hash, repeat);
"""
_INSERT = f"INSERT OR REPLACE INTO trials ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
_KEY = "task = ? AND condition = ? AND position = ? AND repeat = ?"
_SCORE = f"UPDATE trials SET constraints = ?, passed = ?, score = ? WHERE {_KEY}"
_TOKENS = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write", "tokens_reasoning")
_WHOLE_NUMBERS = ("position", "repeat", *_TOKENS, "target_tokens", "attempts")
_PIECE = 10_000
"""Trials of a table that is one of several."""


class TrialReader:
    """Reads a run's trials; several may, also while the run goes on.

    Raises:
        RecordError: If there is no such database, it is not one of ours, or it is damaged; at construction or at any
            reading.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / DATABASE
        with self._reading():
            if not self._path.is_file():
                raise RecordError(f"{folder}: no {DATABASE}; expected the folder of a run")
            address = f"{self._path.resolve().as_uri()}?mode=ro"
            self._connection = sqlite3.connect(address, uri=True, check_same_thread=False)
            try:
                self._connection.execute(f"SELECT {', '.join(COLUMNS)} FROM trials LIMIT 0")
            except sqlite3.Error as error:
                self._connection.close()
                if "no such column" in str(error):
                    raise ValueError(
                        f"{error}; another version of evalkit made this run, and that one reads it"
                    ) from None
                raise

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            what = error.strerror if isinstance(error, OSError) else error
            raise RecordError(f"{self._path}: cannot be read as a run's trials: {what}") from None

    def rows(self, *, task: str | None = None) -> Iterator[TrialRow]:
        """All trials (of one task), by task, condition, plan position and repeat."""
        where, values = ("WHERE task = ?", (task,)) if task is not None else ("", ())
        order = "ORDER BY task, condition, position, repeat"
        with self._reading():
            for found in self._connection.execute(f"SELECT {', '.join(COLUMNS)} FROM trials {where} {order}", values):
                yield read_row(found)

    def row(self, key: TrialKey) -> TrialRow | None:
        """One trial, or None when it is not recorded."""
        return self._one(f"SELECT {', '.join(COLUMNS)} FROM trials WHERE {_KEY}", key)

    def answer(self, request_hash: str, repeat: int, *, task: str, item: str, same_item: bool) -> TrialRow | None:
        """A trial in which this very request was answered, the given time round; None when there is none.

        Args:
            request_hash: Of the request.
            repeat: Which time round.
            task: Of the trial that wants the answer.
            item: Likewise; a trial of this item is taken first.
            same_item: Whether only a trial of this item will do.
        """
        of_item = "(task = ? AND item = ?)"
        where = f"request_hash = ? AND repeat = ? AND void_reason IS NULL {f'AND {of_item}' if same_item else ''}"
        return self._one(
            f"SELECT {', '.join(COLUMNS)} FROM trials WHERE {where} ORDER BY {of_item} DESC LIMIT 1",
            (request_hash, repeat, *((task, item) if same_item else ()), task, item),
        )

    def _one(self, query: str, values: Sequence[Any]) -> TrialRow | None:
        with self._reading():
            found = self._connection.execute(query, values).fetchone()
            return None if found is None else read_row(found)

    def spent(self) -> tuple[float, int]:
        """What calls have cost so far, as far as it is known, in US dollars, and how many calls those were."""
        query = "SELECT TOTAL(cost_usd), COUNT(cost_usd) FROM trials WHERE attempts > 0"
        with self._reading():
            usd, calls = self._connection.execute(query).fetchone()
            return float(usd), int(calls)

    def n_answered(self) -> int:
        """How many trials have an answer."""
        with self._reading():
            found = self._connection.execute("SELECT COUNT(*) FROM trials WHERE void_reason IS NULL").fetchone()
            return int(found[0])

    def frame(self) -> pandas.DataFrame:
        """All trials as a table with the columns of `TrialRow`."""
        return _frame(list(self.rows()))

    def frames(self) -> Iterator[pandas.DataFrame]:
        """The same in pieces, of which one after the other has room where all together have not; at least one."""
        rows = self.rows()
        piece = list(islice(rows, _PIECE))
        yield _frame(piece)
        while piece := list(islice(rows, _PIECE)):
            yield _frame(piece)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _frame(rows: Sequence[TrialRow]) -> pandas.DataFrame:
    import pandas

    table = pandas.DataFrame([values_of(row) for row in rows], columns=list(COLUMNS))
    # Else one that is missing would make all numbers of a column floats.
    table["level"] = pandas.Series([row.level for row in rows], dtype=object)
    return table.astype({"passed": "boolean", **dict.fromkeys(_WHOLE_NUMBERS, "Int64")})


class TrialWriter:
    """Writes a run's trials; one per run.

    Raises:
        RecordError: With exit code 4 if the disk refuses, or the file was deleted, at construction or at any write.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / DATABASE
        self._connection, self._file = self._open()

    def _open(self) -> tuple[sqlite3.Connection, tuple[int, int]]:
        """A connection, and which file it has open."""
        try:
            # One thread at a time uses it, but not always the same one.
            connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.executescript(_SCHEMA)
                found = self._path.stat()
            except (sqlite3.Error, OSError):
                connection.close()
                raise
        except (sqlite3.Error, OSError) as error:
            raise self._refused(error) from None
        return connection, (found.st_dev, found.st_ino)

    def commit(self, answered: Iterable[TrialRow], scored: Iterable[TrialRow]) -> None:
        """Put new rows, and scores of earlier ones, on the disk; durable when this returns."""
        self.stage(answered, scored)
        self.save()

    def stage(self, answered: Iterable[TrialRow], scored: Iterable[TrialRow]) -> None:
        """The first half of a commit, which does not wait for the disk; `save` must follow.

        Apart from it because SQLite lets other threads run at every row: a thread that writes rows beside a busy one
        waits a few milliseconds for each.
        """
        scores = [(row.constraints, row.passed, row.score, *row.key) for row in scored]
        with self._writing():
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT, map(values_of, answered))
            self._connection.executemany(_SCORE, scores)

    def save(self) -> None:
        """The second half of a commit; durable when this returns."""
        with self._writing():
            self._connection.execute("COMMIT")
        self._check_place()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            try:
                yield
            except BaseException:
                self._connection.rollback()
                raise
        except sqlite3.Error as error:
            self._check_place()
            raise self._refused(error) from None

    def _check_place(self) -> None:
        """Notice that the file was deleted or moved, which SQLite does not: it goes on writing what nobody finds."""
        try:
            found = self._path.stat()
            if (found.st_dev, found.st_ino) == self._file:
                return
            place = self._path.with_name(f"rescued-{DATABASE}")  # another file stands where it was
        except OSError:
            place = self._path
        gone = f"{self._path}: was deleted or moved while the run went on"
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._connection.execute("VACUUM INTO ?", (str(place),))
        except (sqlite3.Error, OSError) as error:
            raise RecordError(f"{gone}, and cannot be saved: {error}", exit_code=EXIT_INFRASTRUCTURE) from None
        self._connection.close()
        self._path = place
        self._connection, self._file = self._open()
        advice = "go on with --resume" if place.name == DATABASE else f"rename it to {DATABASE} to go on"
        message = f"{gone}; all that was answered is saved in {place}: {advice}"
        raise RecordError(message, exit_code=EXIT_INFRASTRUCTURE)

    def close(self) -> None:
        """Fold the WAL in and let go of the file."""
        try:
            self._check_place()
        except RecordError:
            with suppress(RecordError):  # why it cannot be as it should has been said
                self._fold()
            raise
        self._fold()

    def _fold(self) -> None:
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as error:
            # A reader has the file open: the WAL stays beside it, and everything is readable all the same.
            if "locked" not in str(error):
                raise self._refused(error) from None
        finally:
            self._connection.close()

    def _refused(self, error: sqlite3.Error | OSError) -> RecordError:
        message = f"{self._path}: cannot be written: {error}. Free some space or check the folder, then --resume it"
        return RecordError(message, exit_code=EXIT_INFRASTRUCTURE)
