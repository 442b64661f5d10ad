"""Suites among the tests of a session: a test item for each task, condition and model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine import Measured, check_model
from evalkit.errors import EvalkitError
from evalkit.findings.gate import GatedCondition, GateResult
from evalkit.plain import one_line, printable
from evalkit.plan import make_plan
from evalkit.pytest_plugin.judging import at_the_edge, fail, has_regressed, is_left_out, lacks_proof
from evalkit.pytest_plugin.measuring import Measurements, Wanted
from evalkit.pytest_plugin.options import Options, beside_ini, read_options
from evalkit.pytest_plugin.words import explained, got_worse, left_out, no_answers, not_held, properties
from evalkit.report.gate_sentences import tolerated
from evalkit.suite import Suite, Task, load_suite
from evalkit.suite.load import find_suite
from evalkit.transport import opener
from evalkit.verdict import ConditionResult, TaskResult

_ENDINGS = {".yaml", ".yml"}


class Suites:
    """The part of the plugin that is there when suites are asked for.

    Args:
        config: Of this pytest.
        folder: Shared by all processes of the session.

    Raises:
        UsageError: If an option is wrong, a suite cannot be read, or nothing is named.
    """

    def __init__(self, config: pytest.Config, folder: Path) -> None:
        self.options = read_options(config)
        self.measurements = Measurements(folder)
        self._suites: dict[Path, Suite] = {}
        """By their files."""
        try:
            self._arguments = _suites_of(config)
            for path in (*self._arguments.files, *self._arguments.names):
                self._suites[path] = load_suite(path, allow_code=self.options.allow_code)
            self._check(config)
        except EvalkitError as error:
            raise pytest.UsageError(printable(f"evalkit: {error}")) from None
        config.addinivalue_line("markers", "evalkit: a condition of a suite, measured by evalkit")

    def _check(self, config: pytest.Config) -> None:
        """See that suites and models are named and fit each other, before anything is paid for."""
        if not self._suites:
            expected = "one among the arguments (pytest --evalkit SUITE), or evalkit_suites in the ini file"
            raise EvalkitError(f"no suite is named; expected {expected}")
        if not self.options.models:
            raise EvalkitError("no model is named; expected --evalkit-model PROVIDER/NAME")
        open_by_name = opener([], allow_code=self.options.allow_code, need_key=not config.option.collectonly)
        compared = set()
        for suite in self._suites.values():
            plan = make_plan(suite, self.options.scope)
            for model in self.options.models:
                check_model(plan, open_by_name(model, self.options.settings))
                gate = self.options.baselines.gate_for(suite.name, model, plan.task_names)
                compared.add(gate and gate.baseline)
        for name, baseline in self.options.baselines.known.items():
            if name not in compared and config.getoption("evalkit_baseline"):
                found = f"{name}: found a baseline of suite {one_line(baseline.suite, 40)}, {baseline.model}"
                raise EvalkitError(f"{found}; expected one of a suite and of tasks that are measured")

    def _names(self) -> list[str]:
        return [suite.name for suite in self._suites.values()]

    def pytest_report_header(self) -> list[str]:
        """Say what is about to be asked, and what it may cost."""
        suites = ", ".join(one_line(name, 30) for name in self._names())
        models = ", ".join(one_line(model, 40) for model in self.options.models)
        lines = [f"evalkit: {suites} with {models}; at most {self.options.scope.max_cost:g} USD a run"]
        baselines = self.options.baselines
        compared = [name for name, each in baselines.known.items() if each.suite in self._names()]
        if compared:
            allowed = f"a pass rate may be lower by {tolerated(baselines.tolerance)}"
            lines.append(f"evalkit: compared with {', '.join(one_line(name, 60) for name in compared)}; {allowed}")
        return lines

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Take a suite that is named among the arguments."""
        if file_path.resolve() not in self._arguments.files:
            return None
        return self._file(parent, path=file_path)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add suites that pytest does not find by itself, before -k and -m choose."""
        root = session.config.rootpath
        for path, names in self._arguments.names.items():
            node_id = path.relative_to(root).as_posix() if path.is_relative_to(root) else names[0].partition("::")[0]
            every = list(session.genitems(self._file(session, path=path, nodeid=node_id)))
            for name in names:
                wished = node_id + "".join(name.partition("::")[1:])
                chosen = [each for each in every if each.nodeid == wished or each.nodeid.startswith(_within(wished))]
                if not chosen:
                    raise pytest.UsageError(f"not found: {name}")
                items.extend(each for each in chosen if each not in items)
            session.config.hook.pytest_deselected(items=[each for each in every if each not in items])

    def _file(self, parent: pytest.Collector, **where: Any) -> SuiteFile:
        file: SuiteFile = SuiteFile.from_parent(parent, **where)
        path, here = file.path.resolve(), Path.cwd()
        file.suites, file.suite = self, self._suites[path]
        named = self._arguments.names.get(path, [str(path)])[0].partition("::")[0]
        file.called = str(path.relative_to(here)) if path.is_relative_to(here) else named
        return file

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Ask what was chosen, and nothing else."""
        items = [item for item in session.items if isinstance(item, ConditionItem)]
        for item in items:
            alike = [other for other in items if (other.file, other.model) == (item.file, item.model)]
            item.wanted = wanted(item, alike, self.options)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Let an item that is skipped be found in its suite, not in this file."""
        report = yield
        if isinstance(item, ConditionItem) and isinstance(report.longrepr, tuple):
            path, line, _ = item.reportinfo()
            report.longrepr = (str(path), line + 1, report.longrepr[2])
        return report


def _within(node_id: str) -> tuple[str, str]:
    """How the ids of nodes in a node begin."""
    return f"{node_id}::", f"{node_id}["


@dataclass(frozen=True, kw_only=True, slots=True)
class _Arguments:
    """Suites that are asked for."""

    files: frozenset[Path]
    """Those that are among pytest's arguments as files, or as node ids in them."""
    names: dict[Path, list[str]]
    """The others, each with how it was named, or its nodes were."""


