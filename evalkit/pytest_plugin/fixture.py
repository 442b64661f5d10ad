"""What a test gets that asks for the fixture `evalkit`."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine import Measured
from evalkit.plan import Scope
from evalkit.pytest_plugin.function_model import Function
from evalkit.pytest_plugin.judging import judge
from evalkit.pytest_plugin.measuring import Measurements, Wanted
from evalkit.pytest_plugin.options import read_options

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
                (where `settings` are its `options`); the options of pytest hold where nothing is said.

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
        how = {name: value for name, value in given.items() if name not in _SCOPE}
        defaults = {"settings": options.settings, "reuse": options.reuse, "allow_code": options.allow_code}
        wanted = {**defaults, **how}
        return self._measurements.measure(
            Wanted(
                suite=str(suite),
                model=model,
                scope=replace(options.scope, **scope),
                **{**wanted, "reuse": tuple(map(Path, wanted["reuse"])), "out": Path(how.get("out", options.out))},
            )
        )

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
