"""What is known of each checkpoint: `measured.csv`, and in short `losses.csv`."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any

from pydantic import TypeAdapter

MEASURED = Path(__file__).parent / "measured.csv"
PUBLISHED_SEED = 0
"""Named before anything was trained, so that it is not the best of several."""
LOSSES = Path(__file__).parent / "losses.csv"
"""A line for each checkpoint, as `evalkit scale` reads it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One checkpoint on one level of one task."""

    model: str
    seed: int
    params: int
    step: int
    weights: str
    """A digest of them."""
    tokens: int
    """Characters of training, prompts included."""
    flops: float
    """Six for each parameter and token."""
    seconds: float
    """Of training, processor time of one core."""
    task: str
    level: int
    taught: bool
    """Whether the level was among those of training."""
    trials: int
    pass_rate: float
    loss: float
    """Nats a character."""


def read_measured(path: Path = MEASURED) -> list[Measured]:
    """Read what `write_measured` wrote; nothing when there is no such file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return TypeAdapter(list[Measured]).validate_python(list(csv.DictReader(file)))


def write_measured(measured: Sequence[Measured]) -> None:
    """Write both files."""
    _write(MEASURED, [asdict(one) for one in measured])
    _write(LOSSES, [_in_short(found) for found in checkpoints(measured)])


def checkpoints(measured: Sequence[Measured]) -> list[list[Measured]]:
    """Parted by checkpoint, in their order."""
    return [list(found) for _, found in groupby(measured, key=lambda one: (one.model, one.seed, one.step))]


def mean_loss(measured: Sequence[Measured]) -> float:
    """Of one checkpoint, over the levels that were taught: the mean of each task, and of these the mean."""
    tasks = {one.task for one in measured}
    return fmean(fmean(one.loss for one in measured if one.task == task and one.taught) for task in sorted(tasks))


def _in_short(found: Sequence[Measured]) -> dict[str, Any]:
    first = found[0]
    return {
        "model": first.model if first.seed == PUBLISHED_SEED else f"{first.model}-seed{first.seed}",
        "params": first.params,
        "step": first.step,
        "tokens": first.tokens,
        "flops": first.flops,
        "seconds": first.seconds,
        "loss": float(f"{mean_loss(found):.6g}"),
    }


def _write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
