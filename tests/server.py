"""A real HTTP server on loopback that speaks OpenAI's formats, counts what it is asked, and misbehaves on order.

In a test:

    with serving(answer="add", script=("429:0.1", "reset")) as server:
        ... server.base_url ... server.stats() ...

In a process of its own, which outlives clients that are killed:

    python -m tests.server --answer add --delay 0.05 --rate 429=0.05 --rate reset=0.01

It writes one line, its port, on standard output and serves until it is ended. `GET /stats` gives
`{"calls": n, "received": {hash: n}, "answered": {hash: n}}`, where hash is the SHA-256 (hex) of the last message's
text, or of the prompt; `answered` counts replies that a client would have to pay for.

Faults: `429`, `500`, … (any status, `429:3` with Retry-After 3), `reset`, `truncated`, `html`, `not-json`,
`content-type`, `array`, `hang`, `slow` (one second more), `filter`, `overflow`, `wrong` (a wrong answer, later than the
right ones), `ok`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import random
import re
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.loopback import in_thread

ANSWERS: Mapping[str, Callable[[str], str]] = {
    "echo": lambda prompt: prompt,
    "add": lambda prompt: str(sum(int(digits) for digits in re.findall(r"\d{1,18}", prompt)[:2])),
}


@dataclass(frozen=True, kw_only=True)
class Form:
    """A wire format: where a request has its prompt, and what an answer with tokens in and out looks like."""

    prompt: Callable[[Any], str]
    completion: Callable[[str, int, int], dict[str, Any]]


def _usage(n_in: int, n_out: int) -> dict[str, Any]:
    details = {"prompt_tokens_details": {"cached_tokens": 0}}
    return {"usage": {"prompt_tokens": n_in, "completion_tokens": n_out, **details}}


def _chat(answer: str, n_in: int, n_out: int) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}
    return {"id": "chatcmpl-1", "object": "chat.completion", "choices": [choice], **_usage(n_in, n_out)}


def _text(answer: str, n_in: int, n_out: int) -> dict[str, Any]:
    choice = {"index": 0, "text": answer, "logprobs": None, "finish_reason": "stop"}
    return {"id": "cmpl-1", "object": "text_completion", "choices": [choice], **_usage(n_in, n_out)}


def _response(answer: str, n_in: int, n_out: int) -> dict[str, Any]:
    part = {"type": "output_text", "text": answer, "annotations": []}
    message = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [part]}
    usage = {"input_tokens": n_in, "output_tokens": n_out, "input_tokens_details": {"cached_tokens": 0}}
    return {"id": "resp_1", "object": "response", "status": "completed", "output": [message], "usage": usage}


FORMS: Mapping[str, Form] = {
    "/v1/chat/completions": Form(prompt=lambda body: str(body["messages"][-1]["content"]), completion=_chat),
    "/v1/responses": Form(prompt=lambda body: str(body["input"][-1]["content"]), completion=_response),
    "/v1/completions": Form(prompt=lambda body: str(body["prompt"]), completion=_text),
}


def prompt_hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


@dataclass(kw_only=True)
class Behaviour:
    answer: str = "echo"
    """`echo`, `add`, or any other text, which is then the answer."""
    delay_s: float = 0.0
    delay_most_s: float = 0.0
    """If more than `delay_s`, answers take between the two, by prompt."""
    wrong_delay_s: float = 0.0
    """How much longer a wrong answer takes."""
    script: tuple[str, ...] = ()
    """Faults of the first calls, in order of arrival."""
    rates: Mapping[str, float] = field(default_factory=dict)
    """Shares of the other calls that get a fault, decided by prompt and number of arrival: the same in every run."""
    seed: int = 0
    key: str | None = None
    """Without this bearer key a call is refused."""
    models: tuple[str, ...] = ()
    """Models that exist; all when empty."""
    bucket: str = ""
    """Calls a second, a slash, and how many may come at once: who finds the bucket empty gets status 429."""
    bucket_wait: str = "1"
    """What Retry-After says then; no such header when empty."""
    bucket_headers: bool = False
    """Whether every reply says what is left, as OpenAI's do."""


