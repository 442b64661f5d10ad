"""Trials as tables for other tools."""

from __future__ import annotations

import io
from collections.abc import Callable

from evalkit.errors import EvalkitError
from evalkit.plain import fit_json, without_controls
from evalkit.record import TrialReader

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def export_jsonl(reader: TrialReader) -> bytes:
    """One JSON object a trial and line, columns as in `trials.db`."""
    text: str = reader.frame().to_json(orient="records", lines=True, force_ascii=False, double_precision=15)
    return fit_json(text).encode()


def export_csv(reader: TrialReader) -> bytes:
    """CSV with a header.

    Text that a spreadsheet would run as a formula is led by an apostrophe, and control characters are escaped.
    """
    import pandas

    frame = reader.frame()
    for column in frame.select_dtypes(["object", "str"]):
        # Of type object, so that whole numbers beside missing ones stay whole.
        frame[column] = pandas.Series([_defused(value) for value in frame[column]], dtype=object)
    text: str = frame.to_csv(index=False)
    return text.encode()


def _defused(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = without_controls(value)
    return f"'{text}" if value.startswith(_FORMULA_STARTS) else text


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
