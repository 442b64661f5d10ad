from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from evalkit.adapter import Dialect, Reply, ReplyError
from evalkit.adapter.code import load_module
from evalkit.content import shipped
from evalkit.errors import AdapterError
from evalkit.trial import Call, Message, Response

DIALECT: Dialect = load_module(shipped("adapters") / "openai_chat.py")
# The example of the provider's reference, with the fields that evalkit reads and some that it does not.
RECORDED = {
    "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
    "object": "chat.completion",
    "created": 1741569952,
    "model": "gpt-4.1-2025-04-14",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Hello! How can I assist you today?",
                "refusal": None,
                "annotations": [],
            },
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 19,
        "completion_tokens": 10,
        "total_tokens": 29,
        "prompt_tokens_details": {"cached_tokens": 7, "audio_tokens": 0},
    },
    "service_tier": "default",
}


def _call(**sampling: Any) -> Call:
    messages = (Message(role="system", content="Be brief."), Message(role="user", content="Hello"))
    return Call(task="t", item="1", condition="clean", repeat=0, messages=messages, sampling=sampling)


def _reply(body: Any, status: int = 200) -> Reply:
    return Reply(status=status, headers={"content-type": "application/json"}, body=json.dumps(body).encode())


def _completion(finish: str | None = "stop", **message: Any) -> Reply:
    return _reply({"choices": [{"message": message, "finish_reason": finish}]})


def _error(status: int, message: str, code: str | None = None) -> Reply:
    return _reply({"error": {"message": message, "type": "invalid_request_error", "code": code}}, status)


def test_a_request_holds_model_messages_and_sampling() -> None:
    request = DIALECT.build(_call(temperature=0, max_tokens=5), "org/x", "https://host/v1")
    assert (request.method, request.url) == ("POST", "https://host/v1/chat/completions")
    assert request.body == {
        "model": "org/x",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
        "temperature": 0,
        "max_tokens": 5,
    }


def test_sampling_cannot_replace_what_is_measured() -> None:
    with pytest.raises(AdapterError, match="sampling: model, stream, target: evalkit sets it itself"):
        DIALECT.build(_call(stream=True, model="y", target="z"), "x", "https://host/v1")


def test_the_right_answer_goes_along_where_its_probability_is_wanted() -> None:
    call = replace(_call(), target="42")
    assert "42" == DIALECT.build(call, "x", "https://host/v1").body["target"]
    choice = {"message": {"content": "41"}, "target_logprob": {"logprob": -0.5, "tokens": 3}}
    found = DIALECT.parse(_reply({"choices": [choice]}))
    assert (-0.5, 3) == (found.target_logprob, found.target_tokens)


def test_a_recorded_reply_is_read() -> None:
    expected = Response(
        text="Hello! How can I assist you today?",
        tokens_in=19,
        tokens_out=10,
        tokens_cached=7,
        served_model="gpt-4.1-2025-04-14",
    )
    assert expected == DIALECT.parse(_reply(RECORDED))


@pytest.mark.parametrize(
    ("expected", "finish"),
    [
        ("stop", "stop"),
        ("stop", None),
        ("stop", "eos"),
        ("length", "length"),
        ("content_filter", "content_filter"),
        ("tool_calls", "function_call"),
        ("length", "model_length"),
    ],
)
def test_finish_reasons(expected: str, finish: str | None) -> None:
    assert expected == DIALECT.parse(_completion(finish, content="a")).finish_reason


def test_an_empty_answer_is_an_observation() -> None:
    assert Response(text="", finish_reason="length") == DIALECT.parse(_completion("length", content=None))


def test_a_refusal_is_an_observation() -> None:
    response = DIALECT.parse(_completion("stop", content=None, refusal="I cannot."))
    assert (response.text, response.finish_reason) == ("I cannot.", "refusal")


def test_what_a_provider_holds_back_as_malformed_is_the_answer() -> None:
    reply = _reply({"error": {"code": "json_validate_failed", "failed_generation": '{"a": '}}, 400)
    assert Response(text='{"a": ') == DIALECT.parse(reply)


def test_a_router_that_knows_no_refusal_is_read_by_the_reason_of_its_provider() -> None:
    choice = {"message": {"content": ""}, "finish_reason": "stop", "native_finish_reason": "refusal"}
    assert DIALECT.parse(_reply({"choices": [choice]})).finish_reason == "refusal"


def test_an_answer_in_parts_is_joined_without_its_reasoning() -> None:
    parts = [{"type": "thinking", "thinking": "…"}, {"type": "text", "text": "4"}, {"type": "text", "text": "2"}]
    assert DIALECT.parse(_completion(content=parts)).text == "42"


