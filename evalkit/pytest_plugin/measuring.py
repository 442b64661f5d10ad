"""Measure a suite with a model, once a session, whichever process of it asks first.

Theory of operation. The processes of one session (one, or the workers of pytest-xdist) share a folder, and in it a
folder for each measurement. Who wants one takes its lock. If there is a note of a measurement that has ended, its run
is read; else the suite is measured and the note written. So whoever comes second waits for the first, and everybody
sees the same run. A worker that dies lets go of the lock; the next one begins anew with the answers that it left.

A suite and a model are one run, not one a task: calls of all its tasks are in flight together and keep one pace and one
budget, and the run is what `evalkit run` leaves, fit for `report`, `compare` and `gate`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from evalkit.api import open_run
from evalkit.engine import EngineSettings, Measured, Session, start
from evalkit.engine.baseline import check_comparable, open_baseline
from evalkit.errors import EXIT_INFRASTRUCTURE, EvalkitError, RecordError
from evalkit.findings.gate import GateResult
from evalkit.gate import judge_run
from evalkit.plan import Scope, check_prompts, make_plan
from evalkit.pytest_plugin.function_model import function_model, function_name
from evalkit.record import StoredGate, hold
from evalkit.suite import load_suite
from evalkit.transport import opener
from evalkit.transport.function import Function

_POLL_S = 0.1
_NOTE = "note.json"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be measured."""

    suite: str
    """A path, or the name of a shipped suite."""
    model: str | Function
    """`PROVIDER/NAME`, or a function `(messages, options) -> text`."""
    scope: Scope
    settings: Mapping[str, Any]
    """Of the model."""
    out: Path
    reuse: tuple[Path, ...] = ()
    allow_code: bool = False
    seed: int | None = None
    """The baseline's when None, else 0."""
    confidence: float | None = None
    concurrency: int | None = None
    gate: StoredGate | None = None
    """What the run is compared with, and how; None: with nothing."""

    @property
    def key(self) -> str:
        """The same for the same wish in every process; of a function each wish is another, since it may change."""
        if callable(self.model):
            return uuid.uuid4().hex
        return hashlib.sha256(repr(self).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """How a measurement stands."""

    suite: str
    model: str
    folder: str
    """The run's; empty when it could not be made."""
    state: Literal["begun", "ended", "failed"]
    message: str = ""
    """Why it failed."""

    @property
    def problem(self) -> str:
        """Why it failed, and what can be done."""
        again = f"\nWhat was answered is kept; go on with:\n  {reusing(self.folder)}" if self.folder else ""
        return f"{self.message}{again}"


def reusing(folder: str | Path) -> str:
    """How to go on with what a run has; a function of a test's own cannot be resumed from the command line."""
    return f"pytest … --evalkit-reuse {folder}"


class Measurements:
    """What this session has measured.

    Args:
        folder: Shared by all processes of the session; made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Measured] = {}
        self._gates: dict[Path, GateResult] = {}

    def measure(self, wanted: Wanted) -> Measured:
        """The run of what is wanted: made now, or found.

        Raises:
            EvalkitError: If it cannot be measured, now or when it was tried before; its message says what to do.
            KeyboardInterrupt: If the run was stopped; it can be resumed.
        """
        key = wanted.key
        if key not in self._known:
            place = self._folder / key
            self._folder.mkdir(mode=0o700, exist_ok=True)
            place.mkdir(exist_ok=True)
            with _held(place):
                self._known[key] = _found_or_made(wanted, place)
        return self._known[key]

    def gate_of(self, measured: Measured) -> GateResult | None:
        """How a run stands against its baseline; None when it has none.

        Raises:
            RecordError: If the run's copy of the baseline is lost.
        """
        if measured.run.gate is None:
            return None
        if measured.folder not in self._gates:
            self._gates[measured.folder] = judge_run(measured.folder)
        return self._gates[measured.folder]


def read_notes(folder: Path) -> list[Note]:
    """All measurements of a session, in the order in which they were noted last."""
    found = sorted(folder.glob(f"*/{_NOTE}"), key=lambda path: path.stat().st_mtime_ns)
    return [note for path in found if (note := read_note(path.parent)) is not None]


def read_note(place: Path) -> Note | None:
    """How a measurement stands; None when nobody has begun it."""
    try:
        return Note(**json.loads((place / _NOTE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def write_note(place: Path, note: Note) -> Note:
    """Replace the note of a measurement at one stroke."""
    partial = place / f"{_NOTE}.partial"
    partial.write_text(json.dumps(asdict(note)), encoding="utf-8")
    partial.replace(place / _NOTE)
    return note


@contextmanager
def _held(place: Path) -> Iterator[None]:
    """Keep a measurement for this process; wait while another has it."""
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(hold(place))
                break
            except RecordError as error:
                if error.exit_code == EXIT_INFRASTRUCTURE:
                    raise
                time.sleep(_POLL_S)
        yield


def _found_or_made(wanted: Wanted, place: Path) -> Measured:
    note = read_note(place)
    if note is not None and note.state == "failed":
        raise EvalkitError(note.problem)
    if note is not None and note.state == "ended":
        return open_run(note.folder)
    if note is not None:  # who began it is gone
        wanted = replace(wanted, reuse=(*wanted.reuse, Path(note.folder)))
    named = wanted.model if isinstance(wanted.model, str) else function_name(wanted.model)
    begun = Note(suite=wanted.suite, model=named, folder="", state="begun")
    try:
        session = _session(wanted)
        begun = write_note(place, replace(begun, folder=str(session.folder)))
        measured = _carried_out(session)
    except EvalkitError as error:
        raise EvalkitError(write_note(place, replace(begun, state="failed", message=str(error))).problem) from error
    if measured.interrupted:
        raise KeyboardInterrupt
    write_note(place, replace(begun, state="ended"))
    return measured


def _session(wanted: Wanted) -> Session:
    suite = load_suite(wanted.suite, allow_code=wanted.allow_code)
    gate = wanted.gate
    baseline = None if gate is None or gate.baseline is None else open_baseline(Path(gate.baseline))
    usual = 0 if baseline is None else baseline.seed  # so that items come in its order
    seed = usual if wanted.seed is None else wanted.seed
    plan = make_plan(suite, wanted.scope, seed=seed, confidence=wanted.confidence)
    check_prompts(plan)
    if baseline is not None:
        check_comparable(plan.task_names, baseline, str(gate and gate.baseline), seed=seed)
    if isinstance(wanted.model, str):
        model = opener([], allow_code=wanted.allow_code)(wanted.model, wanted.settings)
    else:
        model = function_model(wanted.model, wanted.settings)
    return start(
        plan,
        model,
        scope=wanted.scope,
        confidence=wanted.confidence,
        options=wanted.settings,
        settings=EngineSettings(concurrency=wanted.concurrency),
        out=wanted.out,
        reuse=wanted.reuse,
        gate=gate,
        baseline=baseline,
    )


def _carried_out(session: Session) -> Measured:
    """Carry a session out; Ctrl-C stops it gently, a second one at once."""
    if threading.current_thread() is not threading.main_thread():  # signals come to the main thread only
        return asyncio.run(session.carry_out())
    return asyncio.run(_with_signal(session))


async def _with_signal(session: Session) -> Measured:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if session.engine is not None:
            (session.engine.abandon if session.engine.stopping else session.engine.stop)()

    before = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(stop))
    try:
        return await session.carry_out()
    finally:
        signal.signal(signal.SIGINT, before)
