"""The suites that come with evalkit, each read once for all tests of a process, and only where one is looked at."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import yaml

from evalkit.content import shipped
from evalkit.suite import Suite, Task, load_suite

FOLDER = shipped("suites")
SUITES = tuple(path.stem for path in sorted(FOLDER.glob("*.yaml")))


class ShippedTask(NamedTuple):
    """A task by its names: reading the items of all suites takes half a second, their names almost none."""

    suite: str
    name: str
    perturbations: tuple[str, ...]

    def __str__(self) -> str:
        return self.name

    def read(self) -> Task:
        return shipped_suite(self.suite).task(self.name)


@cache
def shipped_suite(name: str) -> Suite:
    return load_suite(FOLDER / f"{name}.yaml")


@cache
def shipped_tasks() -> tuple[ShippedTask, ...]:
    """All of them, in the order of their suites' names."""
    return tuple(
        ShippedTask(suite, name, tuple(given["perturbations"]))
        for suite in SUITES
        for name, given in _written(suite)["tasks"].items()
    )


def _written(suite: str) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Any] = yaml.load((FOLDER / f"{suite}.yaml").read_text(encoding="utf-8"), loader)
    return found
