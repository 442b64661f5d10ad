"""A provider's rate limit, learned from its refusals.

Theory of operation. A limiter is taken to be a bucket: it fills at some rate up to some depth, every call takes one
from it, and a call that finds it empty is refused. At the moment of a refusal the bucket is known to be empty. Between
two such moments every call that was let through was paid for by the filling, so the calls let through over the time
between them *are* the rate, whatever the depth. From then on the bucket is kept here as well, filling a little slower
than was learned, and calls begin when it is not empty; slowly it fills faster again, until a refusal says how the rate
is now. Where a pause let the bucket run over, what was learned is too little, which the same growth mends.

Not every refusal is that of an empty bucket: overloaded servers refuse here and there. So a refusal counts only when it
came with most of the calls around it, or when the rates that follow from several agree. Refusals while calls begin more
slowly than was learned say that it was wrong: then it is forgotten.
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field

_BELOW = 0.98
"""The part of the learned rate that calls begin with: two moments a second apart tell it to about 2 %."""
_FASTER_AT_FIRST = 0.05
"""How much of the learned rate is added each second: at first, when a bucket that ran over during a pause may have
hidden a part of it, …"""
_FASTER_A_SECOND = 0.005
"""… then, and half as much after each refusal that confirms the rate, …"""
_FASTER_AT_LEAST = 0.000_5
"""… down to this."""
_DOUBLED_S = 30.0
"""Without a refusal for so long, the growth itself doubles: a limit may have been raised."""
_CLEAR_REFUSALS = 3
_CLEAR_SHARE = 0.5
"""So many calls refused, and such a share of those sent meanwhile, show an empty bucket."""
_MOMENT_S, _MOMENTS = 0.02, 1000
"""How often, and how often at most, it is noted how many calls were let through."""
_SAME_MOMENT_S = 0.005
"""Calls sent so closely after one another may arrive in another order."""
_FEWEST_CALLS = 8
"""Calls between two refusals that a rate is taken from."""
_ALIKE, _AGREE = 4, 0.04
"""So many successive rates from unclear refusals count as one if they lie no further apart."""
_NEAR = 0.1
"""How far a rate may lie from the learned one to refine it."""
_WARY = 5
"""Spells of refusals that teach nothing after a rate was forgotten, if they are unclear; doubled each time."""
_CONTRADICTIONS = 3
"""Successive refusals that do not go with the learned rate before it is forgotten."""


@dataclass(slots=True)
class _Spell:
    """Refusals of calls that were sent before anything was done about the first of them."""

    until_call: int
    """Calls sent when the first refusal came; a call with a higher number belongs to the next spell."""
    first: int
    last: int
    last_at: float
    below: bool
    """Whether calls began more slowly than was learned."""
    refused_by: int = 0
    """Calls refused by then, those of former spells included."""
    beside: int = 0
    """Calls sent in the same moment as the last refused one and after it: which came first, nobody knows."""
    refusals: int = 0

    @property
    def let_through(self) -> int:
        """Of all calls up to the last refused one."""
        return self.last + self.beside - self.refused_by

    def add(self, number: int, sent_at: float) -> None:
        self.refusals += 1
        self.first = min(self.first, number)
        if number >= self.last:
            self.last, self.last_at = number, sent_at

    @property
    def clear(self) -> bool:
        return self.refusals >= _CLEAR_REFUSALS and self.refusals >= _CLEAR_SHARE * (self.last - self.first + 1)


@dataclass(slots=True)
class _Learned:
    rate: float
    """Calls a second."""
    depth: float
    level: float
    """What is in the bucket, …"""
    at: float
    """… at this moment."""
    since: float
    """When the rate was learned or confirmed."""
    growth: float = _FASTER_AT_FIRST
    contradictions: int = 0

    def filling(self, now: float) -> float:
        quiet_s = now - self.since
        return self.rate * (_BELOW + self.growth * quiet_s * (1 + quiet_s / _DOUBLED_S))

    def fill(self, now: float) -> None:
        if now > self.at:
            self.level = min(self.depth, self.level + self.filling(now) * (now - self.at))
            self.at = now


@dataclass(slots=True)
class Limiter:
    """Learns a rate and says when the next call may begin. Times are seconds on any clock."""

    sent: int = 0
    """Calls that have begun."""
    _refused: int = 0
    _times: deque[float] = field(default_factory=lambda: deque(maxlen=_MOMENTS))
    """When the newest calls began."""
    _past: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_MOMENTS))
    """Moments, and how many calls had been let through; kept until a rate is learned."""
    _spell: _Spell | None = None
    _former: _Spell | None = None
    _rates: list[tuple[float, int]] = field(default_factory=list)
    """What followed from the last refusals, oldest first, and from how many calls."""
    _learned: _Learned | None = None
    _wary: int = 0
    """For so many spells of refusals only clear ones teach a rate, since one was forgotten."""
    _forgotten: int = 0
    """Rates that were."""

    @property
    def rate(self) -> float | None:
        """Calls a second that may begin by now; None when no rate was learned."""
        return None if self._learned is None else self._learned.filling(self._learned.at)

    @property
    def clear(self) -> bool:
        """Whether the refusals just now are those of an empty bucket."""
        return self._spell is not None and self._spell.clear

    def ready_at(self, now: float) -> float:
        """When the next call may begin."""
        learned = self._learned
        if learned is None:
            return now
        learned.fill(now)
        return now if learned.level >= 1 else now + (1 - learned.level) / learned.filling(now)

    def begin(self, now: float) -> int:
        """A call begins; gives its number."""
        if self._learned is None and (not self._past or now - self._past[-1][0] >= _MOMENT_S):
            self._past.append((now, self.sent - self._refused))
        self.sent += 1
        self._times.append(now)
        if self._learned is not None:
            self._learned.fill(now)
            self._learned.level -= 1
        return self.sent

    def refused(self, number: int, sent_at: float, now: float) -> bool:
        """A call was refused for the rate.

        Returns:
            Whether it is the first to say so: sent after whatever was done about the refusals before.
        """
        self._refused += 1
        spell, former = self._spell, self._former
        new = spell is None or number > spell.until_call
        if new:
            self._conclude()
            learned = self._learned
            below = learned is not None and learned.filling(sent_at) < learned.rate
            spell = self._spell = _Spell(self.sent, number, number, sent_at, below)
        assert spell is not None
        if former is not None and former is not spell and number <= former.until_call:
            # Its refusal was long on the way.
            former.add(number, sent_at)
            former.refused_by = self._refused - spell.refusals
        else:
            spell.add(number, sent_at)
        spell.refused_by = self._refused
        if self._learned is not None:
            # Nothing is left, and what was sent since then has taken, or will be refused, what came in.
            self._learned.level, self._learned.at = min(self._learned.level, 0.0), max(self._learned.at, now)
        return new

    def resume(self) -> None:
        """Calls begin again after a pause: what the refusals before it say is known by now."""
        self._conclude()

    def _conclude(self) -> None:
        spell, former = self._spell, self._former
        if spell is None or spell is former:
            return
        spell.beside = self._sent_beside(spell)
        if former is None:
            self._former = spell
            return
        calls = spell.let_through - former.let_through
        seconds = spell.last_at - former.last_at
        if calls >= _FEWEST_CALLS and seconds > 0:
            self._former = spell
            self._take(calls / seconds, calls, spell, clear=spell.clear and former.clear)

    def _sent_beside(self, spell: _Spell) -> int:
        n = 0
        for sent_at in itertools.islice(self._times, max(0, len(self._times) - (self.sent - spell.last)), None):
            if sent_at > spell.last_at + _SAME_MOMENT_S:
                break
            n += 1
        return n

    def _take(self, rate: float, calls: int, spell: _Spell, *, clear: bool) -> None:
        """Make what can be made of the rate that follows from two spells with so many calls between them."""
        self._rates = [*self._rates[1 - _ALIKE :], (rate, calls)]
        learned = self._learned
        self._wary = max(0, self._wary - 1)
        if clear or (not self._wary and learned is None and _agree(self._rates)):
            self._learn(rate, calls, spell)
        elif learned is not None:
            near = abs(rate / learned.rate - 1) <= _NEAR
            doubtful = spell.below or rate < learned.rate * (1 - _NEAR)
            learned.contradictions = learned.contradictions + 1 if doubtful else 0
            if learned.contradictions >= _CONTRADICTIONS:
                self._learned, self._rates = None, []
                self._forgotten += 1
                self._wary = _WARY * 2**self._forgotten
            elif near or not doubtful:
                slower = max(_FASTER_AT_LEAST, learned.growth / 2)
                learned.growth = min(_FASTER_A_SECOND, slower) if near else _FASTER_A_SECOND
                learned.rate, learned.since = rate, spell.last_at

    def _learn(self, rate: float, calls: int, spell: _Spell) -> None:
        if self._learned is not None:
            depth = min(self._learned.depth, calls)  # refused again before it had given what it was thought to hold
        else:
            # What was let through beyond what came in must have been there: the most of it since any moment.
            beyond = (spell.let_through - by_then - rate * (spell.last_at - at) for at, by_then in self._past)
            depth = max(1.0, *beyond)
        self._learned = _Learned(rate, depth, 0.0, spell.last_at, spell.last_at)


def _agree(rates: list[tuple[float, int]]) -> bool:
    """Whether rates are one, each known to a call more or less of those that it was taken from."""
    only = [rate for rate, _ in rates]
    apart = _AGREE + 1 / min(calls for _, calls in rates)
    return len(rates) == _ALIKE and max(only) <= min(only) * (1 + apart)
