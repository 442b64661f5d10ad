"""Anthropic's messages.

System messages stand apart from the turns; the API itself joins consecutive turns of one role, and says what it does
not take, such as an empty message or, with some models, a last message of the assistant's. `max_tokens` is required:
it is 8,192 unless the suite or the user says otherwise.

Source: https://platform.claude.com/docs/en/api/messages; structured outputs, stop reasons and errors as their pages
there describe them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.adapter import Reply, ReplyError, Request, Sampling, count_of, refused, sum_of, system_apart
from evalkit.adapter.usage import Tokens
from evalkit.trial import Call, FinishReason, Response

MAX_TOKENS = 8192
"""What an answer may be long when nobody says it: enough for any shipped task, and no model of theirs refuses it."""

_OURS = frozenset({"model", "messages", "system", "stream", "n"})
_NOT_THERE = ("seed", "logprobs", "top_logprobs", "logit_bias", "frequency_penalty", "presence_penalty", "verbosity")

_FINISH: Mapping[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    # The answer filled the context: it is cut off like any other that is too long.
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "refusal",
}


def build(call: Call, model: str, address: str) -> Request:
    """Build a message.

    Raises:
        AdapterError: If the format cannot say a setting, or a system message comes late.
    """
    sampling = Sampling(call.sampling, form="Anthropic's format", ours=_OURS)
    sampling.refuse(*_NOT_THERE)
    system, turns = system_apart(call.messages)
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": sampling.take("max_completion_tokens", "max_tokens") or MAX_TOKENS,
        "messages": [turn.as_json() for turn in turns],
    }
    if system:
        body["system"] = system
    if stops := sampling.stops():
        body["stop_sequences"] = stops
    body |= _tools(sampling) | _output(sampling)
    return Request(method="POST", url=f"{address}/messages", body={**body, **sampling.left})


def _tools(sampling: Sampling) -> dict[str, Any]:
    tools = [_tool(function) for function in sampling.functions()]
    kind, name = sampling.choice()
    choice: dict[str, Any] = {"type": {"required": "any", "function": "tool"}.get(kind, kind)}
    if name is not None:
        choice["name"] = name
    if sampling.take("parallel_tool_calls") is False and kind != "none":
        choice["disable_parallel_tool_use"] = True
    if not tools:
        return {}
    # `auto` is what happens anyway.
    return {"tools": tools} if choice == {"type": "auto"} else {"tools": tools, "tool_choice": choice}


def _tool(function: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: function[name] for name in ("name", "description", "strict") if name in function}
    return {**kept, "input_schema": function.get("parameters") or {"type": "object"}}


def _output(sampling: Sampling) -> dict[str, Any]:
    """What `response_format` and `reasoning_effort` are here, beside what the user says of it in these terms."""
    config: dict[str, Any] = dict(sampling.take("output_config") or {})
    schema = sampling.answer_format()
    if schema is True:
        raise sampling.wrong("response_format", "json_object", 'a schema: {"type": "json_schema", "json_schema": {…}}')
    if schema:
        config["format"] = {"type": "json_schema", "schema": schema}
    effort = sampling.take("reasoning_effort")
    if effort not in (None, "none"):
        config["effort"] = effort
    thinking = {"thinking": {"type": "disabled"}} if effort == "none" else {}
    return thinking | ({"output_config": config} if config else {})


def parse(reply: Reply) -> Response:
    """Read a message, or an error that is an observation."""
    if reply.status >= 300:
        return refused(reply)
    data = reply.json()
    stopped = data["stop_reason"]
    if stopped not in _FINISH:
        # `pause_turn`, or one that came later: nobody knows whether the answer is whole, and asking again costs again.
        raise ReplyError("unfinished", f"found stop_reason {stopped!r}, expected one of {', '.join(_FINISH)}")
    blocks, served = data["content"], data.get("model")
    return Response(
        # Thinking blocks are not the answer.
        text="".join(block["text"] for block in blocks if block["type"] == "text"),
        finish_reason=_FINISH[stopped],
        tool_calls=tuple(
            {"name": str(block["name"]), "arguments": block["input"]} for block in blocks if block["type"] == "tool_use"
        ),
        served_model=served if isinstance(served, str) else None,
        **_tokens(data.get("usage")),
    )


def _tokens(usage: Any) -> Tokens:
    read, written = count_of(usage, "cache_read_input_tokens"), count_of(usage, "cache_creation_input_tokens")
    return {
        # `input_tokens` leaves out what was read from the cache or written to it.
        "tokens_in": sum_of(count_of(usage, "input_tokens"), read, written),
        "tokens_out": count_of(usage, "output_tokens"),
        "tokens_cached": read,
        "tokens_cache_write": written,
        "tokens_reasoning": count_of(usage, "output_tokens_details", "thinking_tokens"),
    }
