"""Calls to servers that are slow, fail or hang: real retries, pace and deadlines, in virtual time."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable

import pytest

from evalkit.adapter import Reply, ReplyError, Request, card_from
from evalkit.adapter.code import load_module
from evalkit.adapter.endpoint import Endpoint
from evalkit.content import shipped
from evalkit.errors import FatalTransportError, TransportError
from evalkit.transport.deadline import CEILING_S, FLOOR_S, LONGER, Deadlines
from evalkit.transport.gate import Gate
from evalkit.transport.model import Model
from evalkit.transport.pace import Bounds, Pace
from evalkit.transport.retry import RULES, Retries
from evalkit.transport.traffic import Traffic
from evalkit.trial import Answer, Call, Message
from tests.clock import run_virtually

CARD = {"name": "acme", "about": "A.", "dialect": "openai-chat", "base_url": "http://h", "verified": False}
HANGS_S = 900.0


class Channel:
    """Answers with the prompt after some seconds, unless something else is to happen."""

    def __init__(self, seconds: Callable[[], float], fault: Callable[[], str] = lambda: "") -> None:
        self._seconds, self._fault = seconds, fault
        self.sent: list[float] = []

    async def send(self, request: Request) -> Reply:
        self.sent.append(asyncio.get_running_loop().time())
        fault = self._fault()
        await asyncio.sleep(HANGS_S if fault == "hang" else self._seconds())
        if fault == "reset":
            raise ReplyError("reset", "the connection was closed")
        if fault.isdigit():
            return Reply(status=int(fault), headers={"retry-after": "1"}, body=b"{}")
        text = request.body["messages"][-1]["content"]
        usage = {"prompt_tokens": 10, "completion_tokens": 20}
        body = json.dumps({"choices": [{"message": {"content": text}}], "usage": usage}).encode()
        return Reply(body=b"<html>" if fault == "html" else body[:20] if fault == "truncated" else body)

    async def close(self) -> None:
        pass


def _model(channel: Channel, bounds: Bounds = Bounds()) -> Model:  # noqa: B008 (frozen)
    traffic = Traffic(Gate(Pace(bounds, adaptive=True)), Deadlines(last=RULES["timeout"].retries))
    return Model(
        endpoint=Endpoint(card=card_from(CARD, source="c"), source="c", model="x", address="http://h"),
        dialect=load_module(shipped("adapters") / "openai_chat.py"),
        channel=channel,
        retries=Retries(sleep=traffic.rest, rng=random.Random(0)),
        traffic=traffic,
    )


def _ask_all(model: Model, calls: int, concurrency: int = 16) -> tuple[list[Answer], float]:
    """Ask as many calls, so many at a time; the answers and the seconds it took."""

    async def run() -> tuple[list[Answer], float]:
        numbers, answers = iter(range(calls)), list[Answer]()

        async def ask() -> None:
            for number in numbers:
                message = Message(role="user", content=str(number))
                call = Call(task="t", item=str(number), condition="clean", repeat=0, messages=(message,))
                answers.append(await model.ask(model.request(call)))
                assert str(number) == answers[-1].response.text

        await asyncio.gather(*(ask() for _ in range(concurrency)))
        await model.close()
        return answers, asyncio.get_running_loop().time()

    return run_virtually(run())


def test_a_thousand_calls_to_a_bad_server_are_all_answered_within_a_minute() -> None:
    """Refusals, errors, resets, cut bodies, web pages, and calls that hang for a quarter of an hour."""
    rng = random.Random(1)
    faults = {"429": 0.05, "500": 0.03, "reset": 0.01, "truncated": 0.01, "hang": 0.004, "html": 0.005}

    def fault() -> str:
        drawn = rng.choices([*faults, ""], [*faults.values(), 1 - sum(faults.values())])
        return drawn[0]

    answers, seconds = _ask_all(_model(Channel(lambda: 0.05, fault)), 1000)
    assert 1000 == len(answers)
    assert seconds <= 60
    # Of the attempt that brought the answer, without those that failed and the waits between them.
    assert {0.05} == {round(answer.latency_s or 0.0, 9) for answer in answers}


def test_answers_of_20_to_90_seconds_are_waited_for() -> None:
    rng = random.Random(1)
    channel = Channel(lambda: rng.uniform(20, 90))
    answers, _ = _ask_all(_model(channel), 200)
    assert [1] * 200 == [answer.attempts for answer in answers]


def test_a_call_that_hangs_again_and_again_gets_longer_each_time_and_is_void() -> None:
    hanging = False
    channel = Channel(lambda: 0.05, lambda: "hang" if hanging else "")
    model = _model(channel)

    async def run() -> None:
        nonlocal hanging
        call = Call(task="t", item="1", condition="clean", repeat=0, messages=(Message(role="user", content="a"),))
        for _ in range(20):
            await model.ask(model.request(call))
        hanging = True
        with pytest.raises(TransportError, match="no whole reply within 600 s") as caught:
            await model.ask(model.request(call))
        assert ("timeout", 3) == (caught.value.reason, caught.value.attempts)

    run_virtually(run())
    first, second, third = channel.sent[-3:]
    assert FLOOR_S <= second - first <= FLOOR_S + 1
    assert FLOOR_S * LONGER <= third - second <= FLOOR_S * LONGER + 1
    assert CEILING_S > FLOOR_S * LONGER


def test_a_message_about_a_deadline_says_how_long_was_waited() -> None:
    channel = Channel(lambda: 0.05, lambda: "hang")
    with pytest.raises(TransportError, match="http://h/chat/completions: no whole reply within 600 s"):
        _ask_all(_model(channel), 1, concurrency=1)


@pytest.mark.parametrize("fault", ["hang", "429"])
def test_a_server_that_answers_nothing_ends_the_run_within_an_hour(fault: str) -> None:
    class Closed(Channel):
        async def send(self, request: Request) -> Reply:
            if fault == "hang":
                return await super().send(request)
            return Reply(status=429, headers={"retry-after": "60"}, body=b"{}")

    model = _model(Closed(lambda: 0.05, lambda: "hang"))

    async def run() -> float:
        call = Call(task="t", item="1", condition="clean", repeat=0, messages=())
        asks = [asyncio.ensure_future(model.ask(model.request(call))) for _ in range(16)]
        await asyncio.wait(asks, return_when=asyncio.FIRST_COMPLETED)
        ended = next(ask for ask in asks if ask.done())
        with pytest.raises(FatalTransportError, match=r"has answered nothing so far .* more time with --timeout"):
            ended.result()
        for ask in asks:
            ask.cancel()
        await asyncio.gather(*asks, return_exceptions=True)
        return asyncio.get_running_loop().time()

    assert CEILING_S <= run_virtually(run()) <= 3600


def test_tokens_a_minute_are_kept_by_what_calls_really_took() -> None:
    """30 tokens a call, and none is known to be so short before it was made."""
    channel = Channel(lambda: 0.1)
    _ask_all(_model(channel, Bounds(tokens_per_minute=600)), 60)
    for start in channel.sent:
        assert sum(start <= at < start + 60 for at in channel.sent) <= 20
    assert channel.sent[-1] < 400


def test_whoever_asks_for_more_than_ten_minutes_holds_up_no_other_call() -> None:
    class Closed(Channel):
        async def send(self, request: Request) -> Reply:
            self.sent.append(asyncio.get_running_loop().time())
            return Reply(status=429, headers={"retry-after": "3600"}, body=b"{}")

    channel = Closed(lambda: 0.0)
    model = _model(channel)

    async def run() -> float:
        call = Call(task="t", item="1", condition="clean", repeat=0, messages=())
        for _ in range(3):
            with pytest.raises(TransportError, match="HTTP 429"):
                await model.ask(model.request(call))
        return asyncio.get_running_loop().time()

    assert 0.0 == run_virtually(run())
    assert 3 == len(channel.sent)


def test_headers_of_a_reply_hold_back_the_next_call() -> None:
    class Strict(Channel):
        async def send(self, request: Request) -> Reply:
            reply = await super().send(request)
            kinds = {"limit": "10", "remaining": "0", "reset": "1m0s"}
            return Reply(body=reply.body, headers={f"x-ratelimit-{kind}-requests": kinds[kind] for kind in kinds})

    channel = Strict(lambda: 0.0)
    _ask_all(_model(channel), 4, concurrency=1)
    assert [0.0, 6.0, 12.0, 18.0] == pytest.approx(channel.sent)


def test_once_no_call_can_succeed_those_that_wait_for_their_turn_are_not_made() -> None:
    class Refusing(Channel):
        async def send(self, request: Request) -> Reply:
            await super().send(request)
            return Reply(status=401, headers={}, body=b'{"error": {"message": "no"}}')

    channel = Refusing(lambda: 0.05)
    model = _model(channel)

    async def run() -> list[str]:
        call = Call(task="t", item="1", condition="clean", repeat=0, messages=(Message(role="user", content="a"),))
        asks = [model.ask(model.request(call)) for _ in range(100)]
        return [str(error) for error in await asyncio.gather(*asks, return_exceptions=True)]

    (message,) = set(run_virtually(run()))
    assert "key" in message
    assert len(channel.sent) < 20
