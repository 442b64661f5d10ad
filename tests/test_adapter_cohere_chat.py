from __future__ import annotations

from typing import Any

import pytest

from evalkit.adapter import Dialect, Reply, Request
from evalkit.adapter.code import load_module
from evalkit.content import shipped
from evalkit.errors import AdapterError
from evalkit.trial import Call, Message

DIALECT: Dialect = load_module(shipped("adapters") / "cohere_chat.py")
TOOL = {"type": "function", "function": {"name": "look"}}
STRICT = {"type": "function", "function": {"name": "see", "strict": True}}


def _build(**sampling: Any) -> Request:
    messages = (Message(role="user", content="Hello"),)
    call = Call(task="t", item="1", condition="clean", repeat=0, messages=messages, sampling=sampling)
    return DIALECT.build(call, "m", "https://host/v2")


@pytest.mark.parametrize(
    ("said", "sampling"),
    [
        ("n, stream: evalkit sets it itself", {"stream": True, "n": 2}),
        ("top_logprobs, logit_bias: Cohere's format has no such setting", {"top_logprobs": 1, "logit_bias": {}}),
        ("parallel_tool_calls false: Cohere's", {"parallel_tool_calls": False}),
        ("tools: found 'strict with some of them', Cohere's", {"tools": [TOOL, STRICT]}),
        ("reasoning_effort: found 'low', Cohere's format takes none or high", {"reasoning_effort": "low"}),
        (
            'tool_choice: found \'look\', Cohere\'s format takes "auto", "none" or "required"',
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "look"}}},
        ),
    ],
)
def test_what_the_format_cannot_say_is_refused(said: str, sampling: dict[str, Any]) -> None:
    with pytest.raises(AdapterError, match=f"sampling: {said}"):
        _build(**sampling)


def test_no_reasoning_is_no_thinking() -> None:
    assert {"type": "disabled"} == _build(reasoning_effort="none").body["thinking"]


def test_tools_are_free_to_be_used_unless_the_user_says_otherwise() -> None:
    body = _build(tools=[TOOL]).body
    assert ([TOOL], set()) == (body["tools"], {"tool_choice", "strict_tools"} & set(body))


def test_an_answer_without_content_is_empty() -> None:
    """It is an observation, and what was not counted is unknown."""
    response = DIALECT.parse(Reply(body=b'{"finish_reason": "COMPLETE", "message": {"role": "assistant"}}'))
    assert ("", "stop", None, None) == (
        response.text,
        response.finish_reason,
        response.tokens_in,
        response.logprob,
    )
