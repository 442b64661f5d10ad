"""Rates that are kept exactly: so many calls, or tokens, in any stretch of time."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

from evalkit.errors import AdapterError
from evalkit.trial import Call

_MOST_CALLS = 1e9
"""The largest count of a rate: more times than this could not be remembered."""
_RATE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:/\s*(s|sec|m|min|h|hour)\s*)?")
_SECONDS = {None: 1.0, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "hour": 3600.0}
_MINUTE_S = 60.0
_EARLY_S = 0.1
"""How much of a rate may be used ahead of an even spacing: more than timers are late, less than a provider notices."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls in any stretch of so many seconds."""

    count: float
    seconds: float

    @property
    def per_second(self) -> float:
        """On average."""
        return self.count / self.seconds


def read_rate(text: str) -> Rate:
    """Read what `--rate` is given.

    Args:
        text: `50/s`, `300/m`, `300/min`, `5000/h`; a number alone is per second.

    Raises:
        AdapterError: If it is none of these, not above 0, or more than a billion.

    >>> read_rate("300/min")
    Rate(count=300.0, seconds=60.0)
    """
    match = _RATE.fullmatch(text)
    if match is None or not 0 < float(match[1]) <= _MOST_CALLS:
        raise AdapterError(
            f"rate: found {text!r}, expected a number above 0 with or without a unit: 50/s, 300/m, 5000/h; "
            "at most a billion"
        )
    return Rate(float(match[1]), _SECONDS[match[2]])


_JITTER_S = 0.01
"""How much sooner than the one before it a call may get to the provider."""


def expected_tokens(call: Call, answer: float) -> float:
    """Guess what a call takes of a token limit.

    Args:
        call: What is asked.
        answer: Tokens of an answer, where the call does not limit them.

    Source:
        A token is about four characters of English (OpenAI, "What are tokens and how to count them"). The longest
        answer allowed counts in full, as OpenAI's and Azure's own limits take it.
    """
    asked = sum(len(message.content) for message in call.messages) / 4
    limits = (call.sampling.get(name) for name in ("max_tokens", "max_completion_tokens", "max_output_tokens"))
    longest = next((limit for limit in limits if isinstance(limit, int | float)), None)
    return asked + (answer if longest is None else longest)


class CallWindow:
    """Lets at most a rate's count of calls begin in any stretch of its length, evenly spaced.

    A count that is not whole is spaced evenly without a burst, which lets through its next whole number at most.
    """

    def __init__(self, rate: Rate) -> None:
        whole = rate.count >= 1 and rate.count == int(rate.count)
        self._count, self._seconds = (int(rate.count), rate.seconds) if whole else (1, 1 / rate.per_second)
        self._begun: deque[float] = deque(maxlen=self._count)
        self._spacing_s = self._seconds / self._count
        self._due = float("-inf")
        """When the next call would begin if all were evenly spaced."""

    def ready_at(self) -> float:
        """When the next call may begin, on the clock of `begin`; may have passed."""
        full = self._begun[0] + self._seconds + _JITTER_S if len(self._begun) == self._count else float("-inf")
        return max(full, self._due - _EARLY_S)

    def begin(self, now: float) -> None:
        """A call begins."""
        self._begun.append(now)
        self._due = max(self._due, now) + self._spacing_s


@dataclass(slots=True)
class Charge:
    """What a call takes of a token limit."""

    at: float
    tokens: float


class TokenWindow:
    """Lets at most so many tokens be used in any minute, as far as calls' use is known or estimated."""

    def __init__(self, per_minute: int) -> None:
        self._limit = per_minute
        self._charges: deque[Charge] = deque()
        self._total = 0.0

    def ready_at(self, now: float, tokens: float) -> float:
        """When a call of so many tokens may begin.

        One that takes more than a minute's tokens may begin when nothing else was used for a minute.
        """
        self._forget(now)
        left = self._limit - min(tokens, self._limit) - self._total
        at = now
        for charge in self._charges:
            if left >= 0:
                break
            left += charge.tokens
            at = charge.at + _MINUTE_S
        return at

    def begin(self, now: float, tokens: float) -> Charge:
        """A call begins that is expected to take so many tokens."""
        charge = Charge(now, tokens)
        self._charges.append(charge)
        self._total += tokens
        return charge

    def correct(self, charge: Charge, tokens: float) -> None:
        """The call has taken so many."""
        if self._charges and charge.at >= self._charges[0].at:
            self._total += tokens - charge.tokens
        charge.tokens = tokens

    def _forget(self, now: float) -> None:
        while self._charges and self._charges[0].at + _MINUTE_S <= now:
            self._total -= self._charges.popleft().tokens
