"""Real HTTP servers on loopback that speak the formats of Anthropic, Google, Ollama and Cohere, errors included.

In a test:

    with speaking("anthropic", script=("429", "refusal")) as server:
        … server.base_url, server.calls, server.last_body …

The first calls get what the script says, one each; all others, and `ok`, are answered with the sum of the last
message's first two numbers. Each format knows the faults of its entry in FORMATS; `429` asks for a wait of no time.
Without the key `KEY` a call gets `401`, except from Ollama's, which asks for none.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.loopback import in_thread

KEY = "k-0b7e-found-nowhere"

Said = tuple[int, Any]
"""Status and body."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """What a server says in one of the formats."""

    path: str
    key: Mapping[str, str]
    """Headers that a call must have."""
    prompt: Callable[[Any], str]
    """The last message's text, out of a request's body."""
    answer: Callable[[str], Any]
    faults: Mapping[str, Said]


def _anthropic(text: str, stop: str = "end_turn") -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-1-20261001",
        "content": [{"type": "text", "text": text}],
        "stop_reason": stop,
        "usage": {"input_tokens": 9, "output_tokens": 1, "cache_read_input_tokens": 4},
    }


def _anthropic_error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}


def _google(text: str, finish: str = "STOP") -> dict[str, Any]:
    return {
        "candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": finish}],
        "usageMetadata": {"promptTokenCount": 13, "candidatesTokenCount": 1, "cachedContentTokenCount": 4},
        "modelVersion": "gemini-1-001",
    }


def _google_error(code: int, status: str, message: str, *details: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "status": status, "details": list(details)}}


def _ollama(text: str, reason: str = "stop") -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    counts = {"prompt_eval_count": 13, "eval_count": 1}
    return {"model": "llama1", "message": message, "done": True, "done_reason": reason, **counts}


def _cohere(text: str, finish: str = "COMPLETE") -> dict[str, Any]:
    message = {"role": "assistant", "content": [{"type": "text", "text": text}]}
    usage = {"billed_units": {"input_tokens": 13, "output_tokens": 1}}
    return {"id": "1", "finish_reason": finish, "message": message, "usage": usage}


def _wait(seconds: str) -> dict[str, str]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": seconds}


FORMATS: Mapping[str, Format] = {
    "anthropic": Format(
        path="/v1/messages",
        key={"x-api-key": KEY, "anthropic-version": "2023-06-01"},
        prompt=lambda body: body["messages"][-1]["content"],
        answer=_anthropic,
        faults={
            "401": (401, _anthropic_error("authentication_error", "invalid x-api-key")),
            "429": (429, _anthropic_error("rate_limit_error", "This request would exceed your account's rate limit.")),
            "overflow": (400, _anthropic_error("invalid_request_error", "prompt is too long: 9 tokens > 8 maximum")),
            "length": (200, _anthropic("The", "max_tokens")),
            "filtered": (400, _anthropic_error("invalid_request_error", "Output blocked by content filtering policy")),
            "refusal": (200, _anthropic("", "refusal")),
        },
    ),
    "google": Format(
        path="/v1beta/models/{model}:generateContent",
        key={"x-goog-api-key": KEY},
        prompt=lambda body: body["contents"][-1]["parts"][-1]["text"],
        answer=_google,
        faults={
            "401": (400, _google_error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")),
            "429": (429, _google_error(429, "RESOURCE_EXHAUSTED", "You exceeded your quota.", _wait("0.001s"))),
            "hours": (429, _google_error(429, "RESOURCE_EXHAUSTED", "You exceeded your quota.", _wait("65205s"))),
            "overflow": (400, _google_error(400, "INVALID_ARGUMENT", "The input token count exceeds the maximum.")),
            "length": (200, _google("The", "MAX_TOKENS")),
            "filtered": (200, {"promptFeedback": {"blockReason": "SAFETY"}}),
        },
    ),
    "ollama": Format(
        path="/api/chat",
        key={},
        prompt=lambda body: body["messages"][-1]["content"],
        answer=_ollama,
        faults={
            "404": (404, {"error": 'model "llama1" not found, try pulling it first'}),
            "429": (429, {"error": "too many requests"}),
            "overflow": (400, {"error": "the input length exceeds the context length"}),
            "length": (200, _ollama("The", "length")),
        },
    ),
    "cohere": Format(
        path="/v2/chat",
        key={"Authorization": f"Bearer {KEY}"},
        prompt=lambda body: body["messages"][-1]["content"],
        answer=_cohere,
        faults={
            "401": (401, {"id": "1", "message": "invalid api token"}),
            "429": (429, {"id": "1", "message": "limited to 20 API calls / minute"}),
            "overflow": (400, {"id": "1", "message": "too many tokens: size limit exceeded by 11326 tokens."}),
            "length": (200, _cohere("The", "MAX_TOKENS")),
        },
    ),
}


class WireServer:
    """The server's state; its own thread alone changes it."""

    def __init__(self, form: Format, script: tuple[str, ...]) -> None:
        self.calls = 0
        self.last_body: Any = None
        self.last_path = ""
        self.port = 0
        self._form, self._script = form, list(script)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post(self._form.path, self._reply)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        return runner

    async def _reply(self, request: web.Request) -> web.Response:
        self.calls += 1
        self.last_body, self.last_path = await request.json(), request.path
        if any(request.headers.get(name) != value for name, value in self._form.key.items()):
            return self._say("401")
        fault = self._script.pop(0) if self._script else "ok"
        if fault != "ok":
            return self._say(fault)
        numbers = re.findall(r"\d{1,18}", self._form.prompt(self.last_body))
        return web.json_response(self._form.answer(str(sum(int(digits) for digits in numbers[:2]))))

    def _say(self, fault: str) -> web.Response:
        status, body = self._form.faults[fault]
        # Google says in the body how long to wait, and nothing in a header.
        waits = {} if "details" in body.get("error", ()) else {"Retry-After": "0"}
        return web.json_response(body, status=status, headers=waits if status == 429 else {})


@contextlib.contextmanager
def speaking(name: str, *, script: tuple[str, ...] = ()) -> Iterator[WireServer]:
    """Serve one of the formats from a thread of this process."""
    server = WireServer(FORMATS[name], script)
    with in_thread(server.start):
        yield server
