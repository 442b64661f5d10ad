"""How long an attempt may take: much longer than any answer so far, but not for ever.

A fixed deadline is wrong twice. A short one cuts off a model that thinks, and slow answers are often the wrong ones, so
a pass rate would be flattered. A long one lets a single call that hangs hold up a run. So the deadline follows from the
answers of the run itself, and since it is looked up again while calls wait, an answer that comes later counts too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

_Result = TypeVar("_Result")

CEILING_S = 600.0
"""Of every attempt, unless `--timeout` says otherwise. Long answers are often the wrong ones: cutting them off would
bias a pass rate."""
FLOOR_S = 20.0
"""No deadline is shorter: an answer of a second may well be followed by one of ten."""
ENOUGH_ANSWERS = 20
"""So many are needed before the slowest says anything about the rest."""
SLACK = 10.0
"""How much longer than the slowest answer an attempt may take. Answer times of language models spread over less than a
factor of ten around their median in nearly all cases, the slowest of 20 is above the median already."""
LONGER = 4.0
"""How much longer again the attempt after one that timed out may take."""


ASLEEP_S = 1.0
"""A timer that is later than this was held up with the whole process (Ctrl-Z, a paused container): answers may lie in
the sockets, unread, and giving them up would be paying twice."""


class Deadlines:
    """Watches the attempts in flight with one timer for all.

    Args:
        ceiling_s: For any attempt.
        last: How many attempts of a call may time out before the last one, which may take `ceiling_s`.
    """

    def __init__(self, ceiling_s: float = CEILING_S, *, last: int) -> None:
        self.ceiling_s = ceiling_s
        self._last = last
        self._answers = 0
        self._slowest_s = 0.0
        self._watched: dict[asyncio.Timeout, tuple[float, int]] = {}
        """When each attempt began, and how many of the call's had timed out before it."""
        self._timer: asyncio.TimerHandle | None = None

    def limit_s(self, timed_out: int) -> float:
        """How long an attempt may take, as things stand.

        Args:
            timed_out: Attempts of the same call that have timed out before.
        """
        if self._answers < ENOUGH_ANSWERS or timed_out >= self._last:
            return self.ceiling_s
        return min(self.ceiling_s, max(FLOOR_S, SLACK * self._slowest_s) * LONGER**timed_out)

    def answered(self, latency_s: float) -> None:
        """An answer has come after so many seconds."""
        self._answers += 1
        self._slowest_s = max(self._slowest_s, latency_s)
        if self._answers == ENOUGH_ANSWERS and self._watched:  # the only moment when limits become shorter
            self._watch()

    async def within(self, attempt: Awaitable[_Result], timed_out: int) -> _Result:
        """Wait for an attempt until its deadline.

        Args:
            attempt: Begins when it is waited for.
            timed_out: As for `limit_s`.

        Raises:
            TimeoutError: At the deadline.
        """
        began = asyncio.get_running_loop().time()
        async with asyncio.timeout(None) as watched:
            self._watched[watched] = began, timed_out
            due = began + self.limit_s(timed_out)
            if self._timer is None or due < self._timer.when():
                self._arm(due)
            try:
                return await attempt
            finally:
                del self._watched[watched]

    def _arm(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(when, self._watch)

    def _watch(self) -> None:
        """End the attempts whose time is up, and look again when the next one's is."""
        now = asyncio.get_running_loop().time()
        next_due = float("inf")
        if self._timer is not None and now - self._timer.when() > ASLEEP_S:
            # What was slept through was not waited for; a moment more, to read what has come.
            slept_s = now - self._timer.when() + ASLEEP_S
            self._watched = {watched: (began + slept_s, n) for watched, (began, n) in self._watched.items()}
        for watched, (began, timed_out) in self._watched.items():
            due = began + self.limit_s(timed_out)
            if due > now:
                next_due = min(next_due, due)
            elif not watched.expired():
                watched.reschedule(now)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if next_due < float("inf"):
            self._arm(next_due)

    def close(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
