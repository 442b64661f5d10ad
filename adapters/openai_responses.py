"""OpenAI's responses.

Settings have the names and shapes of chat completions; they are put where this format has them. What it has no place
for is refused. A setting that chat completions do not know is sent as it is.

Source: https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.adapter import Reply, ReplyError, Request, Sampling, count_of
from evalkit.adapter.openai import cost_in, fingerprint_in, logprob_in, read_error, read_refusal, served_in, tool_call
from evalkit.adapter.usage import Tokens
from evalkit.trial import Call, FinishReason, Response

_OURS = frozenset({"model", "messages", "input", "instructions", "stream", "background", "n"})
_LACKING = ("stop", "seed", "presence_penalty", "frequency_penalty", "logit_bias")


def build(call: Call, model: str, address: str) -> Request:
    """Build a request for a response that the provider does not keep: it is asked for once, and nothing follows it."""
    body = {"model": model, **_prompt(call), "store": False, **_settings(call)}
    return Request(method="POST", url=f"{address}/responses", body=body)


def parse(reply: Reply) -> Response:
    """Read a response, or an error that is an observation."""
    if reply.status >= 300:
        return read_refusal(reply)
    data = reply.json()
    if data.get("error"):
        return read_error(reply, data["error"])
    if data.get("status", "completed") not in {"completed", "incomplete"}:
        raise ReplyError("provider-error", f"the response is {data['status']}: {reply.excerpt()}")
    output = data["output"]
    parts = [part for item in output if _is_answer(item) for part in item["content"]]
    text = _joined(parts, "output_text", "text")
    refusal = _joined(parts, "refusal", "refusal")
    calls = tuple(_tool_call(item) for item in output if item.get("type") in {"function_call", "custom_tool_call"})
    return Response(
        text=text or refusal,
        finish_reason=_finish(data, is_refusal=bool(refusal) and not text, is_call=bool(calls)),
        tool_calls=calls,
        served_model=served_in(data),
        fingerprint=fingerprint_in(data),
        cost_usd=cost_in(data.get("usage")),
        logprob=logprob_in({"content": [token for part in parts for token in part.get("logprobs") or ()]}),
        **_tokens(data.get("usage")),
    )


def _prompt(call: Call) -> dict[str, Any]:
    messages = [message.as_json() for message in call.messages]
    if len(messages) > 1 and messages[0]["role"] == "system":
        return {"instructions": messages[0]["content"], "input": messages[1:]}
    return {"input": messages}


def _settings(call: Call) -> dict[str, Any]:
    settings = Sampling(call.sampling, form="the responses format", ours=_OURS)
    settings.refuse(*_LACKING)
    sent = settings.rename({"max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens"})
    if settings.take("logprobs"):
        sent["include"] = [*(settings.take("include") or ()), "message.output_text.logprobs"]
    if effort := settings.take("reasoning_effort"):
        sent["reasoning"] = {**(settings.take("reasoning") or {}), "effort": effort}
    text = {"format": _flat(settings.take("response_format")), "verbosity": settings.take("verbosity")}
    if text := {name: value for name, value in text.items() if value is not None}:
        sent["text"] = {**(settings.take("text") or {}), **text}
    if tools := settings.take("tools"):
        sent["tools"] = [_tool(tool) for tool in tools]
    if choice := settings.take("tool_choice"):
        sent["tool_choice"] = _flat(choice)
    return {**settings.left, **sent}


def _flat(value: Any) -> Any:
    """Lift what chat completions nest under its type: `{"type": "function", "function": {"name": …}}`."""
    kind = value.get("type") if isinstance(value, Mapping) else None
    nested = value.get(kind) if isinstance(kind, str) else None
    if not isinstance(nested, Mapping):
        return value
    flat = {"type": kind, **nested}
    if isinstance(flat.get("tools"), list):  # of the choice allowed_tools
        flat["tools"] = [_flat(tool) for tool in flat["tools"]]
    return flat


def _tool(tool: Any) -> Any:
    flat = _flat(tool)
    if flat is tool or flat["type"] != "function":
        return flat
    # What chat completions take for granted: no parameters, and a schema that is not enforced.
    return {"parameters": None, "strict": False, **flat}


def _is_answer(item: Mapping[str, Any]) -> bool:
    """Whether it is part of the answer, not the model's reasoning or what it says on the way to one."""
    return item.get("type") == "message" and item.get("phase") != "commentary"


def _joined(parts: list[Any], kind: str, name: str) -> str:
    return "".join(part[name] for part in parts if part.get("type") == kind)


def _finish(data: Mapping[str, Any], *, is_refusal: bool, is_call: bool) -> FinishReason:
    if data.get("status") == "incomplete":
        reason = (data.get("incomplete_details") or {}).get("reason")
        return "content_filter" if reason == "content_filter" else "length"
    if is_refusal:
        return "refusal"
    return "tool_calls" if is_call else "stop"


def _tool_call(item: Mapping[str, Any]) -> dict[str, Any]:
    if item["type"] == "custom_tool_call":  # a tool that takes a text
        return {"name": str(item["name"]), "arguments": item["input"]}
    return tool_call(item["name"], item.get("arguments"))


def _tokens(usage: Any) -> Tokens:
    return {
        "tokens_in": count_of(usage, "input_tokens"),
        "tokens_out": count_of(usage, "output_tokens"),
        "tokens_cached": count_of(usage, "input_tokens_details", "cached_tokens"),
        "tokens_cache_write": count_of(usage, "input_tokens_details", "cache_write_tokens"),
        "tokens_reasoning": count_of(usage, "output_tokens_details", "reasoning_tokens"),
    }
