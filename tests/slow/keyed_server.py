"""A chat server that never works twice for the same Idempotency-Key, in a process of its own.

    python tests/slow/keyed_server.py 0.1

It takes that many seconds for an answer, adds the numbers of the prompt, and writes its port on standard output.
`GET /stats` gives how often each prompt was `received`, and how many answers were `paid` for.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections import Counter
from typing import Any

from aiohttp import web


class KeyedServer:
    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._received: Counter[str] = Counter()
        self._paid = 0
        self._known: dict[str, asyncio.Task[dict[str, Any]]] = {}

    async def complete(self, request: web.Request) -> web.Response:
        prompt = (await request.json())["messages"][-1]["content"]
        self._received[prompt] += 1
        key = request.headers.get("Idempotency-Key")
        work = None if key is None else self._known.get(key)
        if work is None:
            self._paid += 1
            work = asyncio.create_task(self._answer(prompt))
            self._known[key or f"call {self._paid}"] = work
        return web.json_response(await asyncio.shield(work))

    async def _answer(self, prompt: str) -> dict[str, Any]:
        await asyncio.sleep(self._delay_s)
        answer = str(sum(int(number) for number in re.findall(r"\d+", prompt)))
        return {"model": "m-1", "choices": [{"message": {"content": answer}, "finish_reason": "stop"}]}

    async def stats(self, request: web.Request) -> web.Response:
        return web.json_response({"received": dict(self._received), "paid": self._paid})


async def main() -> None:
    server = KeyedServer(float(sys.argv[1]))
    app = web.Application()
    app.router.add_post("/v1/chat/completions", server.complete)
    app.router.add_get("/stats", server.stats)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=2048).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
