"""Runs whose disk fails them, as real processes: a full one, a folder that may not be written, one that is deleted."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.slow.test_kill import ServerProcess, serving

pytestmark = pytest.mark.slow

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
CONCURRENCY = 20
TRIALS = 600
SUITE = """
suite: sums
threshold: 0.9
tasks:
  add: {prompt: "What is {a} + {b}?", items: {generate: addition, digits: [6]}, constraints: [number: "{answer}"]}
"""


Popen: TypeAlias = subprocess.Popen[str]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with serving("0.02", module="tests.slow.keyed_server") as server:
        yield server


def _start(folder: Path, server: ServerProcess, *arguments: str, before: Callable[[], None] | None = None) -> Popen:
    if not arguments:
        (folder / "sums.yaml").write_text(SUITE, encoding="utf-8")
        arguments = ("sums.yaml", "--fixed", str(TRIALS), "--out", "runs", "--model", "localhost/m")
        arguments += ("-M", f"base_url=http://127.0.0.1:{server.port}/v1")
    # -B: bytecode for which there is no room either would be cut off, and read by the next process.
    command = [sys.executable, "-B", "-m", "evalkit", "run", *arguments, "--concurrency", str(CONCURRENCY), "--json"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, text=True, preexec_fn=before)


def _recorded(folder: Path) -> int:
    connection = sqlite3.connect(f"{(folder / 'trials.db').as_uri()}?mode=ro", uri=True)
    try:
        (found,) = connection.execute("SELECT COUNT(*) FROM trials WHERE void_reason IS NULL").fetchone()
    finally:
        connection.close()
    return int(found)


def _run_folder(folder: Path) -> Path:
    (found,) = (folder / "runs").iterdir()
    return found


def _when_half_is_done(folder: Path, process: Popen) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
        began = any((folder / "runs").glob("*/run.json"))
        if began and _recorded(_run_folder(folder)) >= TRIALS / 2:
            return
    raise AssertionError(process.communicate())


def _resumed(folder: Path, server: ServerProcess) -> None:
    """What was recorded is not asked again."""
    had, before = _recorded(_run_folder(folder)), sum(server.stats()["received"].values())
    process = _start(folder, server, "--resume", str(_run_folder(folder)))
    out, err = process.communicate(timeout=60)
    assert 0 == process.returncode, err
    assert TRIALS == json.loads(out)["totals"]["calls"] == _recorded(_run_folder(folder))
    assert TRIALS - had == sum(server.stats()["received"].values()) - before


def test_a_full_disk_stops_a_run_that_can_be_resumed(tmp_path: Path, server: ServerProcess) -> None:
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    process = _start(tmp_path, server, before=little_room)
    _, err = process.communicate(timeout=60)
    assert 4 == process.returncode, err
    assert "trials.db: cannot be written: " in err
    assert "Free some space or check the folder, then --resume it" in err
    assert 0 < _recorded(_run_folder(tmp_path)) < TRIALS
    _resumed(tmp_path, server)


def test_a_deleted_folder_stops_a_run_and_what_was_answered_is_there_again(
    tmp_path: Path, server: ServerProcess
) -> None:
    before = sum(server.stats()["received"].values())
    process = _start(tmp_path, server)
    _when_half_is_done(tmp_path, process)
    folder = _run_folder(tmp_path)
    shutil.rmtree(folder)
    _, err = process.communicate(timeout=60)
    assert 4 == process.returncode, err
    assert "trials.db: was deleted or moved while the run went on; all that was answered is saved in" in err
    assert 0 <= sum(server.stats()["received"].values()) - before - _recorded(folder) <= CONCURRENCY
    _resumed(tmp_path, server)


def test_a_folder_that_is_made_read_only_stops_a_run_that_can_be_resumed(tmp_path: Path, server: ServerProcess) -> None:
    def like_everybody() -> None:
        if os.getuid() == 0:  # whom no folder refuses, but for this
            ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE)

    process = _start(tmp_path, server, before=like_everybody)
    _when_half_is_done(tmp_path, process)
    folder = _run_folder(tmp_path)
    folder.chmod(0o555)
    _, err = process.communicate(timeout=60)
    folder.chmod(0o755)
    assert 4 == process.returncode, err
    assert "cannot be written" in err
    _resumed(tmp_path, server)
