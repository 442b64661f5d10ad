"""Cohere's chat, version 2.

Messages are sent as they are; the API says what it does not take, such as an empty one or a late system message.
Tokens are those that are billed: the price list is for them. The API counts others (its own instructions) beside them.

Source: https://docs.cohere.com/reference/chat; https://docs.cohere.com/reference/errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.adapter import Reply, ReplyError, Request, Sampling, count_of, logprob_of, refused
from evalkit.adapter.openai import tool_call
from evalkit.adapter.usage import Tokens
from evalkit.trial import Call, FinishReason, Response

_OURS = frozenset({"model", "messages", "stream", "n"})
_RENAMED = {"top_p": "p", "top_k": "k"}
_FINISH: Mapping[str, FinishReason] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
}


def build(call: Call, model: str, address: str) -> Request:
    """Build a chat request.

    Raises:
        AdapterError: If the format cannot say a setting.
    """
    sampling = Sampling(call.sampling, form="Cohere's format", ours=_OURS)
    sampling.refuse("top_logprobs", "logit_bias", "verbosity")
    body: dict[str, Any] = {
        "model": model,
        "messages": [message.as_json() for message in call.messages],
        "stream": False,
        **sampling.rename(_RENAMED),
    }
    most = sampling.take("max_completion_tokens", "max_tokens")
    if most is not None:
        body["max_tokens"] = most
    if stops := sampling.stops():
        body["stop_sequences"] = stops
    schema = sampling.answer_format()
    if schema:
        body["response_format"] = {"type": "json_object"} | ({} if schema is True else {"json_schema": schema})
    body |= _thinking(sampling) | _tools(sampling)
    return Request(method="POST", url=f"{address}/chat", body={**body, **sampling.left})


def _thinking(sampling: Sampling) -> dict[str, Any]:
    kinds = {"none": "disabled", "high": "enabled"}
    effort = sampling.take("reasoning_effort")
    if effort is None:
        return {}
    if effort not in kinds:
        raise sampling.wrong("reasoning_effort", effort, f"{' or '.join(kinds)} (or thinking: {{token_budget: …}})")
    return {"thinking": {"type": kinds[effort]}}


def _tools(sampling: Sampling) -> dict[str, Any]:
    functions = sampling.functions()
    kind, name = sampling.choice()
    if name is not None:
        raise sampling.wrong("tool_choice", name, '"auto", "none" or "required"')
    if sampling.take("parallel_tool_calls") is False:
        raise sampling.lacking("parallel_tool_calls false")
    if not functions:
        return {}
    strict = {bool(function.get("strict")) for function in functions}
    if len(strict) > 1:
        raise sampling.wrong("tools", "strict with some of them", "strict with all or with none")
    tools = [
        {"type": "function", "function": {key: value for key, value in function.items() if key != "strict"}}
        for function in functions
    ]
    choice = {} if kind == "auto" else {"tool_choice": kind.upper()}
    return {"tools": tools, **choice, **({"strict_tools": True} if strict == {True} else {})}


def parse(reply: Reply) -> Response:
    """Read a chat reply, or an error that is an observation."""
    if reply.status >= 300:
        return refused(reply)
    data = reply.json()
    ended = data["finish_reason"]
    if ended not in _FINISH:
        reason = "timeout" if ended == "TIMEOUT" else "provider-error"
        raise ReplyError(reason, f"found finish_reason {ended!r}, expected one of {', '.join(_FINISH)}")
    message = data["message"]
    return Response(
        text="".join(part["text"] for part in message.get("content") or () if part["type"] == "text"),
        finish_reason=_FINISH[ended],
        tool_calls=tuple(
            tool_call(call["function"]["name"], call["function"].get("arguments"))
            for call in message.get("tool_calls") or ()
        ),
        logprob=_logprob(data.get("logprobs")),
        **_tokens(data.get("usage")),
    )


def _logprob(chunks: Any) -> float | None:
    return logprob_of(value for chunk in chunks or () for value in chunk.get("logprobs") or ())


def _tokens(usage: Any) -> Tokens:
    return {
        "tokens_in": count_of(usage, "billed_units", "input_tokens"),
        "tokens_out": count_of(usage, "billed_units", "output_tokens"),
    }
