from __future__ import annotations

from typing import Any

import pytest

from evalkit.adapter import Sampling, joined_turns, system_apart
from evalkit.errors import AdapterError
from evalkit.trial import Message


def _sampling(**settings: Any) -> Sampling:
    return Sampling(settings, form="Acme's format", ours=["model"])


def _messages(*turns: tuple[Any, str]) -> tuple[Message, ...]:
    return tuple(Message(role=role, content=text) for role, text in turns)


def test_what_nobody_takes_is_left() -> None:
    sampling = _sampling(temperature=0, top_p=0.5, acme=True)
    assert {"p": 0.5} == sampling.rename({"top_p": "p", "top_k": "k"})
    assert {"temperature": 0, "acme": True} == sampling.left


def test_of_settings_that_mean_the_same_the_first_counts_and_none_is_left() -> None:
    sampling = _sampling(max_tokens=5, max_completion_tokens=7)
    assert 7 == sampling.take("max_completion_tokens", "max_tokens")
    assert ({}, None) == (sampling.left, sampling.take("max_tokens"))


@pytest.mark.parametrize(("expected", "stop"), [([], None), (["a"], "a"), (["a", "b"], ["a", "b"])])
def test_stops_are_a_list(expected: list[str], stop: Any) -> None:
    assert expected == _sampling(stop=stop).stops()


@pytest.mark.parametrize(
    ("expected", "response_format"),
    [
        (False, None),
        (False, {"type": "text"}),
        (True, {"type": "json_object"}),
        ({"type": "object"}, {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}),
    ],
)
def test_the_form_of_an_answer(expected: Any, response_format: Any) -> None:
    assert expected == _sampling(response_format=response_format).answer_format()


@pytest.mark.parametrize("found", ["json", {"type": "json_schema", "schema": {}}, {"type": "grammar"}])
def test_another_form_of_answer_is_refused(found: Any) -> None:
    with pytest.raises(AdapterError, match=r"sampling: response_format: found .*, Acme's format takes .*json_schema"):
        _sampling(response_format=found).answer_format()


def test_functions_are_taken_out_of_their_tools() -> None:
    assert [{"name": "look"}] == _sampling(tools=[{"type": "function", "function": {"name": "look"}}]).functions()
    assert [] == _sampling().functions()


@pytest.mark.parametrize("tool", ["look", {"type": "web_search"}, {"function": {"description": "nameless"}}])
def test_a_tool_that_is_no_function_is_refused(tool: Any) -> None:
    with pytest.raises(AdapterError, match=r"sampling: tools: found .*, Acme's format takes"):
        _sampling(tools=[tool]).functions()


@pytest.mark.parametrize(
    ("expected", "choice"),
    [
        (("auto", None), None),
        (("required", None), "required"),
        (("function", "look"), {"type": "function", "function": {"name": "look"}}),
    ],
)
def test_a_choice_of_tools(expected: Any, choice: Any) -> None:
    assert expected == _sampling(tool_choice=choice).choice()


@pytest.mark.parametrize("choice", ["any", {"type": "tool", "name": "look"}, 1])
def test_another_choice_is_refused(choice: Any) -> None:
    with pytest.raises(AdapterError, match=r"sampling: tool_choice: found .*, Acme's format takes"):
        _sampling(tool_choice=choice).choice()


def test_settings_of_evalkits_own_are_refused() -> None:
    with pytest.raises(AdapterError, match="sampling: model: evalkit sets it itself"):
        _sampling(model="x")


def test_system_messages_stand_apart() -> None:
    messages = _messages(("system", "a"), ("system", ""), ("system", "b"), ("user", "c"))
    assert ("a\n\nb", messages[3:]) == system_apart(messages)
    assert ("", messages[3:]) == system_apart(messages[3:])


def test_a_system_message_after_a_turn_is_refused() -> None:
    """Moved to the start, it would be another prompt."""
    with pytest.raises(AdapterError, match="found a system message after a turn"):
        system_apart(_messages(("user", "a"), ("system", "b")))


def test_neighbours_of_one_role_are_joined() -> None:
    turns = _messages(("assistant", "a"), ("user", "b"), ("user", ""), ("assistant", "c"))
    assert [("assistant", ["a"]), ("user", ["b", ""]), ("assistant", ["c"])] == joined_turns(turns)
