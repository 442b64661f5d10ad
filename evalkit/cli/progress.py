"""The display of a run that goes on: live on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from evalkit.cli.shared import say

if TYPE_CHECKING:
    from evalkit.engine import Session
    from evalkit.record import TrialRow

_MARKS = {"usable": "✓", "unusable": "✗"}
REDRAW_SECONDS = 0.25
LOG_SECONDS = 15.0


class Display:
    """Shows how far a session has come, on standard error.

    Args:
        session: What is carried out inside the `with` block.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._live: Any = None
        self._started = self._shown = time.monotonic()
        self._trials = self._calls = self._void = self._passes = 0
        self._spent: float | None = 0.0
        """Of this session, in US dollars; None once a price is unknown."""
        self._done: Counter[tuple[str, str]] = Counter()

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def on_trial(self, row: TrialRow) -> None:
        """Count a trial, and show the count when the last showing is old enough."""
        self._trials += 1
        self._calls += row.attempts > 0
        self._void += row.void_reason is not None
        self._passes += bool(row.passed)
        if row.attempts > 0 and row.void_reason is None:
            self._spent = None if row.cost_usd is None or self._spent is None else self._spent + row.cost_usd
        self._done[row.task, row.condition] += 1
        now = time.monotonic()
        if now - self._shown < (LOG_SECONDS if self._live is None else REDRAW_SECONDS):
            return
        self._shown = now
        if self._live is None:
            say(self._line(now), err=True)
        else:
            from rich.text import Text

            self._live.update(Text("\n".join([self._line(now), *self._tasks()])), refresh=True)

    def _line(self, now: float) -> str:
        speed = self._calls / max(now - self._started, 1e-9)
        in_flight = self._session.engine.in_flight if self._session.engine else 0
        void = f", {self._void:,} void" if self._void else ""
        return (
            f"{self._trials:,} trials (at most {self._session.planned:,}), {self._passes:,} passed{void}, "
            f"{speed:,.0f} calls/s, {in_flight} in flight{self._cost()}"
        )

    def _cost(self) -> str:
        if self._session.model.free:
            return ""
        return ", cost unknown" if self._spent is None else f", {self._spent:.2f} USD"

    def _tasks(self) -> list[str]:
        """For every task, which conditions are decided, under way, or have not begun."""
        states: dict[str, list[str]] = {}
        decider = self._session.decider
        for terms in self._session.plan.terms:
            verdict = decider.verdict(terms.key) if decider is not None else "edge"
            mark = _MARKS.get(verdict) or ("…" if self._done[terms.key] else "○")
            states.setdefault(terms.task, []).append(f"{mark} {terms.condition}")
        return [f"  {task}: {'  '.join(conditions)}" for task, conditions in states.items()]
