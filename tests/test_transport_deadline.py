from __future__ import annotations

import asyncio

import pytest

from evalkit.transport.deadline import CEILING_S, ENOUGH_ANSWERS, FLOOR_S, LONGER, SLACK, Deadlines
from tests.clock import run_virtually


def _after(latency_s: float, answers: int = ENOUGH_ANSWERS) -> Deadlines:
    deadlines = Deadlines(last=2)
    for _ in range(answers):
        deadlines.answered(latency_s)
    return deadlines


async def _hang(deadlines: Deadlines, timed_out: int = 0) -> float:
    """How long an attempt that never ends is waited for."""
    began = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await deadlines.within(asyncio.sleep(10_000), timed_out)
    return asyncio.get_running_loop().time() - began


def test_before_some_answers_nothing_is_known() -> None:
    assert CEILING_S == run_virtually(_hang(_after(1.0, ENOUGH_ANSWERS - 1)))


@pytest.mark.parametrize(("expected", "latency_s"), [(FLOOR_S, 0.05), (SLACK * 30, 30.0), (CEILING_S, 90.0)])
def test_an_attempt_may_take_much_longer_than_any_answer(expected: float, latency_s: float) -> None:
    assert expected == pytest.approx(run_virtually(_hang(_after(latency_s))))


@pytest.mark.parametrize(("expected", "timed_out"), [(FLOOR_S, 0), (FLOOR_S * LONGER, 1), (CEILING_S, 2)])
def test_who_timed_out_gets_longer_and_at_last_all_there_is(expected: float, timed_out: int) -> None:
    assert expected == pytest.approx(run_virtually(_hang(_after(1.0), timed_out)))


def test_a_user_may_want_less() -> None:
    deadlines = Deadlines(5.0, last=2)
    assert 5.0 == run_virtually(_hang(deadlines))
    assert {5.0} == {deadlines.limit_s(timed_out) for timed_out in range(3)}


def test_what_is_learned_while_calls_wait_shortens_their_deadlines() -> None:
    """A call that hangs from the beginning of a run must not hold it up for ten minutes."""

    async def run() -> float:
        deadlines = Deadlines(last=2)
        hanging = asyncio.create_task(_hang(deadlines))
        await asyncio.sleep(5)
        for _ in range(ENOUGH_ANSWERS):
            deadlines.answered(0.1)
        return await hanging

    assert pytest.approx(FLOOR_S) == run_virtually(run())


def test_a_wait_that_is_over_by_what_is_learned_ends_at_once() -> None:
    async def run() -> float:
        deadlines = Deadlines(last=2)
        hanging = asyncio.create_task(_hang(deadlines))
        await asyncio.sleep(100)
        for _ in range(ENOUGH_ANSWERS):
            deadlines.answered(0.1)
        return await hanging

    assert pytest.approx(100) == run_virtually(run())


class Late(asyncio.SelectorEventLoop):
    """An event loop whose process can be made to have slept."""

    slept_s = 0.0

    def time(self) -> float:
        return super().time() + self.slept_s


def test_what_came_while_the_process_slept_is_not_given_up() -> None:
    """As with Ctrl-Z: timers and sockets are late together, and it takes some turns to read a reply."""

    async def run() -> str:
        async def reply() -> str:
            await asyncio.sleep(0)
            loop.slept_s = FLOOR_S + 30
            for _ in range(20):
                await asyncio.sleep(0)
            return "answer"

        return await _after(1.0).within(reply(), 0)

    loop = Late()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        assert "answer" == runner.run(run())


def test_a_slow_answer_makes_others_wait_longer() -> None:
    async def run() -> float:
        deadlines = _after(1.0)
        hanging = asyncio.create_task(_hang(deadlines))
        await asyncio.sleep(15)
        deadlines.answered(15.0)
        return await hanging

    assert pytest.approx(SLACK * 15) == run_virtually(run())


def test_answers_of_20_to_90_seconds_are_never_cut_off() -> None:
    async def run() -> list[float]:
        deadlines = Deadlines(last=2)

        async def ask(number: int) -> float:
            latency_s = 20 + 70 * (number * 0.618_034 % 1)
            await deadlines.within(asyncio.sleep(latency_s), 0)
            deadlines.answered(latency_s)
            return latency_s

        return [
            latency
            for start in range(0, 400, 16)
            for latency in await asyncio.gather(*map(ask, range(start, start + 16)))
        ]

    assert 400 == len(run_virtually(run()))


def test_one_timer_watches_all() -> None:
    async def run() -> list[float]:
        deadlines = _after(1.0)
        return await asyncio.gather(*(_later(deadlines, number) for number in range(50)))

    async def _later(deadlines: Deadlines, number: int) -> float:
        await asyncio.sleep(number / 7)
        return await _hang(deadlines, number % 2)

    expected = [FLOOR_S * LONGER ** (number % 2) for number in range(50)]
    assert pytest.approx(expected) == run_virtually(run())


def test_an_error_of_the_attempt_is_its_own() -> None:
    async def fail() -> None:
        raise ValueError("own")

    with pytest.raises(ValueError, match="own"):
        run_virtually(_after(1.0).within(fail(), 0))


def test_a_call_that_is_cancelled_from_outside_stays_cancelled() -> None:
    async def run() -> None:
        deadlines = _after(1.0)
        call = asyncio.create_task(deadlines.within(asyncio.sleep(100), 0))
        await asyncio.sleep(1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        deadlines.close()
        deadlines.close()

    run_virtually(run())
