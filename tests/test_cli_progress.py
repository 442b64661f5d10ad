from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli.progress import LOG_SECONDS, Display
from tests.runs import Scripted, carry_out, make_suite, rows_of, session, write_suite
from tests.server import serving


def test_a_log_is_told_now_and_then(tmp_path: Path, capsys: Any) -> None:
    suite = make_suite(tmp_path, n_items=4)
    rows = rows_of(carry_out(suite, Scripted(), tmp_path).folder)
    model = Scripted()
    model.free = False
    with Display(session(suite, model, tmp_path)) as display:
        display.on_trial(rows[0])
        assert "" == capsys.readouterr().err
        display._shown -= LOG_SECONDS
        display.on_trial(replace(rows[1], passed=None, void_reason="timeout"))
        line = capsys.readouterr().err
        display.on_trial(rows[2])
        assert "" == capsys.readouterr().err
    assert line.startswith("2 of 4 trials, 1 passed, 1 void, ")
    assert line.endswith(" calls/s, 0 in flight, cost unknown\n")


@pytest.mark.slow
def test_a_terminal_is_kept_up_to_date(tmp_path: Path) -> None:
    write_suite(tmp_path, n_items=20, perturbations="{noise: {on: prompt, levels: [0.3]}}")
    program = (
        "import os, pty, sys; status = pty.spawn([sys.executable, '-m', 'evalkit', *sys.argv[1:]]); "
        "sys.exit(os.waitstatus_to_exitcode(status))"
    )
    with serving(answer="add", delay_s=0.3) as server:
        arguments = ["run", "sums.yaml", "--model", "localhost/m", "-M", f"base_url={server.base_url}"]
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments, "--concurrency", "11", "--conditions", "clean"],
            cwd=tmp_path,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    assert re.search("[0-9]+ of 20 trials, [0-9]+ passed, [0-9]+ calls/s", done.stdout)
    assert "add: ○ clean  ● noise@0.3" in done.stdout
    assert "in flight, cost unknown" in done.stdout
