"""What a run leaves on disk."""

from evalkit.record.run_file import (
    RunFile,
    StoredSuite,
    hold,
    new_folder,
    read_run_file,
    stored_options,
    write_run_file,
)
from evalkit.record.trials import COLUMNS, TrialReader, TrialRow, TrialWriter

__all__ = [
    "COLUMNS",
    "RunFile",
    "StoredSuite",
    "TrialReader",
    "TrialRow",
    "TrialWriter",
    "hold",
    "new_folder",
    "read_run_file",
    "stored_options",
    "write_run_file",
]
