"""Programs in this process: an answer is a text, or a mapping with a text."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from evalkit.adapter.code import load_module
from evalkit.adapter.wire import Reply, ReplyError, Request
from evalkit.errors import AdapterError, EvalkitError
from evalkit.trial import Call

Given: TypeAlias = str | Mapping[str, Any]
"""A text, or `{"text": …, "usage"?: …, "tool_calls"?: …}`."""
Program: TypeAlias = Callable[[Call], Given | Awaitable[Given]]
"""Stands in for a model. May raise ReplyError when it has no answer."""


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
            given = self._program(request.call)
            if inspect.isawaitable(given):
                async with deadline:
                    given = await given
        except (ReplyError, EvalkitError):
            raise
        except Exception as error:  # a user's program may fail in any way
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


def python_program(target: str, *, allow_code: bool) -> Program:
    """Load a user's function `(messages: list[dict], options: dict) -> str | dict`, plain or `async`.

    Args:
        target: `file.py:function`.
        allow_code: Whether the user allowed that the file be executed.

    Raises:
        AdapterError: If it is not allowed, or there is no such function.
    """
    file, _, name = target.rpartition(":")
    if not allow_code:
        raise AdapterError(f"python:{target}: runs the code of that file; add --allow-code if you trust it")
    if not Path(file).is_file():
        raise AdapterError(f"python:{target}: found no file {file!r}, expected python:FILE.py:FUNCTION")
    function = getattr(load_module(Path(file)), name, None)
    if not callable(function):
        raise AdapterError(f"python:{target}: found no function {name!r} in {file}")

    def ask(call: Call) -> Awaitable[Given]:
        messages = [message.as_json() for message in call.messages]
        if inspect.iscoroutinefunction(function):
            answer: Awaitable[Given] = function(messages, dict(call.sampling))
            return answer
        # In a thread: a function that waits for a server must not hold up the other calls.
        return asyncio.to_thread(function, messages, dict(call.sampling))

    return ask
