from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence

import pytest

from evalkit.adapter import Reply, ReplyError, Request
from evalkit.transport.together import Answering, Outcome, Picking, TogetherChannel


def request(text: str) -> Request:
    return Request(method="POST", url="x", body=text)


def all_of(waiting: Sequence[Request]) -> tuple[list[int], bool]:
    return list(range(len(waiting))), False


def threes(waiting: Sequence[Request]) -> tuple[list[int], bool]:
    return list(range(len(waiting)))[:3], len(waiting) >= 3


class Noting:
    """Answers with the request's text in capitals, and notes its batches."""

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        self.batches: list[list[str]] = []
        self.before = before

    def __call__(self, requests: Sequence[Request], closed: threading.Event) -> list[Outcome]:
        self.batches.append([request.body for request in requests])
        self.before()
        return [
            ReplyError("timeout", "too late") if one.body == "late" else Reply(body=one.body.upper().encode())
            for one in requests
        ]


def sent(answer: Answering, texts: Sequence[str], *, pick: Picking = all_of) -> list[bytes | BaseException]:
    async def run() -> list[bytes | BaseException]:
        channel = TogetherChannel(answer, pick=pick)
        try:
            calls = (channel.send(request(text)) for text in texts)
            replies = await asyncio.gather(*calls, return_exceptions=True)
        finally:
            await channel.close()
        return [reply if isinstance(reply, BaseException) else reply.body for reply in replies]

    return asyncio.run(run())


def test_calls_that_come_together_are_answered_together_each_with_its_own_answer() -> None:
    answer = Noting()
    assert [b"A", b"B", b"C"] == sent(answer, ["a", "b", "c"])
    assert [["a", "b", "c"]] == answer.batches


def test_the_picked_ones_come_first_and_nobody_is_left_out() -> None:
    answer = Noting()

    def last(waiting: Sequence[Request]) -> tuple[list[int], bool]:
        return [max(range(len(waiting)), key=lambda place: str(waiting[place].body))], True

    replies = sent(answer, ["a", "bbb", "cc"], pick=last)
    assert [b"A", b"BBB", b"CC"] == replies
    assert [["cc"], ["bbb"], ["a"]] == answer.batches


def test_a_call_without_an_answer_does_not_spoil_the_others() -> None:
    first, late, last = sent(Noting(), ["a", "late", "b"])
    assert (b"A", b"B") == (first, last)
    assert isinstance(late, ReplyError)


def test_what_the_work_raises_reaches_every_call_of_the_batch() -> None:
    def fail() -> None:
        raise ValueError("no such model")

    assert ["no such model"] * 2 == [str(error) for error in sent(Noting(fail), ["a", "b"])]


def test_the_loop_is_free_while_the_work_goes_on() -> None:
    release = threading.Event()
    answer = Noting(lambda: pytest.fail("held up") if not release.wait(5) else None)

    async def run() -> Reply:
        channel = TogetherChannel(answer, pick=all_of)
        call = asyncio.create_task(channel.send(request("a")))
        while not answer.batches:
            await asyncio.sleep(0.001)
        release.set()
        try:
            return await call
        finally:
            await channel.close()

    assert b"A" == asyncio.run(run()).body


def test_a_call_that_was_given_up_is_not_answered() -> None:
    answer = Noting()

    async def run() -> None:
        channel = TogetherChannel(answer, pick=all_of)
        given_up = asyncio.create_task(channel.send(request("a")))
        other = asyncio.create_task(channel.send(request("b")))
        await asyncio.sleep(0)
        given_up.cancel()
        await other
        await channel.close()

    asyncio.run(run())
    assert [["b"]] == answer.batches


def test_closing_tells_the_work_to_stop() -> None:
    begun, stopped = threading.Event(), threading.Event()

    def work(requests: Sequence[Request], closed: threading.Event) -> list[Outcome]:
        begun.set()
        if closed.wait(5):
            stopped.set()
        return [ReplyError("timeout", "closed") for _ in requests]

    async def run() -> None:
        channel = TogetherChannel(work, pick=all_of)
        call = asyncio.create_task(channel.send(request("a")))
        while not begun.is_set():
            await asyncio.sleep(0.001)
        await channel.close()
        call.cancel()

    asyncio.run(run())
    assert stopped.wait(5)


def test_later_calls_are_answered_too() -> None:
    answer = Noting()

    async def run() -> list[bytes]:
        channel = TogetherChannel(answer, pick=all_of)
        replies = [await channel.send(request(text)) for text in ("a", "b")]
        await channel.close()
        return [reply.body for reply in replies]

    assert [b"A", b"B"] == asyncio.run(run())
    assert [["a"], ["b"]] == answer.batches


@pytest.mark.slow
def test_a_batch_waits_for_calls_that_come_when_its_forerunner_has_been_answered() -> None:
    """Answers are recorded before the next calls come; without patience batches of two and one would take turns."""
    answer = Noting(lambda: time.sleep(1))

    async def ask_again_and_again(channel: TogetherChannel, name: str) -> None:
        for n in range(3):
            await channel.send(request(f"{name}{n}"))
            await asyncio.sleep(0.01)

    async def run() -> None:
        channel = TogetherChannel(answer, pick=threes)
        callers = [asyncio.create_task(ask_again_and_again(channel, name)) for name in "ab"]
        await asyncio.sleep(0.5)
        callers.append(asyncio.create_task(ask_again_and_again(channel, "c")))
        await asyncio.gather(*callers)
        await channel.close()

    asyncio.run(run())
    assert [2, 3, 3, 1] == [len(batch) for batch in answer.batches]


def test_a_full_batch_is_not_looked_at_twice() -> None:
    looks: list[int] = []

    def noted(waiting: Sequence[Request]) -> tuple[list[int], bool]:
        looks.append(len(waiting))
        return threes(waiting)

    assert [b"A", b"B", b"C"] == sent(Noting(), ["a", "b", "c"], pick=noted)
    assert [3] == looks
