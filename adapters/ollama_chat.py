"""Ollama's own chat format, `/api/chat`.

Left alone, Ollama shortens a prompt that is longer than the context it was started with (often 4,096 tokens, whatever
the model could take), and answers what is left without a word. `truncate: false` is sent, so that it says so instead;
`-M num_ctx=…` asks for a longer context. Older servers do not know `truncate` here, and go on shortening: there
`tokens_in` that stops growing with the prompt is the only sign.

Messages are sent as they are, whatever their order: the model's template decides. Settings go into `options`, those
that the API has beside it (`keep_alive`, `think`, …) beside it.

Source: https://docs.ollama.com/api/chat; https://docs.ollama.com/api/errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.adapter import Reply, ReplyError, Request, Sampling, count_of, logprob_of, refused, said_in
from evalkit.adapter.usage import Tokens
from evalkit.trial import Call, FinishReason, Response

_OURS = frozenset({"model", "messages", "options", "stream", "n", "format"})
_BESIDE = ("keep_alive", "think", "shift", "truncate", "logprobs", "top_logprobs")
_FINISH: Mapping[str, FinishReason] = {"stop": "stop", "length": "length"}
_TOO_LONG = "exceeds the context length"


def build(call: Call, model: str, address: str) -> Request:
    """Build a chat request.

    Raises:
        AdapterError: If the format cannot say a setting.
    """
    sampling = Sampling(call.sampling, form="Ollama's format", ours=_OURS)
    # It passes over options that it does not know.
    sampling.refuse("logit_bias", "verbosity")
    body: dict[str, Any] = {
        "model": model,
        "messages": [message.as_json() for message in call.messages],
        "stream": False,
        "truncate": False,
        **sampling.rename({name: name for name in _BESIDE}),
    }
    schema = sampling.answer_format()
    if schema:
        body["format"] = "json" if schema is True else schema
    effort = sampling.take("reasoning_effort")
    if effort is not None:
        body["think"] = False if effort == "none" else effort
    tools = _tools(sampling)
    if tools:
        body["tools"] = tools
    options = _options(sampling)
    return Request(method="POST", url=f"{address}/chat", body={**body, "options": options} if options else body)


def _options(sampling: Sampling) -> dict[str, Any]:
    most, stops = sampling.take("max_completion_tokens", "max_tokens"), sampling.stops()
    options: dict[str, Any] = {} if most is None else {"num_predict": most}
    if stops:
        options["stop"] = stops
    return {**options, **sampling.left}


def _tools(sampling: Sampling) -> list[dict[str, Any]]:
    functions = sampling.functions()
    kind, _ = sampling.choice()
    if kind != "auto":
        raise sampling.lacking(f'tool_choice "{kind}"')
    if sampling.take("parallel_tool_calls") is False:
        raise sampling.lacking("parallel_tool_calls false")
    if any(function.get("strict") for function in functions):
        raise sampling.lacking("tools with strict true")
    return [{"type": "function", "function": function} for function in functions]


def parse(reply: Reply) -> Response:
    """Read a chat reply, or an error that is an observation."""
    if reply.status >= 300:
        said = said_in(reply)
        if _TOO_LONG in said:  # whatever the status: some versions say it with 500
            return Response(text="", finish_reason="context_overflow")
        return refused(reply, said)
    data = reply.json()
    if "error" in data:
        raise ReplyError("provider-error", f"the server answers with an error: {reply.excerpt()}")
    # Older servers name no reason.
    ended = data.get("done_reason", "stop")
    if not data["done"] or ended not in _FINISH:
        raise ReplyError("provider-error", f"found an answer that did not end: {reply.excerpt()}")
    return _response(data, _FINISH[ended])


def _response(data: Mapping[str, Any], finish: FinishReason) -> Response:
    message, served = data["message"], data.get("model")
    text = message["content"]
    if not isinstance(text, str):
        raise ReplyError("unexpected-reply", f"found content of type {type(text).__name__}, expected text")
    calls = tuple(
        {"name": str(call["function"]["name"]), "arguments": call["function"].get("arguments", {})}
        for call in message.get("tool_calls") or ()
    )
    # With thoughts, their tokens are among those that have a log-probability.
    tokens = None if message.get("thinking") else data.get("logprobs")
    counts: Tokens = {"tokens_in": count_of(data, "prompt_eval_count"), "tokens_out": count_of(data, "eval_count")}
    return Response(
        text=text,
        finish_reason="tool_calls" if calls and finish == "stop" else finish,
        tool_calls=calls,
        served_model=served if isinstance(served, str) else None,
        logprob=logprob_of(token["logprob"] for token in tokens or ()),
        **counts,
    )
