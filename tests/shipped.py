"""The suites that come with evalkit, read once for all tests of a process."""

from __future__ import annotations

from functools import cache

from evalkit.content import shipped
from evalkit.suite import Suite, load_suite


@cache
def shipped_suites() -> tuple[Suite, ...]:
    return tuple(load_suite(path) for path in sorted(shipped("suites").glob("*.yaml")))
