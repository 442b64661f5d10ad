"""Which failures are tried again, how often, and which end the run: one table."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from evalkit.adapter.wire import ReplyError
from evalkit.errors import FatalTransportError, TransportError
from evalkit.plain import one_line

_Result = TypeVar("_Result")

MAX_BACKOFF_S = 60.0
"""Longest wait between two attempts that evalkit chooses itself."""
MAX_RETRY_AFTER_S = 600.0
"""Longest wait that a provider may ask for; after a longer one the call is given up."""
_FIRST_BACKOFF_S = 0.5
MESSAGE_CHARS = 300
"""Longest message about a void trial, which is recorded: providers may send anything."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What follows a failure."""

    retries: int
    """Attempts after the first, failures of other kinds included."""
    fatal: bool = False
    """Whether the run ends when they are used up; else the trial is void."""


_STOP = Rule(0, fatal=True)
_VOID = Rule(0)

RULES: Mapping[str, Rule] = {
    # No call can succeed before somebody changes something.
    "unreachable": Rule(4, fatal=True),  # nothing has answered in this run; a server that starts gets 7 s
    "certificate": _STOP,
    "quota": _STOP,
    "http-3xx": _STOP,
    "http-401": _STOP,
    "http-402": _STOP,
    "http-403": _STOP,
    "http-404": _STOP,
    "http-405": _STOP,
    # The provider asks for patience.
    "http-429": Rule(12),
    "http-503": Rule(12),
    "http-529": Rule(12),
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


def rule_for(reason: str) -> Rule:
    """Look a failure up: its own row, else that of its class of status (`http-5xx`), else void at once."""
    if reason in RULES:
        return RULES[reason]
    return RULES.get(f"{reason[:6]}xx", _VOID) if reason.startswith("http-") else _VOID


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read a Retry-After header.

    Args:
        headers: Names in lower case.
        now: With a time zone.

    Returns:
        Seconds from now, at least 0; None when there is no header, or none that can be read.

    Source:
        RFC 9110, section 10.2.3: a number of seconds or a date.
    """
    text = headers.get("retry-after", "").strip()
    if text.replace(".", "", 1).isdecimal() and text.isascii():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    # A date that names no zone is in UTC.
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


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
        made = 0

        async def counted() -> _Result:
            nonlocal made
            made += 1
            return await attempt()

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(ReplyError),
            stop=_used_up,
            wait=self._wait,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return await retrying(counted), made
        except ReplyError as error:
            kind = FatalTransportError if rule_for(error.reason).fatal else TransportError
            raise kind(error.reason, one_line(str(error), MESSAGE_CHARS), attempts=made) from error

    def _wait(self, state: RetryCallState) -> float:
        asked = _failure(state).retry_after_s
        if asked is None:
            # "Full jitter": uniform from 0 to a ceiling that doubles.
            ceiling = min(MAX_BACKOFF_S, _FIRST_BACKOFF_S * 2.0 ** (state.attempt_number - 1))
            return self.rng.uniform(0, ceiling)
        # A little later than asked, not all at once.
        return asked + self.rng.uniform(0, _FIRST_BACKOFF_S)


def _used_up(state: RetryCallState) -> bool:
    error = _failure(state)
    return state.attempt_number > rule_for(error.reason).retries or (error.retry_after_s or 0) > MAX_RETRY_AFTER_S


def _failure(state: RetryCallState) -> ReplyError:
    # tenacity asks only after an attempt that raised what it retries.
    error = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(error, ReplyError)
    return error
