"""The queue before a model: calls begin in the order in which they came, when its pace lets them."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from math import inf

from evalkit.transport.pace import Attempt, Pace
from evalkit.transport.ratelimit import Standing


class Gate:
    """Lets calls to one model begin at its pace; on the clock of the event loop.

    Args:
        pace: Decides.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._queue: deque[tuple[asyncio.Future[Attempt], float]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._resting = 0
        """Calls between two attempts: in nobody's way."""
        self._over: Exception | None = None
        self._shut = asyncio.Event()

    @property
    def capacity(self) -> int | None:
        """How many calls it takes at a time by now, those that wait for another attempt included."""
        in_flight = self._pace.capacity
        return None if in_flight is None else in_flight + self._resting

    async def enter(self, tokens: float) -> Attempt:
        """Wait until the call may begin; whoever enters must leave by one of the other methods.

        Args:
            tokens: What it is expected to take.

        Raises:
            Exception: What the gate was shut for.
        """
        loop = asyncio.get_running_loop()
        if self._over is not None:
            raise self._over
        if not self._queue:
            now = loop.time()
            if self._pace.ready_at(now, tokens) <= now:
                return self._pace.begin(now, tokens)
        turn: asyncio.Future[Attempt] = loop.create_future()
        self._queue.append((turn, tokens))
        self._admit()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.failed(turn.result())
            raise

    def answered(self, attempt: Attempt, tokens: int | None) -> None:
        """The call was answered; it took so many tokens, if that is known."""
        self._pace.answered(attempt, asyncio.get_running_loop().time(), tokens)
        self._admit()

    def failed(self, attempt: Attempt, *, congested: bool = False) -> None:
        """The call came to nothing; `congested` as for `Pace.failed`."""
        self._pace.failed(attempt, congested=congested)
        self._admit()

    def refused(self, attempt: Attempt, wait_s: float | None, *, for_rate: bool) -> None:
        """The provider asks for patience; arguments as for `Pace.refused`."""
        self._pace.refused(attempt, asyncio.get_running_loop().time(), wait_s, for_rate=for_rate)
        self._admit()

    def told(self, standings: list[Standing]) -> None:
        """The provider has said what is left of its limits."""
        self._pace.told(asyncio.get_running_loop().time(), standings)

    async def rest(self, seconds: float) -> None:
        """Wait between two attempts, until the gate is shut at most."""
        self._resting += 1
        try:
            with contextlib.suppress(TimeoutError):  # the rest is over
                async with asyncio.timeout(seconds):
                    await self._shut.wait()
        finally:
            self._resting -= 1

    def shut(self, why: Exception) -> None:
        """Let nobody in any more: whoever waits or comes gets this error."""
        self._over = why
        self._shut.set()
        for turn, _ in self._queue:
            if not turn.done():
                turn.set_exception(why)
        self._queue.clear()
        self.close()

    def close(self) -> None:
        """Wake nobody any more."""
        self._wake_at(inf)

    def _admit(self) -> None:
        """Let those in whose turn it is, and come back when it is the next one's."""
        if not self._queue:
            return
        now = asyncio.get_running_loop().time()
        at = inf
        while self._queue:
            turn, tokens = self._queue[0]
            if not turn.done():  # else it was given up
                at = self._pace.ready_at(now, tokens)
                if at > now:
                    break
                turn.set_result(self._pace.begin(now, tokens))
            self._queue.popleft()
            at = inf
        self._wake_at(at)

    def _wake_at(self, when: float) -> None:
        if self._timer is not None:
            if self._timer.when() == when:
                return
            self._timer.cancel()
            self._timer = None
        if when < inf:
            self._timer = asyncio.get_running_loop().call_at(when, self._woken)

    def _woken(self) -> None:
        self._timer = None
        self._admit()
