from __future__ import annotations

from typing import Any

import pytest

from evalkit.adapter import Dialect, Reply, ReplyError, Request
from evalkit.adapter.code import load_module
from evalkit.content import shipped
from evalkit.errors import AdapterError
from evalkit.trial import Call, Message

DIALECT: Dialect = load_module(shipped("adapters") / "anthropic_messages.py")
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def _build(*messages: Message, **sampling: Any) -> Request:
    messages = messages or (Message(role="user", content="Hello"),)
    call = Call(task="t", item="1", condition="clean", repeat=0, messages=messages, sampling=sampling)
    return DIALECT.build(call, "m", "https://host/v1")


@pytest.mark.parametrize(
    ("said", "sampling"),
    [
        ("stream, system: evalkit sets it itself", {"stream": True, "system": "x"}),
        ("seed: Anthropic's format has no such setting", {"seed": 1}),
        ("logprobs, top_logprobs: Anthropic's format has no such setting", {"logprobs": True, "top_logprobs": 2}),
        ("response_format: found 'json_object', Anthropic's", {"response_format": {"type": "json_object"}}),
    ],
)
def test_what_the_format_cannot_say_is_refused(said: str, sampling: dict[str, Any]) -> None:
    """Left out, it would be another measurement."""
    with pytest.raises(AdapterError, match=f"sampling: {said}"):
        _build(**sampling)


def test_turns_are_sent_as_they_are() -> None:
    """The API joins neighbours of one role, continues a last message of the assistant's, and says what it refuses."""
    turns = [("user", "2 +"), ("user", "2?"), ("assistant", ""), ("assistant", "It is")]
    request = _build(*(Message(role=role, content=text) for role, text in turns))  # type: ignore[arg-type]
    assert [{"role": role, "content": text} for role, text in turns] == request.body["messages"]


@pytest.mark.parametrize(
    ("expected", "sampling"),
    [
        ({"type": "any"}, {"tool_choice": "required"}),
        ({"type": "none"}, {"tool_choice": "none", "parallel_tool_calls": False}),
        ({"type": "auto", "disable_parallel_tool_use": True}, {"parallel_tool_calls": False}),
        (None, {"tool_choice": "auto", "parallel_tool_calls": True}),
    ],
)
def test_how_tools_are_chosen(expected: Any, sampling: dict[str, Any]) -> None:
    assert expected == _build(tools=[TOOL], **sampling).body.get("tool_choice")


def test_without_tools_there_is_nothing_to_choose() -> None:
    assert {"model", "max_tokens", "messages"} == set(_build(tool_choice="none").body)


def test_no_reasoning_is_no_thinking() -> None:
    assert {"type": "disabled"} == _build(reasoning_effort="none").body["thinking"]


def test_what_the_user_says_in_the_formats_own_words_is_kept() -> None:
    body = _build(output_config={"effort": "max"}, response_format={"type": "text"}, service_tier="auto").body
    assert ({"effort": "max"}, "auto") == (body["output_config"], body["service_tier"])


def test_a_reply_of_another_shape_is_not_taken_for_an_answer() -> None:
    with pytest.raises(KeyError):
        DIALECT.parse(Reply(body=b'{"type": "message"}'))


def test_an_ending_that_nobody_knows_is_no_observation() -> None:
    """It is not asked again either: the answer is paid for, and the next may end as this one."""
    with pytest.raises(ReplyError, match="found stop_reason 'later', expected one of end_turn") as caught:
        DIALECT.parse(Reply(body=b'{"content": [], "stop_reason": "later"}'))
    assert "unfinished" == caught.value.reason
