"""Commands: one process for each call, JSON on standard input, the answer on standard output. No shell."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import shutil
import signal
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from evalkit.adapter.wire import Reply, ReplyError, Request
from evalkit.errors import AdapterError

# What a program says last tells most, and messages about void trials are short.
_TAIL_CHARS = 200
_FAREWELL_S = 1.0


class ProcessChannel:
    """Starts a program for each request.

    Args:
        command: Program and arguments, quoted as for a shell but never given to one.
        timeout_s: For one answer; then the program and what it started are killed.
        directory: Where the program is looked for and runs.

    Raises:
        AdapterError: If there is no such program.
    """

    def __init__(self, command: str, *, timeout_s: float, directory: Path = Path()) -> None:
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise AdapterError(f"command:{command}: cannot be split into words: {error}") from error
        self._directory = directory.absolute()
        program = shutil.which(self._located(words[0])) if words else None
        if program is None:
            raise AdapterError(f"command:{command}: found no program {words[0] if words else ''!r} that can be run")
        self._words = [program, *words[1:]]
        self._timeout_s = timeout_s

    async def send(self, request: Request) -> Reply:
        """Run the program once.

        Raises:
            ReplyError: `exit-N`, `program-timeout`, or `program-error` when it cannot be started.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *self._words, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=self._directory, start_new_session=True
            )
        except OSError as error:
            raise ReplyError("program-error", f"{request.url}: cannot be started: {error}") from error
        try:
            async with asyncio.timeout(self._timeout_s):
                out, err = await process.communicate(json.dumps(request.body).encode() + b"\n")
        except TimeoutError as error:
            message = f"{request.url}: no answer within {self._timeout_s:g} s"
            await _kill(process)
            raise ReplyError("program-timeout", message) from error
        except asyncio.CancelledError:
            await _kill(process)
            raise
        if process.returncode != 0:
            tail = err.decode("utf-8", "replace").strip()[-_TAIL_CHARS:]
            message = f"{request.url}: exit status {process.returncode}: {tail or 'nothing on standard error'}"
            raise ReplyError(f"exit-{process.returncode}", message)
        return Reply(body=out)

    def _located(self, program: str) -> str:
        # As a shell does: only a name without a slash is looked for on the PATH.
        return str(self._directory / program) if "/" in program else program

    async def close(self) -> None:
        """Every process has ended with its call."""


async def _kill(process: Process) -> None:
    # The whole group, even if the program itself has ended: a child of its own may hold standard output open.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # A child that left the group may hold it still; that one is not waited for.
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.communicate(), _FAREWELL_S)
