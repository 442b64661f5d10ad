"""Answer calls that wait together in one go: for models in this process, which are faster so."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

from evalkit.adapter.wire import Reply, ReplyError, Request

Outcome: TypeAlias = Reply | ReplyError
"""A reply, or why there is none."""
Answering: TypeAlias = Callable[[Sequence[Request], threading.Event], Sequence[Outcome]]
"""Answers requests in their order; gives up soon once the event is set."""
Picking: TypeAlias = Callable[[Sequence[Request]], tuple[Sequence[int], bool]]
"""Which of the waiting requests are answered next, by place, and whether no more would fit. The first of those that
wait has waited longest; at least one is picked."""

_FIRST_WAIT_S = 0.05
_LONGEST_WAIT_S = 0.25
_WAIT_SHARE = 0.1
"""How long a batch waits to be full, as a share of what the last one took: answers are recorded before the next calls
come, and a batch that leaves without these leaves half empty, for ever."""
_LOOK_S = 0.005


@dataclass(eq=False, frozen=True, slots=True)
class _Waiting:
    request: Request
    outcome: asyncio.Future[Reply]


class TogetherChannel:
    """Collects calls into batches, and answers them in a thread of its own.

    Args:
        answer: Does the work; never runs twice at a time.
        pick: Composes a batch.
    """

    def __init__(self, answer: Answering, *, pick: Picking) -> None:
        self._answer = answer
        self._pick = pick
        self._waiting: list[_Waiting] = []
        self._work: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="evalkit-together")
        self._closed = threading.Event()
        self._wait_s = _FIRST_WAIT_S

    async def send(self, request: Request) -> Reply:
        """Wait for the answer.

        Raises:
            ReplyError: If there is none.
            Exception: What `answer` raises, for each call of the batch.
        """
        waiting = _Waiting(request, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._answer_all())
        return await waiting.outcome

    async def close(self) -> None:
        """Stop the work that goes on; nobody waits for it any more."""
        self._closed.set()
        if self._work is not None:
            self._work.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _answer_all(self) -> None:
        while batch := await self._next_batch():
            started = time.monotonic()
            outcomes = await self._outcomes(batch)
            self._wait_s = min(_WAIT_SHARE * (time.monotonic() - started), _LONGEST_WAIT_S)
            for one, outcome in zip(batch, outcomes, strict=True):
                _deliver(one.outcome, outcome)

    async def _next_batch(self) -> list[_Waiting]:
        """Those that are answered next, once they are enough or have waited enough; none when nobody waits."""
        until = time.monotonic() + self._wait_s
        is_full = False
        places: Sequence[int] = ()
        while not is_full and (not places or time.monotonic() < until):
            await asyncio.sleep(_LOOK_S)
            # A call that was given up is not answered.
            self._waiting = [one for one in self._waiting if not one.outcome.done()]
            if not self._waiting:
                return []
            places, is_full = self._pick([one.request for one in self._waiting])
        batch = [self._waiting[place] for place in places]
        self._waiting = [one for one in self._waiting if one not in batch]
        return batch

    async def _outcomes(self, batch: Sequence[_Waiting]) -> Sequence[Outcome | Exception]:
        requests = [one.request for one in batch]
        # What is printed there goes where it would go here.
        run = contextvars.copy_context().run
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, run, self._answer, requests, self._closed)
        except Exception as error:  # whatever it is, no call must wait for ever
            return [error] * len(batch)


def _deliver(future: asyncio.Future[Reply], outcome: Outcome | Exception) -> None:
    if future.done():  # nobody waits any more
        return
    if isinstance(outcome, Reply):
        future.set_result(outcome)
    else:
        future.set_exception(outcome)
