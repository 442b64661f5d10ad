from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.adapter import Dialect, Reply, ReplyError, Request
from evalkit.adapter.code import load_module
from evalkit.content import shipped
from evalkit.errors import AdapterError
from evalkit.trial import Call, Message, Response

DIALECT: Dialect = load_module(shipped("adapters") / "google_gemini.py")
TOOL = {"type": "function", "function": {"name": "look", "strict": False}}
STRICT = {"type": "function", "function": {"name": "see", "strict": True}}


def _build(model: str = "gemini-3-pro", **sampling: Any) -> Request:
    messages = (Message(role="user", content="Hello"),)
    call = Call(task="t", item="1", condition="clean", repeat=0, messages=messages, sampling=sampling)
    return DIALECT.build(call, model, "https://host/v1beta")


def _error(status: int, error: Any) -> ReplyError:
    body = json.dumps({"error": error}).encode()
    with pytest.raises(ReplyError) as caught:
        DIALECT.parse(Reply(status=status, body=body))
    return caught.value


def test_the_model_stands_in_the_address() -> None:
    assert "https://host/v1beta/models/a%2Fb%3Fc:generateContent" == _build("a/b?c").url


@pytest.mark.parametrize(
    ("said", "sampling"),
    [
        ("candidateCount, contents: evalkit sets it itself", {"candidateCount": 2, "contents": []}),
        ("logit_bias: Gemini's format has no such setting", {"logit_bias": {"50": 1}}),
        ("parallel_tool_calls false: Gemini's", {"parallel_tool_calls": False}),
    ],
)
def test_what_the_format_cannot_say_is_refused(said: str, sampling: dict[str, Any]) -> None:
    with pytest.raises(AdapterError, match=f"sampling: {said}"):
        _build(**sampling)


@pytest.mark.parametrize(
    ("expected", "model", "effort"),
    [
        ({"thinkingLevel": "minimal"}, "gemini-3-pro", "minimal"),
        ({"thinkingBudget": 0}, "gemini-3-pro", "none"),
        ({"thinkingBudget": 8192}, "gemini-2.5-flash", "medium"),
    ],
)
def test_effort_is_a_level_since_gemini_3_and_a_budget_before(expected: Any, model: str, effort: str) -> None:
    assert expected == _build(model, reasoning_effort=effort).body["generationConfig"]["thinkingConfig"]


def test_an_effort_that_no_budget_stands_for_is_refused() -> None:
    with pytest.raises(AdapterError, match="reasoning_effort: found 'max', Gemini's format takes none, minimal"):
        _build("gemini-2.5-pro", reasoning_effort="max")


@pytest.mark.parametrize(
    ("expected", "tools", "choice"),
    [
        ({"mode": "AUTO"}, [TOOL], "auto"),
        ({"mode": "VALIDATED"}, [TOOL, STRICT], "auto"),
        ({"mode": "NONE"}, [STRICT], "none"),
        ({"mode": "ANY"}, [TOOL], "required"),
        ({"mode": "ANY", "allowedFunctionNames": ["look"]}, [TOOL], {"type": "function", "function": {"name": "look"}}),
    ],
)
def test_how_functions_are_chosen(expected: Any, tools: list[Any], choice: Any) -> None:
    assert expected == _build(tools=tools, tool_choice=choice).body["toolConfig"]["functionCallingConfig"]


def test_any_json_is_asked_for_by_its_type() -> None:
    body = _build(response_format={"type": "json_object"}).body
    assert {"responseMimeType": "application/json"} == body["generationConfig"]


def test_log_probabilities_of_an_answer_with_thoughts_are_not_the_answers() -> None:
    candidate = {
        "content": {"parts": [{"text": "7"}]},
        "finishReason": "STOP",
        "logprobsResult": {"chosenCandidates": [{"logProbability": -1.0}]},
    }
    data = {"candidates": [candidate], "usageMetadata": {"thoughtsTokenCount": 3}}
    assert DIALECT.parse(Reply(body=json.dumps(data).encode())).logprob is None
    assert DIALECT.parse(Reply(body=json.dumps({"candidates": [candidate]}).encode())).logprob == -1.0


def test_no_candidates_and_no_reason_is_no_observation() -> None:
    with pytest.raises(KeyError):
        DIALECT.parse(Reply(body=b'{"usageMetadata": {"promptTokenCount": 3}}'))


@pytest.mark.parametrize("error", ["busy", {"details": "37s"}, {"details": ["37s", {"retryDelay": "soon"}]}])
def test_a_wait_that_cannot_be_read_is_none(error: Any) -> None:
    failure = _error(429, error)
    assert ("http-429", None) == (failure.reason, failure.retry_after_s)


def test_an_error_page_asks_for_no_wait() -> None:
    with pytest.raises(ReplyError, match="HTTP 502") as caught:
        DIALECT.parse(Reply(status=502, body=b"<html>Bad gateway</html>"))
    assert ("http-502", None) == (caught.value.reason, caught.value.retry_after_s)


def test_an_answer_that_the_model_spoiled_is_judged() -> None:
    reply = Reply(
        body=b'{"candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "MALFORMED_RESPONSE"}]}'
    )
    assert Response(text="a") == DIALECT.parse(reply)
