"""A server of a test's own, on an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from aiohttp import web

_Result = TypeVar("_Result")


@contextlib.contextmanager
def in_thread(
    start: Callable[[], Awaitable[web.AppRunner]],
    stop: Callable[[web.AppRunner], Awaitable[None]] = lambda runner: runner.cleanup(),
) -> Iterator[web.AppRunner]:
    """Serve while the block runs.

    Args:
        start: Starts to listen.
        stop: Ends it.
    """
    loop = asyncio.new_event_loop()
    runner = loop.run_until_complete(_awaited(start()))
    thread = threading.Thread(target=loop.run_forever, name="server")
    thread.start()
    try:
        yield runner
    finally:
        asyncio.run_coroutine_threadsafe(_awaited(stop(runner)), loop).result(timeout=10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextlib.contextmanager
def answering(path: str, answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Iterator[str]:
    """Serve one path by POST; gives the address, without the path."""

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_post(path, answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    with in_thread(start) as runner:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"


async def _awaited(given: Awaitable[_Result]) -> _Result:
    return await given
