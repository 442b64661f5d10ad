"""How a run stands: whether it has ended, goes on at this moment, or was stopped; and how far it has come."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from evalkit.plain import printable, rounded, usd
from evalkit.record import RunFile
from evalkit.record.run_file import is_held
from evalkit.verdict import SuiteResult, Verdict

State: TypeAlias = Literal["finished", "running", "stopped"]
"""`stopped`: it has not come to its end, and nobody works on it; it can be resumed."""


def state_of(folder: Path, run: RunFile) -> State:
    """How a run stands at this moment."""
    if run.finished is not None:
        return "finished"
    return "running" if is_held(folder) else "stopped"


@dataclass(frozen=True, kw_only=True, slots=True)
class RunLine:
    """A run in a line; texts are printable. None: not known, or not yet."""

    name: str
    """By which it is addressed."""
    folder: str
    suite: str
    model: str
    started: str
    """UTC, ISO 8601."""
    finished: str | None
    state: State
    ended_early: Literal["interrupted", "cost", "gate"] | None
    """Why, if it ended before its plan."""
    verdict: Verdict | None
    usable: int | None
    """Tasks."""
    edge: int | None
    unusable: int | None
    tasks: int
    calls: int | None
    void: int | None
    cost_usd: float | None
    seconds: float | None

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "name": self.name,
            "folder": self.folder,
            "suite": self.suite,
            "model": self.model,
            "started": self.started,
            "finished": self.finished,
            "state": self.state,
            "ended_early": self.ended_early,
            "verdict": self.verdict,
            "usable": self.usable,
            "edge": self.edge,
            "unusable": self.unusable,
            "tasks": self.tasks,
            "calls": self.calls,
            "void": self.void,
            "cost_usd": rounded(self.cost_usd),
            "seconds": rounded(self.seconds),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokenRun:
    """A folder that is meant to be a run, and cannot be read as one."""

    name: str
    folder: str
    problem: str

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {"name": self.name, "folder": self.folder, "problem": self.problem}


def line_of(name: str, folder: Path, run: RunFile) -> RunLine:
    """A run in a line, from its run file alone; what that says of a run that goes on is old, and left out."""
    state = state_of(folder, run)
    results = None if state == "running" else run.results
    verdicts = None if results is None else Counter(task["verdict"] for task in results["tasks"])
    totals = None if results is None else run.totals
    return RunLine(
        name=name,
        folder=printable(str(folder)),
        suite=printable(run.suite.name),
        model=printable(run.model),
        started=printable(run.started),
        finished=None if run.finished is None else printable(run.finished),
        state=state,
        ended_early=run.stopped,
        verdict=None if results is None else results["verdict"],
        usable=None if verdicts is None else verdicts["usable"],
        edge=None if verdicts is None else verdicts["edge"],
        unusable=None if verdicts is None else verdicts["unusable"],
        tasks=len(run.thresholds),
        calls=None if totals is None else totals.calls,
        void=None if totals is None else totals.void,
        cost_usd=None if totals is None else totals.cost_usd,
        seconds=None if totals is None else totals.seconds,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a run has come."""

    state: State
    answered: int
    """Trials that have an answer."""
    planned: int
    """Trials at most; fewer where verdicts are reached earlier."""
    known_usd: float
    """What its calls have cost so far, as far as that is known."""
    priced: int
    """Calls whose cost is known."""
    results: SuiteResult | None
    """So far. They may be some seconds older than the counts above; None: they are being counted for the first time."""

    @property
    def cost(self) -> str:
        """What it has cost so far, in words."""
        calls = self.answered if self.results is None else self.results.totals.calls
        if not self.priced:
            return "unknown" if calls else "nothing"
        return usd(self.known_usd) if self.priced >= calls else f"at least {usd(self.known_usd)}"

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "state": self.state,
            "answered": self.answered,
            "planned": self.planned,
            "known_usd": rounded(self.known_usd),
            "priced": self.priced,
            "cost": self.cost,
            "results": None if self.results is None else self.results.as_json(),
        }
