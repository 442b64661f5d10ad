"""Runs as they are read for the viewer: what a file says is kept until that file changes.

Methods block, and are called from threads. What a finished run found is read from its `run.json`, so that a large one
opens as quickly as a small one. What a run has found that goes on, or was killed, is counted from its trials: the less
often the longer that takes, and apart, so that nobody has to wait for it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from evalkit.browse import RunTrials, open_trials
from evalkit.browse.reports import run_price, scale_of
from evalkit.compare import compare_runs
from evalkit.engine import measure
from evalkit.errors import EvalkitError, RecordError
from evalkit.findings.compare import RunComparison
from evalkit.findings.trials import FailureGroup, FlakyItem
from evalkit.plain import printable
from evalkit.record import RUN_FILE, RunFile, TrialReader, read_run_file
from evalkit.record.trials import DATABASE
from evalkit.report.charts import Price
from evalkit.scale import Scale
from evalkit.verdict import SuiteResult
from evalkit.view.counting import Counter
from evalkit.view.kept import Kept
from evalkit.view.places import Places
from evalkit.view.states import BrokenRun, Progress, RunLine, line_of, state_of
from evalkit.view.stored import stored_results

_KEPT_FILES, _KEPT_RESULTS, _KEPT_TRIALS, _KEPT_TOGETHER = 5_000, 50, 4, 4
"""How many of each are held in memory."""
_SHARE = 4
"""Results of a run that goes on are as old as so many times what they took: a fifth of a core at most."""
_MOMENT_S = 0.5
"""How long a page waits for results."""
_AT_ONCE = 8
"""Runs that are counted at once: small ones do not wait for large ones."""


class UnknownRunError(EvalkitError):
    """There is no run of that name among those that were named."""


class Library:
    """Reads runs; threads may share it.

    Args:
        places: Where they are.
        clock: Gives seconds.
    """

    def __init__(self, places: Places, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.places = places
        self._clock = clock
        self._files: Kept[RunFile] = Kept(_KEPT_FILES)
        self._results: Kept[SuiteResult] = Kept(_KEPT_RESULTS)
        self._counts: Kept[tuple[int, float, int]] = Kept(_KEPT_RESULTS)
        self._groups: Kept[list[FailureGroup]] = Kept(_KEPT_RESULTS)
        self._flaky: Kept[list[FlakyItem]] = Kept(_KEPT_RESULTS)
        self._prices: Kept[Price] = Kept(_KEPT_RESULTS)
        self._comparisons: Kept[RunComparison] = Kept(_KEPT_TOGETHER)
        self._scales: Kept[_Sizes] = Kept(_KEPT_TOGETHER)
        self._trials: Kept[RunTrials] = Kept(_KEPT_TRIALS, discard=RunTrials.close)
        self._measured: dict[Path, tuple[float, float]] = {}
        """When results of a run that goes on were measured, and how long that took."""
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="counting")
        self._counter = Counter()
        self._lock = Lock()
        self._pending: dict[_Stage, Future[SuiteResult]] = {}
        self._latest: dict[_Stage, SuiteResult] = {}
        """What was counted last."""

    def folder(self, name: str) -> Path:
        """Where a run lies.

        Raises:
            UnknownRunError: If there is none of that name.
        """
        found = self.places.folders().get(name)
        if found is None:
            raise UnknownRunError(
                f"There is no run {printable(name)!r} here (any more). The list shows those there are."
            )
        return found

    def lines(self) -> list[RunLine | BrokenRun]:
        """All runs, the newest first; those that cannot be read stand last."""
        lines = [self._line(name, folder) for name, folder in self.places.folders().items()]
        return sorted(lines, key=lambda line: line.started if isinstance(line, RunLine) else "", reverse=True)

    def _line(self, name: str, folder: Path) -> RunLine | BrokenRun:
        try:
            return line_of(name, folder, self.run(folder))
        except RecordError as error:
            problem = str(error)
        except (KeyError, TypeError) as error:
            problem = f"{folder / RUN_FILE}: results: found another shape than this version writes: {error!r}"
        return BrokenRun(name=name, folder=printable(str(folder)), problem=printable(problem))

    def run(self, folder: Path) -> RunFile:
        """What a run's file says.

        Raises:
            RecordError: If it cannot be read.
        """
        with self._files.slot(folder) as slot:
            return slot.value(_state(folder / RUN_FILE), lambda: read_run_file(folder))

    def results(self, folder: Path) -> SuiteResult:
        """What a run found, or has found so far.

        Raises:
            RecordError: If it cannot be read.
        """
        run = self.run(folder)
        with self._results.slot(folder) as slot:
            if run.finished is not None:
                return slot.value(_state(folder / RUN_FILE), lambda: self._found(folder, run))
            when, took = self._measured.get(folder, (0.0, 0.0))
            if slot.held is not None and self._clock() < when + _SHARE * took:
                return slot.held
            return slot.value(_states(folder), lambda: self._measure(folder, run))

    def results_soon(self, folders: Sequence[Path]) -> list[SuiteResult] | None:
        """What runs found, after a moment at most: where counting takes longer, what was counted before.

        Returns:
            In the order of the folders; None where one of them was never counted, which goes on meanwhile.

        Raises:
            RecordError: If one of them cannot be read.
        """
        stages = [_stage(folder, self.run(folder)) for folder in folders]
        with self._lock:
            for stage in stages:
                if stage not in self._pending or self._pending[stage].done():
                    self._pending[stage] = self._pool.submit(self.results, stage.folder)
            counting = [self._pending[stage] for stage in stages]
        wait(counting, timeout=_MOMENT_S)
        for stage, count in zip(stages, counting, strict=True):
            if count.done():
                self._latest[stage] = count.result()
        found = [self._latest[stage] for stage in stages if stage in self._latest]
        return found if len(found) == len(stages) else None

    def nothing_yet(self, folder: Path) -> SuiteResult:
        """What a run has found before any of its trials is counted.

        Raises:
            RecordError: If its file cannot be read.
        """
        return measure(self.run(folder), None)

    def _found(self, folder: Path, run: RunFile) -> SuiteResult:
        """A finished run's results: as it wrote them, or counted where another version wrote them."""
        if run.results is not None:
            with suppress(RecordError):  # else another version wrote them
                return stored_results(run.results)
        return self._counter.results(folder, run, trials=self.answered(folder))

    def _measure(self, folder: Path, run: RunFile) -> SuiteResult:
        started = self._clock()
        result = self._counter.results(folder, run, trials=self.answered(folder))
        now = self._clock()
        self._measured[folder] = (now, now - started)
        return result

    def progress(self, name: str) -> Progress:
        """How far a run has come.

        Raises:
            UnknownRunError: If there is none of that name.
            RecordError: If it cannot be read.
        """
        folder = self.folder(name)
        run = self.run(folder)
        answered, known_usd, priced = self._counted(folder)
        return Progress(
            state=state_of(folder, run),
            answered=answered,
            planned=sum(terms.units * terms.repeats for terms in run.terms),
            known_usd=known_usd,
            priced=priced,
            results=None if (found := self.results_soon([folder])) is None else found[0],
        )

    def answered(self, folder: Path) -> int:
        """Trials of a run that have an answer.

        Raises:
            RecordError: If it cannot be read.
        """
        return self._counted(folder)[0]

    def _counted(self, folder: Path) -> tuple[int, float, int]:
        with self._counts.slot(folder) as slot:
            return slot.value(_states(folder), lambda: _read_counts(folder))

    @contextmanager
    def trials(self, name: str) -> Iterator[RunTrials]:
        """A run's trials, for this block.

        Raises:
            UnknownRunError: If there is none of that name.
            RecordError: If they cannot be read.
        """
        folder = self.folder(name)
        with self._trials.slot(folder) as slot:
            # By its file: of a run of the same folder that was made anew, nothing may be left.
            yield slot.value(_identity(folder), lambda: open_trials(folder))

    def groups(self, name: str) -> list[FailureGroup]:
        """What went wrong in a run.

        Raises:
            UnknownRunError: If there is none of that name.
            RecordError: If it cannot be read.
        """
        folder = self.folder(name)
        with self._groups.slot(folder) as slot, self.trials(name) as trials:
            return slot.value(_states(folder), trials.groups)

    def flaky(self, name: str) -> list[FlakyItem]:
        """A run's items that passed some asks only; raises as `groups`."""
        folder = self.folder(name)
        with self._flaky.slot(folder) as slot, self.trials(name) as trials:
            return slot.value(_states(folder), trials.flaky_items)

    def comparison(self, a: str, b: str) -> RunComparison:
        """Run B against run A.

        Raises:
            UnknownRunError: If one of them is not there.
            EvalkitError: If they cannot be compared.
        """
        first, second = self.folder(a), self.folder(b)
        with self._comparisons.slot((first, second)) as slot:
            return slot.value((_states(first), _states(second)), lambda: compare_runs(first, second))

    def price(self, folder: Path) -> Price | None:
        """What using a run's model takes; None while the run goes on: all its trials would be read at every look.

        Raises:
            RecordError: If it cannot be read.
        """
        run = self.run(folder)
        if state_of(folder, run) == "running":
            return None
        with self._prices.slot(folder) as slot:
            return slot.value(_states(folder), lambda: run_price(folder, run))

    def scale(self, folders: Sequence[Path]) -> Scale | str | None:
        """What models of several sizes show together, or why they do not; None where one of the runs goes on.

        Raises:
            RecordError: If one of them cannot be read.
        """
        if any(state_of(folder, self.run(folder)) == "running" for folder in folders):
            return None
        with self._scales.slot(tuple(folders)) as slot:
            found = slot.value([_states(folder) for folder in folders], lambda: _Sizes(scale=scale_of(folders)))
        return found.scale

    def close(self) -> None:
        """Let go of what is open, and count no further."""
        self._counter.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._trials.clear()


class _Stage(NamedTuple):
    """A run that goes on, or one that has ended: what was found in between is not what it found in the end."""

    folder: Path
    run: str
    finished: str | None


def _stage(folder: Path, run: RunFile) -> _Stage:
    return _Stage(folder, run.id or run.started, run.finished)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sizes:
    """What was found of several sizes: also that there is nothing to find."""

    scale: Scale | str | None


def _read_counts(folder: Path) -> tuple[int, float, int]:
    """Trials that have an answer; what calls cost, and how many of them that is known of."""
    with TrialReader(folder) as reader:
        return reader.n_answered(), *reader.spent()


def _state(path: Path) -> object:
    """What is another as soon as a file is written."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _states(folder: Path) -> object:
    return [_state(folder / name) for name in (RUN_FILE, DATABASE, f"{DATABASE}-wal")]


def _identity(folder: Path) -> object:
    """Which run a folder holds; what was asked of it can grow, and is read anew then."""
    try:
        found = (folder / DATABASE).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, _state(folder / RUN_FILE)
