"""A real HTTP server on loopback that speaks the batch APIs of OpenAI and Anthropic, counts, and misbehaves on order.

In a test:

    with serving(answer="add", faults={"create": ["lost"]}) as server:
        ... server.base_url ... server.paid ...

In a process of its own, which outlives clients that are killed:

    python -m tests.batch_server --seconds 0.3 --delay 0.02

It writes one line, its port, on standard output and serves until it is ended. `GET /stats` gives
`{"batches": n, "paid": {prompt: n}, "asked": {prompt: n}}`: how often each prompt was in a batch, and how often it was
answered there, which is what a client pays for.

Faults of the first requests of a kind (`upload`, `create`, `poll`, `list`, `results`): a status such as `500`, or
`429:0.05` with Retry-After; `reset` (nothing is done); `lost` (it is done, but the connection is cut before the reply);
`500-after` (it is done, and the reply is an error); `ok`.

Fates of a prompt, one for each time it is handed in: `answered`, `expired`, `cancelled`, `missing`, `overloaded`,
`filter`, `overflow`, `invalid`, `refusing-key`, `no-json`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.loopback import in_thread
from tests.server import ANSWERS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
KEY = "sk-test-key"
"""As long as real ones at least: shorter words are not masked where a provider quotes them."""


@dataclass(kw_only=True)
class Behaviour:
    answer: str = "add"
    """`echo`, `add`, or any other text, which is then the answer."""
    seconds: float = 0.0
    """How long a batch takes."""
    delay: float = 0.0
    """How long the making of a batch takes, half before it is made and half before the reply."""
    poll_after: str = "0.02"
    """What replies to polls say in Retry-After; "" for nothing."""
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)
    fates: Mapping[str, Sequence[str]] = field(default_factory=dict)
    problems: Sequence[tuple[str, str]] = ()
    """Code and message with which the first batches are refused as a whole (OpenAI)."""
    ends: Sequence[str] = ()
    """The status with which the first batches end, instead of `completed` (OpenAI)."""
    most_waiting: int = 10**9
    """Requests that may wait at a time (OpenAI)."""
    others: int = 0
    """Batches of other people in the account, made together with each of ours."""
    key: str = KEY


@dataclass(kw_only=True)
class MadeBatch:
    id: str
    made: float
    created: datetime
    custom_ids: list[str]
    lines: list[dict[str, Any]]
    input_file: str | None = None
    metadata: Any = None
    endpoint: str = ""
    problem: tuple[str, str] | None = None
    end: str = "completed"


class BatchServer:
    """The server's state; its own thread alone changes it."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, MadeBatch] = {}
        self.asked: Counter[str] = Counter()
        self.paid: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self.headers: dict[str, str] = {}
        self.uploads: list[str] = []
        self.port = 0
        self._faults = {kind: list(faults) for kind, faults in behaviour.faults.items()}
        self._problems, self._ends = list(behaviour.problems), list(behaviour.ends)
        self._numbers = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sizes(self) -> list[int]:
        """How many requests each batch of ours has, in the order of making."""
        return [len(batch.custom_ids) for batch in self.batches.values() if batch.id.startswith("batch_ours")]

    async def start(self) -> web.AppRunner:
        app = web.Application(client_max_size=512 * 2**20)
        routes: Sequence[tuple[str, str, str, Handler]] = (
            ("POST", "/v1/files", "upload", self._upload),
            ("POST", "/v1/batches", "create", self._create),
            ("GET", "/v1/batches", "list", self._list),
            ("GET", "/v1/batches/{id}", "poll", self._poll),
            ("GET", "/v1/files/{id}/content", "results", self._content),
            ("POST", "/v1/messages/batches", "create", self._create_messages),
            ("GET", "/v1/messages/batches", "list", self._list_messages),
            ("GET", "/v1/messages/batches/{id}", "poll", self._poll_messages),
            ("GET", "/v1/messages/batches/{id}/results", "results", self._message_results),
        )
        for method, path, kind, handler in routes:
            app.router.add_route(method, path, self._guarded(kind, handler))
        app.router.add_get("/stats", self._stats)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        return runner

    def _guarded(self, kind: str, handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.requests[kind] += 1
            self.headers = dict(request.headers)
            given = request.headers.get("x-api-key") or request.headers.get("Authorization", "").removeprefix("Bearer ")
            if given != self.behaviour.key:
                return _error(401, f"Incorrect API key provided: {given}", "invalid_api_key")
            fault = self._faults[kind].pop(0) if self._faults.get(kind) else "ok"
            status, _, wait = fault.partition(":")
            if status.isdigit():
                return _error(int(status), f"fault {status}", "fault", {"Retry-After": wait} if wait else None)
            if fault == "reset":
                return _cut(request)
            reply = await handler(request)
            if fault == "lost":
                return _cut(request)
            return _error(500, "fault", "fault") if fault == "500-after" else reply

        return handle

    async def _stats(self, request: web.Request) -> web.Response:
        return web.json_response({"batches": len(self.sizes), "paid": dict(self.paid), "asked": dict(self.asked)})

    def _new_id(self, kind: str) -> str:
        self._numbers += 1
        return f"{kind}{self._numbers}"

    def _fate(self, prompt: str) -> str:
        fates = self.behaviour.fates.get(prompt, ())
        fate = fates[self.asked[prompt]] if self.asked[prompt] < len(fates) else "answered"
        self.asked[prompt] += 1
        if fate in {"answered", "no-json"}:
            self.paid[prompt] += 1
        return fate

    def _answer(self, prompt: str) -> str:
        known = ANSWERS.get(self.behaviour.answer)
        return self.behaviour.answer if known is None else known(prompt)

    def _ended(self, batch: MadeBatch) -> bool:
        return time.monotonic() - batch.made >= self.behaviour.seconds

    # --- OpenAI

    async def _upload(self, request: web.Request) -> web.Response:
        fields: dict[str, bytes] = {}
        reader = await request.multipart()
        async for part in reader:
            fields[str(part.name)] = bytes(await part.read())  # type: ignore[union-attr]
            if part.filename:  # type: ignore[union-attr]
                self.uploads.append(part.filename)  # type: ignore[union-attr]
        if fields.get("purpose") != b"batch":
            return _error(400, "purpose must be batch", "invalid_purpose")
        name = self._new_id("file-")
        self.files[name] = fields["file"]
        return web.json_response({"id": name, "object": "file", "bytes": len(fields["file"]), "purpose": "batch"})

    async def _create(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["completion_window"] != "24h" or body["input_file_id"] not in self.files:
            return _error(400, "no such file or window", "invalid_request")
        await asyncio.sleep(self.behaviour.delay / 2)
        entries = [json.loads(line) for line in self.files[body["input_file_id"]].splitlines()]
        problem = self._refused(entries, body["endpoint"])
        batch = MadeBatch(
            id=self._new_id("batch_ours"),
            made=time.monotonic(),
            created=datetime.now(UTC),
            custom_ids=[entry["custom_id"] for entry in entries],
            lines=[] if problem else [self._line(entry) for entry in entries],
            input_file=body["input_file_id"],
            metadata=body.get("metadata"),
            endpoint=body["endpoint"],
            problem=problem,
            end=self._ends.pop(0) if self._ends else "completed",
        )
        self.batches[batch.id] = batch
        self._others(batch)
        await asyncio.sleep(self.behaviour.delay / 2)
        return web.json_response(self._batch(batch, state="validating"))

    def _refused(self, entries: Sequence[Mapping[str, Any]], endpoint: str) -> tuple[str, str] | None:
        if self._problems:
            return self._problems.pop(0)
        if len({entry["custom_id"] for entry in entries}) < len(entries):
            return "duplicate_custom_id", "custom ids must be unique"
        if any(entry["url"] != endpoint or entry["method"] != "POST" for entry in entries):
            return "mismatched_endpoint", "all lines must have the batch's endpoint"
        waiting = sum(len(other.lines) for other in self.batches.values() if not self._ended(other))
        if waiting + len(entries) > self.behaviour.most_waiting:
            return "token_limit_exceeded", "Enqueued token limit reached for m in organization org-1."
        return None

    def _line(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        body, prompt = entry["body"], entry["body"]["messages"][-1]["content"]
        fate = self._fate(prompt)
        line: dict[str, Any] = {"id": "r", "custom_id": entry["custom_id"], "response": None, "error": None, "_": fate}
        errors = {
            "overloaded": (500, "The server had an error", "server_error"),
            "filter": (400, "The prompt triggered the content management policy", "content_filter"),
            "overflow": (400, "maximum context length is 8192 tokens", "context_length_exceeded"),
            "invalid": (400, "temperature: expected at most 2", "invalid_value"),
            "refusing-key": (401, "Incorrect API key provided", "invalid_api_key"),
        }
        if fate in errors:
            status, message, code = errors[fate]
            line["response"] = {"status_code": status, "body": {"error": {"message": message, "code": code}}}
        elif fate in {"expired", "cancelled"}:
            line["error"] = {"code": f"batch_{fate}", "message": "This request could not be executed"}
        else:
            text = self._answer(prompt)
            choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            usage = {"prompt_tokens": 10, "completion_tokens": 2}
            completion = {"id": "c", "model": f"{body['model']}-2026-10-01", "choices": [choice], "usage": usage}
            line["response"] = {"status_code": 200, "body": {} if fate == "no-json" else completion}
        return line

    def _batch(self, batch: MadeBatch, state: str | None = None) -> dict[str, Any]:
        ended = self._ended(batch)
        status = state or ("failed" if batch.problem else batch.end if ended else "in_progress")
        files = {
            name: f"{which}-{batch.id}"
            if ended and any(_is_error(line) == (which == "err") for line in batch.lines)
            else None
            for name, which in (("output_file_id", "out"), ("error_file_id", "err"))
        }
        problems = [{"code": batch.problem[0], "message": batch.problem[1], "line": None}] if batch.problem else []
        return {
            "id": batch.id,
            "object": "batch",
            "endpoint": batch.endpoint,
            "status": status,
            "input_file_id": batch.input_file,
            "completion_window": "24h",
            "created_at": int(batch.created.timestamp()),
            "errors": {"object": "list", "data": problems} if problems else None,
            "request_counts": {"total": len(batch.lines), "completed": 0, "failed": 0},
            "metadata": batch.metadata,
            **files,
        }

    async def _poll(self, request: web.Request) -> web.Response:
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return _error(404, "No batch found with that id", "not_found")
        return web.json_response(self._batch(batch), headers=self._again())

    def _again(self) -> dict[str, str]:
        return {"Retry-After": self.behaviour.poll_after} if self.behaviour.poll_after else {}

    async def _list(self, request: web.Request) -> web.Response:
        page, more = self._page(request.query.get("after"))
        return web.json_response({"object": "list", "data": [self._batch(batch) for batch in page], "has_more": more})

    def _page(self, after: str | None) -> tuple[list[MadeBatch], bool]:
        """Newest first, two a page."""
        newest = list(reversed(self.batches.values()))
        start = 0 if after is None else 1 + next(at for at, batch in enumerate(newest) if batch.id == after)
        return newest[start : start + 2], start + 2 < len(newest)

    async def _content(self, request: web.Request) -> web.Response:
        which, _, name = request.match_info["id"].partition("-")
        lines = [
            line for line in self.batches[name].lines if _is_error(line) == (which == "err") and line["_"] != "missing"
        ]
        # Results may come in any order.
        text = "".join(json.dumps(line) + "\n" for line in reversed(lines))
        return web.Response(body=text.encode(), content_type="application/octet-stream")

    def _others(self, batch: MadeBatch) -> None:
        """Batches that look like ours, and are not."""
        for _ in range(self.behaviour.others):
            name = self._new_id("batch_theirs")
            custom_ids = [f"theirs-{at}" for at in range(len(batch.custom_ids))]
            self.batches[name] = MadeBatch(
                id=name, made=batch.made, created=batch.created, custom_ids=custom_ids, lines=[{"_": "theirs"}]
            )

    # --- Anthropic

    async def _create_messages(self, request: web.Request) -> web.Response:
        entries = (await request.json())["requests"]
        if request.headers.get("anthropic-version") != "2023-06-01":
            return _error(400, "anthropic-version: header is required", "invalid_request_error")
        await asyncio.sleep(self.behaviour.delay / 2)
        batch = MadeBatch(
            id=self._new_id("batch_ours"),
            made=time.monotonic(),
            created=datetime.now(UTC),
            custom_ids=[entry["custom_id"] for entry in entries],
            lines=[self._message_line(entry) for entry in entries],
        )
        self.batches[batch.id] = batch
        self._others(batch)
        await asyncio.sleep(self.behaviour.delay / 2)
        return web.json_response(self._message_batch(batch))

    def _message_line(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        body, prompt = entry["params"], entry["params"]["messages"][-1]["content"]
        fate = self._fate(prompt)
        errors = {
            "overloaded": ("overloaded_error", "Overloaded"),
            "filter": ("invalid_request_error", "Output blocked by content filtering policy"),
            "overflow": ("invalid_request_error", "prompt is too long: 208310 tokens > 200000 maximum"),
            "invalid": ("invalid_request_error", "temperature: expected at most 1"),
            "refusing-key": ("authentication_error", "invalid x-api-key"),
        }
        if fate in errors:
            kind, message = errors[fate]
            error = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "r"}
            result: dict[str, Any] = {"type": "errored", "error": error}
        elif fate in {"expired", "cancelled"}:
            result = {"type": fate.replace("cancelled", "canceled")}
        else:
            content = [{"type": "text", "text": self._answer(prompt)}]
            usage = {"input_tokens": 10, "output_tokens": 2}
            message_body = {
                "id": "m",
                "type": "message",
                "role": "assistant",
                "model": body["model"],
                "content": content,
            }
            message_body |= {"stop_reason": "end_turn", "usage": usage}
            result = {"type": "succeeded", "message": {} if fate == "no-json" else message_body}
        return {"custom_id": entry["custom_id"], "result": result, "_": fate}

    def _message_batch(self, batch: MadeBatch) -> dict[str, Any]:
        ended, n = self._ended(batch), len(batch.custom_ids)
        counts = {"processing": 0 if ended else n, "succeeded": n if ended else 0}
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": {**counts, "errored": 0, "canceled": 0, "expired": 0},
            "created_at": batch.created.isoformat().replace("+00:00", "Z"),
            "ended_at": None,
            # Where a client that trusts it would send its key.
            "results_url": "http://127.0.0.1:1/elsewhere" if ended else None,
        }

    async def _poll_messages(self, request: web.Request) -> web.Response:
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return _error(404, "Not found", "not_found_error")
        return web.json_response(self._message_batch(batch), headers=self._again())

    async def _list_messages(self, request: web.Request) -> web.Response:
        page, more = self._page(request.query.get("after_id"))
        data = [self._message_batch(batch) for batch in page]
        return web.json_response({"data": data, "has_more": more, "last_id": page[-1].id if page else None})

    async def _message_results(self, request: web.Request) -> web.Response:
        batch = self.batches[request.match_info["id"]]
        lines = batch.lines
        if batch.id.startswith("batch_theirs"):
            lines = [{"custom_id": name, "result": {"type": "expired"}, "_": ""} for name in batch.custom_ids]
        text = "".join(json.dumps(line) + "\n" for line in reversed(lines) if line["_"] != "missing")
        return web.Response(body=text.encode(), content_type="application/x-jsonl")


def _is_error(line: Mapping[str, Any]) -> bool:
    response = line.get("response")
    return response is None or response["status_code"] != 200


def _error(status: int, message: str, code: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(
        {"error": {"message": message, "type": code, "code": code}}, status=status, headers=headers
    )


def _cut(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.StreamResponse()


@contextlib.contextmanager
def serving(**behaviour: Any) -> Iterator[BatchServer]:
    """Serve from a thread of this process; the arguments are those of Behaviour."""
    server = BatchServer(Behaviour(**behaviour))
    with in_thread(server.start):
        yield server


async def _forever(behaviour: Behaviour) -> None:
    server = BatchServer(behaviour)
    await server.start()
    print(server.port, flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A batch server on loopback for tests.")
    parser.add_argument("--seconds", type=float, default=0.0, help="how long a batch takes")
    parser.add_argument("--delay", type=float, default=0.0, help="how long the making of a batch takes")
    parser.add_argument("--others", type=int, default=0, help="batches of other people, made together with ours")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_forever(Behaviour(seconds=options.seconds, delay=options.delay, others=options.others)))


if __name__ == "__main__":
    main()
