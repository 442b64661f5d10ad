"""The viewer from its start to its end: a port on the loopback interface, a token, a server."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from aiohttp import web

from evalkit.errors import EvalkitError
from evalkit.report.page import Templates
from evalkit.view.guard import TOKEN, Guard
from evalkit.view.library import Library
from evalkit.view.pages import Pages, address_of, overrides_in
from evalkit.view.parts import Parts
from evalkit.view.places import Places
from evalkit.view.server import application

_HOST = "127.0.0.1"
_LINE, _FIELD = 16_384, 32_768
"""Bytes of a request's first line and of a header at most."""
_CLOSE_SECONDS = 1.0
"""How long replies that are on their way may take when the viewer ends."""
_TOKEN_BYTES = 24


class Viewer:
    """Shows runs in a browser. Its port is taken from the start, and let go of by `close`.

    Args:
        named: Folders of runs, and folders that hold such.
        awaited: Whether one that is not there yet may come.
        port: Where it listens on 127.0.0.1; 0: at one that is free.
        project: The folder whose `reports/` may have templates of the user's.

    Raises:
        EvalkitError: If a folder holds no run, or the port cannot be had.
    """

    def __init__(self, named: Sequence[Path], *, awaited: bool, port: int, project: Path) -> None:
        self._library = Library(Places(named, awaited=awaited))
        overrides = overrides_in(project)
        templates = Templates(overrides)
        self._socket = _bound(port)
        self._guard = Guard(self._socket.getsockname()[1], secrets.token_urlsafe(_TOKEN_BYTES))
        pages = Pages(self._library, templates, overrides)
        self._app = application(self._guard, self._library, pages, Parts(templates))

    @property
    def address(self) -> str:
        """What lets a browser in: the list of runs, or the report if a single run was named."""
        single = self._library.places.single
        path = "/" if single is None else address_of(single)
        return f"http://{_HOST}:{self._socket.getsockname()[1]}{path}?{TOKEN}={self._guard.token}"

    async def serve(self, on_listening: Callable[[], None], stop: asyncio.Event) -> None:
        """Answer until it is told to stop.

        Args:
            on_listening: Called once browsers can connect.
            stop: Set when it shall end.
        """
        runner = web.AppRunner(
            self._app,
            access_log=None,
            handle_signals=False,
            max_line_size=_LINE,
            max_field_size=_FIELD,
            shutdown_timeout=_CLOSE_SECONDS,
        )
        await runner.setup()
        try:
            await web.SockSite(runner, self._socket).start()
            on_listening()
            await stop.wait()
        finally:
            await runner.cleanup()

    def close(self) -> None:
        """Let go of the port."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _bound(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would let two programs have the same port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen()  # here, not later: only now it is sure that nobody else has the port
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        found = "another program listens there" if taken else error.strerror
        raise EvalkitError(f"--port {port}: {found}; name another port, or leave --port out for a free one") from None
    return listener
