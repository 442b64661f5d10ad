"""Which failures are tried again, how often, and which end the run: one table."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type

from evalkit.adapter.wire import ReplyError
from evalkit.errors import FatalTransportError, TransportError
from evalkit.plain import one_line

_Result = TypeVar("_Result")

MAX_BACKOFF_S = 20.0
"""Longest wait between two attempts that evalkit chooses itself: it notices no later that an outage is over."""
MAX_ATTEMPTS = 40
"""Of one call, whatever its failures: each kind has a number of its own."""
MAX_RETRY_AFTER_S = 600.0
"""Longest wait that a provider may ask for; after a longer one the call is given up."""
_FIRST_BACKOFF_S = 0.5
MESSAGE_CHARS = 300
"""Longest message about a void trial, which is recorded: providers may send anything."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What follows a failure."""

    retries: int
    """Attempts that may follow failures of this kind; those of other kinds do not use them up."""
    fatal: bool = False
    """Whether the run ends when they are used up; else the trial is void."""


_STOP = Rule(0, fatal=True)
_VOID = Rule(0)

RULES: Mapping[str, Rule] = {
    # No call can succeed before somebody changes something.
    "unreachable": Rule(4, fatal=True),  # nothing has answered in this run; a server that starts gets 7 s
    "silent": _STOP,  # nothing was answered in this run, for long
    "certificate": _STOP,
    "quota": _STOP,
    "http-3xx": _STOP,
    "http-401": _STOP,
    "http-402": _STOP,
    "http-403": _STOP,
    "http-404": _STOP,
    "http-405": _STOP,
    # The provider asks for patience.
    "http-429": Rule(20),  # about two and a half minutes
    "http-503": Rule(20),
    "http-529": Rule(20),
    # It will pass.
    "connect": Rule(8),
    "reset": Rule(6),
    "timeout": Rule(2),
    "http-408": Rule(4),
    "http-409": Rule(4),
    "http-425": Rule(4),
    "http-5xx": Rule(6),
    # A reply that is none.
    "truncated": Rule(4),
    "html": Rule(4),
    "content-type": Rule(4),
    "not-json": Rule(4),
    "unexpected-reply": Rule(4),
    "provider-error": Rule(6),
    # Everything else (a request that is refused as it stands, a program that fails) is void at once.
}


_PATIENCE = frozenset({"http-429", "http-503", "http-529"})


def kind_of(reason: str) -> str:
    """The row of the table that a failure belongs to: its own, or that of its class of status (`http-5xx`)."""
    return f"{reason[:6]}xx" if reason.startswith("http-") and reason not in RULES else reason


def rule_for(reason: str) -> Rule:
    """Look a failure up; what has no row is void at once."""
    return RULES.get(kind_of(reason), _VOID)


def is_refusal(reason: str) -> bool:
    """Whether the provider asks for patience, for all calls to it."""
    return reason in _PATIENCE


@dataclass(frozen=True, kw_only=True, slots=True)
class Retries:
    """Makes a call until it succeeds or the table says to give up."""

    sleep: Callable[[float], Awaitable[None]]
    """Waits that many seconds."""
    rng: random.Random
    """Spreads the attempts of calls that failed together."""

    async def run(self, attempt: Callable[[], Awaitable[_Result]]) -> tuple[_Result, int]:
        """Make a call.

        Args:
            attempt: Makes it once; raises ReplyError when it brought no observation.

        Returns:
            What it gave, and how often it was made.

        Raises:
            TransportError: If it is given up; the trial is void.
            FatalTransportError: If no call of the run can succeed.
        """
        try:
            return await attempt(), 1
        except ReplyError as error:
            return await self._again(attempt, error)

    async def _again(self, attempt: Callable[[], Awaitable[_Result]], first: ReplyError) -> tuple[_Result, int]:
        """Go on after a first failure; apart, since few calls need it and tenacity's bookkeeping costs each of them."""
        failures: list[ReplyError] = []

        async def next_attempt() -> _Result:
            try:
                if not failures:
                    raise first
                return await attempt()
            except ReplyError as error:
                failures.append(error)
                raise

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(ReplyError),
            stop=lambda state: _used_up(failures),
            wait=lambda state: self._wait_s(failures),
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return await retrying(next_attempt), len(failures) + 1
        except ReplyError as error:
            kind = FatalTransportError if rule_for(error.reason).fatal else TransportError
            raise kind(error.reason, one_line(str(error), MESSAGE_CHARS), attempts=len(failures)) from error

    def _wait_s(self, failures: Sequence[ReplyError]) -> float:
        # "Full jitter": uniform from 0 to a ceiling that doubles; after what the provider asks for, if it does.
        ceiling = min(MAX_BACKOFF_S, _FIRST_BACKOFF_S * 2.0 ** (len(failures) - 1))
        return (failures[-1].retry_after_s or 0.0) + self.rng.uniform(0, ceiling)


def _used_up(failures: Sequence[ReplyError]) -> bool:
    last = failures[-1]
    alike = sum(kind_of(failure.reason) == kind_of(last.reason) for failure in failures)
    asks_too_much = (last.retry_after_s or 0.0) > MAX_RETRY_AFTER_S
    return alike > rule_for(last.reason).retries or len(failures) >= MAX_ATTEMPTS or asks_too_much
