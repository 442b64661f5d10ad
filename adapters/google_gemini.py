"""Google's Gemini API: `generateContent`.

The model stands in the address, system messages apart from the turns, and consecutive turns of one role are sent as one
with several parts, since the API wants roles to alternate; what else it does not take, such as an empty message, it
says itself. Settings go into `generationConfig`, those that the API has beside it (`safetySettings`, …) beside it.

Source: https://ai.google.dev/api/generate-content; https://ai.google.dev/gemini-api/docs/troubleshooting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from evalkit.adapter import (
    Reply,
    ReplyError,
    Request,
    Sampling,
    count_of,
    joined_turns,
    logprob_of,
    refused,
    sum_of,
    system_apart,
)
from evalkit.adapter.usage import Tokens
from evalkit.trial import Call, FinishReason, Response

_OURS = frozenset({"model", "contents", "systemInstruction", "generationConfig", "stream", "n", "candidateCount"})
_BESIDE = ("safetySettings", "cachedContent", "serviceTier", "store")
_RENAMED = {
    "top_p": "topP",
    "top_k": "topK",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "logprobs": "responseLogprobs",
    "top_logprobs": "logprobs",
}
_BUDGETS = {"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
"""Tokens of thought for models before Gemini 3, as Google maps `reasoning_effort`:
https://ai.google.dev/gemini-api/docs/openai."""

_FINISH: Mapping[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    # The model's own mistakes: the call that it tried is lost, what else it said is judged.
    "MALFORMED_FUNCTION_CALL": "stop",
    "UNEXPECTED_TOOL_CALL": "stop",
    "TOO_MANY_TOOL_CALLS": "stop",
    "MALFORMED_RESPONSE": "stop",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "MODEL_ARMOR": "content_filter",
}
_PER_DAY = re.compile(r"PerDay")
_SECONDS = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)s")


def build(call: Call, model: str, address: str) -> Request:
    """Build a `generateContent` request.

    Raises:
        AdapterError: If the format cannot say a setting, or a system message comes late.
    """
    sampling = Sampling(call.sampling, form="Gemini's format", ours=_OURS)
    sampling.refuse("logit_bias", "verbosity")
    system, turns = system_apart(call.messages)
    body: dict[str, Any] = {
        "contents": [
            {"role": "model" if role == "assistant" else role, "parts": [{"text": text} for text in texts]}
            for role, texts in joined_turns(turns)
        ]
    }
    if system:
        body["systemInstruction"] = {"parts": [{"text": system}]}
    body |= _tools(sampling) | sampling.rename({name: name for name in _BESIDE})
    config = _config(sampling, model)
    if config:
        body["generationConfig"] = config
    return Request(method="POST", url=f"{address}/models/{quote(model, safe='')}:generateContent", body=body)


def _config(sampling: Sampling, model: str) -> dict[str, Any]:
    config = sampling.rename(_RENAMED)
    most = sampling.take("max_completion_tokens", "max_tokens")
    if most is not None:
        config["maxOutputTokens"] = most
    if stops := sampling.stops():
        config["stopSequences"] = stops
    schema = sampling.answer_format()
    if schema:
        config["responseMimeType"] = "application/json"
    if isinstance(schema, Mapping):
        config["responseJsonSchema"] = schema
    effort = sampling.take("reasoning_effort")
    if effort is not None:
        config["thinkingConfig"] = _thinking(sampling, model, effort)
    return {**config, **sampling.left}


def _thinking(sampling: Sampling, model: str, effort: Any) -> dict[str, Any]:
    if effort == "none" or model.startswith("gemini-2"):
        if effort not in _BUDGETS:
            raise sampling.wrong("reasoning_effort", effort, ", ".join(_BUDGETS))
        return {"thinkingBudget": _BUDGETS[effort]}
    return {"thinkingLevel": effort}


