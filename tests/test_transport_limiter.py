from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.transport.limiter import Limiter


class Bucket:
    """A provider's limit; times are those of the calls."""

    def __init__(self, rate: float, depth: float) -> None:
        self.rate, self.depth = rate, depth
        self.level, self.at = depth, 0.0

    def take(self, now: float) -> bool:
        self.level, self.at = min(self.depth, self.level + self.rate * (now - self.at)), now
        full = self.level >= 1
        self.level -= full
        return full


def _burst(limiter: Limiter, bucket: Bucket, now: float, calls: int) -> int:
    """Send so many calls at once, and tell of those refused; gives how many."""
    numbers = [(limiter.begin(now), bucket.take(now)) for _ in range(calls)]
    for number, let_through in numbers:
        if not let_through:
            limiter.refused(number, now, now)
    return sum(not let_through for _, let_through in numbers)


def _learned(rate: float, depth: float) -> tuple[Limiter, Bucket]:
    """After two bursts that were too large, a second apart."""
    limiter, bucket = Limiter(), Bucket(rate, depth)
    assert _burst(limiter, bucket, 0.0, int(depth) + 10) >= 3
    limiter.resume()
    assert _burst(limiter, bucket, 1.0, int(rate) + 10) >= 3
    limiter.resume()
    return limiter, bucket


@given(rate=st.integers(10, 300), depth=st.integers(300, 1000))
def test_two_moments_when_nothing_was_left_tell_the_rate(rate: int, depth: int) -> None:
    limiter, _ = _learned(rate, depth)
    assert limiter.rate == pytest.approx(rate, rel=0.03)


def test_nothing_is_known_before_a_refusal() -> None:
    limiter = Limiter()
    assert [None] * 100 == [limiter.rate for _ in range(100) if limiter.begin(0.0)]
    assert 5.0 == limiter.ready_at(5.0)


@given(rate=st.integers(20, 300))
def test_calls_at_the_learned_rate_are_let_through(rate: int) -> None:
    """Few of thousands are refused, although the rate is always tried a little higher."""
    limiter, bucket = _learned(rate, 400)
    now, refused, sent = 1.0, 0, 0
    while sent < 2000:
        now = max(now, limiter.ready_at(now))
        number = limiter.begin(now)
        sent += 1
        if not bucket.take(now):
            refused += 1
            limiter.refused(number, now, now)
            limiter.resume()
    assert refused <= 0.02 * sent
    assert (sent - refused) / (now - 1.0) >= 0.95 * rate


def test_a_limit_that_is_raised_is_found() -> None:
    limiter, _ = _learned(50, 50)
    now = 1.0
    for _ in range(20_000):
        now = max(now, limiter.ready_at(now))
        limiter.begin(now)
    assert limiter.rate is not None
    assert limiter.rate > 200


def test_a_burst_waits_for_what_came_in_meanwhile() -> None:
    limiter, _ = _learned(50, 50)
    begun = 0
    while limiter.ready_at(2.0) <= 2.0:
        limiter.begin(2.0)
        begun += 1
    assert 45 <= begun <= 50


@pytest.mark.slow
@given(seed=st.integers(0, 1000))
def test_refusals_by_chance_slow_nothing_down_for_good(seed: int) -> None:
    """An overloaded server refuses one call of twenty, at whatever rate: 200 a second must stay possible."""
    rng, limiter, now = random.Random(seed), Limiter(), 0.0
    slow = 0
    for _ in range(20_000):
        now = max(now + 0.005, limiter.ready_at(now))
        number = limiter.begin(now)
        if rng.random() < 0.05:
            limiter.refused(number, now, now)
            limiter.resume()
        slow += limiter.rate is not None and limiter.rate < 150
    assert slow < 0.2 * 20_000


def test_a_refusal_that_was_long_on_the_way_belongs_to_those_before_it() -> None:
    limiter, bucket = Limiter(), Bucket(50, 50)
    late = [(limiter.begin(0.0), bucket.take(0.0)) for _ in range(60)]
    refused = [number for number, let_through in late if not let_through]
    assert limiter.refused(refused[0], 0.0, 0.1)
    limiter.resume()
    assert _burst(limiter, bucket, 1.0, 60) == 10
    for number in refused[1:]:
        assert not limiter.refused(number, 0.0, 1.1)
    limiter.resume()
    assert _burst(limiter, bucket, 2.0, 60) == 10
    limiter.resume()
    assert limiter.rate == pytest.approx(50, rel=0.05)
