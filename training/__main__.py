"""Train the whole family, measure it and ship it: `python -m training`.

It may be stopped at any time and started again; what is done is not done again.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from training import export, measure
from training.measured import PUBLISHED_SEED
from training.model import SHAPES
from training.train import folder_of, weights_at

MORE_SEEDS = (1, 2)
"""Trained as well, to see what of the picture is chance; without the largest size, which takes as long as the rest."""


def wanted() -> list[tuple[str, int]]:
    """Sizes and seeds, the longest trainings first."""
    sizes = list(SHAPES)[::-1]
    published = [(size, PUBLISHED_SEED) for size in sizes]
    return published + [(size, seed) for seed in MORE_SEEDS for size in sizes[1:]]


def main() -> None:
    """Train what is missing, each model in a process of its own with one thread."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="trainings at a time (default: processors)"
    )
    options = parser.parse_args()
    missing = [(size, seed) for size, seed in wanted() if not weights_at(folder_of(size, seed)).exists()]
    with ThreadPoolExecutor(options.jobs) as pool:
        codes = list(pool.map(_train, missing))
    if any(codes):
        sys.exit("a training failed; what it says stands above")
    measure.main()
    export.main()


def _train(model: tuple[str, int]) -> int:
    size, seed = model
    command = [sys.executable, "-m", "training.train", size, "--seed", str(seed)]
    return subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": "1"}).returncode


if __name__ == "__main__":
    main()
