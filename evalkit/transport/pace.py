"""When the next call may begin, and how many may be in flight: decided from what came of those before.

Pure: times come in as arguments, so that tests run hours of it in a moment. `Gate` puts calls behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf

from evalkit.transport.limiter import Limiter
from evalkit.transport.rate import CallWindow, Charge, Rate, TokenWindow
from evalkit.transport.ratelimit import Standing, Stock

_FIRST_WINDOW = 10.0
"""Calls in flight at the beginning."""
_GROWTH = 1.0
"""What each answer adds at first: twice as many each round trip."""
_GROWS_IN_S = 5.0
"""Where a round trip takes longer, it grows by as much in this time."""
_MOST = 10_000.0
_USED = 0.75
"""The part of the window that must be in use for it to grow: what nobody needed says nothing."""
_LESS_AT_WORST, _LESS = 0.4, 0.7
"""What is left of the window when all calls are refused for their rate, and when a server is overloaded."""
_SHARE_OF_NEW = 0.1
"""Weight of the newest latency in their running mean."""
_SLACK, _SPARE = 1.5, 4.0
"""A paced rate needs rate × latency calls in flight; these are let in for latencies that vary."""
_SHORT_PAUSE_S, _PAUSE_S = 0.1, 0.5
"""After a refusal that names no time: when it may be one of a few, and when most calls are refused."""
_MOST_SHARE, _SINGLES = 0.5, 5
"""Refusals of no more than such a share of the calls in flight, so many times one after the other, are not those of a
limit for all: then the others no longer wait for what a single call is asked to wait."""
_LONGEST_FORESIGHT_S = 60.0
"""Longest wait because of what a provider says is left; whoever uses up a day's calls is told by a refusal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What is never exceeded, whatever the provider lets through; None: no bound."""

    concurrency: int | None = None
    """Calls in flight."""
    rate: Rate | None = None
    """Calls that begin, other attempts included."""
    tokens_per_minute: int | None = None


@dataclass(slots=True)
class Attempt:
    """One call on its way."""

    number: int
    sent_at: float
    charge: Charge | None


