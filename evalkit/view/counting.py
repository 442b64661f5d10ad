"""What runs have found whose results are not written yet: a small run is counted here, a large one in a process.

Python runs one thread at a time, and SQLite gives way to another at every row: beside a thread that counts, one that
reads trials would wait some milliseconds for each.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from threading import Lock

from evalkit.engine import measure
from evalkit.errors import RecordError
from evalkit.record import RunFile, TrialReader
from evalkit.verdict import SuiteResult
from evalkit.view.stored import stored_results

_SMALL = 20_000
"""Trials that are counted in about as long as a process takes to start."""
_REPORT = ("-P", "-m", "evalkit", "report", "--format", "json")  # -P: nothing of the folder the viewer was started in


class Counter:
    """Counts. Methods block; threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._closed = False
        self._processes: set[Popen[bytes]] = set()

    def results(self, folder: Path, run: RunFile, *, trials: int) -> SuiteResult:
        """What a run has found so far; of a large one as it is published, with six digits.

        Args:
            folder: The run's.
            run: Its file.
            trials: About how many it has.

        Raises:
            RecordError: If it cannot be read, or the counter was closed meanwhile.
        """
        if trials <= _SMALL:
            with TrialReader(folder) as reader:
                return measure(run, reader)
        return stored_results(json.loads(self._reported(folder)))

    def _reported(self, folder: Path) -> bytes:
        with self._lock:
            if self._closed:
                raise RecordError("the viewer has ended")
            # In a session of its own: Ctrl-C is for the viewer, which ends this one without a word.
            process = Popen(
                [sys.executable, *_REPORT, str(folder.resolve())],
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=PIPE,
                start_new_session=True,
            )
            self._processes.add(process)
        try:
            told, said = process.communicate()
        finally:
            with self._lock:
                self._processes.discard(process)
        if process.returncode:
            raise RecordError(said.decode(errors="replace").strip() or f"{folder}: counting was ended")
        return told

    def close(self) -> None:
        """End all counting that goes on in processes."""
        with self._lock:
            self._closed = True
            for process in self._processes:
                process.terminate()
