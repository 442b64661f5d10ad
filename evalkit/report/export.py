"""Trials as tables for other tools, made piece by piece: a large run takes no more memory than a small one."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, get_type_hints

from evalkit.errors import EvalkitError
from evalkit.plain import fit_json, without_controls
from evalkit.record import COLUMNS, TrialReader, TrialRow, values_of

if TYPE_CHECKING:
    import pandas
    import pyarrow

_FORMULA = re.compile(r"'*(?:[\t\n]|\s*[=+\-@＝＋－＠])")
"""How a text starts that a spreadsheet may run (some take the wide signs for the others), or that was led by an
apostrophe so that it does not."""
_WITHIN = re.compile(r"""[;\t\n](?=(?:["']|[^\S\t\n])*[=+\-@＝＋－＠])""")
"""What ends a cell, or a row, for a spreadsheet whose lists have semicolons or tabs, before such a start."""
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_ROWS = 1_000
"""Of a piece of CSV."""


def export_jsonl(reader: TrialReader) -> Iterator[bytes]:
    """One JSON object a trial and line, columns as in `trials.db`."""
    for frame in reader.frames():
        text: str = frame.to_json(orient="records", lines=True, force_ascii=False, double_precision=15)
        yield fit_json(text).encode()


def export_csv(reader: TrialReader) -> Iterator[bytes]:
    """CSV with a header.

    Control characters are escaped. Text that a spreadsheet may run as a formula is led by an apostrophe. So is text
    that begins with apostrophes before the like: the first of them can always be taken away again. A plain number runs
    nothing and stays as it is. Within a text the like is led by an apostrophe where a spreadsheet whose lists have
    semicolons or tabs would begin a cell: after those, and after a line break.
    """
    piece = io.StringIO()
    writer = csv.writer(piece, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, row in enumerate(reader.rows(), 1):
        writer.writerow([csv_cell(each) if isinstance(each, str) else each for each in values_of(row)])
        if number % _ROWS == 0:
            yield piece.getvalue().encode()
            piece.seek(0)
            piece.truncate()
    yield piece.getvalue().encode()


def csv_cell(text: str) -> str:
    """A text as a cell of CSV that no spreadsheet runs.

    >>> csv_cell("=1+1"), csv_cell("-5"), csv_cell("'=1+1"), csv_cell("a;=1+1")
    ("'=1+1", '-5', "''=1+1", "a;'=1+1")
    """
    shown = text
    if not text.isprintable() or ";" in text:  # seldom; the search alone would take half the time of a large table
        shown = _WITHIN.sub(r"\g<0>'", without_controls(text))
    return f"'{shown}" if _FORMULA.match(shown) and not _NUMBER.fullmatch(shown) else shown


def export_parquet(reader: TrialReader) -> Iterator[bytes]:
    """Parquet, columns as in `trials.db`; levels as text, since they mix numbers and words.

    Raises:
        EvalkitError: If the extra `parquet` is not installed.
    """
    try:
        from pyarrow.parquet import ParquetWriter
    except ImportError:
        raise EvalkitError("Parquet needs an extra; run: pip install 'evalkit[parquet]'") from None
    buffer = io.BytesIO()
    tables = (_table(frame) for frame in reader.frames())
    first = next(tables)
    with ParquetWriter(buffer, first.schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table)
    # At once: it is small, and only its end says where everything is.
    yield buffer.getvalue()


def _table(frame: pandas.DataFrame) -> pyarrow.Table:
    """A piece, with the types that every piece has, whatever is missing in it."""
    import pyarrow

    kinds = {str: pyarrow.large_string(), int: pyarrow.int64(), float: pyarrow.float64(), bool: pyarrow.bool_()}
    hints = get_type_hints(TrialRow)
    types = [
        next((kind for known, kind in kinds.items() if hints[name] in (known, known | None)), kinds[str])
        for name in COLUMNS
    ]
    frame["level"] = frame["level"].map(str, na_action="ignore").astype("string")
    schema = pyarrow.schema(zip(COLUMNS, types, strict=True))
    return pyarrow.Table.from_pandas(frame, schema=schema, preserve_index=False)


EXPORTS: dict[str, Callable[[TrialReader], Iterator[bytes]]] = {
    "jsonl": export_jsonl,
    "csv": export_csv,
    "parquet": export_parquet,
}
"""How a run's trials leave, by format, in pieces that belong together."""
