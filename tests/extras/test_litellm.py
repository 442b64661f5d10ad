"""Providers through the real litellm, which asks servers on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from evalkit.adapter import Reply, ReplyError, Request, find_cards
from evalkit.content import shipped
from evalkit.errors import AdapterError, FatalTransportError
from evalkit.record import read_run_file
from evalkit.transport import Model, open_model
from evalkit.transport.library import library_channel
from evalkit.trial import Answer, Call, Message
from tests.loopback import answering
from tests.runs import write_suite
from tests.server import serving

pytestmark = [
    pytest.mark.extras,
    pytest.mark.skipif(find_spec("litellm") is None, reason="needs litellm: make extras"),
    pytest.mark.filterwarnings("default"),
]

KEY = "a-long-secret-key"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


def opened(name: str, **settings: Any) -> Model:
    return open_model(
        name,
        options=settings,
        folders=[shipped("adapters")],
        allow_code=False,
        timeout_s=20.0,
        code_folders=[],
        environment=os.environ,
    )


async def sent_once(api_base: str, timeout_s: float) -> Reply:
    """What one attempt brings, without evalkit's retries."""
    found = find_cards([shipped("adapters")])["litellm"]
    channel = library_channel(
        found, "openai/x", timeout_s=timeout_s, directory=Path(), code_folders=[], environment=os.environ
    )
    body = {"model": "openai/x", "messages": [{"role": "user", "content": "Hi"}], "api_base": api_base}
    try:
        return await channel.send(Request(method="POST", url="litellm/openai/x", body=body))
    finally:
        await channel.close()


def asked(model: Model, prompt: str = "What is 2 + 3?") -> Answer:
    message = Message(role="user", content=prompt)
    call = Call(task="t", item="1", condition="clean", repeat=0, messages=(message,), sampling={"max_tokens": 9})

    async def run() -> Answer:
        try:
            return await model.ask(model.request(call))
        finally:
            await model.close()

    return asyncio.run(run())


def test_an_answer_with_its_tokens_price_and_settings(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(answer="add", key=KEY) as server:
        model = opened("litellm/openai/gpt-4o-mini", api_base=server.base_url, temperature=0.5)
        response = asked(model).response
        assert (0.5, 9) == (server.last_body["temperature"], server.last_body["max_tokens"])
    assert ("5", "stop", "gpt-4o-mini-2026-10-01") == (response.text, response.finish_reason, response.served_model)
    assert (4, 1) == (response.tokens_in, response.tokens_out)
    # 0.15 and 0.60 dollars a million tokens.
    assert pytest.approx(4 * 0.15e-6 + 0.6e-6) == response.cost_usd
    assert ("", "") == tuple(capfd.readouterr())


def test_a_price_that_litellm_does_not_know_is_unknown() -> None:
    with serving() as server:
        assert asked(opened("litellm/openai/x", api_base=server.base_url)).response.cost_usd is None


@pytest.mark.parametrize(("fault", "finish"), [("overflow", "context_overflow"), ("filter", "content_filter")])
def test_what_is_an_observation_is_asked_once(fault: str, finish: str) -> None:
    with serving(script=(fault,)) as server:
        answer = asked(opened("litellm/openai/x", api_base=server.base_url))
        assert (finish, 1, 1) == (answer.response.finish_reason, answer.attempts, server.stats()["calls"])


@pytest.mark.parametrize("fault", ["500", "503", "reset", "not-json", "html", "shape"])
def test_only_evalkit_asks_again(fault: str) -> None:
    with serving(answer="add", script=(fault,)) as server:
        answer = asked(opened("litellm/openai/x", api_base=server.base_url))
        assert ("5", 2, 2) == (answer.response.text, answer.attempts, server.stats()["calls"])


def test_a_rate_limit_says_how_long_the_provider_asks_to_be_left_alone() -> None:
    with serving(script=("429:3",)) as server:
        reply = asyncio.run(sent_once(server.base_url, 20.0))
    assert (429, "3") == (reply.status, reply.headers["retry-after"])


def test_a_refused_key_ends_the_run_and_is_not_shown() -> None:
    with serving(key="another") as server, pytest.raises(FatalTransportError, match="Incorrect API key") as caught:
        asked(opened("litellm/openai/x", api_base=server.base_url))
    assert "http-401" == caught.value.reason
    assert KEY not in str(caught.value)


def test_a_missing_key_and_an_unknown_model_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(FatalTransportError, match="ANTHROPIC_API_KEY"):
        asked(opened("litellm/anthropic/claude-x"))
    with serving(models=("y",)) as server, pytest.raises(FatalTransportError, match="does not exist"):
        asked(opened("litellm/openai/x", api_base=server.base_url))


def test_a_provider_that_litellm_does_not_know_is_refused() -> None:
    with pytest.raises(AdapterError, match=r"litellm/nosuch/x.*does not know"):
        asked(opened("litellm/nosuch/x"))


def test_a_server_that_is_not_there_is_no_observation() -> None:
    with pytest.raises(ReplyError) as caught:
        asyncio.run(sent_once("http://127.0.0.1:9/v1", 20.0))
    assert "connect" == caught.value.reason


def test_an_answer_that_takes_too_long_is_no_observation() -> None:
    with serving(script=("hang",)) as server, pytest.raises(ReplyError) as caught:
        asyncio.run(sent_once(server.base_url, 1.0))
    assert "timeout" == caught.value.reason


def test_another_provider_s_format() -> None:
    """The same answer from a server that speaks Anthropic's format."""
    reply = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x-1",
        "content": [{"type": "text", "text": "It is"}],
        "stop_reason": "max_tokens",
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 9},
    }
    with messages_server(reply, 200) as url:
        response = asked(opened("litellm/anthropic/claude-x", api_base=url)).response
    assert ("It is", "length", 11, 9) == (
        response.text,
        response.finish_reason,
        response.tokens_in,
        response.tokens_out,
    )


