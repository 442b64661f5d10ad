"""What becomes of runs when a server has a limit, fails, or is slow; and what sending a request costs.

    python benchmarks/transport.py [limit] [faults] [slow] [cpu]

Real runs against the tests' server in a process of its own. Without arguments all of them: about five minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evalkit import Measured, run
from evalkit.content import shipped
from evalkit.transport import Bounds, open_model
from evalkit.trial import Call, Message

SUITE = """\
suite: bench
threshold: 0.9
tasks:
  add:
    prompt: "What is {a} + {b}? Reply with the number only."
    claim: population
    items: {generate: addition, digits: [6]}
    constraints: [{number: "{answer}"}]
"""
FAULTS = {"429": 0.05, "500": 0.03, "reset": 0.01, "truncated": 0.01, "hang": 0.004, "html": 0.005}
CALLS = 20_000


@contextlib.contextmanager
def server(*options: str) -> Iterator[str]:
    """The address of a server with these options."""
    command = [sys.executable, "-m", "tests.server", "--answer", "add", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def measured(address: str, calls: int, **options: Any) -> tuple[Measured, float, int]:
    """A run of so many trials, its seconds, and how many requests arrived."""
    with tempfile.TemporaryDirectory() as folder:
        suite = Path(folder) / "bench.yaml"
        suite.write_text(SUITE, encoding="utf-8")
        started = time.perf_counter()
        base_url = {"base_url": f"{address}/v1"}
        done = run(suite, "localhost/bench", options=base_url, fixed=calls, max_calls=calls, out=folder, **options)
        seconds = time.perf_counter() - started
    with urllib.request.urlopen(f"{address}/stats", timeout=10) as reply:
        return done, seconds, json.load(reply)["calls"]


def limit() -> None:
    calls, rate, burst = 3000, 50, 50
    ideal = (calls - burst) / rate
    for concurrency, delay in ((16, 0.05), (100, 0.05), (100, 0.5)):
        with server("--bucket", f"{rate}/{burst}", "--delay", str(delay)) as address:
            done, seconds, received = measured(address, calls, concurrency=concurrency)
        share = (received - calls) / received
        print(
            f"limit {rate}/s, answers after {delay:g} s, concurrency {concurrency}: {seconds:.1f} s, "
            f"{seconds / ideal:.3f} of the ideal, {share:.2%} refused, {done.results.totals.void} void",
            flush=True,
        )


def faults() -> None:
    for wait in ("", ":1"):
        rates = (f"--rate={fault}{wait if fault == '429' else ''}={share}" for fault, share in FAULTS.items())
        with server("--delay", "0.05", *rates) as address:
            done, seconds, received = measured(address, 1000)
        totals = done.results.totals
        wrong = sum(condition.trials - condition.passes for task in done.results.tasks for condition in task.conditions)
        print(
            f"faults, 429{wait}: {seconds:.1f} s, {totals.calls} calls in {received} attempts, {wrong} wrong, "
            f"{totals.void} void",
            flush=True,
        )


def slow() -> None:
    with server("--delay", "20", "--delay-most", "90") as address:
        done, seconds, received = measured(address, 100, concurrency=50)
    totals = done.results.totals
    print(f"answers after 20 to 90 s: {seconds:.0f} s, {totals.calls} calls, {received} attempts, {totals.void} void")


def cpu() -> None:
    with server() as address:
        spent = asyncio.run(_cpu(f"{address}/v1"))
    print(f"sending a request: {1e3 * spent / CALLS:.3f} ms of processor time at concurrency 100")


async def _cpu(base_url: str) -> float:
    model = open_model(
        "localhost/x",
        options={"base_url": base_url},
        folders=[shipped("adapters")],
        allow_code=False,
        timeout_s=None,
        code_folders=[],
        environment={},
        bounds=Bounds(concurrency=100),
    )
    numbers = iter(range(CALLS))
    message = Message(role="user", content="2 and 3")
    request = model.request(Call(task="t", item="1", condition="clean", repeat=0, messages=(message,)))

    async def ask() -> None:
        for _ in numbers:
            await model.ask(request)

    await asyncio.gather(*itertools.starmap(ask, [()] * 100))
    numbers, started = iter(range(CALLS)), time.process_time()
    await asyncio.gather(*itertools.starmap(ask, [()] * 100))
    spent = time.process_time() - started
    await model.close()
    return spent


def main() -> None:
    every = {"limit": limit, "faults": faults, "slow": slow, "cpu": cpu}
    for name in sys.argv[1:] or every:
        every[name]()


if __name__ == "__main__":
    main()
