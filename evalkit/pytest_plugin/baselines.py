"""What the runs of a session are compared with: each suite with the baseline of its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from evalkit.engine.baseline import open_baseline
from evalkit.errors import EvalkitError
from evalkit.plain import one_line
from evalkit.record import Baseline, StoredGate


@dataclass(frozen=True, kw_only=True, slots=True)
class Baselines:
    """What runs are compared with, and how."""

    known: Mapping[str, Baseline]
    """By where they were read from."""
    tolerance: float
    """By how much a rate may be lower; 0 ≤ tolerance < 1."""
    strict: bool
    """Whether an item passes only if it is shown not to have got worse."""

    def name_of(self, suite: str, model: str) -> str | None:
        """Where the baseline of a suite is; of several, the model's own. None when there is none.

        Raises:
            EvalkitError: If there are several, none or more than one of them the model's own.
        """
        alike = [name for name, baseline in self.known.items() if baseline.suite == suite]
        own = [name for name in alike if self.known[name].model == model]
        found = own or alike
        if len(found) > 1:
            names = ", ".join(one_line(name, 60) for name in found)
            message = f"found {len(found)} baselines of suite {one_line(suite, 40)} for {one_line(model, 40)}: {names}"
            raise EvalkitError(f"{message}; expected one, or one measured with that model")
        return found[0] if found else None

    def gate_for(self, suite: str, model: str, tasks: Iterable[str]) -> StoredGate | None:
        """How a run is judged that has a baseline; None when it has none, or that knows no task of the run.

        Raises:
            EvalkitError: As `name_of`.
        """
        name = self.name_of(suite, model)
        if name is None or not {task.task for task in self.known[name].tasks} & set(tasks):
            return None
        return StoredGate(baseline=name, tolerance=self.tolerance, strict=self.strict)


def read_baselines(paths: Iterable[Path], *, tolerance: float, strict: bool) -> Baselines:
    """Read files, or folders of runs.

    Raises:
        RecordError: If one is neither.
    """
    return Baselines(known={str(path): open_baseline(path) for path in paths}, tolerance=tolerance, strict=strict)
