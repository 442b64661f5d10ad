from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.adapter import Reply, ReplyError
from evalkit.adapter.openai import (
    cost_in,
    fingerprint_in,
    logprob_in,
    read_error,
    read_refusal,
    served_in,
    target_in,
    tokens_in,
    tool_call,
)


def _reply(body: Any, status: int = 200) -> Reply:
    return Reply(status=status, headers={"content-type": "application/json"}, body=json.dumps(body).encode())


@pytest.mark.parametrize(
    ("expected", "error"),
    [
        ("http-502", {"code": 502, "message": "upstream"}),
        ("http-400", {"code": 400, "message": "no such parameter"}),
        ("http-429", {"code": "rate_limit_exceeded", "message": "slow down"}),
        ("http-500", {"code": "server_error", "message": "oh"}),
        ("quota", {"code": "insufficient_quota", "message": "pay"}),
        ("provider-error", {"code": "overloaded", "message": "later"}),
        ("provider-error", {"code": True}),
        ("provider-error", {"code": 200}),
        ("provider-error", "later"),
        ("provider-error", ["later"]),
    ],
)
def test_an_error_under_status_200_means_what_its_code_says(expected: str, error: Any) -> None:
    with pytest.raises(ReplyError) as caught:
        read_error(_reply({"error": error}), error)
    assert expected == caught.value.reason


@pytest.mark.parametrize("error", ["maximum context length is 8", {"code": 400, "message": "context size exceeded"}])
def test_a_prompt_that_does_not_fit_is_an_observation_under_any_status(error: Any) -> None:
    assert read_error(_reply({"error": error}), error).finish_reason == "context_overflow"


def test_an_error_of_the_server_is_no_observation_whatever_it_says() -> None:
    with pytest.raises(ReplyError) as caught:
        read_error(_reply({}), {"code": 500, "message": "context size exceeded"})
    assert caught.value.reason == "http-500"


@pytest.mark.parametrize(
    ("expected", "raw"),
    [
        ("context_overflow", json.dumps({"error": {"message": "maximum context length is 8"}})),
        ("content_filter", json.dumps({"error": {"code": "content_filter", "message": "no"}})),
    ],
)
def test_what_the_provider_behind_a_router_says_counts(expected: str, raw: str) -> None:
    body = {"error": {"code": 400, "message": "Provider returned error", "metadata": {"raw": raw}}}
    assert read_refusal(_reply(body, 400)).finish_reason == expected


@pytest.mark.parametrize(
    "raw", ["maximum context length", '{"error": {"prompt": "maximum context length"}}', 7, None, "\ud800"]
)
def test_what_may_be_a_prompt_is_not_searched_for_words(raw: Any) -> None:
    body = {"error": {"code": 400, "message": "Provider returned error", "metadata": {"raw": raw}}}
    with pytest.raises(ReplyError, match=r"^HTTP 400: Provider returned error$"):
        read_refusal(_reply(body, 400))


@pytest.mark.parametrize("body", [b"<html>no</html>", b"[]", b"no"])
def test_a_refusal_that_is_no_json_has_its_status(body: bytes) -> None:
    with pytest.raises(ReplyError) as caught:
        read_refusal(Reply(status=503, body=body))
    assert caught.value.reason == "http-503"


def _usage(n_out: int, n_reasoning: int | None, total: int | None) -> dict[str, Any]:
    usage = {"prompt_tokens": 10, "completion_tokens": n_out, "total_tokens": total}
    return {**usage, "completion_tokens_details": {"reasoning_tokens": n_reasoning}}


@pytest.mark.parametrize(
    ("expected", "usage"),
    [
        (12, _usage(2, 10, 22)),  # reasoning beside the answer
        (12, _usage(12, 10, 22)),  # within it
        (2, _usage(2, 10, None)),
        (2, _usage(2, 0, 12)),
        (2, _usage(2, None, 12)),
    ],
)
def test_tokens_out_hold_the_reasoning_wherever_it_is_counted(expected: int, usage: Any) -> None:
    assert expected == tokens_in({"usage": usage})["tokens_out"]


