"""OpenAI's older completions, which go on from a text: for base models.

The messages of a prompt become one text, with an empty line between them and nothing that names who speaks. Settings
have the names and shapes of chat completions; what this format has no place for is refused.

Source: https://platform.openai.com/docs/api-reference/completions
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
    tokens_in,
)
from evalkit.trial import Call, FinishReason, Response

_OURS = frozenset({"model", "messages", "prompt", "stream", "n", "echo"})
# Many servers pass over what they do not know.
_LACKING = ("tools", "tool_choice", "parallel_tool_calls", "reasoning_effort", "verbosity")

_FINISH: Mapping[str, FinishReason] = {"length": "length", "content_filter": "content_filter"}


def build(call: Call, model: str, address: str) -> Request:
    """Build a completion."""
    prompt = "\n\n".join(message.content for message in call.messages)
    body = {"model": model, "prompt": prompt, **_settings(call)}
    return Request(method="POST", url=f"{address}/completions", body=body)


def parse(reply: Reply) -> Response:
    """Read a completion, or an error that is an observation."""
    if reply.status >= 300:
        return read_refusal(reply)
    data = reply.json()
    choice = read_choice(reply, data)
    if isinstance(choice, Response):
        return choice
    text = choice["text"]
    if not isinstance(text, str):
        raise ReplyError("unexpected-reply", f"found a text of type {type(text).__name__}")
    return Response(
        text=text,
        finish_reason=_FINISH.get(choice.get("finish_reason") or "", "stop"),
        served_model=served_in(data),
        fingerprint=fingerprint_in(data),
        cost_usd=cost_in(data.get("usage")),
        logprob=logprob_in(choice.get("logprobs")),
        **tokens_in(data),
    )


def _settings(call: Call) -> dict[str, Any]:
    settings = Sampling(call.sampling, form="the completions format", ours=_OURS)
    settings.refuse(*_LACKING)
    sent = settings.rename({"max_completion_tokens": "max_tokens"})
    wanted, n_others = settings.take("logprobs"), settings.take("top_logprobs")
    if wanted is True:
        # A number here: of how many tokens beside the chosen one. Some servers (llama.cpp) take 0 for none at all.
        sent["logprobs"] = n_others or 1
    elif wanted:
        sent["logprobs"] = wanted
    elif n_others:
        raise settings.wrong("top_logprobs", n_others, "it only beside logprobs: true")
    return {**settings.left, **sent}
