"""What a test gets that asks for the fixture `evalkit`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine import Measured
from evalkit.plan import Scope
from evalkit.pytest_plugin.function_model import function_name
from evalkit.pytest_plugin.judging import judge, judge_change
from evalkit.pytest_plugin.measuring import Measurements, Wanted
from evalkit.pytest_plugin.options import read_options
from evalkit.record import StoredGate
from evalkit.suite import load_suite
from evalkit.transport.function import Function

_GATE = {"baseline", "tolerance", "strict"}
_SCOPE = {field.name for field in fields(Scope)}


class Evalkit:
    """Measures suites with models, each once a session.

    Args:
        config: Of this pytest; its options hold where a call says nothing else.
        folder: Shared by all processes of the session.
    """

    def __init__(self, config: pytest.Config, folder: Path) -> None:
        self._options = read_options(config)
        self._measurements = Measurements(folder)

    def run(self, suite: str | Path, model: str | Function, **given: Any) -> Measured:
        """Measure a suite with a model, or find what was measured under the same arguments in this session.

        Args:
            suite: A path, or the name of a shipped suite.
            model: `PROVIDER/NAME`, or a function `(messages, settings) -> text`, which is measured at each call.
            given: `tasks`, `conditions`, `until`, `fixed`, `limit`, `explore`, `calibrated`, `max_calls`, `max_cost`,
                `settings`, `seed`, `confidence`, `concurrency`, `out`, `reuse`, `allow_code`, as for `evalkit.run`
                (where `settings` are its `options`); `baseline`, a file or a run to compare with, `tolerance` and
                `strict`. The options of pytest hold where nothing is said.

        Returns:
            The run's folder and results.

        Raises:
            EvalkitError: If it cannot be measured.
            ValueError: If an argument is out of range.
        """
        options = self._options
        scope = {name: value for name, value in given.items() if name in _SCOPE}
        for name in ("tasks", "conditions"):
            if name in scope:
                scope[name] = (scope[name],) if isinstance(scope[name], str) else tuple(scope[name])
        how = {name: value for name, value in given.items() if name not in _SCOPE | _GATE}
        defaults = {"settings": options.settings, "reuse": options.reuse, "allow_code": options.allow_code}
        wanted = {**defaults, **how}
        return self._measurements.measure(
            Wanted(
                suite=str(suite),
                model=model,
                scope=replace(options.scope, **scope),
                gate=self._gate(suite, model, {name: value for name, value in given.items() if name in _GATE}),
                **{**wanted, "reuse": tuple(map(Path, wanted["reuse"])), "out": Path(how.get("out", options.out))},
            )
        )

    def _gate(self, suite: str | Path, model: str | Function, given: Mapping[str, Any]) -> StoredGate | None:
        options = self._options.baselines
        name = str(given.get("baseline", ""))
        if not name and options.known:
            model = model if isinstance(model, str) else function_name(model)
            name = options.name_of(load_suite(suite, allow_code=self._options.allow_code).name, model) or ""
        if not name:
            return None
        wished = {"tolerance": options.tolerance, "strict": options.strict, **given}
        return StoredGate(baseline=name, tolerance=wished["tolerance"], strict=wished["strict"])

    def assert_usable(self, measured: Measured, *tasks: str) -> None:
        """Fail the test unless tasks are usable at each condition that the run was to ask.

        An edge comes to what --evalkit-edge says.

        Args:
            measured: What `run` gave.
            tasks: Names; all of the run when none is given.

        Raises:
            KeyError: If the run has no such task.
        """
        __tracebackhide__ = True
        found = {task.task: task for task in measured.results.tasks}
        judge(measured, [found[name] for name in tasks or found], self._options.edge)

    def assert_not_worse(self, measured: Measured, *tasks: str) -> None:
        """Fail the test if a task is shown to be worse than its baseline by more than the tolerance.

        With --evalkit-strict (or `strict=True` of the run) it must be shown not to be; else it is at the edge.

        Args:
            measured: What `run` gave, with a baseline.
            tasks: Names; all of the run when none is given.

        Raises:
            KeyError: If the run has no such task.
            ValueError: If the run was compared with nothing.
        """
        __tracebackhide__ = True
        gate = self._measurements.gate_of(measured)
        if gate is None:
            raise ValueError(f"{measured.folder}: was compared with nothing; name a baseline")
        found = {task.result.task: task for task in gate.tasks}
        judge_change(measured, gate, [found[name] for name in tasks or found], self._options.edge)
