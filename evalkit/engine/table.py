"""Read a table of trials that somebody else measured: which column is what, and what each row says.

Nothing is guessed from values. A cell that does not say what its column must say is an error with its row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.errors import EvalkitError, Problem, did_you_mean, refuse
from evalkit.plain import one_line, without_controls
from evalkit.suite.items import Row, file_rows
from evalkit.trial import CLEAN, Condition, Level

KEYS: Mapping[str, str] = {
    "item": "the question",
    "passed": "whether it passed: true/false, 1/0, yes/no, pass/fail; empty: void",
    "score": "0–1; beside `passed`, or instead of it with a least score",
    "task": "the ability that the question is about",
    "condition": "the perturbation, or its id such as noise@0.05; empty: clean",
    "level": "its strength",
    "repeat": "which time round the item was asked",
    "model": "who answered",
    "group": "what items stand or fall together with",
    "response": "the answer's text",
}
"""What a column may be, and what it then holds."""

ENDINGS = (".csv", ".jsonl", ".parquet")
_OUTCOMES = {
    **dict.fromkeys(("true", "yes", "pass", "1", "1.0"), True),
    **dict.fromkeys(("false", "no", "fail", "0", "0.0"), False),
}
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]+)?(e[+-]?[0-9]{1,3})?", re.IGNORECASE | re.ASCII)
_LONGEST_NAME = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How a table is to be read."""

    columns: Mapping[str, str]
    """The column of each of `KEYS`; one that is not named is the column of the key's own name, if there is one. An
    empty name leaves that column aside."""
    pass_score: float | None = None
    """The least score that passes, where no column says what passed; 0–1."""
    task: str = ""
    """Of every row, where no column says it."""
    model: str | None = None
    """Who answered; None: what the column says, else `imported`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TableTrial:
    """One row of the table."""

    line: int
    """1-based: of the file's lines, or in Parquet of its rows."""
    model: str
    task: str
    condition: Condition
    item: str
    group: str | None
    repeat: str | None
    """As the table calls it; None where no column says it."""
    passed: bool | None
    """None: void."""
    score: float | None
    """0–1; None where void."""
    response: str | None


class _WrongCell(Exception):
    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def read_table(path: Path, reading: Reading) -> list[TableTrial]:
    """Read every row.

    Args:
        path: CSV with a header, JSONL, or Parquet, by its ending.
        reading: How.

    Raises:
        EvalkitError: If the file, a column or a cell is not what it should be; the first ten bad rows are named.
    """
    if path.suffix not in ENDINGS:
        raise EvalkitError(f"{path}: found the ending {path.suffix!r}, expected trials in one of {', '.join(ENDINGS)}")
    rows = file_rows(path)
    columns = _columns(path, rows, reading)
    trials, problems = [], []
    for row in rows:
        try:
            trials.append(_Cells(row, columns, reading).trial())
        except _WrongCell as wrong:
            problems.append(row.problem(str(wrong), key=columns.get(wrong.key, wrong.key)))
    refuse(problems)
    return trials


def _columns(path: Path, rows: Iterable[Row], reading: Reading) -> dict[str, str]:
    """The column of each key that has one."""
    known = dict.fromkeys(name for row in rows for name in row.fields)
    problems = [f"--map {key}: no such key. {did_you_mean(key, KEYS)}" for key in reading.columns if key not in KEYS]
    problems += [
        f"{path}: no column {column!r} for {key}. {did_you_mean(column, known)}"
        for key, column in reading.columns.items()
        if key in KEYS and column and column not in known
    ]
    refuse(problems)
    found = {key: reading.columns.get(key, key if key in known else "") for key in KEYS}
    columns = {key: column for key, column in found.items() if column}
    refuse([Problem(path=path, message=message) for message in _gaps(columns, reading)])
    return columns


def _gaps(columns: Mapping[str, str], reading: Reading) -> list[str]:
    """What the columns leave open, or say twice."""
    gaps = []
    if "item" not in columns:
        gaps.append("no column says which item a trial is about; name it with --map item=COLUMN")
    if "passed" in columns:
        if reading.pass_score is not None:
            gaps.append(f"found --pass-score beside the column {columns['passed']!r}, which says what passed; leave "
                        "one out (--map passed= leaves the column aside)")  # fmt: skip
    elif "score" not in columns:
        gaps.append("no column says what passed; name it with --map passed=COLUMN, or --map score=COLUMN with "
                    "--pass-score")  # fmt: skip
    elif reading.pass_score is None:
        gaps.append(f"no column says what passed, and no --pass-score which {columns['score']!r} is enough; give one")
    if "model" in columns and reading.model is not None:
        gaps.append(f"found --model beside the column {columns['model']!r}, which says who answered; leave one out "
                    "(--map model= leaves the column aside)")  # fmt: skip
    if "level" in columns and "condition" not in columns:
        gaps.append(f"found the column {columns['level']!r} for level and none for condition; name it with "
                    "--map condition=COLUMN (--map level= leaves the levels aside)")  # fmt: skip
    return gaps


