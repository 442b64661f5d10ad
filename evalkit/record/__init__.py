"""What a run leaves on disk."""

from evalkit.record.run_file import (
    RunFile,
    StoredSuite,
    StoredTotals,
    hold,
    new_folder,
    read_run_file,
    stored_options,
    write_run_file,
)
from evalkit.record.trials import COLUMNS, DATABASE, TrialKey, TrialReader, TrialRow, TrialWriter

__all__ = [
    "COLUMNS",
    "DATABASE",
    "RunFile",
    "StoredSuite",
    "StoredTotals",
    "TrialKey",
    "TrialReader",
    "TrialRow",
    "TrialWriter",
    "hold",
    "new_folder",
    "read_run_file",
    "stored_options",
    "write_run_file",
]