class Bucket:
    """A rate limit: `50/100` fills with 50 a second up to 100."""

    def __init__(self, text: str) -> None:
        self.rate, self.depth = (float(part) for part in text.split("/"))
        self.level, self.at = self.depth, 0.0
        self.refused = 0

    def take(self, now: float) -> bool:
        """Take one out; whether there was one."""
        self.level, self.at = min(self.depth, self.level + self.rate * (now - self.at)), now
        full = self.level >= 1
        self.level -= full
        self.refused += not full
        return full

    def headers(self) -> dict[str, str]:
        reset_ms = 1000 * (self.depth - self.level) / self.rate
        kinds = {"limit": f"{self.depth:.0f}", "remaining": f"{int(self.level)}", "reset": f"{reset_ms:.0f}ms"}
        return {f"x-ratelimit-{kind}-requests": text for kind, text in kinds.items()}


class Server:
    """The server's state; its own thread alone changes it."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.received: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.last_headers: dict[str, str] = {}
        self.last_body: Any = None
        self.port = 0
        self.begun: list[float] = []
        """When calls arrived."""
        self.bucket = Bucket(behaviour.bucket or "1/1")
        self._script = list(behaviour.script)
        self._released = asyncio.Event()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def stats(self) -> dict[str, Any]:
        """Ask the server itself, as a test in another process would."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/stats", timeout=10) as reply:
            stats: dict[str, Any] = json.load(reply)
        return stats

    async def start(self, port: int = 0) -> web.AppRunner:
        app = web.Application(client_max_size=64 * 2**20)
        for path in FORMS:
            app.router.add_post(path, self._complete)
        app.router.add_get("/stats", self._stats)
        app.on_response_prepare.append(self._say_what_is_left)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port, backlog=2048)
        await site.start()
        self.port = runner.addresses[0][1]
        return runner

    async def stop(self, runner: web.AppRunner) -> None:
        self._released.set()
        await runner.cleanup()
        # Handlers whose client has left; the loop must not be closed over them.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _stats(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"calls": self.received.total(), "received": dict(self.received), "answered": dict(self.answered)}
        )

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.last_headers, self.last_body = dict(request.headers), body
        prompt = FORMS[request.path].prompt(body)
        hashed = prompt_hash(prompt)
        self.received[hashed] += 1
        refused = self._refusal(request, body) or self._limited()
        if refused is not None:
            return refused
        fault = self._fault(hashed)
        longer = {"slow": 1.0, "wrong": self.behaviour.wrong_delay_s}.get(fault, 0.0)
        spread = max(0.0, self.behaviour.delay_most_s - self.behaviour.delay_s)
        await asyncio.sleep(self.behaviour.delay_s + spread * random.Random(hashed).random() + longer)
        if fault in {"ok", "slow", "wrong"}:
            self.answered[hashed] += 1
            return web.json_response(self._completion(request, body, "nothing" if fault == "wrong" else prompt))
        return await self._misbehave(fault, request, self._completion(request, body, prompt))

    def _refusal(self, request: web.Request, body: Mapping[str, Any]) -> web.Response | None:
        key, models = self.behaviour.key, self.behaviour.models
        if key is not None and request.headers.get("Authorization") != f"Bearer {key}":
            found = request.headers.get("Authorization", "")
            return _error(401, f"Incorrect API key provided: {found}", "invalid_api_key")
        if models and body["model"] not in models:
            return _error(404, f"The model `{body['model']}` does not exist", "model_not_found")
        return None

    def _limited(self) -> web.Response | None:
        self.begun.append(time.monotonic())
        if not self.behaviour.bucket or self.bucket.take(self.begun[-1]):
            return None
        wait = self.behaviour.bucket_wait
        return _error(429, "Rate limit reached", "rate_limit_exceeded", {"Retry-After": wait} if wait else {})

    async def _say_what_is_left(self, request: web.Request, response: web.StreamResponse) -> None:
        if self.behaviour.bucket_headers:
            response.headers.update(self.bucket.headers())

    def _fault(self, hashed: str) -> str:
        if self._script:
            return self._script.pop(0)
        rng = random.Random(f"{self.behaviour.seed} {hashed} {self.received[hashed]}")
        drawn = rng.random()
        for fault, rate in self.behaviour.rates.items():
            drawn -= rate
            if drawn < 0:
                return fault
        return "ok"

    def _completion(self, request: web.Request, body: Mapping[str, Any], prompt: str) -> dict[str, Any]:
        known = ANSWERS.get(self.behaviour.answer)
        answer = self.behaviour.answer if known is None else known(prompt)
        counts = (len(prompt) // 4 + 1, len(answer) // 4 + 1)
        return {"model": f"{body['model']}-2026-10-01", **FORMS[request.path].completion(answer, *counts)}

    async def _misbehave(self, fault: str, request: web.Request, completion: Any) -> web.StreamResponse:
        status, _, wait = fault.partition(":")
        if status.isdigit():
            return _error(int(status), f"fault {status}", "fault", {"Retry-After": wait} if wait else {})
        if fault in {"reset", "truncated"}:
            return await _cut(request, half=fault == "truncated", body=json.dumps(completion).encode())
        if fault == "hang":
            await self._released.wait()
        plain: dict[str, Callable[[], web.Response]] = {
            "html": lambda: web.Response(text="<html><body>Bad gateway</body></html>", content_type="text/html"),
            "not-json": lambda: web.Response(text="upstream sent nothing", content_type="application/json"),
            "content-type": lambda: web.Response(text=json.dumps(completion), content_type="text/plain"),
            "array": lambda: web.json_response([completion]),
            "shape": lambda: web.json_response({"choices": []}),
            "hang": lambda: web.Response(status=500),
            "filter": lambda: _error(400, "The prompt triggered the content management policy", "content_filter"),
            "overflow": lambda: _error(400, "maximum context length is 8192 tokens", "context_length_exceeded"),
        }
        return plain[fault]()


def _error(status: int, message: str, code: str, headers: Mapping[str, str] | None = None) -> web.Response:
    body = {"error": {"message": message, "type": "invalid_request_error", "code": code}}
    return web.json_response(body, status=status, headers=headers)


async def _cut(request: web.Request, *, half: bool, body: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    assert request.transport is not None
    if half:
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        request.transport.close()
    else:
        request.transport.abort()
    return response


@contextlib.contextmanager
def serving(**behaviour: Any) -> Iterator[Server]:
    """Serve from a thread of this process; the arguments are those of Behaviour."""
    server = Server(Behaviour(**behaviour))
    with in_thread(server.start, server.stop):
        yield server


async def _started(behaviour: Behaviour, port: int = 0) -> tuple[Server, web.AppRunner]:
    server = Server(behaviour)
    return server, await server.start(port)


async def _forever(behaviour: Behaviour, port: int) -> None:
    server, _ = await _started(behaviour, port)
    print(server.port, flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A chat server on loopback for tests.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--answer", default="echo", help="echo, add, or a fixed text")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--delay-most", type=float, default=0.0, help="seconds before the slowest answer")
    parser.add_argument("--script", default="", help="faults of the first calls, with commas between them")
    parser.add_argument("--rate", action="append", default=[], metavar="FAULT=SHARE")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--key")
    parser.add_argument("--bucket", default="", metavar="RATE/BURST", help="refuse with 429 what is faster: 50/50")
    options = parser.parse_args()
    rates = {fault: float(share) for fault, _, share in (one.partition("=") for one in options.rate)}
    script = tuple(fault for fault in options.script.split(",") if fault)
    behaviour = Behaviour(
        answer=options.answer,
        delay_s=options.delay,
        delay_most_s=options.delay_most,
        script=script,
        rates=rates,
        seed=options.seed,
        key=options.key,
        bucket=options.bucket,
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_forever(behaviour, options.port))


if __name__ == "__main__":
    main()
