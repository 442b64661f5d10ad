"""Every card that speaks a format of OpenAI's does what its provider's documentation shows."""

from __future__ import annotations

import pytest

from evalkit.adapter.catalogue import dialect_of
from evalkit.adapter.endpoint import endpoint_for
from evalkit.trial import Call
from tests.exchanges import CARDS, FOLDER, Exchange, check, check_odd, exchanges_of

DIALECTS = ("openai-chat", "openai-responses", "openai-completions")
SPEAKERS = [name for name, found in CARDS.items() if found.card.transport == "http" and found.card.dialect in DIALECTS]
CALL = Call(task="t", item="1", condition="clean", repeat=0, messages=())
ANY_SERVER = "localhost"
"""The one card that stands for no server in particular."""


@pytest.mark.parametrize("exchange", exchanges_of(*SPEAKERS))
def test_an_exchange_is_as_its_provider_documents_it(exchange: Exchange) -> None:
    check(exchange)


REPLIES = [param for param in exchanges_of(*SPEAKERS) if "-success" in param.id or "tool-calls" in param.id]


@pytest.mark.parametrize("exchange", REPLIES)
def test_a_reply_with_anything_anywhere_is_read_or_told_from_an_answer(exchange: Exchange) -> None:
    check_odd(exchange)


@pytest.mark.parametrize("name", [name for name in SPEAKERS if name != ANY_SERVER])
def test_a_card_has_an_answer_and_a_failure_among_its_exchanges(name: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (FOLDER / name).glob("*.json")]
    assert any('"request"' in text and '"response"' in text for text in texts)
    assert any('"failure"' in text for text in texts)


@pytest.mark.parametrize("name", ["deepseek", "huggingface", "llamacpp", "lmstudio", "mistral", "together"])
def test_a_limit_has_the_name_that_the_provider_documents(name: str) -> None:
    """Many servers pass over a setting that they do not know: an answer would be as long as it likes."""
    endpoint = endpoint_for(CARDS[name], "m", options={"max_completion_tokens": 5}, environment={})
    body = endpoint.request(CALL, dialect_of(CARDS[name], [])).body
    assert {"model": "m", "messages": [], "max_tokens": 5} == body
