"""What programs read and write: `{"messages": […], "options": {…}}` in, a text or `{"text": …}` out."""

from __future__ import annotations

import json
from typing import Any

from evalkit.adapter import Reply, Request, number_of, tokens_of
from evalkit.trial import Call, Response


def build(call: Call, model: str, address: str) -> Request:
    """Build the JSON that a program gets; the model's name is all that tells it from another program's."""
    messages = [message.as_json() for message in call.messages]
    return Request(method="CALL", url=address, body={"messages": messages, "options": dict(call.sampling)})


def parse(reply: Reply) -> Response:
    """Read a JSON object with a text in `text`, else take the whole output as the text, without its last line break."""
    output = reply.body.decode("utf-8", "replace")
    answer = _structured(output)
    if answer is None:
        return Response(text=output.removesuffix("\n").removesuffix("\r"))
    calls = tuple({"name": str(one["name"]), "arguments": one.get("arguments", {})} for one in answer["tool_calls"])
    return Response(
        text=answer["text"],
        finish_reason="tool_calls" if calls else "stop",
        tool_calls=calls,
        logprob=number_of(answer.get("logprob")),
        **tokens_of(answer.get("usage")),
    )


def _structured(output: str) -> dict[str, Any] | None:
    # An answer may itself be JSON, such as a filled form: only `text` marks the envelope.
    if not output.lstrip().startswith("{"):
        return None
    try:
        answer = json.loads(output)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
        return None
    return {**answer, "tool_calls": answer.get("tool_calls") or []}
