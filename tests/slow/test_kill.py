"""Runs that are killed or interrupted, as real processes against a real server in a process of its own."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from evalkit.record import read_run_file
from tests.runs import write_suite
from tests.server import prompt_hash

pytestmark = pytest.mark.slow

CONCURRENCY = 16
AT_FIRST = 10
"""Calls in flight before a server has answered any."""
N_ITEMS = 300
KILLS = 20
DELAY_S = 0.05


class ServerProcess:
    """The test server as it outlives clients that are killed."""

    def __init__(self, *options: str, module: str = "tests.server") -> None:
        command = [sys.executable, "-m", module, *options]
        self._process = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/stats", timeout=10) as reply:
            stats: dict[str, Any] = json.load(reply)
        return stats

    def settled(self) -> dict[str, Any]:
        """The counts once calls whose client is gone have been answered, too."""
        time.sleep(3 * DELAY_S)
        return self.stats()

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextlib.contextmanager
def serving(*options: str, module: str = "tests.server") -> Iterator[ServerProcess]:
    server = ServerProcess(*options, module=module)
    try:
        yield server
    finally:
        server.end()


Start: TypeAlias = Callable[[Sequence[str]], subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts evalkit in the test's folder; what still runs in the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(arguments: Sequence[str]) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "evalkit", *arguments]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield start
    for process in started:
        with process:
            process.kill()


def _until(holds: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while not holds() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)


def _suite(folder: Path) -> None:
    """Four conditions; every seventh item has a target that the server misses."""
    path = write_suite(
        folder,
        n_items=N_ITEMS,
        prompt="Please work out, in your head and without any tool, what is {a} + {b}?",
        perturbations="{noise: {on: prompt, levels: [0.1, 0.2, 0.3]}}",
    )
    lines = path.read_text(encoding="utf-8").splitlines()
    items = [at for at, line in enumerate(lines) if "- {id:" in line]
    for at in items[::7]:
        lines[at] = lines[at].replace("sum: ", "sum: 9")
    path.write_text("\n".join(lines), encoding="utf-8")


def _arguments(server: ServerProcess, out: str) -> list[str]:
    options = f"--json --keep-requests --concurrency {CONCURRENCY} --out {out} --fixed {N_ITEMS}".split()
    return ["run", "sums.yaml", "--model", "localhost/m", "-M", f"base_url=http://127.0.0.1:{server.port}/v1", *options]


def _on_disk(folder: Path, copy: Path) -> set[str]:
    """Hashes of the prompts whose answers are recorded, read from a copy so as to leave everything as it lies."""
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for path in folder.glob("trials.db*"):
        if not path.name.endswith("-shm"):
            shutil.copy(path, copy)
    if not (copy / "trials.db").exists():
        return set()
    connection = sqlite3.connect(copy / "trials.db")
    try:
        rows = connection.execute("SELECT request FROM trials WHERE void_reason IS NULL").fetchall()
    except sqlite3.OperationalError:  # killed before the table was made
        rows = []
    connection.close()
    return {prompt_hash(json.loads(request)["body"]["messages"][-1]["content"]) for (request,) in rows}


def _wait(rng: random.Random, server: ServerProcess, process: subprocess.Popen[str], *, by_time: bool) -> None:
    if by_time:
        time.sleep(rng.uniform(0.0, 1.5))
        return
    target = server.stats()["calls"] + rng.randint(1, 50)
    _until(lambda: server.stats()["calls"] >= target, process)
    time.sleep(rng.uniform(0.0, DELAY_S))


def _measured(results: dict[str, Any]) -> dict[str, Any]:
    """Results without what depends on the clock."""
    tasks = [{key: value for key, value in task.items() if key != "latency_s"} for task in results["tasks"]]
    return {**results, "tasks": tasks, "totals": {**results["totals"], "seconds": None}}


def test_a_run_that_is_killed_again_and_again_pays_for_no_answer_that_it_had(tmp_path: Path, start: Start) -> None:
    _suite(tmp_path)
    rng = random.Random(20261122)
    lost_at_kill = []
    with serving("--answer", "add", "--delay", str(DELAY_S)) as server:
        arguments = _arguments(server, "killed")
        for kill in range(KILLS):
            process = start(arguments)
            _wait(rng, server, process, by_time=kill % 4 == 3)
            assert process.poll() is None, process.communicate()
            process.kill()
            process.communicate()
            (folder,) = (tmp_path / "killed").iterdir()
            arguments = ["run", "--resume", str(folder), "--json", "--concurrency", str(CONCURRENCY)]
            recorded, received = _on_disk(folder, tmp_path / "copy"), server.settled()["received"]
            lost_at_kill.append((recorded, received))
        process = start(arguments)
        out, err = process.communicate()
        assert 0 == process.returncode, err
        final = server.stats()["received"]
    for recorded, received in lost_at_kill:
        assert [] == [prompt for prompt in recorded if final[prompt] != received[prompt]]
    lost = [sum(received.values()) for _, received in lost_at_kill]
    assert sum(final.values()) > lost[-1] > lost[0]
    again = sum(final.values()) - len(final)
    assert 0 < again <= KILLS * CONCURRENCY
    _each_kill_loses_little(lost_at_kill)
    with serving("--answer", "add") as undisturbed:
        whole = start(_arguments(undisturbed, "whole"))
        expected, err = whole.communicate()
    assert 0 == whole.returncode, err
    assert _measured(json.loads(expected)) == _measured(json.loads(out))


def _each_kill_loses_little(states: Sequence[tuple[set[str], dict[str, int]]]) -> None:
    """What was received but is not on the disk is paid for again: at most what was on its way."""
    before: dict[str, int] = {}
    losses = []
    for recorded, received in states:
        new = [prompt for prompt, count in received.items() if count > before.get(prompt, 0)]
        losses.append(sum(prompt not in recorded for prompt in new))
        before = received
    print("losses", losses)
    assert max(losses) <= CONCURRENCY


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_waits_for_its_calls_and_can_be_resumed(
    tmp_path: Path, start: Start, number: signal.Signals
) -> None:
    _suite(tmp_path)
    with serving("--answer", "add", "--delay", "0.2") as server:
        process = start(_arguments(server, "runs"))
        _until(lambda: server.stats()["calls"] >= 40, process)
        process.send_signal(number)
        out, err = process.communicate(timeout=15)
        assert 130 == process.returncode, err
        (folder,) = (tmp_path / "runs").iterdir()
        assert f"Stopped. Go on with: evalkit run --resume runs/{folder.name}" in err
        run = read_run_file(folder)
        assert ("interrupted", None) == (run.stopped, run.finished)
        calls = server.stats()["calls"]
        assert calls == len(_on_disk(folder, tmp_path / "copy")) == json.loads(out)["totals"]["calls"]
        assert {"run.json", "trials.db", ".lock"} >= {path.name for path in folder.iterdir()}
        resumed = start(["run", "--resume", str(folder), "--concurrency", "200", "--json"])
        out, err = resumed.communicate(timeout=30)
        assert 0 == resumed.returncode, err
        assert {1} == set(server.stats()["received"].values())
    (task,) = json.loads(out)["tasks"]
    assert [N_ITEMS] * 4 == [condition["trials"] for condition in task["conditions"]]


def test_a_second_signal_leaves_the_calls_at_once(tmp_path: Path, start: Start) -> None:
    _suite(tmp_path)
    with serving("--delay", "60") as server:
        process = start(_arguments(server, "runs"))
        _until(lambda: server.stats()["calls"] >= AT_FIRST, process)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=5)
    assert 130 == process.returncode, err
    assert f"Stopping: up to 10 s for the {AT_FIRST} calls in flight to answer" in err


def test_calls_that_do_not_answer_are_left_after_some_seconds(tmp_path: Path, start: Start) -> None:
    _suite(tmp_path)
    with serving("--delay", "60") as server:
        process = start(_arguments(server, "runs"))
        _until(lambda: server.stats()["calls"] >= AT_FIRST, process)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert 130 == process.returncode
    assert 9 < time.monotonic() - began < 14


def test_a_second_process_on_a_run_is_refused(tmp_path: Path, start: Start) -> None:
    _suite(tmp_path)
    with serving("--answer", "add", "--delay", "0.3") as server:
        first = start(_arguments(server, "runs"))
        _until(lambda: server.stats()["calls"] >= 5, first)
        (folder,) = (tmp_path / "runs").iterdir()
        second = start(["run", "--resume", str(folder)])
        _, err = second.communicate(timeout=20)
        assert 2 == second.returncode
        assert "another process is working on this run; wait for it, or start a new run" in err
        first.kill()
        first.communicate()
        third = start(["run", "--resume", str(folder), "--concurrency", "300", "--json"])
        assert 0 == third.wait(timeout=30)
        third.communicate()


@pytest.mark.parametrize("after_s", [0.0, 0.03, 0.06, 0.1])
@pytest.mark.parametrize("again_after_s", [0.02, 0.3])
def test_a_signal_before_the_first_call_ends_with_130(
    tmp_path: Path, start: Start, after_s: float, again_after_s: float
) -> None:
    """Whether libraries are being imported, the run is being made, or Python already tidies up."""
    _suite(tmp_path)
    process = start(["run", "sums.yaml", "--model", "command:sleep 60", "--out", "runs"])
    _until((tmp_path / "runs").exists, process)
    time.sleep(after_s)
    process.send_signal(signal.SIGTERM)
    time.sleep(again_after_s)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert 130 == process.returncode, err


TWO_THOUSAND = """
suite: sums
threshold: 0.9
tasks:
  add: {prompt: "What is {a} + {b}?", items: {generate: addition, digits: [6]}, constraints: [number: "{answer}"]}
