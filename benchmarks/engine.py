"""What a trial costs beside the call: processor time of a whole run over that of a bare loop over the same function.

    python benchmarks/engine.py

The model is a function in this process that answers at once, so everything measured is evalkit's: item, prompt,
request, record (with its commits to disk), score, outcome, verdict. Once with a number of trials fixed beforehand, and
once with a test that may stop after any trial, kept going by a precision that it never reaches.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from evalkit import run

TRIALS = 10_000
SUITE = """\
suite: bench
threshold: 0.9
precision: 0.0001
tasks:
  echo:
    prompt: "Repeat the number {a}, then say whether {b} is larger. Answer in one line."
    items: {generate: addition, digits: [6]}
    constraints: [one_line, words: {max: 40}, mentions: ["number"]]
"""


async def bare(calls: int) -> int:
    """The loop that somebody would write without evalkit."""
    passed = 0
    for number in range(calls):
        text = f"Repeat the number {number}, then say whether it is larger. Answer in one line."
        await asyncio.sleep(0)
        passed += "\n" not in text and len(text.split()) <= 40 and "number" in text
    return passed


def measured(suite: Path, folder: str, **options: Any) -> tuple[float, float]:
    """Seconds of processor time, and on the clock, of a whole run."""
    started, wall = time.process_time(), time.perf_counter()
    done = run(suite, "echo/bench", max_calls=TRIALS, concurrency=100, out=folder, **options)
    cpu, elapsed = time.process_time() - started, time.perf_counter() - wall
    assert done.results.totals.calls == TRIALS, f"made {done.results.totals.calls} calls, expected {TRIALS}"
    return cpu, elapsed


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        suite = Path(folder) / "bench.yaml"
        suite.write_text(SUITE, encoding="utf-8")
        run(suite, "echo/warm-up", fixed=100, out=folder)
        runs = {
            "evalkit run --fixed": measured(suite, folder, fixed=TRIALS),
            "evalkit run": measured(suite, folder),
        }
    started = time.process_time()
    asyncio.run(bare(TRIALS))
    reference = time.process_time() - started
    print(f"{'':<24} {'CPU ms a trial':>14} {'trials/s':>10} {'ratio':>7}")
    print(f"{'bare loop':<24} {1000 * reference / TRIALS:14.4f} {'':>10} {1:7.1f}")
    for name, (cpu, elapsed) in runs.items():
        print(f"{name:<24} {1000 * cpu / TRIALS:14.4f} {TRIALS / elapsed:10,.0f} {cpu / reference:7.1f}")


if __name__ == "__main__":
    main()