def test_tool_calls_are_read() -> None:
    calls = [
        {"id": "1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}},
        {"id": "2", "type": "function", "function": {"name": "bad", "arguments": '{"a": '}},
        {"id": "3", "type": "function", "function": {"name": "object", "arguments": {"b": 2}}},
        {"id": "4", "type": "function", "function": {"name": "none", "arguments": None}},
    ]
    response = DIALECT.parse(_completion("tool_calls", content=None, tool_calls=calls))
    assert response.finish_reason == "tool_calls"
    assert [call["arguments"] for call in response.tool_calls] == [{"a": 1}, '{"a": ', {"b": 2}, {}]
    assert [call["name"] for call in response.tool_calls] == ["add", "bad", "object", "none"]


def test_log_probabilities_are_summed() -> None:
    choice = {"message": {"content": "a"}, "logprobs": {"content": [{"logprob": -0.5}, {"logprob": -0.25}]}}
    assert DIALECT.parse(_reply({"choices": [choice]})).logprob == -0.75


@pytest.mark.parametrize(
    ("expected", "reply"),
    [
        (
            "context_overflow",
            _error(400, "This model's maximum context length is 8192 tokens.", "context_length_exceeded"),
        ),
        (
            "context_overflow",
            _reply({"object": "error", "message": "maximum context length is 32768", "code": 400}, 400),
        ),
        (
            "context_overflow",
            _error(400, "the request exceeds the available context size", "exceed_context_size_error"),
        ),
        ("content_filter", _error(400, "Azure OpenAI's content management policy", "content_filter")),
        ("content_filter", _reply({"error": "Content Exists Risk"}, 400)),
        ("content_filter", _error(403, "Your chosen model requires moderation and your input was flagged")),
    ],
)
def test_errors_about_one_prompt_are_observations(expected: str, reply: Reply) -> None:
    response = DIALECT.parse(reply)
    assert ("", expected) == (response.text, response.finish_reason)


@pytest.mark.parametrize(
    ("reason", "reply"),
    [
        ("http-401", _error(401, "Incorrect API key")),
        ("http-403", _error(403, "Your account was flagged for violating usage policies")),
        ("http-400", _error(400, "Unsupported parameter: 'top_q'")),
        ("http-422", _reply({"detail": [{"msg": "extra", "input": "explain what a context window is"}]}, 422)),
        ("http-404", _error(404, "model not found")),
        ("http-429", _error(429, "Rate limit reached", "rate_limit_exceeded")),
        ("quota", _error(429, "You exceeded your current quota", "insufficient_quota")),
        ("http-500", Reply(status=500, body=b"<html>maximum context length</html>")),
        ("http-502", _reply({"error": {"code": 502, "message": "upstream"}})),
        ("provider-error", _reply({"error": "overloaded"})),
        ("provider-error", _reply({"error": {"code": "overloaded"}})),
        ("provider-error", _completion("error", content="")),
        ("provider-error", _completion("insufficient_system_resource", content="half")),
        ("http-502", _reply({"choices": [{"message": {}, "error": {"code": 502, "message": "upstream"}}]})),
        ("http-429", _reply({"choices": [{"finish_reason": "error"}], "error": {"code": 429, "message": "later"}})),
        ("http-400", _reply({"error": {"failed_generation": 7, "message": "no"}}, 400)),
        ("unexpected-reply", _completion(content=3)),
    ],
)
def test_what_is_no_observation_says_why(reason: str, reply: Reply) -> None:
    with pytest.raises(ReplyError) as caught:
        DIALECT.parse(reply)
    assert reason == caught.value.reason


def test_the_provider_is_quoted_in_the_message() -> None:
    with pytest.raises(ReplyError, match=r"HTTP 401: Incorrect API key · invalid_request_error"):
        DIALECT.parse(_error(401, "Incorrect API key"))


@pytest.mark.parametrize(
    ("expected", "thought", "apart"),
    [
        (-0.5, {}, {}),
        (None, {"reasoning_content": "Hm."}, {}),  # vLLM: of the thoughts, too
        (None, {"reasoning": "Hm."}, {}),
        (-0.5, {"reasoning_content": "Hm."}, {"reasoning_content": [{"logprob": -9.0}]}),  # DeepSeek
    ],
)
def test_log_probabilities_of_thoughts_are_not_the_answers(
    expected: float | None, thought: dict[str, str], apart: dict[str, Any]
) -> None:
    logprobs = {"content": [{"logprob": -0.5}], **apart}
    choice = {"message": {"content": "a", **thought}, "logprobs": logprobs, "finish_reason": "stop"}
    assert expected == DIALECT.parse(_reply({"choices": [choice]})).logprob


@pytest.mark.parametrize(
    ("expected", "finish"), [("length", "model_context_window_exceeded"), ("content_filter", "sensitive")]
)
def test_what_a_provider_behind_a_router_calls_an_ending(expected: str, finish: str) -> None:
    assert expected == DIALECT.parse(_completion(finish, content="a")).finish_reason


def test_a_provider_behind_a_router_that_lost_its_connection_gave_no_answer() -> None:
    with pytest.raises(ReplyError) as caught:
        DIALECT.parse(_completion("network_error", content="a"))
    assert "provider-error" == caught.value.reason
