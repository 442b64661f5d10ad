"""Runs in batches that are killed at every step, as real processes; nothing may be paid for twice."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalkit.record import read_run_file
from tests.batch_server import KEY
from tests.runs import rows_of, write_suite

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PROVIDERS = ("openai", "anthropic")
N_ITEMS = 30
N_RANDOM_KILLS = 15

# The command line, impatient, and killed by itself at a step that the environment names: before the step, after it, or
# while it goes on.
COMMAND = """
import asyncio, os, signal, sys, threading
from evalkit.transport import batch, http, submitted
from evalkit.transport.batch_provider import Patience

batch.PATIENCE = Patience(quiet_s=0.05, poll_s=0.05, longest_poll_s=0.1, settle_s=1.0)
step, moment = os.environ.get("KILL", "0 none").split()
steps = 0

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def now(which):
    return steps == int(step) and moment == which

send, save = http.HttpChannel.send, submitted.SubmissionStore.save

async def counted_send(self, request):
    global steps
    steps += 1
    if now("before"):
        die()
    if now("during"):
        threading.Timer(0.1, die).start()
    reply = await send(self, request)
    if now("after"):
        die()
    return reply

def counted_save(self, submission):
    global steps
    steps += 1
    if now("before") or now("during"):
        die()
    save(self, submission)
    if now("after"):
        die()

http.HttpChannel.send, submitted.SubmissionStore.save = counted_send, counted_save
from evalkit.cli import main
main()
"""


class ServerProcess:
    """The batch server as it outlives clients that are killed."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "tests.batch_server", *options]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/stats", timeout=10) as reply:
            stats: dict[str, Any] = json.load(reply)
        return stats

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextlib.contextmanager
def serving(*options: str) -> Iterator[ServerProcess]:
    server = ServerProcess(*options)
    try:
        yield server
    finally:
        server.end()


def start(folder: Path, arguments: list[str], kill: str = "0 none") -> subprocess.Popen[str]:
    keys = {f"{provider.upper()}_API_KEY": KEY for provider in PROVIDERS}
    environment = {**os.environ, **keys, "PYTHONPATH": str(ROOT), "KILL": kill}
    command = [sys.executable, "-c", COMMAND, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code and what it said."""
    with process:
        _, said = process.communicate(timeout=60)
    return process.returncode, said


def new_run(provider: str, server: ServerProcess) -> list[str]:
    base = f"http://127.0.0.1:{server.port}{'/v1' if provider == 'openai' else ''}"
    options = ["-M", f"base_url={base}", "--batch", "--fixed", str(N_ITEMS), "--out", "runs"]
    return ["run", "sums.yaml", "--model", f"{provider}/m", *options]


def only_run(folder: Path) -> Path | None:
    found = list((folder / "runs").glob("*/run.json"))
    return found[0].parent if found else None


def check_paid_once(server: ServerProcess, run: Path) -> None:
    assert read_run_file(run).finished is not None
    assert N_ITEMS == sum(row.passed is True for row in rows_of(run))
    paid = server.stats()["paid"]
    assert N_ITEMS == len(paid)
    assert {1} == set(paid.values()), f"paid for more than once: {paid}"


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("moment", ["before", "during", "after"])
def test_a_kill_at_any_step_pays_for_nothing_twice(provider: str, moment: str, tmp_path: Path) -> None:
    kills = 0
    for step in range(1, 100):
        folder = tmp_path / str(step)
        folder.mkdir()
        write_suite(folder, n_items=N_ITEMS)
        # While a batch is made the server takes longer than a process that is killed `during` lives.
        with serving("--seconds", "0.2", "--delay", "0.4", "--others", "1") as server:
            code, said = ended(start(folder, new_run(provider, server), f"{step} {moment}"))
            run = only_run(folder)
            assert run is not None, said
            if code == 0:
                break
            assert -signal.SIGKILL == code, said
            kills += 1
            code, said = ended(start(folder, ["run", "--resume", str(run)]))
            assert 0 == code, said
            check_paid_once(server, run)
    # Handing in, asking how far it is, and fetching are steps at least.
    assert kills >= 5
    print(f"{provider}, {moment}: {kills} kills")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_kills_at_random_moments_pay_for_nothing_twice(provider: str, tmp_path: Path) -> None:
    rng = random.Random(provider)
    write_suite(tmp_path, n_items=N_ITEMS)
    with serving("--seconds", "2.5", "--delay", "0.3", "--others", "1") as server:
        kills = 0
        for _ in range(N_RANDOM_KILLS):
            run = only_run(tmp_path)
            arguments = new_run(provider, server) if run is None else ["run", "--resume", str(run)]
            process = start(tmp_path, arguments)
            time.sleep(rng.uniform(0.4, 1.6))
            process.kill()
            code, said = ended(process)
            kills += code == -signal.SIGKILL
            assert code in {0, -signal.SIGKILL}, said
        run = only_run(tmp_path)
        assert run is not None
        code, said = ended(start(tmp_path, ["run", "--resume", str(run)]))
        assert 0 == code, said
        check_paid_once(server, run)
    assert kills >= 3


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_interrupted_run_leaves_its_batch_and_says_how_to_go_on(provider: str, tmp_path: Path) -> None:
    write_suite(tmp_path, n_items=N_ITEMS)
    with serving("--seconds", "3") as server:
        process = start(tmp_path, new_run(provider, server))
        deadline = time.monotonic() + 20
        while not server.stats()["batches"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(0.3)
        signalled = time.monotonic()
        process.send_signal(signal.SIGINT)
        code, said = ended(process)
        assert time.monotonic() - signalled < 2
        assert 130 == code
        run = only_run(tmp_path)
        assert run is not None
        assert f"evalkit run --resume {run.relative_to(tmp_path)}" in said
        code, said = ended(start(tmp_path, ["run", "--resume", str(run)]))
        assert 0 == code, said
        check_paid_once(server, run)
        assert 1 == server.stats()["batches"]