def _tools(sampling: Sampling) -> dict[str, Any]:
    functions = sampling.functions()
    kind, name = sampling.choice()
    if sampling.take("parallel_tool_calls") is False:
        raise sampling.lacking("parallel_tool_calls false")
    if not functions:
        return {}
    # Only these two modes hold the model to a function's schema.
    strict = any(function.get("strict") for function in functions)
    mode = {"auto": "VALIDATED" if strict else "AUTO", "none": "NONE"}.get(kind, "ANY")
    calling = {"mode": mode} | ({} if name is None else {"allowedFunctionNames": [name]})
    return {
        "tools": [{"functionDeclarations": [_declaration(function) for function in functions]}],
        "toolConfig": {"functionCallingConfig": calling},
    }


def _declaration(function: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: function[name] for name in ("name", "description") if name in function}
    schema = function.get("parameters")
    return {**kept, "parametersJsonSchema": schema} if schema else kept


def parse(reply: Reply) -> Response:
    """Read a `generateContent` reply, or an error that is an observation."""
    if reply.status >= 300:
        return _refused(reply)
    data = reply.json()
    served, usage = data.get("modelVersion"), data.get("usageMetadata")
    served = served if isinstance(served, str) else None
    if not data.get("candidates") and data.get("promptFeedback", {}).get("blockReason"):
        return Response(text="", finish_reason="content_filter", served_model=served, **_tokens(usage))
    candidate = data["candidates"][0]
    ended = candidate["finishReason"]
    if ended not in _FINISH:
        raise ReplyError("provider-error", f"found finishReason {ended!r}, expected one of {', '.join(_FINISH)}")
    # An empty answer has no parts, or no content at all.
    parts = (candidate.get("content") or {}).get("parts") or []
    calls = tuple(_call(part["functionCall"]) for part in parts if "functionCall" in part)
    return Response(
        text="".join(part["text"] for part in parts if "text" in part and not part.get("thought")),
        finish_reason="tool_calls" if calls and ended == "STOP" else _FINISH[ended],
        tool_calls=calls,
        served_model=served,
        logprob=_logprob(candidate, usage),
        **_tokens(usage),
    )


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": str(call["name"]), "arguments": call.get("args", {})}


def _logprob(candidate: Mapping[str, Any], usage: Any) -> float | None:
    # Tokens of thought may be among them, and nothing says which: then it is not the answer's.
    chosen = (candidate.get("logprobsResult") or {}).get("chosenCandidates")
    if not chosen or count_of(usage, "thoughtsTokenCount"):
        return None
    return logprob_of(token["logProbability"] for token in chosen)


def _tokens(usage: Any) -> Tokens:
    thoughts = count_of(usage, "thoughtsTokenCount")
    return {
        "tokens_in": sum_of(count_of(usage, "promptTokenCount"), count_of(usage, "toolUsePromptTokenCount")),
        "tokens_out": sum_of(count_of(usage, "candidatesTokenCount"), thoughts),
        "tokens_cached": count_of(usage, "cachedContentTokenCount"),
        "tokens_reasoning": thoughts,
    }


def _refused(reply: Reply) -> Response:
    try:
        return refused(reply)
    except ReplyError as error:
        details = list(_details(reply))
        if reply.status == 429 and any(_PER_DAY.search(str(one.get("violations", ""))) for one in details):
            # It asks for a wait of seconds all the same; a day's quota comes back the next day.
            raise ReplyError("quota", str(error)) from error
        waits = (_SECONDS.fullmatch(str(one.get("retryDelay", ""))) for one in details)
        wait_s = next((float(wait[1]) for wait in waits if wait), None)
        raise ReplyError(error.reason, str(error), retry_after_s=wait_s) from error


def _details(reply: Reply) -> Iterator[Mapping[str, Any]]:
    """What an error says beside its message: which quota is used up, how long to wait."""
    try:
        error = reply.json_body().get("error")
    except ReplyError:
        return
    details = error.get("details") if isinstance(error, Mapping) else None
    yield from (one for one in details if isinstance(one, Mapping)) if isinstance(details, list) else ()
