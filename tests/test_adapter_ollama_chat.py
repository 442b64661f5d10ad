from __future__ import annotations

from typing import Any

import pytest

from evalkit.adapter import Dialect, Reply, ReplyError, Request
from evalkit.adapter.code import load_module
from evalkit.content import shipped
from evalkit.errors import AdapterError
from evalkit.trial import Call, Message

DIALECT: Dialect = load_module(shipped("adapters") / "ollama_chat.py")
TOOL = {"type": "function", "function": {"name": "look"}}


def _build(**sampling: Any) -> Request:
    messages = (Message(role="user", content="Hello"),)
    call = Call(task="t", item="1", condition="clean", repeat=0, messages=messages, sampling=sampling)
    return DIALECT.build(call, "m", "http://host:11434/api")


@pytest.mark.parametrize(
    ("said", "sampling"),
    [
        ("options: evalkit sets it itself", {"options": {}}),
        ("logit_bias: Ollama's format has no such setting", {"logit_bias": {}}),
        ("verbosity: Ollama's format has no such setting", {"verbosity": "low"}),
        ('tool_choice "required": Ollama\'s', {"tools": [TOOL], "tool_choice": "required"}),
        ("parallel_tool_calls false: Ollama's", {"tools": [TOOL], "parallel_tool_calls": False}),
        (
            "tools with strict true: Ollama's",
            {"tools": [{"type": "function", "function": {"name": "look", "strict": True}}]},
        ),
    ],
)
def test_what_the_format_cannot_say_is_refused(said: str, sampling: dict[str, Any]) -> None:
    with pytest.raises(AdapterError, match=f"sampling: {said}"):
        _build(**sampling)


def test_a_prompt_is_not_to_be_shortened_unless_the_user_says_so() -> None:
    """Shortened without a word, it would be another question; the fail would be counted as the model's."""
    assert (False, True) == (_build().body["truncate"], _build(truncate=True).body["truncate"])


def test_an_effort_is_a_level_of_thought() -> None:
    assert "high" == _build(reasoning_effort="high").body["think"]


def test_older_servers_name_no_reason_for_an_ending() -> None:
    reply = Reply(body=b'{"message": {"role": "assistant", "content": "Hi"}, "done": true}')
    response = DIALECT.parse(reply)
    assert ("Hi", "stop", None) == (response.text, response.finish_reason, response.tokens_in)


def test_an_answer_that_did_not_end_is_no_observation() -> None:
    with pytest.raises(ReplyError, match="did not end") as caught:
        DIALECT.parse(Reply(body=b'{"message": {"role": "assistant", "content": "H"}, "done": false}'))
    assert "provider-error" == caught.value.reason


def test_a_call_that_was_cut_off_is_cut_off() -> None:
    body = b"""{"message": {"content": "", "tool_calls": [{"function": {"name": "look"}}]},
               "done": true, "done_reason": "length"}"""
    response = DIALECT.parse(Reply(body=body))
    assert ("length", ({"name": "look", "arguments": {}},)) == (response.finish_reason, response.tool_calls)


def test_content_that_is_no_text_is_no_observation() -> None:
    with pytest.raises(ReplyError, match="found content of type NoneType, expected text"):
        DIALECT.parse(Reply(body=b'{"message": {"role": "assistant", "content": null}, "done": true}'))
