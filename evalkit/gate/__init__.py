"""The gate: from a run's verdicts, and what it is compared with, to an exit code."""

from evalkit.findings.gate import BaselineSummary, GatedCondition, GatedTask, GateResult
from evalkit.gate.judge import DEFAULT_TOLERANCE, judge, judge_run

__all__ = [
    "DEFAULT_TOLERANCE",
    "BaselineSummary",
    "GateResult",
    "GatedCondition",
    "GatedTask",
    "judge",
    "judge_run",
]
