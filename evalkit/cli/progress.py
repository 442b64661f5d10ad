"""The display of a run that goes on: live on a terminal, a line now and then in a log."""

from __future__ import annotations

import asyncio
import math
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from evalkit.cli.shared import say, wants_words
from evalkit.plain import counted, usd

if TYPE_CHECKING:
    from evalkit.engine import Session
    from evalkit.record import TrialRow
    from evalkit.transport import BatchNews

_MARKS = {"usable": "✓", "unusable": "✗"}
REDRAW_SECONDS = 0.25
LOG_SECONDS = 15.0
WAITING_SECONDS = 1.0
"""How often it is looked whether there is something to show though nothing was answered."""
BATCH_LOG_SECONDS = 600.0
"""How long a log is silent about a batch that stands as it stood."""


class Display:
    """Shows how far a session has come, on standard error.

    Args:
        session: What is carried out inside the `with` block.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._live: Any = None
        self._started = self._shown = self._latest = time.monotonic()
        self._trials = self._calls = self._void = self._passes = 0
        self._spent = 0.0
        """Of this session, in US dollars, as far as it is known."""
        self._unpriced = False
        """Whether an answer's cost is not known."""
        self._done: Counter[tuple[str, str]] = Counter()
        self._batches: dict[int, tuple[str, float]] = {}
        """Of those that are open, by number: how they were shown last, and when."""

    def __enter__(self) -> Self:
        if not wants_words(sys.stderr):
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
            self._spent += row.cost_usd or 0.0
            self._unpriced |= row.cost_usd is None
        self._done[row.task, row.condition] += 1
        now = self._latest = time.monotonic()
        self._show(now)

    async def go_on(self) -> None:
        """Show from time to time that a run waits, for as long as it is not ended; of batches there are news anyway."""
        while True:
            await asyncio.sleep(WAITING_SECONDS)
            if not self._session.run.batch:
                self._show(time.monotonic())

    def _show(self, now: float) -> None:
        if now - self._shown < (LOG_SECONDS if self._live is None else REDRAW_SECONDS):
            return
        self._shown = now
        if self._live is None:
            say(self._line(now), err=True)
        else:
            self._redraw(now)

    def on_batch(self, news: BatchNews) -> None:
        """Show how a batch stands: always on a terminal, in a log when that has changed or was long ago."""
        now = time.monotonic()
        if not news.state:
            self._batches.pop(news.number, None)
        elif self._live is not None:
            self._batches[news.number] = (_standing(news), now)
        else:
            before, when = self._batches.get(news.number, ("", -math.inf))
            if news.state != before or now - when >= BATCH_LOG_SECONDS:
                self._batches[news.number] = (news.state, now)
                say(_standing(news), err=True)
        if self._live is not None:
            self._redraw(now)

    def _redraw(self, now: float) -> None:
        from rich.text import Text

        batches = [line for _, (line, _) in sorted(self._batches.items())]
        self._live.update(Text("\n".join([self._line(now), *batches, *self._tasks()])), refresh=True)

    def _line(self, now: float) -> str:
        speed = self._calls / max(now - self._started, 1e-9)
        in_flight = self._session.engine.in_flight if self._session.engine else 0
        void = f", {self._void:,} void" if self._void else ""
        silent = f", no answer for {now - self._latest:,.0f} s" if now - self._latest >= LOG_SECONDS else ""
        return (
            f"{self._trials:,} trials (at most {self._session.planned:,}), {self._passes:,} passed{void}, "
            f"{speed:,.0f} calls/s, {in_flight} in flight{silent}{self._cost()}"
        )

    def _cost(self) -> str:
        if self._session.model.free:
            return ""
        if not self._unpriced:
            return f", {usd(self._spent)}"
        return f", at least {usd(self._spent)}" if self._spent else ", cost unknown"

    def _tasks(self) -> list[str]:
        """For every task, which conditions are decided, under way, or have not begun."""
        states: dict[str, list[str]] = {}
        decider = self._session.decider
        for terms in self._session.plan.terms:
            verdict = decider.verdict(terms.key) if decider is not None else "edge"
            mark = _MARKS.get(verdict) or ("…" if self._done[terms.key] else "○")
            states.setdefault(terms.task, []).append(f"{mark} {terms.condition}")
        return [f"  {task}: {'  '.join(conditions)}" for task, conditions in states.items()]


def _standing(news: BatchNews) -> str:
    """How a batch stands, such as `batch 2: 1,200 requests, in progress at the provider for 12 min`."""
    minutes = int((datetime.now(UTC) - news.sent).total_seconds() // 60)
    how_long = f" for {minutes:,} min" if minutes > 0 else ""
    return f"batch {news.number}: {counted(news.n_requests, 'request')}, {news.state}{how_long}"