@dataclass(frozen=True, slots=True)
class _Cells:
    """One row, by key."""

    row: Row
    columns: Mapping[str, str]
    reading: Reading

    def trial(self) -> TableTrial:
        passed, score = self._outcome()
        return TableTrial(
            line=self.row.line,
            model=self._name("model", self.reading.model or "imported"),
            task=self._name("task", self.reading.task),
            condition=self._condition(),
            item=self._name("item", "", longest=None),
            group=self._name("group", "", longest=None) or None,
            repeat=self._name("repeat", "") or None,
            passed=passed,
            score=score,
            response=self._response() if passed is not None else None,
        )

    def _value(self, key: str) -> Any:
        """What the cell holds; None when it is empty or there is no such column."""
        return self.row.cell(self.columns.get(key, ""))

    def _name(self, key: str, otherwise: str, *, longest: int | None = _LONGEST_NAME) -> str:
        """A name that must be there if its column is."""
        if key not in self.columns:
            return otherwise
        name = self._text(key, longest=longest)
        if name is None:
            raise _WrongCell(key, f"found nothing, expected {KEYS[key]}")
        return name

    def _text(self, key: str, *, longest: int | None = _LONGEST_NAME) -> str | None:
        """A cell that tells things apart."""
        value = self._value(key)
        if value is None:
            return None
        if isinstance(value, bool | bytes | list | dict):
            raise _WrongCell(key, f"found {_shown(value)}, expected a text or a number: {KEYS[key]}")
        # A column of whole numbers in which one is missing comes as 1.0, 2.0, … from many programs.
        text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        if not _storable(text) or without_controls(text) != text or "\n" in text or "\t" in text:
            raise _WrongCell(key, f"found {_shown(text)}, expected a name of one line without control characters")
        if longest is not None and len(text) > longest:
            raise _WrongCell(key, f"found a text of {len(text):,} characters, expected a name of at most {longest}")
        return text

    def _condition(self) -> Condition:
        name, level = self._text("condition"), self._text("level")
        if name is None:
            if level is not None:
                raise _WrongCell("condition", f"found nothing beside level {level}, expected what it is a level of")
            return Condition(perturbation=CLEAN)
        stem, _, written = name.rpartition("@")
        if stem and written:
            if level is not None and _level(level) != _level(written):
                raise _WrongCell("level", f"found {level} beside the condition {name}, expected {written}")
            name, level = stem, written
        if level is not None and name == CLEAN:
            raise _WrongCell("level", f"found {level} beside the condition {CLEAN}, expected nothing: it has no levels")
        if level is None and name == "repeat":
            raise _WrongCell("condition", "found repeat, expected repeat@ and the number of repeats of each item")
        return Condition(perturbation=name, level=None if level is None else _level(level))

    def _outcome(self) -> tuple[bool | None, float | None]:
        """Whether it passed, and its score."""
        score = self._score()
        if "passed" not in self.columns:
            assert self.reading.pass_score is not None
            return (None, None) if score is None else (score >= self.reading.pass_score, score)
        value = self._value("passed")
        word = str(value).strip().casefold()
        if value is not None and word not in _OUTCOMES:
            raise _WrongCell(
                "passed", f"found {_shown(value)}, expected true or false, 1 or 0, yes or no, pass or fail"
            )
        if "score" in self.columns and (score is None) != (value is None):
            found = "nothing" if value is None else _shown(value)
            raise _WrongCell("passed", f"found {found} beside the score {'nothing' if score is None else score}, "
                             "expected both, or for a void trial neither")  # fmt: skip
        if value is None:
            return None, None
        return _OUTCOMES[word], float(_OUTCOMES[word]) if score is None else score

    def _score(self) -> float | None:
        value = self._value("score")
        if value is None:
            return None
        try:
            score = math.nan if isinstance(value, bool) else float(str(value))
        except ValueError:
            score = math.nan
        if not 0 <= score <= 1:
            raise _WrongCell("score", f"found {_shown(value)}, expected a number from 0 to 1; divide a score out of "
                             "100 by 100, or leave the column aside with --map score=")  # fmt: skip
        return score

    def _response(self) -> str | None:
        value = self.row.fields.get(self.columns.get("response", ""))
        if value is None or (isinstance(value, str) and _storable(value)):
            return value
        raise _WrongCell("response", f"found {_shown(value)}, expected the text of an answer")


def _level(text: str) -> Level:
    """A level as a number where it reads as one, so that levels have an order."""
    if not _NUMBER.fullmatch(text):
        return text
    number = float(text)
    if not math.isfinite(number):
        return text
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _storable(text: str) -> bool:
    """Whether UTF-8 can hold it; half a character, which JSON can write, cannot be recorded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: Any) -> str:
    return one_line(repr(value), 60)