def _suites_of(config: pytest.Config) -> _Arguments:
    """The suites among pytest's arguments, else of the ini file; arguments that pytest would not find are taken out.

    Raises:
        SuiteError: If there is no suite of a name.
    """
    files, names, others = [], defaultdict(list), []
    for argument in config.args:
        name = argument.partition("[")[0].partition("::")[0]
        path = config.invocation_params.dir / name
        if path.suffix in _ENDINGS and path.is_file():
            files.append(path.resolve())
        elif not path.exists() and not config.option.pyargs and Path(name).suffix in {"", *_ENDINGS}:
            names[find_suite(name).resolve()].append(argument)
            continue
        others.append(argument)
    config.args[:] = others
    for name in () if files or names else config.getini("evalkit_suites"):
        path = beside_ini(config, name)
        found, called = (path, str(path)) if path.is_file() else (find_suite(name), name)
        names[found.resolve()].append(called)
    return _Arguments(files=frozenset(files), names={path: names[path] for path in names if path not in files})


class SuiteFile(pytest.File):
    """A suite."""

    suites: Suites
    suite: Suite
    called: str
    """What finds it from the current folder, and is shown."""

    def collect(self) -> Iterator[TaskNode]:
        """Its tasks."""
        for task in self.suite.tasks:
            node: TaskNode = TaskNode.from_parent(self, name=task.name)
            node.task = task
            yield node


class TaskNode(pytest.Collector):
    """A task of a suite."""

    task: Task

    def collect(self) -> Iterator[ConditionItem]:
        """Its conditions, each with every model."""
        file = self.getparent(SuiteFile)
        assert file is not None
        for definition in self.task.conditions:
            for model in file.suites.options.models:
                name = one_line(f"{definition.condition.id}[{model}]", 200)
                item: ConditionItem = ConditionItem.from_parent(self, name=name)
                item.file, item.task = file, self.task
                item.condition, item.model = definition.condition.id, model
                item.add_marker("evalkit")
                if self.config.pluginmanager.hasplugin("xdist"):  # for --dist loadgroup: the others need not wait
                    item.add_marker(pytest.mark.xdist_group(one_line(f"{file.suite.name} {model}", 100)))
                yield item


