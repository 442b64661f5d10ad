"""OpenAI's chat completions, as many servers speak them.

Source: https://platform.openai.com/docs/api-reference/chat; the errors of other servers as they were seen.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from evalkit.adapter import Reply, ReplyError, Request, refused, tokens_of
from evalkit.errors import AdapterError
from evalkit.trial import Call, FinishReason, Response

_OURS = frozenset({"model", "messages", "stream", "n"})

_FINISH: Mapping[str, FinishReason] = {
    "length": "length",
    "content_filter": "content_filter",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
_FAILED = frozenset({"error", "abort"})  # OpenRouter and vLLM: the server gave up half way


def build(call: Call, model: str, address: str) -> Request:
    """Build a chat completion."""
    taken = sorted(_OURS & call.sampling.keys())
    if taken:
        raise AdapterError(f"sampling: {', '.join(taken)}: evalkit sets it itself; leave it out")
    messages = [message.as_json() for message in call.messages]
    body = {"model": model, "messages": messages, **call.sampling}
    return Request(method="POST", url=f"{address}/chat/completions", body=body)


def parse(reply: Reply) -> Response:
    """Read a chat completion, or an error that is an observation."""
    if reply.status >= 300:
        return refused(reply)
    data = reply.json()
    if "choices" not in data and "error" in data:
        # Some routers put the error of the server behind them under status 200.
        code = data["error"].get("code") if isinstance(data["error"], dict) else None
        reason = f"http-{code}" if isinstance(code, int) and 400 <= code < 600 else "provider-error"
        raise ReplyError(reason, f"the provider answers with an error: {reply.excerpt()}")
    choice = data["choices"][0]
    if choice.get("finish_reason") in _FAILED:
        raise ReplyError("provider-error", f"the provider gave up half way: {reply.excerpt()}")
    return _response(data, choice)


def _response(data: Mapping[str, Any], choice: Mapping[str, Any]) -> Response:
    message = choice["message"]
    text, finish = _text(message.get("content")), _FINISH.get(choice.get("finish_reason") or "", "stop")
    calls = tuple(_tool_call(one["function"]) for one in message.get("tool_calls") or ())
    if message.get("refusal") and not text:
        text, finish = _text(message["refusal"]), "refusal"
    served, fingerprint = data.get("model"), data.get("system_fingerprint")
    return Response(
        text=text,
        finish_reason=finish,
        tool_calls=calls,
        served_model=served if isinstance(served, str) else None,
        fingerprint=fingerprint if isinstance(fingerprint, str) else None,
        logprob=_logprob(choice.get("logprobs")),
        **tokens_of(data.get("usage")),
    )


def _text(content: Any) -> str:
    if content is None:
        return ""
    if isinstance(content, list):
        # Reasoning models of some providers answer in parts; only those of type text are the answer.
        return "".join(part["text"] for part in content if part.get("type") == "text")
    if not isinstance(content, str):
        raise ReplyError("unexpected-reply", f"found content of type {type(content).__name__}, expected text")
    return content


def _tool_call(function: Mapping[str, Any]) -> dict[str, Any]:
    """A call's name and arguments; arguments that are no JSON stay the text that the model wrote."""
    arguments = function.get("arguments") or "{}"
    try:
        parsed = json.loads(arguments) if isinstance(arguments, str) else arguments
    except (ValueError, RecursionError):
        parsed = arguments
    return {"name": str(function["name"]), "arguments": parsed}


def _logprob(logprobs: Any) -> float | None:
    tokens = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    return math.fsum(token["logprob"] for token in tokens) if tokens else None
