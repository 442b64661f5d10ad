from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli.progress import BATCH_LOG_SECONDS, LOG_SECONDS, WAITING_SECONDS, Display
from evalkit.engine.outcomes import decider_of
from evalkit.plan import Scope
from evalkit.transport import BatchNews
from evalkit.verdict import Outcome
from tests.runs import Scripted, carry_out, make_suite, rows_of, session, write_suite
from tests.server import serving
from tests.terminals import Terminal


def test_a_log_is_told_now_and_then(tmp_path: Path, capsys: Any) -> None:
    suite = make_suite(tmp_path, n_items=4)
    model = Scripted(cost_usd=lambda answer: None)
    model.free = False
    rows = rows_of(carry_out(suite, model, tmp_path).folder)
    with Display(session(suite, model, tmp_path)) as display:
        display.on_trial(rows[0])
        assert "" == capsys.readouterr().err
        display._shown -= LOG_SECONDS
        display.on_trial(replace(rows[1], passed=None, void_reason="timeout"))
        line = capsys.readouterr().err
        display.on_trial(rows[2])
        assert "" == capsys.readouterr().err
    assert line.startswith("2 trials (at most 4), 1 passed, 1 void, ")
    assert line.endswith(" calls/s, 0 in flight, cost unknown\n")


@pytest.mark.parametrize(("variables", "live"), [({}, True), ({"CI": "1"}, False), ({"NO_COLOR": "1"}, False)])
def test_lines_are_drawn_anew_where_signs_are_shown_and_nowhere_else(
    variables: dict[str, str], live: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CI", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    made = session(make_suite(tmp_path), Scripted(), tmp_path)
    with contextlib.redirect_stderr(Terminal()) as screen, Display(made):
        pass
    assert live == ("\x1b[" in screen.getvalue())


def test_a_log_is_told_that_nothing_is_answered(tmp_path: Path, capsys: Any) -> None:
    """A provider that refuses for minutes must not look like a program that hangs."""

    async def wait(display: Display) -> None:
        display._shown -= LOG_SECONDS
        display._latest -= 44.0
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(display.go_on(), WAITING_SECONDS * 1.5)

    with Display(session(make_suite(tmp_path, n_items=4), Scripted(), tmp_path)) as display:
        asyncio.run(wait(display))
    assert re.fullmatch(r"0 trials \(at most 4\), .* in flight, no answer for 4[5-9] s\n", capsys.readouterr().err)


def test_what_was_spent_is_shown_as_far_as_it_is_known(tmp_path: Path, capsys: Any) -> None:
    model = Scripted(cost_usd=lambda answer: 1.25)
    model.free = False
    suite = make_suite(tmp_path, n_items=1)
    (row,) = rows_of(carry_out(suite, model, tmp_path).folder)
    shown = [
        ("0.00 USD", replace(row, cost_usd=0.0)),
        ("1.25 USD", row),
        ("1.25 USD", replace(row, attempts=0, cost_usd=None)),  # taken over from another run
        ("1.25 USD", replace(row, attempts=7, cost_usd=None, passed=None, void_reason="timeout")),
        ("2.50 USD", row),
        ("at least 2.50 USD", replace(row, cost_usd=None)),
        ("at least 3.75 USD", row),
    ]
    with Display(session(suite, model, tmp_path)) as display:
        for _, each in shown:
            display._shown -= LOG_SECONDS
            display.on_trial(each)
    costs = [line.rpartition(", ")[2] for line in capsys.readouterr().err.splitlines()]
    assert [cost for cost, _ in shown] == costs


def test_a_log_is_told_of_a_batch_when_it_stands_otherwise_or_after_long(tmp_path: Path, capsys: Any) -> None:
    sent = datetime.now(UTC) - timedelta(minutes=12, seconds=30)
    validating = BatchNews(2, 1200, "validating at the provider", sent)
    going_on = BatchNews(2, 1200, "in progress at the provider", sent)
    with Display(session(make_suite(tmp_path), Scripted(), tmp_path)) as display:
        for news in (validating, going_on, going_on, BatchNews(3, 1, "handing it in", datetime.now(UTC))):
            display.on_batch(news)
        state, shown = display._batches[2]
        display._batches[2] = (state, shown - BATCH_LOG_SECONDS)
        for news in (going_on, BatchNews(2, 1200, "", sent)):
            display.on_batch(news)
    assert [
        "batch 2: 1,200 requests, validating at the provider for 12 min",
        "batch 2: 1,200 requests, in progress at the provider for 12 min",
        "batch 3: 1 request, handing it in",
        "batch 2: 1,200 requests, in progress at the provider for 12 min",
    ] == capsys.readouterr().err.splitlines()
    assert [3] == list(display._batches)


def test_what_is_free_has_no_price(tmp_path: Path, capsys: Any) -> None:
    suite = make_suite(tmp_path, n_items=1)
    (row,) = rows_of(carry_out(suite, Scripted(), tmp_path).folder)
    with Display(session(suite, Scripted(), tmp_path)) as display:
        display._shown -= LOG_SECONDS
        display.on_trial(row)
    assert capsys.readouterr().err.endswith(" in flight\n")


def test_every_condition_has_a_mark_for_how_it_stands(tmp_path: Path) -> None:
    """Decided for or against, under way, or not begun."""
    rates = "{noise: {on: prompt, levels: [0.1, 0.2, 0.3]}}"
    suite = make_suite(tmp_path, n_items=2, claim="set", threshold=0.5, perturbations=rates)
    made = session(suite, Scripted(), tmp_path, scope=Scope())
    made.decider = decider_of(made.run)
    display = Display(made)
    for terms, passed in zip(made.plan.terms, (True, False, None), strict=False):
        for position in range(20 if passed is not None else 0):
            outcome = Outcome(position=position, cluster="", asks=(passed,), score=None, constraints={})
            made.decider.observe(terms.key, outcome)
    display._done[made.plan.terms[2].key] = 1
    assert ["  add: ✓ clean  ✗ noise@0.1  … noise@0.2  ○ noise@0.3"] == display._tasks()


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
            env={**os.environ, "CI": "", "NO_COLOR": "", "TERM": "xterm", "COLUMNS": "100"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    assert re.search(r"[0-9]+ trials \(at most 20\), [0-9]+ passed, [0-9]+ calls/s", done.stdout)
    assert "add: … clean  ○ noise@0.3" in done.stdout
    assert "in flight, cost unknown" in done.stdout
