from __future__ import annotations

import asyncio
import random
import socket
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from evalkit.adapter import Endpoint, Prices, Quote, Reply, ReplyError, Request, card_from
from evalkit.adapter.card import Price
from evalkit.adapter.code import load_module
from evalkit.adapter.prices import Fixed
from evalkit.content import shipped
from evalkit.errors import FatalTransportError, TransportError
from evalkit.transport.deadline import Deadlines
from evalkit.transport.gate import Gate
from evalkit.transport.http import HttpChannel
from evalkit.transport.model import Model
from evalkit.transport.pace import Bounds, Pace
from evalkit.transport.retry import RULES, Retries
from evalkit.transport.traffic import Traffic
from evalkit.trial import Answer, Call, Message, Response
from tests.server import Server, serving

KEY = "sk-very-secret"
CARD: dict[str, Any] = {
    "name": "acme",
    "about": "Acme.",
    "dialect": "openai-chat",
    "base_url": "http://127.0.0.1:1",
    "key_env": "ACME_API_KEY",
    "verified": False,
}
CALL = Call(task="t", item="1", condition="clean", repeat=0, messages=(Message(role="user", content="2 and 3"),))


class Waits:
    """Sleeps that are written down instead of slept."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def _model(base_url: str, waits: Waits | None = None, *, timeout_s: float = 10.0, **card: Any) -> Model:
    return Model(
        endpoint=Endpoint(
            card=card_from({**CARD, **card}, source="acme.toml"), source="acme.toml", model="x", address=base_url
        ),
        dialect=load_module(shipped("adapters") / "openai_chat.py"),
        channel=HttpChannel(auth_header="Authorization", auth_prefix="Bearer ", key=KEY, timeout_s=timeout_s),
        retries=Retries(sleep=waits or Waits(), rng=random.Random(0)),
        traffic=Traffic(Gate(Pace(Bounds(), adaptive=False)), Deadlines(timeout_s, last=RULES["timeout"].retries)),
    )


def _ask(model: Model, *calls: Call) -> Answer:
    async def run() -> Answer:
        try:
            for call in calls[:-1]:
                await model.ask(model.request(call))
            return await model.ask(model.request(calls[-1]))
        finally:
            await model.close()

    return asyncio.run(run())


def test_an_answer_says_what_it_took() -> None:
    with serving(answer="add", delay_s=0.05) as server:
        answer = _ask(_model(server.base_url), CALL)
    assert (answer.response.text, answer.response.served_model, answer.attempts) == ("5", "x-2026-10-01", 1)
    assert answer.latency_s is not None
    assert 0.05 <= answer.latency_s < 5


FAULTS = "408 409 425 429 500 502 503 504 529 reset truncated html not-json content-type array shape"


@pytest.mark.parametrize("fault", FAULTS.split())
def test_a_failure_that_passes_is_tried_again(fault: str) -> None:
    waits = Waits()
    with serving(script=(fault, fault)) as server:
        answer = _ask(_model(server.base_url, waits), CALL)
        assert (answer.response.text, answer.attempts, len(waits.seconds)) == ("2 and 3", 3, 2)
        assert server.stats()["calls"] == 3


def test_a_call_that_hangs_is_tried_again() -> None:
    with serving(script=("hang",)) as server:
        assert _ask(_model(server.base_url, timeout_s=0.3), CALL).attempts == 2


def test_latency_is_of_the_last_attempt() -> None:
    with serving(script=("hang", "ok")) as server:
        began = time.monotonic()
        latency = _ask(_model(server.base_url, timeout_s=0.4), CALL).latency_s
    assert latency is not None
    assert latency < 0.4 <= time.monotonic() - began


def test_the_provider_is_left_alone_as_long_as_it_asks() -> None:
    waits = Waits()
    with serving(script=("429:17",)) as server:
        _ask(_model(server.base_url, waits), CALL)
    assert 17 <= waits.seconds[0] <= 17.5


def test_a_call_that_keeps_failing_is_void() -> None:
    with serving(script=("500",) * 20) as server:
        with pytest.raises(TransportError, match="HTTP 500: fault 500") as caught:
            _ask(_model(server.base_url), CALL)
        assert server.stats()["calls"] == 7
    assert (TransportError, "http-500", 7) == (type(caught.value), caught.value.reason, caught.value.attempts)


def test_a_request_that_is_refused_as_it_stands_is_void_at_once() -> None:
    with serving(script=("400",)) as server, pytest.raises(TransportError) as caught:
        _ask(_model(server.base_url), CALL)
    assert (TransportError, "http-400", 1) == (type(caught.value), caught.value.reason, caught.value.attempts)


@pytest.mark.parametrize(("expected", "fault"), [("content_filter", "filter"), ("context_overflow", "overflow")])
def test_a_filter_and_an_overflow_are_observations(expected: str, fault: str) -> None:
    with serving(script=(fault,)) as server:
        answer = _ask(_model(server.base_url), CALL)
    assert (expected, "", 1) == (answer.response.finish_reason, answer.response.text, answer.attempts)


@pytest.mark.parametrize(
    ("message", "behaviour", "card"),
    [
        ("refused the key in ACME_API_KEY .*Set the right key there", {"key": "other"}, {}),
        ("refused the key in ACME_API_KEY or A_TOKEN", {"key": "other"}, {"key_env_also": ("A_TOKEN",)}),
        ("asks for a key, or refused the key in ACME_API_KEY", {"key": "other"}, {"key_required": False}),
        ("asks for a key .*Name its variable with key_env in acme.toml", {"script": ("403",)}, {"key_env": None}),
        ('knows no model "x", or is not the right address', {"models": ("y",)}, {}),
        ("the account is used up", {"script": ("402",)}, {}),
        ("is not the right address for openai-chat .*-M base_url=", {"script": ("405",)}, {}),
    ],
)
def test_what_somebody_must_mend_ends_the_run_with_one_message(
    message: str, behaviour: dict[str, Any], card: dict[str, Any]
) -> None:
    with serving(**behaviour) as server:
        with pytest.raises(FatalTransportError, match=message) as caught:
            _ask(_model(server.base_url, **card), CALL)
        assert server.base_url in str(caught.value)
        assert server.stats()["calls"] == 1


def test_the_key_is_in_no_message_repr_request_or_traceback() -> None:
    with serving(key="other") as server:  # which quotes the key that it found
        model = _model(server.base_url)
        with pytest.raises(FatalTransportError) as caught:
            _ask(model, CALL)
    request = model.request(CALL)
    shown = [str(caught.value), *traceback.format_exception(caught.value), repr(model), repr(request)]
    assert "provided: Bearer [key]" in str(caught.value)
    assert not [text for text in [*shown, str(request.as_json())] if KEY in text]


def _free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
    return port


def test_nobody_at_the_address_ends_the_run_after_some_tries() -> None:
    waits = Waits()
    base_url = f"http://127.0.0.1:{_free_port()}/v1"
    with pytest.raises(FatalTransportError, match=f"{base_url}: nothing answers there .*-M base_url=") as caught:
        _ask(_model(base_url, waits), CALL)
    assert (caught.value.reason, caught.value.attempts, len(waits.seconds)) == ("unreachable", 5, 4)


def test_a_server_that_goes_away_in_a_run_makes_trials_void() -> None:
    async def run(server: Server, stop: Callable[[], None]) -> None:
        model = _model(server.base_url)
        try:
            await model.ask(model.request(CALL))
            stop()
            with pytest.raises(TransportError) as caught:
                await model.ask(model.request(CALL))
            # The connection that was open may be reset first.
            assert type(caught.value) is TransportError
            assert caught.value.attempts in {9, 10}
            assert caught.value.reason == "connect"
        finally:
            await model.close()

    context = serving()
    server = context.__enter__()

    def stop() -> None:
        context.__exit__(None, None, None)

    asyncio.run(run(server, stop))


def test_a_certificate_problem_names_the_variable() -> None:
    with pytest.raises(FatalTransportError, match="Name your CA bundle in SSL_CERT_FILE"):
        _ask(_stub_model(ReplyError("certificate", "self-signed")), CALL)


class Stub:
    """A dialect and a channel that give what they are told to."""

    def __init__(self, given: Response | Exception) -> None:
        self._given = given

    def build(self, call: Call, model: str, address: str) -> Request:
        return Request(method="CALL", url=model, body={})

    def parse(self, reply: Reply) -> Response:
        if isinstance(self._given, Exception):
            raise self._given
        return self._given

    async def send(self, request: Request) -> Reply:
        if isinstance(self._given, ReplyError):
            raise self._given
        return Reply(body=b"body")

    async def close(self) -> None:
        pass


def _stub_model(given: Response | Exception, **card: Any) -> Model:
    stub = Stub(given)
    endpoint = Endpoint(card=card_from({**CARD, **card}, source="c"), source="c", model="x", address="http://h")
    return Model(endpoint=endpoint, dialect=stub, channel=stub, retries=Retries(sleep=Waits(), rng=random.Random(0)))


@pytest.mark.parametrize("error", [KeyError("choices"), IndexError(), TypeError(), AttributeError(), ValueError()])
def test_a_reply_of_another_shape_is_no_observation(error: Exception) -> None:
    with pytest.raises(TransportError, match=f"unexpected shape .{type(error).__name__}.*: body") as caught:
        _ask(_stub_model(error), CALL)
    assert (caught.value.reason, caught.value.attempts) == ("unexpected-reply", 5)


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        (("a�b", None, None), Response(text="a\ud800b")),
        (("a", "m�", None), Response(text="a", served_model="m\udc00")),
        (("a", None, "f�"), Response(text="a", fingerprint="f\ud800")),
        (("𝒳", None, None), Response(text="𝒳")),
    ],
)
def test_text_that_no_file_can_hold_is_mended(expected: tuple[str | None, ...], given: Response) -> None:
    response = _ask(_stub_model(given), CALL).response
    assert expected == (response.text, response.served_model, response.fingerprint)


def test_tool_calls_that_no_file_can_hold_are_mended() -> None:
    call = {"name": "n\ud800", "arguments": {"k\udc00": ["\ud83d", 1, None]}}
    given = Response(text="𝒳", tool_calls=(call,), finish_reason="st\ud800p")  # type: ignore[arg-type]
    response = _ask(_stub_model(given), CALL).response
    mended = {"name": "n�", "arguments": {"k�": ["�", 1, None]}}
    assert ("𝒳", (mended,), "st�p") == (response.text, response.tool_calls, response.finish_reason)


def test_what_a_void_trial_says_is_the_providers_text_short_and_fit_to_be_shown() -> None:
    said = ReplyError("http-400", "HTTP 400: unsupported parameter\x1b[31m\n" + "x" * 1000)
    with pytest.raises(TransportError) as caught:
        _ask(_stub_model(said), CALL)
    assert str(caught.value).startswith(r"HTTP 400: unsupported parameter\x1b[31m xxx")
    assert 300 == len(str(caught.value))


def test_a_refused_request_quotes_the_provider_but_no_key() -> None:
    with serving(script=("400",)) as server, pytest.raises(TransportError, match="HTTP 400: fault 400") as caught:
        _ask(_model(server.base_url), CALL)
    assert KEY not in str(caught.value)


def test_a_dialect_that_prints_disturbs_no_results(capsys: pytest.CaptureFixture[str]) -> None:
    class Loud(Stub):
        def build(self, call: Call, model: str, address: str) -> Request:
            print("building")
            return super().build(call, model, address)

        def parse(self, reply: Reply) -> Response:
            print("parsing")
            return super().parse(reply)

    stub = Loud(Response(text="a"))
    endpoint = Endpoint(card=card_from(CARD, source="c"), source="c", model="x", address="http://h")
    _ask(
        Model(endpoint=endpoint, dialect=stub, channel=stub, retries=Retries(sleep=Waits(), rng=random.Random(0))), CALL
    )
    assert ("", "building\nparsing\n") == tuple(capsys.readouterr())


def test_a_model_tells_what_its_card_says() -> None:
    model = _stub_model(Response(text=""), free=True)
    assert (model.name, model.address, model.free) == ("acme/x", "http://h", True)
    assert repr(model) == "Model('acme/x', address='http://h')"
    assert model.request(CALL).call == CALL


def test_the_server_counts_what_a_client_pays_for() -> None:
    with serving(rates={"500": 0.3}, seed=1) as server:

        async def many() -> list[Answer]:
            model = _model(server.base_url)
            try:
                return await asyncio.gather(*(model.ask(model.request(_call(n))) for n in range(100)))
            finally:
                await model.close()

        answers = asyncio.run(many())
        stats: Mapping[str, Any] = server.stats()
    assert [str(n) for n in range(100)] == [answer.response.text for answer in answers]
    assert {1} == set(stats["answered"].values())
    assert stats["calls"] == sum(answer.attempts for answer in answers) > 100


def _call(n: int) -> Call:
    return Call(task="t", item=str(n), condition="clean", repeat=0, messages=(Message(role="user", content=str(n)),))


# --- what is known of it


@pytest.mark.parametrize("sampling", [{}, {"temperature": 0}, {"temperature": 1}, {"seed": 0}])
@pytest.mark.parametrize(("card", "steady"), [({}, False), ({"steady": True}, True)])
def test_that_a_model_answers_the_same_way_is_said_by_its_card_alone(
    sampling: dict[str, Any], card: dict[str, Any], steady: bool
) -> None:
    """At a temperature of 0 providers' answers vary all the same."""
    model = _model("http://127.0.0.1:1", **card)
    model._endpoint = replace(model._endpoint, sampling=sampling)
    assert steady is model.steady


