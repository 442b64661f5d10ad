from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.adapter import Dialect, Reply, ReplyError
from evalkit.adapter.code import load_module
from evalkit.content import shipped
from evalkit.errors import AdapterError
from evalkit.trial import Call, Message, Response

DIALECT: Dialect = load_module(shipped("adapters") / "openai_completions.py")


def _body(*contents: str, **sampling: Any) -> dict[str, Any]:
    messages = tuple(Message(role="user", content=content) for content in contents)
    call = Call(task="t", item="1", condition="clean", repeat=0, messages=messages, sampling=sampling)
    request = DIALECT.build(call, "x", "https://host/v1")
    assert (request.method, request.url, request.body["model"]) == ("POST", "https://host/v1/completions", "x")
    return {name: value for name, value in request.body.items() if name != "model"}


def _parse(body: Any) -> Response:
    return DIALECT.parse(Reply(body=json.dumps(body).encode()))


def test_one_message_is_the_prompt_as_it_is() -> None:
    assert {"prompt": " 2 + 2 =\n"} == _body(" 2 + 2 =\n")


def test_several_messages_become_one_text() -> None:
    assert {"prompt": "Add.\n\n2 + 2 ="} == _body("Add.", "2 + 2 =")


@pytest.mark.parametrize(
    ("expected", "sampling"),
    [
        ({"max_tokens": 9}, {"max_tokens": 9}),
        ({"max_tokens": 9}, {"max_completion_tokens": 9}),
        ({"logprobs": 1}, {"logprobs": True}),
        ({"logprobs": 1}, {"logprobs": True, "top_logprobs": 0}),
        ({"logprobs": 3}, {"logprobs": True, "top_logprobs": 3}),
        ({"logprobs": 5}, {"logprobs": 5}),
        ({}, {"logprobs": False}),
        ({"temperature": 0, "stop": ["\n"], "top_k": 4}, {"temperature": 0, "stop": ["\n"], "top_k": 4}),
    ],
)
def test_settings_have_the_shapes_of_the_format(expected: dict[str, Any], sampling: dict[str, Any]) -> None:
    assert {"prompt": "a", **expected} == _body("a", **sampling)


@pytest.mark.parametrize("name", ["tools", "tool_choice", "parallel_tool_calls", "reasoning_effort", "verbosity"])
def test_what_the_format_has_no_place_for_is_refused(name: str) -> None:
    with pytest.raises(AdapterError, match=f"sampling: {name}: the completions format has no such setting"):
        _body("a", **{name: 1})


def test_sampling_cannot_replace_what_is_measured() -> None:
    with pytest.raises(AdapterError, match="sampling: echo, n, prompt: evalkit sets it itself"):
        _body("a", prompt="b", echo=True, n=2)


@pytest.mark.parametrize(
    ("expected", "finish"),
    [("stop", "stop"), ("stop", None), ("stop", "eos"), ("length", "length"), ("content_filter", "content_filter")],
)
def test_finish_reasons(expected: str, finish: str | None) -> None:
    assert expected == _parse({"choices": [{"text": "a", "finish_reason": finish}]}).finish_reason


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ("provider-error", {"choices": [{"text": "a", "finish_reason": "abort"}]}),
        ("http-502", {"choices": [{"text": "a", "finish_reason": "error", "error": {"code": 502, "message": "m"}}]}),
        ("http-503", {"error": {"code": 503, "message": "m"}}),
        ("unexpected-reply", {"choices": [{"text": None, "finish_reason": "stop"}]}),
    ],
)
def test_what_is_no_observation_says_why(expected: str, body: Any) -> None:
    with pytest.raises(ReplyError) as caught:
        _parse(body)
    assert expected == caught.value.reason


def test_other_tokens_without_log_probabilities_are_refused() -> None:
    with pytest.raises(AdapterError, match="top_logprobs: found 3, the completions format takes it only beside"):
        _body("a", top_logprobs=3)