def test_an_overflow_in_another_provider_s_words() -> None:
    error = {"type": "invalid_request_error", "message": "prompt is too long: 210000 tokens > 200000 maximum"}
    with messages_server({"type": "error", "error": error}, 400) as url:
        assert "context_overflow" == asked(opened("litellm/anthropic/claude-x", api_base=url)).response.finish_reason


def test_a_setting_that_the_provider_does_not_know_ends_the_run() -> None:
    with pytest.raises(AdapterError, match=r"setting cannot be sent.*logprobs"):
        asked(opened("litellm/anthropic/claude-x", logprobs=True))


@pytest.fixture
def _amazon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ACCESS_KEY_ID", "some-access-id"), ("SECRET_ACCESS_KEY", KEY), ("REGION_NAME", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)


@pytest.mark.usefixtures("_amazon")
def test_bedrock() -> None:
    reply = {
        "output": {"message": {"role": "assistant", "content": [{"text": "It is"}]}},
        "stopReason": "max_tokens",
        "usage": {"inputTokens": 11, "outputTokens": 9, "totalTokens": 20},
        "metrics": {"latencyMs": 1},
    }
    with messages_server(reply, 200) as url:
        response = asked(opened("litellm/bedrock/amazon.nova-lite-v1:0", api_base=url)).response
    found = (response.text, response.finish_reason, response.tokens_in, response.tokens_out)
    assert ("It is", "length", 11, 9) == found
    # 0.06 and 0.24 dollars a million tokens.
    assert pytest.approx(11 * 0.06e-6 + 9 * 0.24e-6) == response.cost_usd


@pytest.mark.usefixtures("_amazon")
@pytest.mark.parametrize(
    ("status", "message", "reason"),
    [
        (403, f"The security token {KEY} is invalid.", "http-403"),
        (404, "Could not resolve the foundation model", "http-404"),
    ],
)
def test_what_ends_a_run_on_bedrock(status: int, message: str, reason: str) -> None:
    with messages_server({"message": message}, status) as url, pytest.raises(FatalTransportError) as caught:
        asked(opened("litellm/bedrock/amazon.nova-lite-v1:0", api_base=url))
    assert reason == caught.value.reason
    assert KEY not in str(caught.value)


@pytest.mark.usefixtures("_amazon")
def test_an_overflow_on_bedrock() -> None:
    with messages_server({"message": "Input is too long for requested model."}, 400) as url:
        response = asked(opened("litellm/bedrock/amazon.nova-lite-v1:0", api_base=url)).response
    assert "context_overflow" == response.finish_reason


@contextlib.contextmanager
def messages_server(reply: dict[str, Any], status: int) -> Iterator[str]:
    """A server that gives the same reply to everything."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response(reply, status=status)

    with answering("/{path:.*}", answer) as address:
        yield address


def test_a_whole_run_keeps_no_key_and_takes_nothing_from_an_env_file(tmp_path: Path) -> None:
    write_suite(tmp_path, n_items=40, claim="set", threshold=0.8)
    (tmp_path / ".env").write_text("OPENAI_ORGANIZATION=of-the-file\n", encoding="utf-8")
    with serving(answer="add", key=KEY) as server:
        environment = {**os.environ, "OPENAI_API_BASE": server.base_url, "NO_COLOR": "1"}
        words = ["run", "sums.yaml", "--model", "litellm/openai/gpt-4o-mini", "--max-calls", "60", "--out", "runs"]
        run = subprocess.run(
            # Not `-m`: for that, litellm looks above its own folder instead of in the current one.
            [sys.executable, "-c", "from evalkit.cli import main; main()", *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        calls = server.stats()["calls"]
        assert "of-the-file" not in server.last_headers.values()
    assert 0 == run.returncode, run.stderr
    assert "LiteLLM" not in run.stderr
    (folder,) = (tmp_path / "runs").iterdir()
    totals = read_run_file(folder).totals
    assert (calls, 0) == (totals.calls, totals.void)
    assert totals.cost_usd is not None
    assert totals.cost_usd > 0
    for file in folder.iterdir():
        assert KEY.encode() not in file.read_bytes()