def test_an_answer_costs_what_the_prices_say_and_a_call_no_more_than_they_allow() -> None:
    quote = Quote(model="x", source="test", price=Price(input=0.0, output=1e6))
    model = _model("http://127.0.0.1:1")
    model.prices = Prices("x", [lambda name: Fixed(quote)])
    answer = Answer(response=Response(text="5", tokens_in=7, tokens_out=2000), latency_s=0.1, attempts=1)
    assert (1024.0, 2000.0) == (model.expected_usd(model.request(CALL)), model.cost_usd(answer))
    assert 3000.0 == model.expected_usd(model.request(CALL))


def test_what_somebody_gave_a_price_is_not_free() -> None:
    """Such as a server of one's own, which costs what its machine does."""
    quote = Quote(model="x", source="test", price=Price(input=0.0, output=1e6))
    model = _model("http://127.0.0.1:1", free=True)
    model.prices = Prices("x", [lambda name: Fixed(quote)])
    answer = Answer(response=Response(text="5", tokens_in=7, tokens_out=7), latency_s=0.1, attempts=1)
    assert (False, 1024.0, 7.0) == (model.free, model.expected_usd(model.request(CALL)), model.cost_usd(answer))


@pytest.mark.parametrize(("free", "expected"), [(True, 0.0), (False, None)])
def test_an_answer_costs_nothing_or_nobody_knows_what(free: bool, expected: float | None) -> None:
    model = _model("http://127.0.0.1:1", free=free)
    answer = Answer(response=Response(text="5"), latency_s=0.1, attempts=1)
    assert (free, expected) == (model.free, model.cost_usd(answer))
    assert expected == model.expected_usd(model.request(CALL))
