"""Put recorded answers through `evalkit run`, as a user would who has them in a file."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from evalkit import read_trials


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What a run said."""

    results: Mapping[str, Any]
    """The object that `evalkit run --json` printed."""
    passed: Mapping[tuple[str, str], bool]
    """By task and item, from the run's record."""

    def conditions(self) -> dict[str, Mapping[str, Any]]:
        """The one condition of each task."""
        return {task["task"]: condition for task in self.results["tasks"] for condition in task["conditions"]}


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
    """Run a suite against a recording in a process of its own.

    Args:
        suite: Its folder takes the run's too.
        recording: Every trial's answer.
        n_items: Trials a condition; at least as many as the largest task has items.
    """
    out = suite.parent / f"runs-{recording.stem}"
    command = ["run", suite.name, "--model", f"replay/{recording}", "--fixed", str(n_items), "--json", "--out", str(out)]
    ended = subprocess.run(
        [sys.executable, "-m", "evalkit", *command], cwd=suite.parent, capture_output=True, text=True, encoding="utf-8"
    )
    assert ended.returncode == 0, ended.stderr
    (folder,) = out.iterdir()
    trials = read_trials(folder)
    places = list(zip(trials["task"], trials["item"], strict=True))
    assert len(set(places)) == len(places), "each item is asked once"
    return Replayed(
        results=json.loads(ended.stdout), passed=dict(zip(places, trials["passed"].astype(bool), strict=True))
    )


def says_what_follows(condition: Mapping[str, Any]) -> bool:
    """Whether a condition's rate, interval, margins and verdict are those of its counts.

    SciPy computes the interval independently; one counting condition a task and 95 % are assumed.
    """
    trials, passes, threshold = condition["trials"], condition["passes"], condition["threshold"]
    exact = binomtest(passes, trials).proportion_ci(confidence_level=0.95, method="exact")
    rates = {"": passes / trials, "_low": exact.low, "_high": exact.high}
    verdict = "usable" if exact.low > threshold else "unusable" if exact.high < threshold else "edge"
    return (
        all(abs(condition[f"margin{end}"] - (rate - threshold)) < 1e-6 for end, rate in rates.items())
        and all(abs(condition[end.strip("_") or "pass_rate"] - rate) < 1e-6 for end, rate in rates.items())
        and condition["verdict"] == verdict
    )
