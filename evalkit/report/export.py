"""Trials as tables for other tools."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

from evalkit.errors import EvalkitError
from evalkit.plain import fit_json, without_controls
from evalkit.record import TrialReader

_FORMULA = re.compile(r"'*(?:[\t\n]|\s*[=+\-@＝＋－＠])")
"""How a text starts that a spreadsheet may run (some take the wide signs for the others), or that was led by an
apostrophe so that it does not."""
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def export_jsonl(reader: TrialReader) -> bytes:
    """One JSON object a trial and line, columns as in `trials.db`."""
    text: str = reader.frame().to_json(orient="records", lines=True, force_ascii=False, double_precision=15)
    return fit_json(text).encode()


def export_csv(reader: TrialReader) -> bytes:
    """CSV with a header.

    Control characters are escaped. Text that a spreadsheet may run as a formula is led by an apostrophe. So is text
    that begins with apostrophes before the like: the first of them can always be taken away again. A plain number runs
    nothing and stays as it is.
    """
    import pandas

    frame = reader.frame()
    for column in frame.select_dtypes(["object", "str"]):
        # Of type object, so that whole numbers beside missing ones stay whole.
        frame[column] = pandas.Series(
            [csv_cell(each) if isinstance(each, str) else each for each in frame[column]], dtype=object
        )
    text: str = frame.to_csv(index=False)
    return text.encode()


def csv_cell(text: str) -> str:
    """A text as a cell of CSV that no spreadsheet runs.

    >>> csv_cell("=1+1"), csv_cell("-5"), csv_cell("'=1+1")
    ("'=1+1", '-5', "''=1+1")
    """
    shown = without_controls(text)
    return f"'{shown}" if _FORMULA.match(shown) and not _NUMBER.fullmatch(shown) else shown


def export_parquet(reader: TrialReader) -> bytes:
    """Parquet, columns as in `trials.db`; levels as text, since they mix numbers and words.

    Raises:
        EvalkitError: If the extra `parquet` is not installed.
    """
    try:
        import pyarrow  # noqa: F401  # pandas would look for it with a longer message
    except ImportError:
        raise EvalkitError("Parquet needs an extra; run: pip install 'evalkit[parquet]'") from None
    frame = reader.frame()
    frame["level"] = frame["level"].map(str, na_action="ignore").astype("string")
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


EXPORTS: dict[str, Callable[[TrialReader], bytes]] = {
    "jsonl": export_jsonl,
    "csv": export_csv,
    "parquet": export_parquet,
}
"""How a run's trials leave, by format."""
