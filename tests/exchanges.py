"""Exchanges with providers as their documentation shows them: one JSON file each, `tests/recorded/CARD/NAME.json`.

    {"about": "one line",
     "source": "https://… where the provider's documentation shows it",
     "model": "the model's name without the provider",
     "call": {"messages": [{"role": …, "content": …}], "sampling": {…}},
     "environment": {"ACME_BASE_URL": …},
     "request": {"method": "POST", "url": …, "headers": {…}, "body": …},
     "reply": {"status": 200, "headers": {…}, "body": …},
     "response": {"text": …, "finish_reason": …, …}}

`sampling` and `environment` may be left out, and so may `request` where another file of the folder shows the same one.
`request.headers` are those of the card and the dialect, without key and content type. A `reply.body` that is a text is
sent as it is, anything else as JSON; its content type is JSON unless `reply.headers` name another. `response` is
compared whole: what it does not name has its default. Instead of it there may be
`"failure": {"reason": …, "retry_after_s": …}`, for a reply that is no observation.

In a test:

    @pytest.mark.parametrize("exchange", exchanges_of("acme", "other"))
    def test_…(exchange: Exchange) -> None:
        check(exchange)
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapter import FoundCard, Reply, ReplyError, find_cards
from evalkit.adapter.catalogue import dialect_of
from evalkit.adapter.endpoint import endpoint_for
from evalkit.adapter.wire import MISSHAPEN
from evalkit.content import shipped
from evalkit.trial import Call, Message, Response

FOLDER = Path(__file__).parent / "recorded"
CARDS = find_cards([shipped("adapters")], installed=[])
ODD: tuple[Any, ...] = (None, True, 0, 1.5, 10**400, float("nan"), "", "9" * 5000, [], [None], [{}], {}, {"a": [1]})
"""What a provider may send where something else is expected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """A file, its fields as they are written there."""

    card: FoundCard
    about: str
    source: str
    model: str
    call: Mapping[str, Any]
    environment: Mapping[str, str] = field(default_factory=dict)
    request: Mapping[str, Any] | None = None
    reply: Mapping[str, Any]
    response: Mapping[str, Any] | None = None
    failure: Mapping[str, Any] | None = None


def exchanges_of(*providers: str) -> list[Any]:
    """The parameters of a test: an Exchange for each file of these cards, named `CARD-FILE`."""
    files = [path for provider in providers for path in sorted((FOLDER / provider).glob("*.json"))]
    return [pytest.param(read_exchange(path), id=f"{path.parent.name}-{path.stem}") for path in files]


def read_exchange(path: Path) -> Exchange:
    exchange = Exchange(card=CARDS[path.parent.name], **json.loads(path.read_text(encoding="utf-8")))
    assert exchange.source.startswith("https://"), f"{path}: source: expected an address of the documentation"
    assert (exchange.response is None) != (exchange.failure is None), f"{path}: expected a response or a failure"
    return exchange


def check(exchange: Exchange) -> None:
    """Build the request and read the reply; both must be as the file says."""
    check_request(exchange)
    check_reply(exchange)


def check_request(exchange: Exchange) -> None:
    endpoint = endpoint_for(exchange.card, exchange.model, options={}, environment=exchange.environment)
    request = endpoint.request(_call(exchange.call), dialect_of(exchange.card, []))
    if exchange.request is not None:
        assert exchange.request == request.as_json()


def check_reply(exchange: Exchange) -> None:
    dialect, reply = dialect_of(exchange.card, []), _reply(exchange.reply)
    if exchange.response is not None:
        assert _response(exchange.response) == dialect.parse(reply)
        return
    with pytest.raises(ReplyError) as caught:
        dialect.parse(reply)
    assert exchange.failure == _failure(caught.value)


def check_odd(exchange: Exchange) -> None:
    """What a provider sends never ends a run: with anything anywhere it is an answer, or no observation."""
    body, dialect = exchange.reply["body"], dialect_of(exchange.card, [])
    for way, value in product(_ways(body), ODD):
        sent = json.dumps(_replaced(body, way, value)).encode()
        try:
            response = dialect.parse(Reply(status=exchange.reply["status"], body=sent))
        except (ReplyError, *MISSHAPEN):
            continue
        assert isinstance(response.text, str), sent
        assert response.logprob is None or abs(response.logprob) < 1e15, sent
        assert response.cost_usd is None or 0 <= response.cost_usd < 1e15, sent


def _replaced(value: Any, way: tuple[Any, ...], other: Any) -> Any:
    """A JSON value with another one at a place."""
    if not way:
        return other
    changed = copy.copy(value)
    changed[way[0]] = _replaced(value[way[0]], way[1:], other)
    return changed


def _ways(value: Any) -> list[tuple[Any, ...]]:
    """The paths to all parts of a JSON value."""
    steps = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [way for step in steps for way in ((step,), *((step, *rest) for rest in _ways(value[step])))]


def _call(given: Mapping[str, Any]) -> Call:
    messages = tuple(Message(**message) for message in given["messages"])
    sampling = given.get("sampling", {})
    return Call(task="t", item="1", condition="clean", repeat=0, messages=messages, sampling=sampling)


def _reply(given: Mapping[str, Any]) -> Reply:
    body = given["body"]
    headers = {"content-type": "application/json", **{name.lower(): text for name, text in given["headers"].items()}}
    content = body if isinstance(body, str) else json.dumps(body)
    return Reply(status=given["status"], headers=headers, body=content.encode())


def _response(given: Mapping[str, Any]) -> Response:
    return Response(**{**given, "tool_calls": tuple(given.get("tool_calls", ()))})


def _failure(error: ReplyError) -> dict[str, Any]:
    waits = {} if error.retry_after_s is None else {"retry_after_s": error.retry_after_s}
    return {"reason": error.reason, **waits}
