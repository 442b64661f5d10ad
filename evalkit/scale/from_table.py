"""Read a table of results by model and size that somebody else measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.errors import EvalkitError, did_you_mean, refuse
from evalkit.plain import one_line
from evalkit.scale.points import SIZES, Mean, Point, Series, Size, read_size
from evalkit.suite.items import Row, file_rows
from evalkit.trial import CLEAN

KEYS: Mapping[str, str] = {
    "model": "who was measured; a checkpoint's is its model's",
    "task": "the ability; without it the pass rate's column",
    "params": "parameters: a number, or such as 70m",
    "tokens": "tokens seen in training",
    "flops": "operations of training",
    "pass_rate": "0–1",
    "trials": "how many the pass rate comes from",
    "passes": "of these; instead of pass_rate",
    "stderr": "the pass rate's standard error, instead of trials",
    "score": "any number that is better when larger",
    "loss": "nats a token",
}
"""What a column may be, and what it then holds."""

MOST_MODELS = 1000
"""Of one task. More are rows of something else: items, or tasks that no column was named for."""
_MOST_TRIALS = 1e12


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    factor: float
    """What every number of it is multiplied by."""


class _WrongCell(Exception):
    def __init__(self, column: str, message: str) -> None:
        super().__init__(message)
        self.column = column


def read_series(path: Path, mapped: Mapping[str, str], *, threshold: float | None) -> list[Series]:
    """Read a table, one series a task.

    Args:
        path: CSV with a header, JSONL, or Parquet, by its ending; one model, or checkpoint, a row.
        mapped: The column of each of `KEYS`, such as `Size (B)*1e9`; one that is not named is the column of the key's
            own name, if there is one. An empty name leaves that column aside.
        threshold: The pass rate needed for use; None where nobody says.

    Raises:
        EvalkitError: If the file, a column or a cell is not what it should be; the first ten bad rows are named.
    """
    rows = file_rows(path)
    columns = _columns(path, rows, mapped)
    points: dict[str, list[Point]] = {}
    problems = []
    for row in rows:
        try:
            cells = _Cells(row, columns)
            point = cells.point()
            task = cells.text("task") if "task" in columns else _only_task(path, columns)
        except _WrongCell as wrong:
            problems.append(row.problem(str(wrong), key=wrong.column))
            continue
        if point is not None:
            points.setdefault(task, []).append(point)
    refuse(problems)
    for task, members in points.items():
        if len(members) > MOST_MODELS:
            raise EvalkitError(
                f"{path}: found {len(members):,} rows of {one_line(task, 40)}, expected at most {MOST_MODELS:,}: a row "
                "is a model or a checkpoint; name the column that tells tasks apart with --map task=COLUMN"
            )
    return [
        Series(task=task, condition=CLEAN, threshold=threshold, points=tuple(members))
        for task, members in points.items()
    ]


def _only_task(path: Path, columns: Mapping[str, _Column]) -> str:
    """What a table without a column for tasks is about."""
    column = columns.get("pass_rate") or columns.get("passes")
    return path.stem if column is None or column.name in KEYS else column.name


def _columns(path: Path, rows: Sequence[Row], mapped: Mapping[str, str]) -> dict[str, _Column]:
    known = dict.fromkeys(name for row in rows for name in row.fields)
    problems = [f"--map {key}: no such key. {did_you_mean(key, KEYS)}" for key in mapped if key not in KEYS]
    columns: dict[str, _Column] = {}
    for key in KEYS:
        written = mapped.get(key, key if key in known else "")
        if not written:
            continue
        column = _column(written, known)
        if column is None:
            problems.append(f"{path}: no column {written!r} for {key}. {did_you_mean(written, known)}")
        else:
            columns[key] = column
    problems = problems or [f"{path}: {gap}" for gap in _gaps(columns)]
    if problems:
        raise EvalkitError("\n".join(problems))
    return columns


def _column(written: str, known: Mapping[str, None]) -> _Column | None:
    """A column, with a factor if there is one behind its name."""
    if written in known:
        return _Column(written, 1.0)
    name, times, factor = written.rpartition("*")
    try:
        number = float(factor)
    except ValueError:
        return None
    usable = times and name.strip() in known and math.isfinite(number) and number > 0
    return _Column(name.strip(), number) if usable else None


def _gaps(columns: Mapping[str, _Column]) -> list[str]:
    gaps = []
    if "model" not in columns:
        gaps.append("no column says who was measured; name it with --map model=COLUMN")
    if not set(SIZES) & set(columns):
        gaps.append("no column says how large a model is; name one with --map params=COLUMN, tokens= or flops=")
    if not {"pass_rate", "passes", "loss"} & set(columns):
        gaps.append("no column says what passed; name it with --map pass_rate=COLUMN, or passes= and trials=, or loss=")
    if "passes" in columns and "pass_rate" in columns:
        gaps.append("found columns for passes and for pass_rate; leave one aside with --map passes=")
    if "passes" in columns and "trials" not in columns:
        gaps.append("found a column for passes and none for trials; name it with --map trials=COLUMN")
    if "trials" in columns and "stderr" in columns:
        gaps.append("found columns for trials and for stderr; leave one aside with --map stderr=")
    return gaps


@dataclass(frozen=True, slots=True)
class _Cells:
    """One row, by key."""

    row: Row
    columns: Mapping[str, _Column]

    def point(self) -> Point | None:
        """What the row says of a model; None when it says nothing of what is looked at."""
        rate, trials = self._rate()
        loss = self.number("loss", least=0.0)
        score = self.number("score")
        if rate is None and loss is None:
            return None
        return Point(
            model=self.text("model"),
            size=Size(**{key: self._size(key) for key in SIZES}),
            pass_rate=rate,
            trials=trials,
            error=self.number("stderr", least=0.0, most=1.0),
            score=None if score is None else Mean(value=score),
            loss=None if loss is None else Mean(value=loss),
        )

    def _rate(self) -> tuple[float | None, float | None]:
        trials = self.number("trials", least=0.0, most=_MOST_TRIALS)
        if trials == 0:
            return None, None
        if trials is not None and trials < 1:
            raise _WrongCell(self.columns["trials"].name, f"found {trials:g}, expected a number of trials, 0 or 1 on")
        if "passes" not in self.columns:
            return self.number("pass_rate", least=0.0, most=1.0), trials
        passes = self.number("passes", least=0.0, most=trials)
        if (passes is None) != (trials is None):
            raise _WrongCell(self.columns["trials"].name, "found passes or trials alone, expected both or neither")
        return (None, None) if passes is None or trials is None else (passes / trials, trials)

    def _value(self, key: str) -> Any:
        """What the cell holds; None when it is empty or there is no such column."""
        column = self.columns.get(key)
        return None if column is None else self.row.cell(column.name)

    def text(self, key: str) -> str:
        value = self._value(key)
        if value is None or isinstance(value, bool | bytes | list | dict):
            raise _WrongCell(self.columns[key].name, f"found {_shown(value)}, expected a name: {KEYS[key]}")
        return one_line(str(value), 200)

    def _size(self, key: str) -> float | None:
        value = self._value(key)
        if value is None:
            return None
        try:
            number = float(f"{read_size(str(value)) * self.columns[key].factor:.12g}")
        except EvalkitError:
            number = 0.0
        if not 0 < number < math.inf:
            raise _WrongCell(
                self.columns[key].name, f"found {_shown(value)}, expected a size above 0 such as 70m or 1e22"
            )
        return number

    def number(self, key: str, *, least: float = -math.inf, most: float | None = None) -> float | None:
        value = self._value(key)
        if value is None:
            return None
        try:
            number = math.nan if isinstance(value, bool) else float(str(value)) * self.columns[key].factor
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and least <= number <= (math.inf if most is None else most)):
            limits = f" from {least:g} to {most:g}" if most is not None else " of at least 0" if least == 0 else ""
            is_share = key in ("pass_rate", "stderr")
            hint = f"; of percentages, --map {key}='{self.columns[key].name}*0.01'" if is_share else ""
            raise _WrongCell(self.columns[key].name, f"found {_shown(value)}, expected a number{limits}{hint}")
        return number


def _shown(value: Any) -> str:
    return "nothing" if value is None else one_line(repr(value), 60)
