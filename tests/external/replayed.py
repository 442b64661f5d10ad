"""Put recorded answers through `evalkit run`, as somebody would who has them in a file."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

from evalkit import read_trials


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What a run said."""

    conditions: Mapping[str, Mapping[str, Any]]
    """The one condition of each task, as `evalkit run --json` printed it."""
    passed: Mapping[tuple[str, str], bool]
    """By task and item, from the run's record."""


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """One object a line."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def read_csv(path: Path) -> list[dict[str, str]]:
    """One mapping a row."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """One object a line."""
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def replay(suite: Path, recording: Path, *, n_items: int) -> Replayed:
    """Run a suite of tasks without perturbations against a recording, in a process of its own.

    Args:
        suite: Its folder takes the run's too.
        recording: The answers, one an item.
        n_items: Trials a condition: as many as the largest task has items.
    """
    out = suite.parent / "runs"
    command = [
        "run",
        suite.name,
        "--model",
        f"replay/{recording}",
        "--fixed",
        str(n_items),
        "--json",
        "--out",
        str(out),
    ]
    ended = subprocess.run(
        [sys.executable, "-m", "evalkit", *command], cwd=suite.parent, capture_output=True, encoding="utf-8"
    )
    assert ended.returncode == 0, ended.stderr
    results = json.loads(ended.stdout)
    (folder,) = out.iterdir()
    rows = read_trials(folder)[["task", "item", "passed"]].to_dict("records")
    passed = {(row["task"], row["item"]): bool(row["passed"]) for row in rows}
    assert len(rows) == len(passed), "an item was asked twice"
    assert all([each["condition"] for each in task["conditions"]] == ["clean"] for task in results["tasks"])
    return Replayed(conditions={task["task"]: task["conditions"][0] for task in results["tasks"]}, passed=passed)


def implied(condition: Mapping[str, Any]) -> dict[str, Any]:
    """What the counts of a condition imply: SciPy's exact interval at 95 %, margins, and the verdict by the interval.

    Holds for the only counting condition of a task with no void trial.
    """
    trials, passes, threshold = condition["trials"], condition["passes"], condition["threshold"]
    exact = binomtest(passes, trials).proportion_ci(confidence_level=0.95, method="exact")
    rates = {"pass_rate": passes / trials, "low": exact.low, "high": exact.high}
    margins = {
        "margin": rates["pass_rate"] - threshold,
        "margin_low": exact.low - threshold,
        "margin_high": exact.high - threshold,
    }
    verdict = "usable" if exact.low > threshold else "unusable" if exact.high < threshold else "edge"
    # Published results are rounded to six significant digits.
    numbers = {name: pytest.approx(value, abs=1e-6) for name, value in (rates | margins).items()}
    return {**condition, **numbers, "void": 0, "verdict": verdict}
