from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.adapter import Reply, ReplyError, refused, said_in


def _reply(status: int, body: Any) -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status=status, headers={"content-type": "application/json"}, body=content)


def _reason(status: int, message: str) -> str:
    with pytest.raises(ReplyError) as caught:
        refused(_reply(status, {"error": {"message": message}}))
    return caught.value.reason


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 8192 tokens",
        "prompt is too long: 208310 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000",
        "Request exceeds the maximum size · request_too_large",
        "The input token count (1200005) exceeds the maximum number of tokens allowed (1048576).",
        "the input length exceeds the context length",
        "request (7912 tokens) exceeds the available context size (4096 tokens), try increasing it",
        "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292.",
        "too many tokens: size limit exceeded by 11326 tokens.",
        "The decoder prompt (length 8357) is longer than the maximum model length of 8192. Make sure that …",
        "Range of input length should be [1, 30720] · invalid_parameter_error",
        "This model's maximum context length is 4096 tokens. However, you requested 4100 tokens (4000 in the messages, "
        "100 in the completion). Please reduce the length of the messages or completion.",
        "'max_tokens' or 'max_completion_tokens' is too large: 100. This model's maximum context length is 4096 tokens "
        "and your request has 4000 input tokens (100 > 4096 - 4000).",
    ],
)
@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_prompt_that_does_not_fit_is_an_observation(status: int, words: str) -> None:
    response = refused(_reply(status, {"error": {"message": words}}))
    assert ("", "context_overflow") == (response.text, response.finish_reason)


@pytest.mark.parametrize(
    "words",
    [
        "too many tokens: max tokens must be less than or equal to 4096, the maximum output for this model",
        "max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens",
        "Too many tokens, please wait before trying again.",
        # No prompt would fit beside these:
        "This model's maximum context length is 4096 tokens. However, you requested 4106 tokens (10 in the messages, "
        "4096 in the completion). Please reduce the length of the messages or completion.",
        "This endpoint's maximum context length is 4096 tokens. However, you requested about 8222 tokens (30 of text "
        "input, 8192 in the output).",
        "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context length is 4096 "
        "tokens and your request has 30 input tokens (8192 > 4096 - 30).",
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 30 `inputs` tokens and "
        "8192 `max_new_tokens`",
        "input length and `max_tokens` exceed context limit: 30 + 300000 > 200000, decrease input length",
        # Names of settings and of tools:
        "Unknown parameter: 'context_length'.",
        "Unrecognized request argument supplied: context_window",
        "context_size: Extra inputs are not permitted",
        "Invalid schema for function 'check_content_policy': … · invalid_function_parameters",
    ],
)
def test_a_setting_or_a_rate_that_speaks_of_tokens_is_no_observation(words: str) -> None:
    """Taken for a prompt that does not fit, it would fail every trial of a model that was never asked."""
    status = 429 if "wait" in words else 400
    assert f"http-{status}" == _reason(status, words)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "The response was filtered due to Azure OpenAI's content management policy"),
        (400, "Output blocked by content filtering policy"),
        (400, "Content Exists Risk"),
        (400, "This prompt has been flagged as a possible cyber risk."),
        (403, "your input was flagged"),
    ],
)
def test_what_a_filter_holds_back_is_an_observation(status: int, words: str) -> None:
    assert "content_filter" == refused(_reply(status, {"error": {"message": words}})).finish_reason


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Your credit balance is too low to access the Anthropic API."),
        (400, "You have reached your specified API usage limits. You will regain access on 2026-04-01 at 00:00 UTC."),
        (402, "There's an issue with your billing or payment information. · billing_error"),
        (429, "Your project has exceeded its monthly spending cap."),
        (429, "Your prepayment credits are depleted."),
        (429, "You are using a Trial key, which is limited to 1000 API calls / month."),
        (429, "insufficient_quota"),
    ],
)
def test_an_account_that_is_used_up_is_told_from_a_rate(status: int, words: str) -> None:
    """The first ends the run, which can be resumed; the second passes."""
    assert "quota" == _reason(status, words)


@pytest.mark.parametrize(
    "words",
    [
        "You exceeded your current quota, please check your plan and billing details.",  # Gemini's of a minute, too
        "You are using a Trial key, which is limited to 20 API calls / minute.",
        "This request would exceed your account's rate limit.",
    ],
)
def test_a_rate_is_not_an_account_that_is_used_up(words: str) -> None:
    assert "http-429" == _reason(429, words)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("http-401", "API key not valid. Please pass a valid API key."),
        ("http-401", "API Key not found. Please pass a valid API key."),
        ("http-401", "API key expired. Please renew the API key."),
        ("http-403", "User location is not supported for the API use."),
        ("http-404", "The model `x` does not exist"),
        ("http-404", "acme/x is not a valid model ID"),
        ("http-404", "Invalid model: x"),
        ("http-404", "Unknown model: x · unknown_model"),
        ("http-400", "Unknown name: topq"),
    ],
)
def test_words_say_more_than_status_400(reason: str, words: str) -> None:
    """No call of a run can succeed with a wrong key or model, whatever the status; other requests may."""
    assert reason == _reason(400, words)


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ("busy", {"error": "busy"}),
        ("busy · overloaded_error", {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}),
        ("busy · UNAVAILABLE", {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}),
        ("busy", {"id": "1", "message": "busy"}),
        ("Bad Request · too long", {"status": 400, "error": "Bad Request", "message": "too long"}),
        ("busy", {"error": "busy", "message": "busy"}),
        ("1 validation error: [type=missing, ", {"message": "1 validation error: [type=missing, input_value='a?']"}),
        ("[{'msg': 'wrong', ", {"message": "[{'msg': 'wrong', 'input': {'messages': 'what the user wrote'}}]"}),
        ("", {"detail": [{"input": "what the user wrote"}]}),
        ("", b"<html>busy</html>"),
    ],
)
def test_what_an_error_says_is_read_whatever_its_envelope(expected: str, body: Any) -> None:
    assert expected == said_in(_reply(503, body))


def test_a_long_error_is_cut() -> None:
    assert 500 == len(said_in(_reply(400, {"message": "x" * 600})))


def test_words_that_are_given_count_instead_of_the_bodys() -> None:
    """A body may quote the prompt."""
    reply = _reply(400, {"message": "found: 'what is a context window?'"})
    with pytest.raises(ReplyError, match="HTTP 400: no such field"):
        refused(reply, "no such field")


def test_an_answer_that_was_cut_off_before_its_first_word_is_an_observation() -> None:
    """OpenAI says it with status 400 where a model used all of max_tokens up for its reasoning."""
    said = "Could not finish the message because max_tokens or model output limit was reached. Please try again."
    response = refused(_reply(400, {"error": {"message": said, "type": "invalid_request_error"}}))
    assert ("", "length") == (response.text, response.finish_reason)