"""


@pytest.mark.parametrize("keyed", [False, True])
def test_a_run_that_is_killed_at_half_pays_twice_for_no_more_than_its_calls_in_flight(
    tmp_path: Path, start: Start, keyed: bool
) -> None:
    """And for nothing, where the provider knows a call that is made once more."""
    (tmp_path / "sums.yaml").write_text(TWO_THOUSAND, encoding="utf-8")
    (tmp_path / "cards").mkdir()
    header = 'idempotency_header = "Idempotency-Key"\n' if keyed else ""
    with serving("0.1", module="tests.slow.keyed_server") as server:
        address = f"http://127.0.0.1:{server.port}/v1"
        card = 'name = "keyed"\nabout = "A test."\ndialect = "openai-chat"\nverified = false\n'
        card += f'base_url = "{address}"\n{header}'
        (tmp_path / "cards" / "keyed.toml").write_text(card, encoding="utf-8")
        more = ["--adapters", "cards", "--concurrency", "100", "--json"]
        first = start(["run", "sums.yaml", "--model", "keyed/m", "--fixed", "2000", "--out", "runs", *more])
        _until(lambda: sum(server.stats()["received"].values()) >= 1000, first)
        first.kill()
        first.communicate()
        (folder,) = (tmp_path / "runs").iterdir()
        second = start(["run", "--resume", str(folder), *more])
        out, err = second.communicate(timeout=60)
        assert 0 == second.returncode, err
        stats = server.stats()
    assert (2000, 2000) == (json.loads(out)["totals"]["calls"], len(stats["received"]))
    again = sum(stats["received"].values()) - 2000
    assert 0 < again <= 100
    assert (2000 if keyed else 2000 + again) == stats["paid"]