@pytest.mark.parametrize(
    ("expected", "data"),
    [
        (7, {"usage": {"prompt_tokens_details": {"cached_tokens": 7}, "prompt_cache_hit_tokens": 3}}),
        (0, {"usage": {"prompt_tokens_details": {"cached_tokens": 0}}, "timings": {"cache_n": 3}}),
        (3, {"usage": {"prompt_cache_hit_tokens": 3}}),
        (5, {"usage": {"cached_tokens": 5}}),
        (4, {"usage": None, "timings": {"cache_n": 4}}),
        (None, {"usage": {"prompt_cache_hit_tokens": -1}, "timings": [4]}),
        (None, {}),
    ],
)
def test_cached_tokens_are_found_under_each_of_their_names(expected: int | None, data: Any) -> None:
    assert expected == tokens_in(data)["tokens_cached"]


@pytest.mark.parametrize(
    ("expected", "usage"),
    [
        (0.25, {"cost": 0.25}),
        (0.0, {"cost": 0}),
        (0.25, {"cost": 0.25, "is_byok": False, "cost_details": {"upstream_inference_cost": 1}}),
        (1.25, {"cost": 0.25, "is_byok": True, "cost_details": {"upstream_inference_cost": 1}}),
        (None, {"cost": 0.25, "is_byok": True}),
        (0.0003125, {"cost_in_usd_ticks": 3_125_000}),
        (None, {"cost": {"total": 1}}),
        (None, {"cost": -1}),
        (None, {"cost": True}),
        (None, {"cost": float("inf")}),
        (None, {"cost": float("nan")}),
        (None, {"cost": 10**400}),
        (None, {}),
        (None, None),
        (None, [1]),
    ],
)
def test_the_cost_is_what_the_server_says_in_dollars(expected: float | None, usage: Any) -> None:
    assert expected == cost_in(usage)


@pytest.mark.parametrize(
    ("expected", "data"),
    [
        ("fp_1", {"system_fingerprint": "fp_1"}),
        ("DeepInfra", {"provider": "DeepInfra", "system_fingerprint": None}),
        ("DeepInfra fp_1", {"provider": "DeepInfra", "system_fingerprint": "fp_1"}),
        (None, {"provider": {"name": "x"}, "system_fingerprint": ""}),
        (None, {}),
    ],
)
def test_a_fingerprint_names_the_provider_behind_a_router(expected: str | None, data: Any) -> None:
    assert expected == fingerprint_in(data)


def test_the_served_model_is_a_text_or_unknown() -> None:
    assert [served_in({"model": "x-2"}), served_in({"model": 2}), served_in({})] == ["x-2", None, None]


@pytest.mark.parametrize(
    ("expected", "logprobs"),
    [
        (-0.75, {"content": [{"logprob": -0.5}, {"logprob": -0.25}]}),
        (-0.75, {"content": None, "token_logprobs": [-0.5, -0.25]}),
        (None, {"content": [{"logprob": -0.5}, {"token": "a"}]}),
        (None, {"token_logprobs": [None, -0.25]}),
        (None, {"token_logprobs": [float("-inf")]}),
        (None, {"token_logprobs": [-(10**400)]}),
        (None, {"token_logprobs": [-0.5, True]}),
        (None, {"content": []}),
        (None, None),
        (None, True),
    ],
)
def test_log_probabilities_add_up_when_all_are_known(expected: float | None, logprobs: Any) -> None:
    assert expected == logprob_in(logprobs)


@pytest.mark.parametrize(
    ("expected", "given"),
    [
        ({"target_logprob": -1.5, "target_tokens": 4}, {"logprob": -1.5, "tokens": 4}),
        ({"target_logprob": 0.0, "target_tokens": 1}, {"logprob": 0, "tokens": 1}),
        ({}, None),
        ({}, -1.5),
        ({}, {"logprob": None, "tokens": 4}),
        ({}, {"logprob": float("nan"), "tokens": 4}),
        ({}, {"logprob": -1.5, "tokens": 0}),
        ({}, {"logprob": -1.5}),
    ],
)
def test_the_right_answers_probability_is_read_where_all_of_it_is_said(expected: Any, given: Any) -> None:
    assert expected == target_in({"target_logprob": given})


@pytest.mark.parametrize(
    ("expected", "arguments"),
    [
        ({"a": 1}, '{"a": 1}'),
        ('{"a": ', '{"a": '),
        ({"b": 2}, {"b": 2}),
        ({}, None),
        ({}, ""),
        ("[" * 9999, "[" * 9999),
        ('{"a": NaN}', '{"a": NaN}'),
    ],
    ids=["json", "cut", "object", "none", "empty", "deep", "nan"],
)
def test_arguments_of_a_tool_call_are_read_or_kept(expected: Any, arguments: Any) -> None:
    assert {"name": "add", "arguments": expected} == tool_call("add", arguments)
