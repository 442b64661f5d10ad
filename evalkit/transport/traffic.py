"""One attempt at a call: when it may begin, how long it may take, and what it says about those to come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from evalkit.adapter.wire import Reply, ReplyError, Request
from evalkit.transport.deadline import Deadlines
from evalkit.transport.gate import Gate
from evalkit.transport.pace import Attempt
from evalkit.transport.rate import expected_tokens
from evalkit.transport.ratelimit import standings
from evalkit.transport.retry import MAX_RETRY_AFTER_S, is_refusal
from evalkit.trial import Response

_SHARE_OF_NEW = 0.1
"""Weight of the newest answer's length in their running mean."""
_FIRST_GUESS = 256.0
"""Tokens of an answer, before the first is known."""


@dataclass(slots=True)
class Tries:
    """What became of a call's attempts so far."""

    timed_out: int = 0


class Traffic:
    """All calls to one model.

    Args:
        gate: When the next may begin.
        deadlines: How long it may take; None where the channel alone sees to that.
    """

    def __init__(self, gate: Gate, deadlines: Deadlines | None) -> None:
        self._gate = gate
        self._deadlines = deadlines
        self._answer_tokens = _FIRST_GUESS

    @property
    def capacity(self) -> int | None:
        """How many calls it takes at a time by now; None when as many as one likes."""
        return self._gate.capacity

    async def attempt(
        self,
        request: Request,
        tries: Tries,
        *,
        send: Callable[[Request], Awaitable[Reply]],
        read: Callable[[Reply], Response],
    ) -> tuple[Response, float]:
        """Make a call once.

        Args:
            request: What is sent.
            tries: Of this call; kept from attempt to attempt.
            send: Sends it.
            read: Reads the reply.

        Returns:
            The response, and how many seconds it took from sending to the whole reply.

        Raises:
            ReplyError: If there is no observation.
        """
        call = request.call
        begun = await self._gate.enter(0.0 if call is None else expected_tokens(call, self._answer_tokens))
        clock = asyncio.get_running_loop().time
        sent = clock()
        try:
            reply = await self._reply(send(request), request.url, tries)
        except BaseException as error:
            self._gate.failed(begun, congested=isinstance(error, ReplyError) and error.reason == "timeout")
            raise
        latency_s = clock() - sent
        said = standings(reply.headers, datetime.now(UTC))
        if said:
            self._gate.told(said)
        try:
            response = read(reply)
        except ReplyError as error:
            self._failed(begun, error)
            raise
        except BaseException:
            self._gate.failed(begun)
            raise
        self._answered(begun, response, latency_s)
        return response, latency_s

    async def _reply(self, reply: Awaitable[Reply], url: str, tries: Tries) -> Reply:
        if self._deadlines is None:
            return await reply
        try:
            return await self._deadlines.within(reply, tries.timed_out)
        except TimeoutError as error:
            limit_s = self._deadlines.limit_s(tries.timed_out)
            tries.timed_out += 1
            raise ReplyError("timeout", f"{url}: no whole reply within {limit_s:.3g} s") from error

    def _failed(self, begun: Attempt, error: ReplyError) -> None:
        wait_s = error.retry_after_s
        if not is_refusal(error.reason):
            self._gate.failed(begun)
        elif wait_s is not None and wait_s > MAX_RETRY_AFTER_S:
            self._gate.failed(begun)  # it is given up, and holds up no other: they are to hear it too
        else:
            self._gate.refused(begun, wait_s, for_rate=error.reason == "http-429")

    def _answered(self, begun: Attempt, response: Response, latency_s: float) -> None:
        if self._deadlines is not None:
            self._deadlines.answered(latency_s)
        if response.tokens_out is not None:
            self._answer_tokens += (response.tokens_out - self._answer_tokens) * _SHARE_OF_NEW
        tokens = None if response.tokens_in is None else response.tokens_in + (response.tokens_out or 0)
        self._gate.answered(begun, tokens)

    async def rest(self, seconds: float) -> None:
        """Wait between two attempts."""
        await self._gate.rest(seconds)

    def shut(self, why: Exception) -> None:
        """Begin no attempt any more: whoever waits for one or wants one gets this error."""
        self._gate.shut(why)

    def close(self) -> None:
        """Watch no more."""
        self._gate.close()
        if self._deadlines is not None:
            self._deadlines.close()
