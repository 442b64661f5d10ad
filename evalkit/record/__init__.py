"""What a run leaves on disk."""

from evalkit.record.baseline import (
    BASELINE_FILE,
    Baseline,
    BaselineCondition,
    BaselineTask,
    read_baseline,
    write_baseline,
)
from evalkit.record.run_file import (
    RUN_FILE,
    RunFile,
    StoredGate,
    StoredSuite,
    StoredTotals,
    hold,
    new_folder,
    read_run_file,
    write_run_file,
)
from evalkit.record.trial_pages import TrialPages
from evalkit.record.trial_row import COLUMNS, TrialKey, TrialRow, values_of
from evalkit.record.trials import TrialReader, TrialWriter

__all__ = [
    "BASELINE_FILE",
    "COLUMNS",
    "RUN_FILE",
    "Baseline",
    "BaselineCondition",
    "BaselineTask",
    "RunFile",
    "StoredGate",
    "StoredSuite",
    "StoredTotals",
    "TrialKey",
    "TrialPages",
    "TrialReader",
    "TrialRow",
    "TrialWriter",
    "hold",
    "new_folder",
    "read_baseline",
    "read_run_file",
    "values_of",
    "write_baseline",
    "write_run_file",
]
