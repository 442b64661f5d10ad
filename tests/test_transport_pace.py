"""Whole runs against limits, in virtual time: the pace decides, the gate lets in, the clock jumps."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.transport.gate import Gate
from evalkit.transport.pace import Bounds, Pace
from evalkit.transport.rate import Rate
from evalkit.transport.ratelimit import Standing
from tests.clock import run_virtually
from tests.test_transport_limiter import Bucket


@dataclass
class World:
    """A server, and a run that keeps as many calls going as it may."""

    pace: Pace = field(default_factory=lambda: Pace(Bounds(), adaptive=True))
    concurrency: int = 16
    latency_s: float = 0.05
    wait_s: float | None = 1.0
    lets_through: Callable[[float], bool] = lambda now: True
    begun: list[float] = field(default_factory=list)
    refused: int = 0
    most: int = 0
    seconds: float = 0.0
    """When the last call was answered."""

    def __post_init__(self) -> None:
        self.gate = Gate(self.pace)
        self.rng = random.Random(0)

    async def call(self) -> None:
        loop = asyncio.get_running_loop()
        for failures in range(100):
            attempt = await self.gate.enter(0.0)
            self.begun.append(loop.time())
            self.most = max(self.most, self.pace.in_flight)
            await asyncio.sleep(0.001)
            if self.lets_through(loop.time()):
                await asyncio.sleep(self.latency_s * self.rng.uniform(0.7, 1.3))
                self.gate.answered(attempt, None)
                return
            self.refused += 1
            self.gate.refused(attempt, self.wait_s, for_rate=True)
            await self.gate.rest((self.wait_s or 0.0) + self.rng.uniform(0, min(20.0, 0.5 * 2.0**failures)))
        raise AssertionError("a call starves")

    async def _run(self, calls: int) -> None:
        going: set[asyncio.Task[None]] = set()
        while calls or going:
            while calls and len(going) < min(self.concurrency, self.gate.capacity or inf):
                going.add(asyncio.create_task(self.call()))
                calls -= 1
            done, going = await asyncio.wait(going, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        self.seconds = asyncio.get_running_loop().time()

    def run(self, calls: int) -> World:
        run_virtually(self._run(calls))
        return self


@pytest.mark.parametrize("wait_s", [1.0, None])
@pytest.mark.parametrize("latency_s", [0.05, pytest.param(0.2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("concurrency", [pytest.param(16, marks=pytest.mark.slow), 100])
def test_a_limit_of_50_a_second_is_met_with_few_refusals(
    concurrency: int, latency_s: float, wait_s: float | None
) -> None:
    """The whole run takes hardly longer than the limit demands, and nearly every call is let through at once."""
    bucket = Bucket(50, 50)
    world = World(concurrency=concurrency, latency_s=latency_s, wait_s=wait_s, lets_through=bucket.take).run(1500)
    assert world.seconds <= 1.05 * (1500 - 50) / 50
    assert world.refused <= 60  # all of them in the first seconds: 2 % of 3,000 calls


def test_a_server_without_limits_gets_as_many_calls_as_wanted() -> None:
    world = World(concurrency=100).run(3000)
    assert 100 == world.most
    assert world.seconds <= 1.5 * 3000 / 100 * 0.05


def test_calls_in_flight_double_each_round_trip() -> None:
    world = World(concurrency=1000, latency_s=1.0)
    capacities: list[int] = []

    async def watch() -> None:
        run = asyncio.create_task(world._run(400))
        for _ in range(5):
            await asyncio.sleep(1.31)
            capacities.append(world.pace.capacity or 0)
        await run

    run_virtually(watch())
    assert all(later <= 2.8 * earlier + 1 for earlier, later in pairwise(capacities))
    assert capacities[3] > 6 * capacities[0]


def test_a_run_at_a_concurrency_of_100_loses_little_while_it_begins() -> None:
    world = World(concurrency=100, latency_s=0.2).run(2_000)
    assert world.seconds <= 2_000 / 100 * 0.2 + 0.8  # five round trips, the last ones longer than most


def test_where_answers_take_a_minute_it_takes_no_minutes_to_ask_many() -> None:
    world = World(concurrency=100, latency_s=60.0).run(300)
    assert 100 == world.most
    assert world.seconds <= 5 * 60


def test_all_calls_wait_as_long_as_one_was_asked_to() -> None:
    answers = iter([True] * 5 + [False] + [True] * 1000)
    world = World(wait_s=7.0, lets_through=lambda now: next(answers)).run(50)
    (pause,) = [later - earlier for earlier, later in pairwise(world.begun) if later - earlier > 1]
    assert 6.9 <= pause <= 7.5


def test_an_outage_ends_and_so_do_its_traces() -> None:
    """Two minutes of refusals; afterwards calls are as fast as before, once those that wait have noticed."""
    world = World(lets_through=lambda now: not 5 < now < 125).run(4000)
    before = sum(now < 5 for now in world.begun)
    assert world.seconds <= 125 + 20 + 1.5 * (4000 - before) * 0.05 / 16
    # While nothing gets through, nothing is hammered: a call a second or so.
    assert sum(6 < now < 125 for now in world.begun) < 500


@settings(max_examples=15)
@given(
    count=st.integers(1, 80),
    seconds=st.sampled_from([1.0, 60.0]),
    concurrency=st.integers(1, 60),
    latency_s=st.floats(0.001, 3.0),
    share=st.floats(0.0, 0.3),
)
def test_a_rate_that_a_user_sets_is_never_exceeded(
    count: int, seconds: float, concurrency: int, latency_s: float, share: float
) -> None:
    """Other attempts count as well; and every call is answered in the end."""
    rng = random.Random(count)
    pace = Pace(Bounds(rate=Rate(count, seconds), concurrency=concurrency), adaptive=True)
    world = World(pace, concurrency, latency_s, lets_through=lambda now: rng.random() >= share).run(100)
    begun = sorted(world.begun)
    assert all(later - earlier >= seconds for earlier, later in zip(begun, begun[count:], strict=False))
    assert world.most <= concurrency


def test_calls_that_would_only_wait_are_not_started() -> None:
    pace = Pace(Bounds(rate=Rate(20, 1.0)), adaptive=True)
    world = World(pace, concurrency=1000, latency_s=0.5).run(400)
    assert 20 * 0.5 <= (world.gate.capacity or 0) <= 25
    assert world.seconds == pytest.approx(400 / 20, rel=0.1)


@pytest.mark.slow
@given(wait_s=st.one_of(st.none(), st.floats(0, 5)), rate=st.floats(2, 300), depth=st.integers(1, 200))
@settings(max_examples=15)
def test_nothing_starves_whatever_the_limit(wait_s: float | None, rate: float, depth: int) -> None:
    bucket = Bucket(rate, depth)
    world = World(wait_s=wait_s, lets_through=bucket.take).run(200)
    assert 200 + world.refused == len(world.begun)


# --- single decisions


def _pace(**bounds: Any) -> Pace:
    return Pace(Bounds(**bounds), adaptive=True)


def test_what_timed_out_leaves_less_in_flight_once_a_round_trip() -> None:
    pace = _pace()
    attempts = [pace.begin(0.0, 0) for _ in range(10)]
    for attempt in attempts:
        pace.failed(attempt, congested=True)
    assert 7 == pace.capacity
    pace.failed(pace.begin(1.0, 0), congested=True)
    assert 4 == pace.capacity


def test_a_failure_that_says_nothing_of_the_pace_changes_none() -> None:
    pace = _pace()
    for _ in range(20):
        pace.failed(pace.begin(0.0, 0))
    assert (10, 0) == (pace.capacity, pace.in_flight)


def test_answers_that_come_together_count_each() -> None:
    """Those after the first find fewer in flight, but the window was in use when they were asked for."""
    pace = _pace()
    for attempt in [pace.begin(0.0, 0) for _ in range(10)]:
        pace.answered(attempt, 1.0, None)
    assert 20 == pace.capacity


def test_answers_during_a_pause_let_no_more_in_flight() -> None:
    pace = _pace()
    refused, *others = [pace.begin(0.0, 0) for _ in range(10)]
    pace.refused(refused, 0.1, 3.0, for_rate=True)
    for attempt in others:
        pace.answered(attempt, 1.0, None)
    assert 10 == pace.capacity


def test_an_overloaded_server_gets_less() -> None:
    pace = _pace()
    pace.refused(pace.begin(0.0, 0), 0.1, 3.0, for_rate=False)
    assert 7 == pace.capacity
    assert 3.1 == pytest.approx(pace.ready_at(0.2, 0))


def test_no_more_calls_than_a_card_allows_are_in_flight() -> None:
    pace = _pace(concurrency=2)
    first, _ = pace.begin(0.0, 0), pace.begin(0.0, 0)
    assert inf == pace.ready_at(0.0, 0)
    pace.answered(first, 0.1, None)
    assert (0.1, 2) == (pace.ready_at(0.1, 0), pace.capacity)


def test_a_program_is_held_to_bounds_only() -> None:
    pace = Pace(Bounds(rate=Rate(2, 1.0)), adaptive=False)
    attempt = pace.begin(0.0, 0)
    pace.refused(attempt, 0.0, 100.0, for_rate=True)
    assert pace.ready_at(0.0, 0) < 1
    assert Pace(Bounds(), adaptive=False).capacity is None


def test_tokens_are_corrected_by_what_a_call_took() -> None:
    pace = _pace(tokens_per_minute=1000)
    attempt = pace.begin(0.0, 900)
    assert 60.0 == pace.ready_at(1.0, 200)
    pace.answered(attempt, 1.0, 50)
    assert 1.0 == pace.ready_at(1.0, 200)


def test_a_limit_that_a_provider_says_is_used_up_is_waited_for() -> None:
    pace = _pace()
    pace.told(5.0, [Standing(of="requests", limit=500, remaining=0, reset_s=60.0, refills=True)])
    assert 5.12 == pytest.approx(pace.ready_at(5.0, 0))


def test_calls_in_flight_count_against_what_is_left() -> None:
    pace = _pace()
    for _ in range(4):
        pace.begin(0.0, 0)
    pace.told(5.0, [Standing(of="requests", limit=500, remaining=4, reset_s=59.52, refills=True)])
    assert 5.0 == pace.ready_at(5.0, 0)
    pace.told(5.0, [Standing(of="requests", limit=500, remaining=3, reset_s=59.64, refills=True)])
    assert 5.12 == pytest.approx(pace.ready_at(5.0, 0))


def test_a_day_that_is_used_up_is_not_waited_for() -> None:
    pace = _pace()
    pace.told(5.0, [Standing(of="requests", limit=100, remaining=0, reset_s=80_000.0, refills=False)])
    assert 5.0 == pace.ready_at(5.0, 0)


def test_tokens_that_are_used_up_are_waited_for_by_the_mean_call() -> None:
    pace = _pace()
    pace.answered(pace.begin(0.0, 0), 1.0, 100)
    pace.told(1.0, [Standing(of="tokens", limit=6000, remaining=0, reset_s=60.0, refills=True)])
    assert 2.0 == pytest.approx(pace.ready_at(1.0, 0))
