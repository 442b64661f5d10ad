from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.adapter import Dialect, Reply, ReplyError
from evalkit.adapter.code import load_module
from evalkit.content import shipped
from evalkit.errors import AdapterError
from evalkit.trial import Call, Message, Response

DIALECT: Dialect = load_module(shipped("adapters") / "openai_responses.py")
USER = Message(role="user", content="Hello")
SYSTEM = Message(role="system", content="Be brief.")


def _body(*messages: Message, **sampling: Any) -> dict[str, Any]:
    call = Call(task="t", item="1", condition="clean", repeat=0, messages=messages, sampling=sampling)
    request = DIALECT.build(call, "x", "https://host/v1")
    assert (request.method, request.url) == ("POST", "https://host/v1/responses")
    body = dict(request.body)
    assert (body.pop("model"), body.pop("store")) == ("x", sampling.get("store", False))
    return body


def _settings(**sampling: Any) -> dict[str, Any]:
    body = _body(USER, **sampling)
    assert body.pop("input") == [USER.as_json()]
    return body


def _parse(*output: Any, **more: Any) -> Response:
    body = {"status": "completed", "output": list(output), **more}
    return DIALECT.parse(Reply(body=json.dumps(body).encode()))


def _message(*parts: Any, **more: Any) -> dict[str, Any]:
    return {"type": "message", "content": list(parts), **more}


def _text(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "output_text", "text": text, **more}


def test_a_first_system_message_becomes_instructions() -> None:
    assert _body(SYSTEM, USER) == {"instructions": "Be brief.", "input": [USER.as_json()]}


def test_a_prompt_keeps_the_order_of_its_other_messages() -> None:
    messages = (USER, Message(role="assistant", content="Hi"), SYSTEM, USER)
    assert _body(*messages) == {"input": [message.as_json() for message in messages]}


def test_a_prompt_of_a_system_message_alone_is_sent_as_input() -> None:
    assert _body(SYSTEM) == {"input": [SYSTEM.as_json()]}


@pytest.mark.parametrize(
    ("expected", "sampling"),
    [
        ({"max_output_tokens": 9}, {"max_tokens": 9}),
        ({"max_output_tokens": 9}, {"max_completion_tokens": 9}),
        ({"max_output_tokens": 9}, {"max_output_tokens": 9}),
        ({"temperature": 0, "top_p": 1}, {"temperature": 0, "top_p": 1}),
        ({"reasoning": {"effort": "low"}}, {"reasoning_effort": "low"}),
        (
            {"reasoning": {"summary": "auto", "effort": "low"}},
            {"reasoning_effort": "low", "reasoning": {"summary": "auto"}},
        ),
        ({"text": {"verbosity": "low"}}, {"verbosity": "low"}),
        ({"text": {"verbosity": "low", "format": {"type": "json_object"}}},
         {"text": {"verbosity": "low"}, "response_format": {"type": "json_object"}}),
        ({"include": ["message.output_text.logprobs"]}, {"logprobs": True}),
        ({"include": ["a", "message.output_text.logprobs"], "top_logprobs": 2},
         {"include": ["a"], "logprobs": True, "top_logprobs": 2}),
        ({"include": ["a"]}, {"include": ["a"], "logprobs": False}),
        ({"tool_choice": "required"}, {"tool_choice": "required"}),
        ({"tool_choice": {"type": "web_search"}}, {"tool_choice": {"type": "web_search"}}),
        ({"truncation": "auto", "service_tier": "flex"}, {"truncation": "auto", "service_tier": "flex"}),
        ({}, {"store": True}),
    ],
)  # fmt: skip
def test_settings_are_put_where_the_format_has_them(expected: dict[str, Any], sampling: dict[str, Any]) -> None:
    assert expected == _settings(**sampling)


def test_a_function_is_as_chat_completions_would_take_it() -> None:
    tools = [{"type": "function", "function": {"name": "now"}}]
    expected = {"type": "function", "name": "now", "parameters": None, "strict": False}
    assert _settings(tools=tools)["tools"] == [expected]


def test_a_strict_function_stays_strict() -> None:
    function = {"name": "add", "parameters": {"type": "object"}, "strict": True}
    assert _settings(tools=[{"type": "function", "function": function}])["tools"] == [{"type": "function", **function}]


def test_allowed_tools_are_lifted_with_what_they_hold() -> None:
    allowed = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "add"}}]}
    expected = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "add"}]}
    assert _settings(tool_choice={"type": "allowed_tools", "allowed_tools": allowed})["tool_choice"] == expected


@pytest.mark.parametrize("name", ["stop", "seed", "presence_penalty", "frequency_penalty", "logit_bias"])
def test_what_the_format_has_no_place_for_is_refused(name: str) -> None:
    with pytest.raises(AdapterError, match=f"sampling: {name}: the responses format has no such setting"):
        _settings(**{name: 1})


def test_sampling_cannot_replace_what_is_measured() -> None:
    with pytest.raises(AdapterError, match="sampling: background, input, instructions, stream: evalkit sets it itself"):
        _settings(stream=True, instructions="Be rude.", input="x", background=True)


def test_the_answer_is_joined_without_what_leads_to_it() -> None:
    reasoning = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}
    search = {"type": "web_search_call", "status": "completed"}
    commentary = _message(_text("Let me see."), phase="commentary")
    assert _parse(reasoning, search, commentary, _message(_text("4"), _text("2")), _message(_text("!"))).text == "42!"


@pytest.mark.parametrize(
    ("expected", "output", "more"),
    [
        (("a", "stop"), [_message(_text("a"))], {}),
        (("", "stop"), [], {}),
        (("no", "refusal"), [_message({"type": "refusal", "refusal": "no"})], {}),
        (("a", "stop"), [_message(_text("a"), {"type": "refusal", "refusal": "no"})], {}),
        (("a", "length"), [_message(_text("a"))],
         {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}),
        (("", "content_filter"), [], {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}),
        (("", "length"), [], {"status": "incomplete", "incomplete_details": None}),
        (("", "tool_calls"), [{"type": "function_call", "name": "now", "arguments": ""}], {}),
    ],
)  # fmt: skip
def test_why_a_response_ended(expected: tuple[str, str], output: list[Any], more: dict[str, Any]) -> None:
    response = _parse(*output, **more)
    assert expected == (response.text, response.finish_reason)


def test_a_server_that_says_no_status_has_answered() -> None:
    assert DIALECT.parse(Reply(body=json.dumps({"output": [_message(_text("a"))]}).encode())).text == "a"


@pytest.mark.parametrize("status", ["failed", "cancelled", "queued", "in_progress"])
def test_what_did_not_come_to_an_end_is_no_observation(status: str) -> None:
    with pytest.raises(ReplyError, match=f"the response is {status}") as caught:
        _parse(_message(_text("half")), status=status)
    assert caught.value.reason == "provider-error"


def test_log_probabilities_of_all_parts_are_summed() -> None:
    parts = [_text("4", logprobs=[{"logprob": -0.5}]), _text("2", logprobs=[{"logprob": -0.25}])]
    assert _parse(_message(*parts)).logprob == -0.75
    assert _parse(_message(_text("4"))).logprob is None
