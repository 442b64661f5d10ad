"""A run's folder and its `run.json`: what was asked of whom, under which terms, and what came of it. Never a key."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evalkit.adapter import ModelSize, Quote
from evalkit.errors import EXIT_INFRASTRUCTURE, RecordError
from evalkit.plain import counted
from evalkit.plan import Scope
from evalkit.verdict import Terms

RUN_FILE = "run.json"
FORMAT: Final = 1
IMPORTED = "import"
"""The address of imported runs, where others say at which one the model was asked."""
Origin: TypeAlias = Literal["asked", "stored", "imported"]
"""Whether a model was asked, stored responses were scored again, or a table was imported."""
_LOCK = ".lock"
_LOOK_SECONDS = 0.2
"""Somebody who only looks whether a run is held has its lock for less than that."""


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class StoredSuite(_Stored):
    """The suite as it was when the run was made."""

    name: str
    path: str
    sha256: str
    text: str
    """A copy of the file."""
    files: dict[str, str]
    """SHA-256 of every file that it read, by name."""


class StoredTotals(_Stored):
    """What a run took."""

    calls: int = 0
    """Trials for which the model was called; attempts beyond the first are not counted."""
    void: int = 0
    tokens_in: int | None = None
    """None: the provider did not say."""
    tokens_out: int | None = None
    tokens_cached: int | None = None
    tokens_cache_write: int | None = None
    tokens_reasoning: int | None = None
    cost_usd: float | None = None
    """None: unknown."""
    seconds: float = 0.0


class StoredGate(_Stored):
    """How a run is judged when it ends."""

    baseline: str | None = None
    """Where the baseline was read from, as the user named it; itself it is kept beside the run. None: there is none."""
    tolerance: Annotated[float, Field(ge=0, lt=1)]
    """By how much a pass rate may be lower."""
    strict: bool = False
    """Whether it must be shown that nothing got worse."""


class RunFile(_Stored):
    """What `run.json` holds."""

    format: Literal[1] = FORMAT
    id: str | None = None
    """Of this run alone, 32 hexadecimal digits; None when its trials come from elsewhere."""
    evalkit: str
    """Version that made the run."""
    suite: StoredSuite
    model: str
    size: ModelSize | None = None
    """What its card said when the run was made; None when that was nothing."""
    address: str
    """Where the model was asked; for a program, its full name."""
    directory: str
    """Where the run was started: files that the model's name means are found there."""
    options: dict[str, Any]
    """As given with -M."""
    reuse: list[str] = []
    """Folders of runs whose answers to the same requests are taken."""
    seed: int
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    scope: Scope
    """Which part of the suite, and how far."""
    precision: float = 0.05
    """Half-width at which a margin counts as measured; the suite's."""
    strict: bool = False
    """Whether levels that do not count are tested one by one; the suite's."""
    max_void: Annotated[float, Field(ge=0, le=1)]
    keep_requests: bool
    gate: StoredGate | None = None
    """None: the run is measured, and not judged."""
    batch: bool = False
    """Whether calls are handed in as the provider's batches."""
    token_counter: str
    """The reference counter of `context` levels."""
    terms: list[Terms]
    """Of every condition, fixed when the run was made; only a budget may grow."""
    thresholds: dict[str, float]
    """Of every task that is run."""
    started: str
    """UTC, ISO 8601."""
    finished: str | None = None
    """None: interrupted, or still going on."""
    stopped: Literal["interrupted", "cost", "gate"] | None = None
    """Why a run ended before its plan; None when it did not."""
    prices: list[Quote] = []
    """What costs were reckoned by; empty when nothing had a price."""
    totals: StoredTotals = StoredTotals()
    """Over all sessions of the run; answers that were already known are not calls."""
    results: dict[str, Any] | None = None

    @property
    def origin(self) -> Origin:
        """Where its trials come from."""
        if self.address == IMPORTED:
            return "imported"
        return "stored" if self.scope.until == "budget" else "asked"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        tasks = {terms.task for terms in self.terms}
        if not tasks or tasks != set(self.thresholds):
            raise ValueError("terms and thresholds are not of the same tasks")
        return self


def new_folder(parent: Path, *, suite: str, model: str, now: datetime) -> Path:
    """Make the folder of a new run: `<stamp>-<suite>-<model>`.

    Raises:
        RecordError: With exit code 4 if it cannot be made.
    """
    name = f"{now:%Y%m%dT%H%M%SZ}-{suite}-{re.sub(r'[^A-Za-z0-9.-]', '-', model)}"[:200]
    for attempt in range(1, 1000):
        folder = parent / (name if attempt == 1 else f"{name}-{attempt}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            message = f"{folder}: cannot be made: {error.strerror}; name another place with --out"
            raise RecordError(message, exit_code=EXIT_INFRASTRUCTURE) from None
        return folder
    raise RecordError(f"{parent / name}: a thousand runs in one second; name another place with --out")


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keep a run for this process; the lock falls with the block, or when the process ends, however it ends.

    Raises:
        RecordError: If another process has it.
    """
    lock = FileLock(folder / _LOCK, timeout=_LOOK_SECONDS)
    try:
        lock.acquire(poll_interval=_LOOK_SECONDS / 4)
    except Timeout:
        raise RecordError(
            f"{folder}: another process is working on this run; wait for it, or start a new run"
        ) from None
    except OSError as error:
        message = f"{folder}: cannot be locked: {error.strerror or error}"
        raise RecordError(message, exit_code=EXIT_INFRASTRUCTURE) from None
    try:
        yield
    finally:
        lock.release()


def is_held(folder: Path) -> bool:
    """Whether a process is working on a run at this moment; nothing is written."""
    if not (folder / _LOCK).is_file():
        return False
    lock = FileLock(folder / _LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return True
    except OSError:  # a folder of somebody else's
        return False
    lock.release()
    return False


def write_run_file(folder: Path, run: RunFile) -> None:
    """Replace `run.json` at one stroke.

    Raises:
        RecordError: With exit code 4 if the disk refuses.
    """
    path = folder / RUN_FILE
    partial = path.with_suffix(".json.partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(run.model_dump_json(indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror}. Free some space or check the folder, then --resume it"
        raise RecordError(message, exit_code=EXIT_INFRASTRUCTURE) from None


def read_run_file(folder: Path) -> RunFile:
    """What `run.json` of a folder holds.

    Raises:
        RecordError: If it is missing, unreadable, or of a later format.
    """
    path = folder / RUN_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        inside = sum(1 for _ in folder.glob(f"*/{RUN_FILE}"))
        more = f"; it holds {counted(inside, 'run')}: name one, or {folder}/*" if inside else ""
        raise RecordError(f"{folder}: no {RUN_FILE}; expected the folder of a run{more}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: cannot be read: {error}") from None
    try:
        return RunFile.model_validate_json(text)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in detail["loc"])
        message = f"{path}: {where or 'file'}: {detail['msg']}; is it of this version's format {FORMAT}?"
        raise RecordError(message) from None
