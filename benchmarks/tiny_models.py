"""How fast the models in the box are, beside the matrix products that no arithmetic of theirs could do without.

    python benchmarks/tiny_models.py [FILE.safetensors …]

Prompts of 100 characters and answers of 40, one thread. The ratio is the time that the products of the same shapes take
alone, as a share of the time that the model took: it changes less from machine to machine than characters a second.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl

from evalkit.adapter.code import load_module
from evalkit.content import shipped

PROMPT, ANSWER, AT_ONCE = 100, 40, 20
RUNS = 5


def seconds(work: Callable[[], Any]) -> float:
    """The shortest of some runs."""
    times = []
    for _ in range(RUNS):
        started = time.thread_time()
        work()
        times.append(time.thread_time() - started)
    return min(times)


def products(network: Any, rows: int) -> float:
    """Seconds of all products with the model's matrices, of so many positions at once."""
    narrow = np.ones((rows, network.size), np.float32)
    wide = np.ones((rows, 4 * network.size), np.float32)

    def multiply() -> None:
        for layer in network.layers:
            for left, right in ((narrow, layer.qkv), (narrow, layer.out), (narrow, layer.up), (wide, layer.down)):
                left @ right
        narrow @ network.embed.T

    multiply()
    return seconds(multiply)


def reading(network: Any, rows: int) -> float:
    """Seconds to read so many prompts, some at a time."""
    ids = np.ones((rows, PROMPT), np.int64)
    cache = network.cache(rows, PROMPT + ANSWER)

    def read() -> None:
        for first in range(0, rows, AT_ONCE):
            network.read(cache, first, ids[first : first + AT_ONCE], PROMPT - 1)

    return seconds(read)


def answering(network: Any, rows: int) -> float:
    """Seconds to write as many answers at once."""
    ids = np.ones(rows, np.int64)
    cache = network.cache(rows, PROMPT + ANSWER)

    def answer() -> None:
        for place in range(PROMPT, PROMPT + ANSWER):
            network.step(cache, ids, np.full(rows, place))

    return seconds(answer)


def main() -> None:
    paths = [Path(name) for name in sys.argv[1:]] or sorted(
        (shipped("adapters") / "tiny").glob("*.safetensors"), key=lambda path: path.stat().st_size
    )
    network_module = load_module(shipped("adapters") / "tiny_network.py")
    print(f"{'model':<8} {'what':<24} {'characters/s':>12} {'products':>9}")
    with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):
        for path in paths:
            network = network_module.Network(path)
            took = reading(network, 3 * AT_ONCE)
            alone = 3 * products(network, AT_ONCE * PROMPT)
            print(f"{path.stem:<8} {'reading':<24} {3 * AT_ONCE * PROMPT / took:>12,.0f} {alone / took:>9.2f}")
            for rows in (1, 64):
                took = answering(network, rows)
                alone = ANSWER * products(network, rows)
                what = f"answering, {rows} at once"
                print(f"{path.stem:<8} {what:<24} {ANSWER * rows / took:>12,.0f} {alone / took:>9.2f}", flush=True)


if __name__ == "__main__":
    main()
