"""Suites: what is asked, and the thresholds that count. The only place that reads YAML."""

from evalkit.suite.checks import sample_items
from evalkit.suite.definition import Axis, ConditionDefinition, Suite, Task
from evalkit.suite.load import find_suite, load_suite, read_suite
from evalkit.suite.schema import suite_schema

__all__ = [
    "Axis",
    "ConditionDefinition",
    "Suite",
    "Task",
    "find_suite",
    "load_suite",
    "read_suite",
    "sample_items",
    "suite_schema",
]
