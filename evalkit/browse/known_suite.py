"""The suite of a run, as far as it can still be had: without it a trial is shown, but not what was asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

from evalkit.engine.stored import stored_suite
from evalkit.errors import EvalkitError
from evalkit.plain import one_line
from evalkit.plan import Plan, Unit
from evalkit.record import RunFile, TrialRow
from evalkit.suite import Suite
from evalkit.trial import Item
from evalkit.verdict import Key, Terms

_SHOWN = 300


Suites: TypeAlias = dict[str, Suite]
"""Suites by all that a run's file says of its own, so that runs of the same suite read it once."""


def _stored(run: RunFile, suites: Suites) -> Suite:
    told = run.suite.model_dump_json()
    if told not in suites:
        suites[told] = stored_suite(run, allow_code=False)
    return suites[told]


@dataclass(kw_only=True)
class _Walk:
    """A condition's sequence, as far as it has been gone through."""

    units: Iterator[Unit]
    position: int = -1
    item: Item | None = None
    """That of the position."""


class KnownSuite:
    """What a run's stored suite says of its trials. Python of the suite is never executed.

    Args:
        run: Whose.
        suites: Suites of runs that were looked at before, to which that of this one is added; None: of no others.
    """

    def __init__(self, run: RunFile, suites: Suites | None = None) -> None:
        self._run = run
        self._terms = {each.key: each for each in run.terms}
        self._walks: dict[Key, _Walk] = {}
        self._items: dict[str, dict[str, Item]] = {}
        self._lock = threading.Lock()
        self.plan: Plan | None = None
        """None: there is no suite; `note` says why."""
        self.note: str | None = None
        """What is to be said of every request, in a sentence."""
        if run.origin == "imported":
            self.note = f"The trials were imported from {Path(run.suite.path).name}; what was asked is not recorded."
            return
        try:
            suite = _stored(run, {} if suites is None else suites)
        except EvalkitError as error:
            told = one_line(str(error), _SHOWN)
            self.note = f"What was asked cannot be shown, since the suite cannot be read: {told}"
            if "--allow-code" in told:
                self.note += ". Looking at trials never runs a suite's Python."
            return
        self.plan = Plan(suite=suite, seed=run.seed, terms=tuple(run.terms), limit=run.scope.limit)
        if run.evalkit != version("evalkit"):
            self.note = f"The run was made by evalkit {one_line(run.evalkit, 20)}; this version may make other prompts."

    def terms(self, row: TrialRow) -> Terms | None:
        """Of a trial's condition; None when the run knows no such condition."""
        return self._terms.get((row.task, row.condition))

    def item(self, row: TrialRow) -> Item | None:
        """The item of a trial; None when the suite does not have it (any more)."""
        terms = self.terms(row)
        if self.plan is None or terms is None:
            return None
        supply = self.plan.suite.task(row.task).supply
        if isinstance(supply, tuple):
            if row.task not in self._items:
                self._items[row.task] = {item.id: item for item in supply}
            return self._items[row.task].get(row.item)
        with self._lock:
            item = self._drawn(self.plan, terms, row.position)
        return item if item is not None and item.id == row.item else None

    def _drawn(self, plan: Plan, terms: Terms, position: int) -> Item | None:
        """What a generator gave at a position; whoever asks in rising order goes through the sequence once."""
        walk = self._walks.get(terms.key)
        if walk is not None and walk.position == position:
            return walk.item
        if walk is None or walk.position > position:
            walk = self._walks[terms.key] = _Walk(units=plan.units(terms))
        for unit in walk.units:
            walk.position, walk.item = unit.position, unit.item
            if unit.position == position:
                return unit.item
        return None
