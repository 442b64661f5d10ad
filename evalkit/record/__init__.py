"""What a run leaves on disk."""

from evalkit.record.run_file import (
    RunFile,
    StoredSuite,
    StoredTotals,
    hold,
    new_folder,
    read_run_file,
    write_run_file,
)
from evalkit.record.trials import COLUMNS, TrialKey, TrialReader, TrialRow, TrialWriter

__all__ = [
    "COLUMNS",
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
    "write_run_file",
]
