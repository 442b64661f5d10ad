"""What a trial costs beside the call: processor time of a whole run over that of a bare loop over the same function.

    python benchmarks/engine.py

The model is a function in this process that answers at once, so everything measured is evalkit's: item, prompt,
request, record (with its commits to disk), score, outcome, verdict.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from evalkit import run

TRIALS = 10_000
SUITE = """\
suite: bench
threshold: 0.9
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


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        suite = Path(folder) / "bench.yaml"
        suite.write_text(SUITE, encoding="utf-8")
        run(suite, "echo/warm-up", fixed=100, out=folder)
        started, wall = time.process_time(), time.perf_counter()
        run(suite, "echo/bench", fixed=TRIALS, max_calls=TRIALS, concurrency=100, out=folder)
        cpu, elapsed = time.process_time() - started, time.perf_counter() - wall
    started = time.process_time()
    asyncio.run(bare(TRIALS))
    reference = time.process_time() - started
    print(f"{'':<24} {'CPU ms a trial':>14} {'trials/s':>10} {'ratio':>7}")
    print(f"{'bare loop':<24} {1000 * reference / TRIALS:14.4f} {'':>10} {1:7.1f}")
    print(f"{'evalkit run':<24} {1000 * cpu / TRIALS:14.4f} {TRIALS / elapsed:10,.0f} {cpu / reference:7.1f}")


if __name__ == "__main__":
    main()
