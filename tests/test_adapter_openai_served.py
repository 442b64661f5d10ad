"""Each of OpenAI's formats against a real server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from evalkit.content import shipped
from evalkit.errors import FatalTransportError
from evalkit.transport import open_model
from evalkit.trial import Answer, Call, Message, Response
from tests.server import Server, serving

KEY = "sk-of-the-test"
KEYS = {"LOCALHOST_API_KEY": KEY, "OPENAI_API_KEY": KEY}

every_format = pytest.mark.parametrize("card", ["localhost", "openai-responses", "completions"])


def _ask(server: Server, card: str, prompts: Sequence[str]) -> list[Answer]:
    async def run() -> list[Answer]:
        model = open_model(
            f"{card}/x",
            options={"base_url": server.base_url, "max_tokens": 9},
            folders=[shipped("adapters")],
            allow_code=False,
            timeout_s=10.0,
            code_folders=[],
            environment=KEYS,
        )
        try:
            return [await model.ask(model.request(_call(prompt))) for prompt in prompts]
        finally:
            await model.close()

    return asyncio.run(run())


def _call(prompt: str) -> Call:
    return Call(
        task="t", item="1", condition="clean", repeat=0, messages=(Message(role="user", content=prompt),), sampling={}
    )


@every_format
def test_an_answer_an_overflow_and_a_rate_limit(card: str) -> None:
    with serving(answer="add", key=KEY, script=("ok", "overflow", "429:0")) as server:
        answer, overflow, late = _ask(server, card, ["2 and 3", "4 and 5", "6 and 7"])
        assert server.stats()["calls"] == 4
    expected = Response(text="5", tokens_in=2, tokens_out=1, tokens_cached=0, served_model="x-2026-10-01")
    assert (expected, 1) == (answer.response, answer.attempts)
    assert (Response(text="", finish_reason="context_overflow"), 1) == (overflow.response, overflow.attempts)
    assert ("13", 2) == (late.response.text, late.attempts)


@every_format
@pytest.mark.parametrize(
    ("expected", "behaviour"), [("http-401", {"key": "other"}), ("http-404", {"models": ("y",)})], ids=["key", "model"]
)
def test_a_wrong_key_and_an_unknown_model_end_the_run(card: str, expected: str, behaviour: dict[str, object]) -> None:
    with serving(**behaviour) as server, pytest.raises(FatalTransportError) as caught:
        _ask(server, card, ["2 and 3"])
    assert (expected, 1) == (caught.value.reason, caught.value.attempts)
