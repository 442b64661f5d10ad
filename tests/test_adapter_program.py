from __future__ import annotations

import pytest

from evalkit.adapter import Dialect, Reply
from evalkit.adapter.code import load_module
from evalkit.content import shipped
from evalkit.trial import Call, Message, Response

DIALECT: Dialect = load_module(shipped("adapters") / "program.py")
ECHO = load_module(shipped("adapters") / "echo.py")


def _call(*messages: Message) -> Call:
    return Call(task="t", item="1", condition="clean", repeat=0, messages=messages, sampling={"temperature": 0})


def test_a_request_is_what_the_program_reads() -> None:
    request = DIALECT.build(_call(Message(role="user", content="hi")), "x", "command:x")
    assert (request.method, request.url) == ("CALL", "command:x")
    assert request.body == {"messages": [{"role": "user", "content": "hi"}], "options": {"temperature": 0}}


@pytest.mark.parametrize(
    ("expected", "output"),
    [
        ("plain", b"plain\n"),
        ("two\nlines\n", b"two\nlines\n\n"),
        ("windows", b"windows\r\n"),
        ("", b""),
        ('{"title": "x"}', b'{"title": "x"}\n'),
        ('{"text": 3}', b'{"text": 3}'),
        ('{"text": ', b'{"text": '),
        ("[1]", b"[1]"),
        ("�", b"\xff"),
    ],
)
def test_output_that_is_no_envelope_is_the_text(expected: str, output: bytes) -> None:
    assert Response(text=expected) == DIALECT.parse(Reply(body=output))


def test_an_envelope_may_hold_usage_tool_calls_and_a_log_probability() -> None:
    output = (
        b'{"text": "a", "usage": {"prompt_tokens": 3, "completion_tokens": 1}, "logprob": -2,'
        b' "tool_calls": [{"name": "add", "arguments": {"a": 1}}, {"name": "stop"}]}'
    )
    expected = Response(
        text="a",
        finish_reason="tool_calls",
        tool_calls=({"name": "add", "arguments": {"a": 1}}, {"name": "stop", "arguments": {}}),
        tokens_in=3,
        tokens_out=1,
        logprob=-2.0,
    )
    assert expected == DIALECT.parse(Reply(body=output))


def test_a_log_probability_that_is_no_number_is_unknown() -> None:
    outputs = ('{"text": "a", "logprob": %s}' % value for value in ("NaN", "1e999", "1" + "0" * 400, '"-2"', "[]"))  # noqa: UP031
    assert [None] * 5 == [DIALECT.parse(Reply(body=output.encode())).logprob for output in outputs]


def test_echo_answers_with_the_last_user_message() -> None:
    call = _call(
        Message(role="user", content="a"), Message(role="user", content="b"), Message(role="assistant", content="c")
    )
    assert ECHO.answer(call) == "b"


def test_echo_has_nothing_to_say_to_nobody() -> None:
    assert ECHO.answer(_call(Message(role="system", content="a"))) == ""
