"""OpenAI's chat completions, as many servers speak them.

Source: https://platform.openai.com/docs/api-reference/chat; what other servers do otherwise is said where it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.adapter import Reply, ReplyError, Request, Sampling
from evalkit.adapter.openai import (
    cost_in,
    fingerprint_in,
    logprob_in,
    read_choice,
    read_refusal,
    served_in,
    target_in,
    tokens_in,
    tool_call,
)
from evalkit.trial import Call, FinishReason, Response

_OURS = frozenset({"model", "messages", "stream", "n", "target"})

_FINISH: Mapping[str, FinishReason] = {
    "length": "length",
    "model_length": "length",  # Mistral: the context is full
    "model_context_window_exceeded": "length",  # Z.ai behind a router, as the next
    "sensitive": "content_filter",
    "content_filter": "content_filter",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "refusal": "refusal",
}


def build(call: Call, model: str, address: str) -> Request:
    """Build a chat completion."""
    settings = Sampling(call.sampling, form="chat completions", ours=_OURS)
    messages = [message.as_json() for message in call.messages]
    body = {"model": model, "messages": messages, **settings.left}
    if call.target is not None:
        body["target"] = call.target
    return Request(method="POST", url=f"{address}/chat/completions", body=body)


def parse(reply: Reply) -> Response:
    """Read a chat completion, or an error that is an observation."""
    if reply.status >= 300:
        written = _failed_generation(reply)
        return read_refusal(reply) if written is None else Response(text=written)
    data = reply.json()
    choice = read_choice(reply, data)
    if isinstance(choice, Response):
        return choice
    return _response(data, choice)


def _failed_generation(reply: Reply) -> str | None:
    """What the model wrote, when Groq refuses it as not the JSON or the tool call that was asked for."""
    try:
        error = reply.json_body().get("error")
    except ReplyError:
        return None
    written = error.get("failed_generation") if isinstance(error, Mapping) else None
    return written if isinstance(written, str) else None


def _response(data: Mapping[str, Any], choice: Mapping[str, Any]) -> Response:
    message = choice["message"]
    text, finish = _text(message.get("content")), _finish(choice)
    calls = tuple(_tool_call(one) for one in message.get("tool_calls") or ())
    if message.get("refusal") and not text:
        text, finish = _text(message["refusal"]), "refusal"
    return Response(
        text=text,
        finish_reason=finish,
        tool_calls=calls,
        served_model=served_in(data),
        fingerprint=fingerprint_in(data),
        cost_usd=cost_in(data.get("usage")),
        logprob=_logprob(choice.get("logprobs"), message),
        **target_in(choice),
        **tokens_in(data),
    )


def _logprob(logprobs: Any, message: Mapping[str, Any]) -> float | None:
    # Servers that part thoughts from the answer (vLLM) have both in one list; DeepSeek has the thoughts' beside it.
    thought = message.get("reasoning_content") or message.get("reasoning")
    apart = isinstance(logprobs, Mapping) and "reasoning_content" in logprobs
    return logprob_in(logprobs) if apart or not thought else None


def _finish(choice: Mapping[str, Any]) -> FinishReason:
    # OpenRouter has five reasons for all providers, which know no refusal; the provider's own is beside it.
    finish = _FINISH.get(choice.get("finish_reason") or "", "stop")
    return "refusal" if choice.get("native_finish_reason") == "refusal" else finish


def _text(content: Any) -> str:
    if content is None:
        return ""
    if isinstance(content, list):
        # Reasoning models of some providers (Mistral) answer in parts; only those of type text are the answer.
        return "".join(part["text"] for part in content if part.get("type") == "text")
    if not isinstance(content, str):
        raise ReplyError("unexpected-reply", f"found content of type {type(content).__name__}, expected text")
    return content


def _tool_call(one: Mapping[str, Any]) -> dict[str, Any]:
    if one.get("type") == "custom":  # a tool that takes a text
        return {"name": str(one["custom"]["name"]), "arguments": one["custom"]["input"]}
    return tool_call(one["function"]["name"], one["function"].get("arguments"))
