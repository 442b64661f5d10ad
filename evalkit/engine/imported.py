"""Runs that were imported: how they are told from those that evalkit carried out."""

from __future__ import annotations

from pathlib import Path

from evalkit.errors import RecordError
from evalkit.record import RunFile

ADDRESS = "import"
"""Stands where other runs say at which address the model was asked."""


def check_asked(folder: Path, run: RunFile) -> None:
    """See that a run can be gone on with, or scored again.

    Raises:
        RecordError: If it was imported: it has neither a suite nor requests.
    """
    if run.address == ADDRESS:
        raise RecordError(
            f"{folder}: was imported from {run.suite.path}, and has no suite to ask or to score by; change the table "
            "and import it again"
        )