class Pace:
    """Decides for all calls to one model.

    Args:
        bounds: What is never exceeded.
        adaptive: Whether it learns from the answers; a program in this process refuses nothing.
    """

    def __init__(self, bounds: Bounds, *, adaptive: bool) -> None:
        self._most = float(bounds.concurrency or _MOST)
        self._adaptive = adaptive
        self._window = min(_FIRST_WINDOW, self._most) if adaptive else self._most
        self._fast = True
        """Whether the window still grows by a share of itself."""
        self._in_use_at = -inf
        """When a call last began with so many others in flight that the window was in use."""
        self._widened_at = 0.0
        """When it last grew, or the first call began."""
        self._shrunk_at_call = 0
        """Calls sent when the window last shrank: what becomes of them is no news."""
        self._calls = None if bounds.rate is None else CallWindow(bounds.rate)
        self._rate = inf if bounds.rate is None else bounds.rate.per_second
        self._tokens = None if bounds.tokens_per_minute is None else TokenWindow(bounds.tokens_per_minute)
        self._tokens_per_second = inf if bounds.tokens_per_minute is None else bounds.tokens_per_minute / 60
        self._mean_tokens = 0.0
        """Of a call; 0 before the first that is known."""
        self._limiter = Limiter()
        self._stocks: dict[str, Stock] = {}
        """What a provider said is left, of requests and of tokens."""
        self._pause_until = -inf
        self._paused = False
        self._single = 0
        """Successive refusals of few among many calls."""
        self._refused = self._refused_of = 0
        """Calls refused for the rate since the last pause, and in flight when the first was."""
        self._latency_s = 0.0
        """Running mean; 0 before the first answer."""
        self.in_flight = 0

    @property
    def capacity(self) -> int | None:
        """How many calls may be in flight by now, at least 1; None when as many as one likes."""
        rate = min(self._rate, self._limiter.rate or inf, self._tokens_per_second / max(self._mean_tokens, 1.0))
        if rate == inf:
            return None if self._window >= _MOST else int(self._window)
        needed = rate * self._latency_s * _SLACK + _SPARE if self._latency_s else _FIRST_WINDOW
        return max(1, int(min(self._window, ceil(needed))))

    def ready_at(self, now: float, tokens: float) -> float:
        """When the next call may begin: a time that may have passed, infinite when one in flight must end first.

        Args:
            now: Seconds on any clock, the same for all methods.
            tokens: What the call is expected to take.
        """
        if self.in_flight >= int(self._window):
            return inf
        if self._paused and now >= self._pause_until:
            self._resume()
        at = max(self._pause_until, self._limiter.ready_at(now)) if self._adaptive else now
        for of, stock in self._stocks.items():
            there_at = stock.ready_at(self._each(of)) if stock.whole_at > now else now
            if there_at <= now + _LONGEST_FORESIGHT_S:
                at = max(at, there_at)
        if self._calls is not None:
            at = max(at, self._calls.ready_at())
        return at if self._tokens is None else max(at, self._tokens.ready_at(now, tokens))

    def begin(self, now: float, tokens: float) -> Attempt:
        """A call begins; it must be ready."""
        self.in_flight += 1
        if self.in_flight >= _USED * min(self._window, self.capacity or inf):
            self._in_use_at = now
        if self._limiter.sent == 0:
            self._widened_at = now
        if self._calls is not None:
            self._calls.begin(now)
        for of, stock in self._stocks.items():
            stock.take(now, self._each(of))
        charge = None if self._tokens is None else self._tokens.begin(now, tokens)
        return Attempt(self._limiter.begin(now), now, charge)

    def answered(self, attempt: Attempt, now: float, tokens: int | None) -> None:
        """A call was answered, whatever the answer.

        Args:
            attempt: What `begin` gave.
            now: As for `ready_at`.
            tokens: What it took; None when unknown.
        """
        latency_s = now - attempt.sent_at
        self._latency_s += (latency_s - self._latency_s) * (_SHARE_OF_NEW if self._latency_s else 1.0)
        # Whether it was in use, not whether it is: answers that come together find fewer and fewer in flight. And what
        # is answered during a pause was let through before the limit was met.
        if self._adaptive and not self._paused and self._in_use_at >= attempt.sent_at:
            self._widen(now)
        self.in_flight -= 1
        if tokens is not None:
            self._mean_tokens += (tokens - self._mean_tokens) * (_SHARE_OF_NEW if self._mean_tokens else 1.0)
            if attempt.charge is not None and self._tokens is not None:
                self._tokens.correct(attempt.charge, tokens)

    def _widen(self, now: float) -> None:
        more = 1 / self._window
        if self._fast:
            # Refusals come quickly: where answers take a minute, there is no need to wait for round trips.
            by_time = self._window * ((1 + _GROWTH) ** min(10.0, (now - self._widened_at) / _GROWS_IN_S) - 1)
            more = max(_GROWTH, by_time)
        self._window = min(self._most, self._window + more)
        self._widened_at = now

    def failed(self, attempt: Attempt, *, congested: bool = False) -> None:
        """A call came to nothing.

        Args:
            attempt: What `begin` gave.
            congested: Whether there may have been too many: it timed out.
        """
        self.in_flight -= 1
        if congested:
            self._shrink(attempt.number)

    def refused(self, attempt: Attempt, now: float, wait_s: float | None, *, for_rate: bool) -> None:
        """A provider asks for patience: no call begins before it is over.

        Args:
            attempt: What `begin` gave.
            now: As for `ready_at`.
            wait_s: What it asks for, in seconds; None when it does not say.
            for_rate: Whether it refuses for the rate of calls, rather than because it is overloaded.
        """
        if self._adaptive:
            if not for_rate:
                self._shrink(attempt.number)
            elif self._limiter.refused(attempt.number, attempt.sent_at, now):
                self._refused, self._refused_of = 1, self.in_flight
            else:
                self._refused += 1
            self._pause(now, self._pause_s(wait_s))
        self.in_flight -= 1

    def told(self, now: float, standings: list[Standing]) -> None:
        """A provider has said, in the reply to a call in flight, what is left of its limits."""
        others = max(0, self.in_flight - 1)
        stocks: dict[str, Stock] = {}
        for standing in standings:
            if standing.limit is not None and standing.remaining >= standing.limit:
                continue
            # Whether the provider has counted the others in flight already, nobody knows.
            level = standing.remaining - others * self._each(standing.of)
            stock = Stock(level, standing.per_second, now + standing.reset_s, now)
            if standing.of not in stocks or level < stocks[standing.of].level:
                stocks[standing.of] = stock
        self._stocks = stocks

    def _each(self, of: str) -> float:
        """What a call takes of a limit."""
        return 1.0 if of == "requests" else max(1.0, self._mean_tokens)

    def _pause_s(self, wait_s: float | None) -> float:
        """How long all calls wait; the refused one waits for what it was asked in any case."""
        if wait_s is not None and (self._single < _SINGLES or self._limiter.rate is not None):
            return wait_s
        if self._limiter.rate is not None:
            return 0.0  # the limiter knows when there is room
        return _PAUSE_S if self._limiter.clear else _SHORT_PAUSE_S

    def _pause(self, now: float, seconds: float) -> None:
        self._pause_until = max(self._pause_until, now + seconds)
        self._paused = True

    def _resume(self) -> None:
        self._paused = False
        self._limiter.resume()
        if self._refused:
            # By a part of what was too much: hardly at all where one of many was refused.
            share = min(1.0, self._refused / self._refused_of)
            self._narrow(1 - share * (1 - _LESS_AT_WORST))
            self._single = 0 if share > _MOST_SHARE else self._single + 1
            self._refused = 0

    def _shrink(self, number: int) -> None:
        """Let fewer calls be in flight, once for all that were sent before the last time."""
        if self._adaptive and number > self._shrunk_at_call:
            self._shrunk_at_call = self._limiter.sent
            self._narrow(_LESS)

    def _narrow(self, part: float) -> None:
        rate = self._limiter.rate
        enough = 1.0 if rate is None else rate * self._latency_s * _SLACK + _SPARE
        self._window = max(1.0, min(self._window, enough), self._window * part)
        self._fast = False
