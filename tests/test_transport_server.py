"""The server that other tests rely on, in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.server import prompt_hash

CLIENT = """
import asyncio, sys
from evalkit.content import shipped
from evalkit.transport import open_model
from evalkit.trial import Call, Message

async def main():
    model = open_model("localhost/x", options={"base_url": sys.argv[1]}, folders=[shipped("adapters")],
                       allow_code=False, timeout_s=None, code_folders=[], environment={})
    message = Message(role="user", content="2 and 3")
    call = Call(task="t", item="1", condition="clean", repeat=0, messages=(message,))
    print((await model.ask(model.request(call))).response.text, flush=True)
    await model.close()

asyncio.run(main())
"""


@contextmanager
def _server(*options: str) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.server", *options], stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait(timeout=10)
        process.stdout.close()


def _stats(address: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{address}/stats", timeout=10) as reply:
        stats: dict[str, Any] = json.load(reply)
    return stats


def _client(address: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", CLIENT, f"{address}/v1"], stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_it_goes_on_counting_when_clients_are_killed() -> None:
    with _server("--answer", "add", "--delay", "0.3") as address:
        with _client(address) as killed:
            while not _stats(address)["received"]:
                time.sleep(0.02)
            killed.send_signal(signal.SIGKILL)
        with _client(address) as client:
            output, _ = client.communicate(timeout=20)
        stats = _stats(address)
    assert output == "5\n"
    # The first answer was paid for too, although nobody was there to read it.
    assert stats == {"calls": 2, "received": {prompt_hash("2 and 3"): 2}, "answered": {prompt_hash("2 and 3"): 2}}


@pytest.mark.slow
def test_it_misbehaves_on_order() -> None:
    with _server("--script", "500,reset", "--rate", "429=0.0", "--answer", "fixed") as address:
        with _client(address) as client:
            output, _ = client.communicate(timeout=20)
        assert (output, _stats(address)["calls"]) == ("fixed\n", 3)
