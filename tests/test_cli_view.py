from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import call
from tests.viewing import make_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("cli")
    make_run(place, place / "runs", units=2)
    return place / "runs"


def stop_when(capsys: Any, said: str, told: list[str], number: int) -> threading.Thread:
    """Once standard output says it, ask the address that stands there, and interrupt this process."""

    def wait() -> None:
        out = ""
        while said not in out:
            time.sleep(0.01)
            out += capsys.readouterr().out
        told.append(out)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_interrupted_which_is_its_usual_end(runs: Path, capsys: Any, number: int) -> None:
    told: list[str] = []
    before = signal.getsignal(number)
    thread = stop_when(capsys, "}", told, number)
    assert 0 == call(["view", str(runs), "--json"])
    thread.join()
    (line,) = told[0].splitlines()
    address = json.loads(line)["url"]
    assert address.startswith("http://127.0.0.1:")
    assert "Stopped." in capsys.readouterr().err
    assert before == signal.getsignal(number)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(address, timeout=5)


@pytest.mark.slow
@pytest.mark.parametrize(("options", "opens"), [([], True), (["--no-open"], False), (["--json"], False)])
def test_at_a_terminal_it_opens_a_browser(runs: Path, tmp_path: Path, options: list[str], opens: bool) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n', encoding="utf-8")
    browser.chmod(0o755)
    program = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    command = [sys.executable, "-c", program, sys.executable, "-m", "evalkit", "view", str(runs), *options]
    with subprocess.Popen(
        command, env={**os.environ, "BROWSER": str(browser)}, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        shown = ""
        while "token=" not in shown:
            shown += process.stdout.readline().decode()
        time.sleep(2)
        process.send_signal(signal.SIGTERM)
    assert opens == (tmp_path / "opened").exists()


def test_a_port_that_is_taken_is_said(runs: Path, capsys: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert 2 == call(["view", str(runs), "--port", str(port)])
    told = f"--port {port}: another program listens there; name another port, or leave --port out for a free one\n"
    assert told == capsys.readouterr().err


def test_what_is_no_run_is_said(tmp_path: Path, capsys: Any) -> None:
    assert 2 == call(["view", str(tmp_path)])
    assert f"{tmp_path}: holds no run; expected the folder of a run, or a folder of runs\n" == capsys.readouterr().err
