"""What OpenAI's formats have in common, with what the servers that speak them add.

Kept here because dialects may not take from one another.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, TypedDict

from evalkit.adapter.refusal import refused, said_in
from evalkit.adapter.usage import Tokens, count_of, logprob_of, number_of, tokens_of
from evalkit.adapter.wire import Reply, ReplyError
from evalkit.trial import Response

_STATUS: Mapping[str, int] = {"rate_limit_exceeded": 429, "server_error": 500}
"""Codes that stand for a status."""
_GAVE_UP = frozenset({"error", "abort", "insufficient_system_resource", "network_error"})
"""Finish reasons of a server that gave up half way (OpenRouter and Mistral; vLLM; DeepSeek; Z.ai)."""
_CACHED = (
    ("usage", "prompt_cache_hit_tokens"),  # DeepSeek
    ("usage", "cached_tokens"),  # Together
    ("timings", "cache_n"),  # llama.cpp
)
_TICKS_PER_USD = 10**10
"""xAI counts what a call cost in such parts of a dollar."""


def read_refusal(reply: Reply) -> Response:
    """Read a reply whose status is not 2xx, as `refused` does.

    A router (OpenRouter) only says that a provider refused; what that provider says is a JSON text in its `metadata`.

    Raises:
        ReplyError: As `refused`.
    """
    try:
        error = reply.json_body().get("error")
    except ReplyError:
        error = None
    metadata = error.get("metadata") if isinstance(error, Mapping) else None
    raw = metadata.get("raw") if isinstance(metadata, Mapping) else None
    upstream = said_in(Reply(body=raw.encode("utf-8", "replace"))) if isinstance(raw, str) else ""
    return refused(reply, " · ".join(filter(None, (said_in(reply), upstream))))


def read_error(reply: Reply, error: Any) -> Response:
    """Read an error that came in a reply of status 200: routers put that of the server behind them there.

    Args:
        reply: What came back.
        error: The error in it: an object with `message` and `code`, or a text.

    Returns:
        What `read_refusal` takes for an observation.

    Raises:
        ReplyError: As `read_refusal`, with the status that the error's code names; `provider-error` if it names none.
    """
    code = error.get("code") if isinstance(error, Mapping) else None
    named = code if isinstance(code, int) else _STATUS.get(code) if isinstance(code, str) else None
    status = named if named is not None and 400 <= named < 600 else None
    as_refused = dataclasses.replace(reply, status=status or 400, body=json.dumps({"error": error}).encode())
    try:
        return read_refusal(as_refused)
    except ReplyError as failure:
        if status is None and failure.reason == "http-400":
            message = f"the provider answers with an error: {reply.excerpt()}"
            raise ReplyError("provider-error", message) from failure
        raise


def read_choice(reply: Reply, data: Mapping[str, Any]) -> Mapping[str, Any] | Response:
    """Read the choice of a completion, of the chat or of the plain format.

    Args:
        reply: What came back, with status 200.
        data: Its JSON.

    Returns:
        The choice; or, where the server gave up or an error takes its place, what `read_error` makes of it.

    Raises:
        ReplyError: As `read_error`.
    """
    if not data.get("choices") and data.get("error"):
        return read_error(reply, data["error"])
    choice: Mapping[str, Any] = data["choices"][0]
    if choice.get("finish_reason") in _GAVE_UP or choice.get("error"):
        return read_error(reply, choice.get("error") or data.get("error") or "the provider gave up half way")
    return choice


def tokens_in(data: Mapping[str, Any]) -> Tokens:
    """Read the token counts of a completion, of whichever server."""
    usage = data.get("usage")
    tokens = tokens_of(usage)
    tokens["tokens_cache_write"] = count_of(usage, "prompt_tokens_details", "cache_write_tokens")
    if tokens["tokens_cached"] is None:
        counts = (count_of(data, *path) for path in _CACHED)
        tokens["tokens_cached"] = next((count for count in counts if count is not None), None)
    prompt, answer, reasoning = tokens["tokens_in"], tokens["tokens_out"], tokens["tokens_reasoning"]
    if prompt is not None and answer is not None and reasoning is not None:
        # xAI counts the reasoning beside the answer, all others within it; the total tells.
        is_beside = count_of(usage, "total_tokens") == prompt + answer + reasoning
        tokens["tokens_out"] = answer + reasoning if is_beside else answer
    return tokens


def cost_in(usage: Any) -> float | None:
    """Read what a call cost, in US dollars, where the server says it (OpenRouter, xAI); None where not."""
    if not isinstance(usage, Mapping):
        return None
    ticks = count_of(usage, "cost_in_usd_ticks")
    if ticks is not None:
        return ticks / _TICKS_PER_USD
    cost = _price(usage.get("cost"))
    if cost is None or not usage.get("is_byok"):
        return cost
    # With a key of one's own OpenRouter's part is only its fee.
    details = usage.get("cost_details")
    upstream = _price(details.get("upstream_inference_cost")) if isinstance(details, Mapping) else None
    return None if upstream is None else cost + upstream


def _price(value: Any) -> float | None:
    price = number_of(value)
    return price if price is not None and price >= 0 else None


def fingerprint_in(data: Mapping[str, Any]) -> str | None:
    """What tells configurations apart: the provider behind a router (OpenRouter), and `system_fingerprint`."""
    parts = [data.get("provider"), data.get("system_fingerprint")]
    return " ".join(part for part in parts if isinstance(part, str) and part) or None


def served_in(data: Mapping[str, Any]) -> str | None:
    """The model id that the server says it used."""
    served = data.get("model")
    return served if isinstance(served, str) else None


def logprob_in(logprobs: Any) -> float | None:
    """Add an answer's log-probabilities up, natural logarithm.

    Args:
        logprobs: `{"content": [{"logprob": …}, …]}` of chat completions, `{"token_logprobs": […]}` of the older
            format, or anything else when there are none.

    >>> logprob_in({"token_logprobs": [-0.5, -0.25]})
    -0.75
    """
    if not isinstance(logprobs, Mapping):
        return None
    content = logprobs.get("content")
    values = [token.get("logprob") for token in content] if content else logprobs.get("token_logprobs")
    return logprob_of(values or ())


class TargetLogprob(TypedDict, total=False):
    """The fields of a response that say how likely the right answer is."""

    target_logprob: float
    target_tokens: int


def target_in(choice: Mapping[str, Any]) -> TargetLogprob:
    """Read how likely the right answer is, which only models say whose card has `scores_target`.

    Args:
        choice: `{"target_logprob": {"logprob": …, "tokens": …}}`, or without it.

    >>> target_in({"target_logprob": {"logprob": -0.5, "tokens": 3}})
    {'target_logprob': -0.5, 'target_tokens': 3}
    """
    given = choice.get("target_logprob")
    if not isinstance(given, Mapping):
        return {}
    logprob, tokens = number_of(given.get("logprob")), count_of(given, "tokens")
    return {"target_logprob": logprob, "target_tokens": tokens} if logprob is not None and tokens else {}


def tool_call(name: Any, arguments: Any) -> dict[str, Any]:
    """A tool call as responses hold it; arguments that are no JSON stay the text that the model wrote.

    >>> tool_call("add", '{"a": 1}')
    {'name': 'add', 'arguments': {'a': 1}}
    """
    arguments = arguments or "{}"
    try:
        parsed = json.loads(arguments, parse_constant=_no_json) if isinstance(arguments, str) else arguments
    except (ValueError, RecursionError):
        parsed = arguments
    return {"name": str(name), "arguments": parsed}


def _no_json(name: str) -> Any:
    # Python reads NaN and Infinity, which JSON does not have.
    raise ValueError(name)
