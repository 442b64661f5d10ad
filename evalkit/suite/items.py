"""Read a task's items: inline, from JSONL, CSV or Parquet, or from the suite's own Python."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.aside import aside
from evalkit.content import shipped
from evalkit.errors import Problem, SuiteError
from evalkit.suite.document import Document, Where, read_text
from evalkit.trial import Item


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One item as it was read, and where."""

    path: Path
    line: int
    fields: Mapping[str, Any]

    def problem(self, message: str, *, key: str = "") -> Problem:
        """A problem of this row."""
        return Problem(path=self.path, line=self.line, key=key, message=message)

    def cell(self, column: str) -> Any:
        """What a column holds; None where there is no such column, or it is empty here."""
        value = self.fields.get(column)
        empty = (isinstance(value, str) and not value.strip()) or (isinstance(value, float) and math.isnan(value))
        return None if empty else value


def path_inside(folder: Path, name: str) -> Path:
    """A file that a suite names, which must lie in the suite's folder.

    Raises:
        ValueError: If it lies elsewhere.
    """
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"found {name!r}, which lies outside the suite's folder; move it beside the suite")
    return path


def material_path(folder: Path, name: str) -> Path:
    """A file of context material: the suite's own, else the shipped one of that name.

    Raises:
        ValueError: If it lies outside the suite's folder.
    """
    own = path_inside(folder, name)
    return own if own.exists() else path_inside(shipped("suites"), name)


def inline_rows(document: Document, where: Where, items: list[dict[str, Any]]) -> list[Row]:
    """The items that stand in the suite itself."""
    return [
        Row(path=document.path, line=document.line((*where, index)), fields=item) for index, item in enumerate(items)
    ]


def file_rows(path: Path) -> list[Row]:
    """The items of a file; its ending says what it is.

    Raises:
        SuiteError: If it is missing, unreadable, empty, or of another kind; every bad row is named.
    """
    readers: dict[str, Callable[[Path], Iterator[Row]]] = {
        ".jsonl": _jsonl_rows,
        ".csv": _csv_rows,
        ".parquet": _parquet_rows,
    }
    if path.suffix not in readers:
        message = f"found the ending {path.suffix!r}, expected items in one of {', '.join(readers)}"
        raise SuiteError([Problem(path=path, message=message)])
    rows = list(readers[path.suffix](path))
    if not rows:
        raise SuiteError([Problem(path=path, message="has no items")])
    return rows


def _jsonl_rows(path: Path) -> Iterator[Row]:
    problems: list[Problem] = []
    for number, line in enumerate(read_text(path, what="items (JSONL)").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as error:
            problems.append(Problem(path=path, line=number, message=f"is not JSON: {error}"))
            continue
        if isinstance(fields, dict):
            yield Row(path=path, line=number, fields=fields)
        else:
            found = line.strip()[:40]
            problems.append(Problem(path=path, line=number, message=f"found {found}, expected one JSON object a line"))
    if problems:
        raise SuiteError(problems)


def _csv_rows(path: Path) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(read_text(path, what="items (CSV)"), newline=""), strict=True)
    header: list[str] = []
    try:
        for cells in reader:
            if not cells:
                continue
            if not header:
                header = cells
                if len(set(header)) != len(header) or not all(header):
                    message = f"found the columns {', '.join(header)}; each needs a name of its own"
                    raise SuiteError([Problem(path=path, line=reader.line_num, message=message)])
                continue
            if len(cells) != len(header):
                message = f"found {len(cells)} cells, expected {len(header)} ({', '.join(header)})"
                raise SuiteError([Problem(path=path, line=reader.line_num, message=message)])
            yield Row(path=path, line=reader.line_num, fields=dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise SuiteError([Problem(path=path, line=reader.line_num, message=f"is not CSV: {error}")]) from None


def _parquet_rows(path: Path) -> Iterator[Row]:
    try:
        import pyarrow.lib
        import pyarrow.parquet
    except ImportError:
        message = "Parquet needs an extra; run: pip install 'evalkit[parquet]'"
        raise SuiteError([Problem(path=path, message=message)]) from None
    try:
        table = pyarrow.parquet.read_table(path)
    except FileNotFoundError:
        raise SuiteError([Problem(path=path, message="no such file; expected items (Parquet)")]) from None
    except (pyarrow.lib.ArrowException, OSError) as error:
        raise SuiteError([Problem(path=path, message=f"is not Parquet: {error}")]) from None
    for number, fields in enumerate(table.to_pylist(), start=1):
        yield Row(path=path, line=number, fields=fields)


def called_rows(path: Path, function: Callable[..., Any], arguments: Mapping[str, Any]) -> list[Row]:
    """The items that a function of the suite's own makes.

    Raises:
        SuiteError: If it fails, or gives anything but mappings.
    """
    name = f"{path.name}:{function.__name__}"
    try:
        with aside():
            made: Iterable[Any] = list(function(**arguments))
    except (Exception, SystemExit) as error:
        message = f"{name} failed: {type(error).__name__}: {error}"
        raise SuiteError([Problem(path=path, message=message)]) from error
    rows = []
    for number, fields in enumerate(made, start=1):
        if not isinstance(fields, Mapping):
            message = f"{name} gave {fields!r:.60} as item {number}, expected a mapping of fields"
            raise SuiteError([Problem(path=path, message=message)])
        rows.append(Row(path=path, line=0, fields=dict(fields)))
    return rows


def read_items(rows: Iterable[Row], *, group: str | None) -> tuple[list[Item], list[Problem]]:
    """Give every row an id and a group.

    Returns:
        The items, and what is wrong with the rows.
    """
    items: list[Item] = []
    problems: list[Problem] = []
    seen: dict[str, Row] = {}
    for row in rows:
        broken = _broken_text(row.fields)
        if broken is not None:
            message = f"found {broken!r:.60}, which has half a character (a lone surrogate); write a whole one"
            problems.append(row.problem(message))
            continue
        given = row.fields.get("id")
        if given is not None and not isinstance(given, str | int):
            problems.append(row.problem(f"found {given!r:.40}, expected a text or a whole number", key="id"))
            continue
        identity = str(given) if given is not None else content_id(row.fields)
        if identity in seen:
            first = seen[identity]
            message = f"duplicate id {identity!r}" if given is not None else "the same item again"
            problems.append(row.problem(f"{message}; first on line {first.line}", key="id"))
            continue
        seen[identity] = row
        if group is not None and group not in row.fields:
            problems.append(row.problem(f"no field {group!r}, which the task's `group:` names"))
            continue
        cluster = None if group is None else str(row.fields[group])
        items.append(Item(id=identity, fields=row.fields, group=cluster))
    return items, problems


def _broken_text(value: Any) -> str | None:
    """The first text in a JSON-like value that UTF-8 cannot hold, and so no request and no record; else None."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            try:
                part.encode()
            except UnicodeEncodeError:
                return part
        elif isinstance(part, dict):
            waiting += [*part.keys(), *part.values()]
        elif isinstance(part, list | tuple):
            waiting += part
    return None


def content_id(fields: Mapping[str, Any]) -> str:
    """An id from what an item says: 12 hexadecimal digits of SHA-256."""
    canonical = json.dumps(fields, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]