class ConditionItem(pytest.Item):
    """A condition of a task, asked of a model."""

    file: SuiteFile
    task: Task
    condition: str
    model: str
    wanted: Wanted
    measured: Measured
    gate: GateResult | None

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the suite defines the task, and a title, which is no part of the node id: dots in that would change."""
        return self.path, self.task.line - 1, one_line(f"{self.task.name} at {self.name}", 200)

    def result(self) -> tuple[TaskResult, ConditionResult]:
        """What was measured."""
        task = next(task for task in self.measured.results.tasks if task.task == self.task.name)
        return task, next(each for each in task.conditions if each.condition == self.condition)

    def gated(self) -> GatedCondition | None:
        """How that stands against the baseline; None without one of the task."""
        for task in () if self.gate is None else self.gate.tasks:
            if task.result.task == self.task.name and task.regression is not None:
                return next(each for each in task.conditions if each.result.condition == self.condition)
        return None

    def setup(self) -> None:
        """Measure; what keeps a model from being asked is an error, not a failure of the model."""
        problem = ""
        try:
            self.measured = self.file.suites.measurements.measure(self.wanted)
            self.gate = self.file.suites.measurements.gate_of(self.measured)
        except EvalkitError as error:
            problem = str(error)
        if problem:  # out here, where nothing is in the way of the text
            fail(printable(problem))
        task, condition = self.result()
        self.user_properties.extend(properties(self.measured, condition, self.gated()))
        if condition.counts and condition.reason == "void":
            fail(no_answers(self.measured, task, condition))

    def runtest(self) -> None:
        """Judge."""
        task, condition = self.result()
        gate, gated = self.gate, self.gated()
        told = [explained(self.measured, task, condition)] if condition.verdict == "unusable" else []
        if gate is not None and gated is not None and has_regressed(gated):
            told.append(got_worse(self.measured, gate, task, gated))
        if told and condition.counts:
            fail("\n\n".join(told))
        if is_left_out(condition):
            pytest.skip(left_out(condition))
        told = [explained(self.measured, task, condition)] if condition.verdict == "edge" else []
        if gate is not None and gated is not None and lacks_proof(gate, gated):
            told.append(not_held(self.measured, gate, task, gated))
        if told:
            at_the_edge("\n\n".join(told), self.file.suites.options.edge)


def wanted(item: ConditionItem, chosen: Iterable[ConditionItem], options: Options) -> Wanted:
    """The run that an item belongs to: of its suite and model, with the tasks whose chosen conditions are the same.

    Args:
        item: One of the chosen.
        chosen: All items of its suite and model that are to be run.
        options: How suites are measured.
    """
    conditions: dict[str, set[str]] = {}
    for each in chosen:
        conditions.setdefault(each.task.name, set()).add(each.condition)
    part = {task.name: _part(task, conditions) for task in item.file.suite.tasks if task.name in conditions}
    tasks = tuple(name for name, of_it in part.items() if of_it == part[item.task.name])
    scope = replace(
        options.scope,
        tasks=() if len(tasks) == len(item.file.suite.tasks) else tasks,
        conditions=part[item.task.name],
    )
    return Wanted(
        suite=item.file.called,
        model=item.model,
        scope=scope,
        gate=options.baselines.gate_for(item.file.suite.name, item.model, tasks),
        settings=options.settings,
        out=options.out,
        reuse=options.reuse,
        allow_code=options.allow_code,
    )


def _part(task: Task, chosen: Mapping[str, set[str]]) -> tuple[str, ...]:
    """The chosen conditions of a task as a scope has them: none when all are chosen."""
    known = [definition.condition.id for definition in task.conditions]
    found = tuple(name for name in known if name in chosen[task.name])
    return () if len(found) == len(known) else found
