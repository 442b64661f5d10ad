"""Runs to look at, and a viewer of them that a test can ask."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from evalkit.engine import measure
from evalkit.plan import Scope
from evalkit.record import RunFile, TrialReader, read_run_file, write_run_file
from evalkit.trial import Call
from evalkit.verdict import SuiteResult
from evalkit.view import Viewer, counting, library
from tests.runs import Scripted, carry_out, make_suite, right

HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(2)> \u202egnp.exe"


def hostile(call: Call) -> str:
    """The right sum for most items; for every fifth what must not run in a browser."""
    found = right(call)
    return HOSTILE if int(found) % 5 == 0 else found


def make_run(folder: Path, out: Path, answer: Any = hostile, *, units: int = 10, **given: Any) -> Path:
    """A finished run below `out`; the suite lies in `folder`."""
    suite = make_suite(folder, **{"perturbations": "{noise: [0.1], repeat: 2}", **given})
    return carry_out(suite, Scripted(answer), out, scope=Scope(fixed=units)).folder


@contextlib.contextmanager
def slow_counting(patch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Nobody waits for results, and nobody counts them before the event is set."""
    may_count = threading.Event()

    def measured(run: RunFile, reader: TrialReader | None) -> SuiteResult:
        assert may_count.wait(30)
        return measure(run, reader)

    with patch.context() as within:
        within.setattr(counting, "measure", measured)
        within.setattr(library, "_MOMENT_S", 0.05)
        try:
            yield may_count
        finally:
            may_count.set()


def unfinish(folder: Path) -> None:
    """Make a run one that was killed right before its end."""
    write_run_file(folder, read_run_file(folder).model_copy(update={"finished": None, "results": None}))


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def value(self) -> Any:
        """As JSON."""
        return json.loads(self.text)


@dataclass(kw_only=True)
class Client:
    """Asks one viewer."""

    address: str
    cookie: str = ""

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.address).port or 0

    def ask(self, path: str, *, method: str = "GET", **headers: str) -> Reply:
        """Ask without following anywhere; a header's underscores are its dashes."""
        given = {"Cookie": self.cookie, "Host": f"127.0.0.1:{self.port}"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, headers={name: value for name, value in given.items() if value})
            reply = connection.getresponse()
            return Reply(
                status=reply.status,
                headers={name.lower(): value for name, value in reply.getheaders()},
                text=reply.read().decode(),
            )
        finally:
            connection.close()

    def enter(self) -> Reply:
        """Open the address that was printed; from here on the cookie is sent."""
        parts = urlsplit(self.address)
        reply = self.ask(f"{parts.path}?{parts.query}")
        self.cookie = reply.headers["set-cookie"].partition(";")[0]
        return reply


@contextlib.contextmanager
def viewed(*named: Path, awaited: bool = False, project: Path = Path("/nonexistent")) -> Iterator[Client]:
    """A viewer in a thread, and who asks it."""
    with Viewer(named, awaited=awaited, port=0, project=project) as viewer:
        stop, listening = asyncio.Event(), threading.Event()
        loops: list[asyncio.AbstractEventLoop] = []

        async def serve() -> None:
            loops.append(asyncio.get_running_loop())
            await viewer.serve(listening.set, stop)

        thread = threading.Thread(target=lambda: asyncio.run(serve()), name="viewer")
        thread.start()
        assert listening.wait(30)
        try:
            yield Client(address=viewer.address)
        finally:
            loops[0].call_soon_threadsafe(stop.set)
            thread.join()
