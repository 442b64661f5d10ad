from __future__ import annotations

import asyncio

import pytest

from evalkit.transport.gate import Gate
from evalkit.transport.pace import Bounds, Pace
from evalkit.transport.rate import Rate
from evalkit.transport.ratelimit import Standing
from tests.clock import run_virtually


def _gate(concurrency: int | None = None, rate: Rate | None = None) -> Gate:
    return Gate(Pace(Bounds(concurrency=concurrency, rate=rate), adaptive=True))


async def _enter(gate: Gate, number: int, order: list[int]) -> None:
    attempt = await gate.enter(0.0)
    order.append(number)
    await asyncio.sleep(1)
    gate.answered(attempt, None)


def test_calls_begin_in_the_order_in_which_they_came() -> None:
    async def run() -> tuple[list[int], float]:
        gate, order = _gate(concurrency=2), list[int]()
        await asyncio.gather(*(_enter(gate, number, order) for number in range(9)))
        return order, asyncio.get_running_loop().time()

    assert (list(range(9)), 5.0) == run_virtually(run())


def test_a_call_waits_for_the_time_that_lets_it_in() -> None:
    async def run() -> float:
        gate, order = _gate(rate=Rate(1, 60.0)), list[int]()
        await asyncio.gather(*(_enter(gate, number, order) for number in range(3)))
        return asyncio.get_running_loop().time()

    assert pytest.approx(121.02) == run_virtually(run())


def test_who_gives_up_waiting_holds_up_nobody() -> None:
    async def run() -> list[int]:
        gate, order = _gate(concurrency=1), list[int]()
        calls = [asyncio.create_task(_enter(gate, number, order)) for number in range(4)]
        await asyncio.sleep(0.5)
        calls[1].cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        return order

    assert [0, 2, 3] == run_virtually(run())


def test_who_gives_up_in_the_moment_of_being_let_in_leaves_the_place() -> None:
    async def run() -> list[int]:
        gate, order = _gate(concurrency=1), list[int]()
        first = await gate.enter(0.0)
        calls = [asyncio.create_task(_enter(gate, number, order)) for number in range(2)]
        await asyncio.sleep(0)
        gate.answered(first, None)  # lets the first of the two in
        calls[0].cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        return order

    assert [1] == run_virtually(run())


def test_calls_between_two_attempts_are_in_nobodys_way() -> None:
    async def run() -> list[int | None]:
        gate = _gate(concurrency=3)
        before = gate.capacity
        resting = [asyncio.create_task(gate.rest(5)) for _ in range(2)]
        await asyncio.sleep(0)
        during = gate.capacity
        await asyncio.gather(*resting)
        return [before, during, gate.capacity]

    assert [3, 5, 3] == run_virtually(run())


def test_what_a_provider_says_holds_up_the_next_call() -> None:
    async def run() -> float:
        gate = _gate()
        gate.told([Standing(of="requests", limit=10, remaining=0, reset_s=50.0, refills=True)])
        gate.failed(await gate.enter(0.0))
        return asyncio.get_running_loop().time()

    assert pytest.approx(5.0) == run_virtually(run())


def test_a_closed_gate_wakes_nobody() -> None:
    async def run() -> bool:
        gate = _gate(rate=Rate(1, 60.0))
        gate.answered(await gate.enter(0.0), None)
        waiting = asyncio.create_task(gate.enter(0.0))
        await asyncio.sleep(1)
        gate.close()
        await asyncio.sleep(100)
        return waiting.cancel()

    assert run_virtually(run())


def test_a_gate_that_is_shut_sends_everybody_away_at_once() -> None:
    """No call can succeed any more: whoever waits for a turn, or for another attempt, must not make one."""

    async def run() -> tuple[list[str], float]:
        gate, order = _gate(rate=Rate(1, 60.0)), list[int]()
        waiting = [asyncio.create_task(_enter(gate, number, order)) for number in range(3)]
        resting = asyncio.create_task(gate.rest(600))
        await asyncio.sleep(5)
        gate.shut(ValueError("refused"))
        await resting
        ended = await asyncio.gather(*waiting, _enter(gate, 3, order), return_exceptions=True)
        return [str(each) for each in ended], asyncio.get_running_loop().time()

    assert (["None", "refused", "refused", "refused"], 5.0) == run_virtually(run())
