"""Every card that speaks a format of OpenAI's does what its provider's documentation shows."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.adapter import Reply, ReplyError
from evalkit.adapter.catalogue import dialect_of
from tests.exchanges import CARDS, FOLDER, Exchange, check, exchanges_of

DIALECTS = ("openai-chat", "openai-responses", "openai-completions")
SPEAKERS = [name for name, found in CARDS.items() if found.card.transport == "http" and found.card.dialect in DIALECTS]
ANY_SERVER = "localhost"
"""The one card that stands for no server in particular."""


@pytest.mark.parametrize("exchange", exchanges_of(*SPEAKERS))
def test_an_exchange_is_as_its_provider_documents_it(exchange: Exchange) -> None:
    check(exchange)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
REPLIES = [param.values[0] for param in exchanges_of(*SPEAKERS) if "-success" in param.id or "tool-calls" in param.id]


@given(st.sampled_from(REPLIES), st.data())
def test_a_reply_with_anything_anywhere_is_read_or_told_from_an_answer(exchange: Exchange, data: st.DataObject) -> None:
    """What a provider sends never ends a run: it is an answer, or no observation."""
    body = copy.deepcopy(exchange.reply["body"])
    *way, last = data.draw(st.sampled_from(_ways(body)))
    place = body
    for step in way:
        place = place[step]
    place[last] = data.draw(ANY_JSON)
    try:
        response = dialect_of(exchange.card, []).parse(Reply(body=json.dumps(body).encode()))
    except (ReplyError, KeyError, IndexError, TypeError, AttributeError, ValueError):
        return
    assert isinstance(response.text, str)
    assert response.logprob is None or abs(response.logprob) < 1e15
    assert response.cost_usd is None or 0 <= response.cost_usd < 1e15


def _ways(value: Any) -> list[tuple[Any, ...]]:
    """The paths to all parts of a JSON value."""
    steps = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [way for step in steps for way in ((step,), *((step, *rest) for rest in _ways(value[step])))]


@pytest.mark.parametrize("name", [name for name in SPEAKERS if name != ANY_SERVER])
def test_a_card_has_an_answer_and_a_failure_among_its_exchanges(name: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (FOLDER / name).glob("*.json")]
    assert any('"request"' in text and '"response"' in text for text in texts)
    assert any('"failure"' in text for text in texts)
