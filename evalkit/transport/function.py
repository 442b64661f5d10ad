"""Programs in this process: an answer is a text, or a mapping with a text."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import json
import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

from evalkit.adapter.code import load_module
from evalkit.adapter.wire import Reply, ReplyError, Request
from evalkit.aside import aside
from evalkit.errors import AdapterError, EvalkitError
from evalkit.trial import Call

Given: TypeAlias = str | Mapping[str, Any]
"""A text, or `{"text": …, "usage"?: …, "tool_calls"?: …}`."""
Program: TypeAlias = Callable[[Call], Given | Awaitable[Given]]
"""Stands in for a model. May raise ReplyError when it has no answer."""
Function: TypeAlias = Callable[[list[dict[str, Any]], dict[str, Any]], Given | Awaitable[Given]]
"""A user's: takes messages (`role`, `content`) and settings; plain or `async`."""


class FunctionChannel:
    """Asks a program.

    Args:
        program: Called once for each request.
        timeout_s: For one answer; only an asynchronous program can be stopped.
    """

    def __init__(self, program: Program, *, timeout_s: float) -> None:
        self._program = program
        self._timeout_s = timeout_s

    async def send(self, request: Request) -> Reply:
        """Ask once.

        Raises:
            ReplyError: `program-error`, `program-timeout`, or what the program raises itself.
        """
        assert request.call is not None
        deadline = asyncio.timeout(self._timeout_s)
        try:
            with aside():
                given = self._program(request.call)
                if inspect.isawaitable(given):
                    async with deadline:
                        given = await given
        except (ReplyError, EvalkitError):
            raise
        except (Exception, SystemExit) as error:  # a user's program may fail in any way
            # A program that raises TimeoutError itself was not stopped by us.
            if deadline.expired():
                raise ReplyError("program-timeout", f"{request.url}: no answer within {self._timeout_s:g} s") from error
            raise ReplyError("program-error", f"{request.url}: {type(error).__name__}: {error}") from error
        return Reply(body=_as_json(given, request.url))

    async def close(self) -> None:
        """Nothing is held."""


def _as_json(given: Any, name: str) -> bytes:
    body = {"text": given} if isinstance(given, str) else given
    if not isinstance(body, Mapping) or not isinstance(body.get("text"), str):
        raise ReplyError("program-error", f'{name}: found {given!r:.100}, expected a text or a dict with "text"')
    try:
        return json.dumps(dict(body)).encode()
    except (TypeError, ValueError) as error:
        raise ReplyError("program-error", f"{name}: found an answer that JSON cannot hold: {error}") from error


def python_program(target: str, *, allow_code: bool, directory: Path = Path()) -> Program:
    """Load a user's function `(messages: list[dict], options: dict) -> str | dict`, plain or `async`.

    Args:
        target: `file.py:function`.
        allow_code: Whether the user allowed that the file be executed.
        directory: Where the file is looked for.

    Raises:
        AdapterError: If it is not allowed, or there is no such function.
    """
    file, _, name = target.rpartition(":")
    if not allow_code:
        raise AdapterError(f"python:{target}: runs the code of that file; add --allow-code if you trust it")
    path = directory / file
    if not path.is_file():
        raise AdapterError(f"python:{target}: found no file {file!r}, expected python:FILE.py:FUNCTION")
    function = getattr(load_module(path), name, None)
    if not callable(function):
        raise AdapterError(f"python:{target}: found no function {name!r} in {file}")
    return program_of(function)


def program_of(function: Function) -> Program:
    """A user's function as a program; a plain one is called in a thread of its own, beside other calls."""
    asynchronous = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)

    def ask(call: Call) -> Awaitable[Given]:
        messages = [message.as_json() for message in call.messages]
        if asynchronous:
            return cast("Awaitable[Given]", function(messages, dict(call.sampling)))
        return _in_thread(lambda: cast("Given", function(messages, dict(call.sampling))))

    return ask


async def _in_thread(function: Callable[[], Given]) -> Given:
    """Call a function that may wait, without holding up the other calls.

    Not in the event loop's pool: that has few threads, calls would queue for them while their deadlines run, and the
    interpreter would not end before they do. A thread of its own costs a call about 0.2 ms.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[tuple[Given, None] | tuple[None, BaseException]] = loop.create_future()

    def deliver(outcome: tuple[Given, None] | tuple[None, BaseException]) -> None:
        if not ended.done():
            ended.set_result(outcome)

    def work() -> None:
        outcome: tuple[Given, None] | tuple[None, BaseException]
        try:
            outcome = (function(), None)
        except KeyboardInterrupt:  # no keyboard interrupts a thread: the function raised it
            outcome = (None, RuntimeError("raised KeyboardInterrupt"))
        except BaseException as error:
            outcome = (None, error)
        with contextlib.suppress(RuntimeError):  # the run is over, nobody waits any more
            loop.call_soon_threadsafe(deliver, outcome)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(work,), name="evalkit-call", daemon=True).start()
    given, error = await ended
    if error is not None:
        raise error
    assert given is not None
    return given
