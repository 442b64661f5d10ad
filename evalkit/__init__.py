"""Is this model usable for this job, and how much margin is left?

>>> from evalkit import run
>>> measured = run("arithmetic", "baseline/rules", fixed=20, tasks=["addition"])  # doctest: +SKIP
>>> measured.results.verdict  # doctest: +SKIP
'edge'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalkit.api import arun, check, import_trials, open_run, read_trials, resume, run
    from evalkit.engine import Measured
    from evalkit.errors import AdapterError, EvalkitError, RecordError, SuiteError, TransportError
    from evalkit.lint import Finding
    from evalkit.suite import Suite, load_suite
    from evalkit.verdict import ConditionResult, SuiteResult, TaskResult

_HOMES = {
    "AdapterError": "evalkit.errors",
    "ConditionResult": "evalkit.verdict",
    "EvalkitError": "evalkit.errors",
    "Finding": "evalkit.lint",
    "Measured": "evalkit.engine",
    "RecordError": "evalkit.errors",
    "Suite": "evalkit.suite",
    "SuiteError": "evalkit.errors",
    "SuiteResult": "evalkit.verdict",
    "TaskResult": "evalkit.verdict",
    "TransportError": "evalkit.errors",
    "arun": "evalkit.api",
    "check": "evalkit.api",
    "import_trials": "evalkit.api",
    "load_suite": "evalkit.suite",
    "open_run": "evalkit.api",
    "read_trials": "evalkit.api",
    "resume": "evalkit.api",
    "run": "evalkit.api",
}

__all__ = [
    "AdapterError",
    "ConditionResult",
    "EvalkitError",
    "Finding",
    "Measured",
    "RecordError",
    "Suite",
    "SuiteError",
    "SuiteResult",
    "TaskResult",
    "TransportError",
    "arun",
    "check",
    "import_trials",
    "load_suite",
    "open_run",
    "read_trials",
    "resume",
    "run",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the command line starts quickly."""
    if name not in _HOMES:
        raise AttributeError(f"module 'evalkit' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
