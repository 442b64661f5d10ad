"""The gate: from a run's verdicts, and what it is compared with, to an exit code."""

from evalkit.gate.judge import DEFAULT_TOLERANCE, judge, judge_run

__all__ = ["DEFAULT_TOLERANCE", "judge", "judge_run"]
