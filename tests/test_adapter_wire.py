from __future__ import annotations

import dataclasses
import hashlib

import pytest

from evalkit.adapter import Reply, ReplyError, Request
from evalkit.trial import Call, Message

CALL = Call(task="t", item="1", condition="clean", repeat=0, messages=(Message(role="user", content="hi"),))
REQUEST = Request(method="POST", url="http://host/v1", body={"model": "x", "n": 1}, call=CALL)


def test_hash_is_the_same_on_every_machine() -> None:
    canonical = b'["POST","http://host/v1",{"model":"x","n":1}]'
    assert hashlib.sha256(canonical).hexdigest() == REQUEST.hash


def test_hash_ignores_the_order_of_keys_the_headers_and_the_trial() -> None:
    body = {"n": 1, "model": "x"}
    other = Request(method="POST", url="http://host/v1", body=body, headers={"a": "b"}, idempotency_key="k")
    assert REQUEST.hash == other.hash


@pytest.mark.parametrize("change", [{"method": "PUT"}, {"url": "http://host/v2"}, {"body": {"model": "y", "n": 1}}])
def test_hash_changes_with_what_the_provider_sees(change: dict[str, object]) -> None:
    assert REQUEST.hash != dataclasses.replace(REQUEST, **change).hash  # type: ignore[arg-type]


def test_recorded_request_leaves_the_trial_out() -> None:
    expected = {"method": "POST", "url": "http://host/v1", "headers": {}, "body": {"model": "x", "n": 1}}
    assert expected == REQUEST.as_json()


@pytest.mark.parametrize("label", ["application/json", "application/problem+json; charset=utf-8", "text/JSON"])
def test_a_reply_labelled_as_json_is_read(label: str) -> None:
    assert Reply(headers={"content-type": label}, body=b' {"a": 1}').json() == {"a": 1}


def test_a_reply_without_a_label_is_read() -> None:
    assert Reply(body=b'{"a": 1}').json() == {"a": 1}


@pytest.mark.parametrize(
    ("reason", "reply"),
    [
        ("http-500", Reply(status=500, body=b"{}")),
        ("http-301", Reply(status=301, body=b"")),
        ("html", Reply(body=b"\n <html></html>")),
        ("content-type", Reply(headers={"content-type": "text/plain"}, body=b"{}")),
        ("not-json", Reply(body=b"")),
        ("not-json", Reply(body=b'{"a": ')),
        ("not-json", Reply(body=b'{"a": "\xff"}')),
        ("not-json", Reply(body=b"[" * 200_000)),
        ("not-json", Reply(body=b"[1]")),
    ],
)
def test_a_reply_that_is_none_says_why(reason: str, reply: Reply) -> None:
    with pytest.raises(ReplyError) as caught:
        reply.json()
    assert reason == caught.value.reason


def test_the_body_of_an_error_can_be_read() -> None:
    assert Reply(status=500, body=b'{"error": 1}').json_body() == {"error": 1}


def test_excerpt_is_one_short_line() -> None:
    assert Reply(body=b" a\n\n b ").excerpt() == "a b"
    assert len(Reply(body=b"x" * 5000).excerpt()) == 300
    assert Reply(body=b"").excerpt() == "an empty body"


def test_what_json_does_not_have_is_null() -> None:
    assert {"a": None, "b": [None, 1]} == Reply(body=b'{"a": NaN, "b": [-Infinity, 1]}').json()
