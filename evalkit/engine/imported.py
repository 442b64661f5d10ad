"""Runs that were imported: how they are told from those that evalkit carried out."""

from __future__ import annotations

from pathlib import Path

from evalkit.errors import RecordError
from evalkit.record import RunFile


def check_asked(folder: Path, run: RunFile) -> None:
    """See that a run can be gone on with, or scored again.

    Raises:
        RecordError: If it was imported, and has neither a suite nor requests, or made of another run's responses.
    """
    if run.origin == "imported":
        raise RecordError(
            f"{folder}: was imported from {run.suite.path}, and has no suite to ask or to score by; change the table "
            "and import it again"
        )
    if run.origin == "stored":
        raise RecordError(
            f"{folder}: was made of stored responses, and asks for none; start a new run (with --reuse it keeps every "
            "answer that still fits), or score the first run again"
        )
