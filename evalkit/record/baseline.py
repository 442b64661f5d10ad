"""What a run brought, as a small file that is fit for a repository: counts and outcomes, no responses.

Outcomes are written as they came, in plan order: `1` passed, `0` failed, `-` void; of a task that is judged by its mean
score, the scores. Conditions of a task that were asked about the same items share one list of them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evalkit.errors import EXIT_INFRASTRUCTURE, RecordError
from evalkit.trial import Measure
from evalkit.verdict import Before

BASELINE_FILE = "baseline.json"
"""A run's copy of the one it is compared with."""
FORMAT: Final = 1

Digests: TypeAlias = dict[str, str]
"""Of each value of a mapping in a suite file, by its key: enough to say what has changed."""
Score: TypeAlias = Annotated[float, Field(ge=0, le=1)]


class _Stored(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class BaselineCondition(_Stored):
    """One condition that counts."""

    condition: str
    measure: Measure
    trials: int
    passes: int
    void: int
    pass_rate: float | None
    low: float | None
    high: float | None
    items: int
    """Which of the task's lists of items was asked."""
    outcomes: Annotated[str, Field(pattern="^[01-]*$")] | list[Score | None]
    """Of its first items, in their order; a text of passes, a list of scores."""

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if isinstance(self.outcomes, str) != (self.measure == "pass"):
            raise ValueError(f"{self.condition}: has outcomes of another kind than its measure, {self.measure}")
        return self


class BaselineTask(_Stored):
    """One task."""

    task: str
    threshold: float
    verdict: str
    defined: Digests
    """What the suite said of it."""
    items: list[list[str]]
    """Ids in plan order; of conditions that were asked about the same items, once."""
    conditions: list[BaselineCondition]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for condition in self.conditions:
            if not 0 <= condition.items < len(self.items):
                raise ValueError(f"{condition.condition}: has no list of items")
            if len(condition.outcomes) > len(self.items[condition.items]):
                raise ValueError(f"{condition.condition}: has more outcomes than items")
        return self


class Baseline(_Stored):
    """What later runs are compared with."""

    format: Literal[1] = FORMAT
    evalkit: str
    """Version that measured it."""
    suite: str
    sha256: str
    """Of the suite file."""
    defined: Digests
    """What the suite said beside its tasks."""
    files: dict[str, str]
    """SHA-256 of every file that the suite read, by name."""
    model: str
    options: dict[str, Any]
    """As given with -M."""
    served_model: list[str]
    seed: int
    confidence: float
    started: str
    """UTC, ISO 8601."""
    tasks: list[BaselineTask]

    def before(self, task: str, condition: str, measure: Measure) -> Before:
        """What a condition's items brought, each time; empty when it was not measured, or otherwise."""
        found: defaultdict[str, list[float | None]] = defaultdict(list)
        for known in self.tasks:
            for each in known.conditions if known.task == task else ():
                if each.condition == condition and each.measure == measure:
                    for item, outcome in zip(known.items[each.items], each.outcomes, strict=False):
                        found[item].append(_value(outcome))
        return dict(found)


def _value(outcome: str | float | None) -> float | None:
    return {"1": 1.0, "0": 0.0, "-": None}[outcome] if isinstance(outcome, str) else outcome


def baseline_bytes(baseline: Baseline) -> bytes:
    """A baseline as a file: one line a condition, so that a repository shows what changed."""
    whole = baseline.model_dump(mode="json")
    tasks = whole.pop("tasks")
    lines = [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in whole.items()]
    told = []
    for task in tasks:
        inner = []
        for key in ("items", "conditions"):
            rows = ",\n".join(f"    {json.dumps(each, ensure_ascii=False)}" for each in task.pop(key))
            inner.append(f"   {json.dumps(key)}: [\n{rows}\n   ]")
        head = "".join(
            f"   {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)},\n" for key, value in task.items()
        )
        told.append(f"  {{\n{head}" + ",\n".join(inner) + "\n  }")
    return ("{\n" + "\n".join(lines) + '\n "tasks": [\n' + ",\n".join(told) + "\n ]\n}\n").encode()


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write a baseline, whole or not at all.

    Raises:
        RecordError: With exit code 4 if the disk refuses.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.write_bytes(baseline_bytes(baseline))
        partial.replace(path)
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror}"
        raise RecordError(message, exit_code=EXIT_INFRASTRUCTURE) from None


def read_baseline(path: Path) -> Baseline:
    """Read what `write_baseline` wrote.

    Raises:
        RecordError: If it is missing, unreadable, or of a later format.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        found = f"{path}: no such baseline; make one of a run with: evalkit gate RUN --save-baseline {path}"
        raise RecordError(found) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: cannot be read: {error}") from None
    try:
        return Baseline.model_validate_json(text)
    except ValidationError as error:
        # Outcomes may be of two kinds: what is wrong within one says more than that it is not the other.
        detail = max(error.errors(include_url=False), key=lambda found: len(found["loc"]))
        where = ".".join(str(part) for part in detail["loc"])
        message = f"{path}: {where or 'file'}: {detail['msg']}; expected what evalkit gate RUN --save-baseline writes"
        raise RecordError(message) from None
