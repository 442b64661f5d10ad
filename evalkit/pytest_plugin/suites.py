"""Suites among the tests of a session: a test item for each task, condition and model."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine import Measured, check_model
from evalkit.errors import EvalkitError
from evalkit.plain import one_line, printable
from evalkit.plan import make_plan
from evalkit.pytest_plugin.judging import at_the_edge, fail, is_left_out
from evalkit.pytest_plugin.measuring import Measurements, Wanted
from evalkit.pytest_plugin.options import Options, read_options
from evalkit.pytest_plugin.words import explained, left_out, no_answers, properties
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
        self._among_arguments = dict.fromkeys(_suites_of(config.args, config.invocation_params.dir))
        named = [name for name in config.getoption("evalkit_suites") if name]
        if not named and not self._among_arguments:
            named = list(config.getini("evalkit_suites"))
        self._suites: dict[Path, Suite] = {}
        """By their files."""
        self._named: dict[Path, str] = {}
        """Those that no argument names, as the user named them."""
        try:
            for name in named:
                path = find_suite(name).resolve()
                if path not in self._among_arguments:
                    self._named[path] = name
            for path in (*self._among_arguments, *self._named):
                self._suites[path] = load_suite(path, allow_code=self.options.allow_code)
            self._check(asks=not config.option.collectonly)
        except EvalkitError as error:
            raise pytest.UsageError(printable(f"evalkit: {error}")) from None
        config.addinivalue_line("markers", "evalkit: a condition of a suite, measured by evalkit")

    def _check(self, *, asks: bool) -> None:
        """See that suites and models are named and fit each other, before anything is paid for."""
        if not self._suites:
            raise EvalkitError("no suite is named; expected --evalkit SUITE, or evalkit_suites in the ini file")
        if not self.options.models:
            raise EvalkitError("no model is named; expected --evalkit-model PROVIDER/NAME")
        open_by_name = opener([], allow_code=self.options.allow_code, need_key=asks)
        for suite in self._suites.values():
            plan = make_plan(suite, self.options.scope)
            for model in self.options.models:
                check_model(plan, open_by_name(model, self.options.settings))

    def pytest_report_header(self) -> list[str]:
        """Say what is about to be asked, and what it may cost."""
        suites = ", ".join(one_line(suite.name, 30) for suite in self._suites.values())
        models = ", ".join(one_line(model, 40) for model in self.options.models)
        return [f"evalkit: {suites} with {models}; at most {self.options.scope.max_cost:g} USD a run"]

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Take a suite that is named among the arguments."""
        if file_path.resolve() not in self._among_arguments:
            return None
        return self._file(parent, path=file_path)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the other suites, before -k and -m choose."""
        for path, name in self._named.items():
            root = session.config.rootpath
            node_id = path.relative_to(root).as_posix() if path.is_relative_to(root) else name
            items.extend(session.genitems(self._file(session, path=path, nodeid=node_id)))

    def _file(self, parent: pytest.Collector, **where: Any) -> SuiteFile:
        file: SuiteFile = SuiteFile.from_parent(parent, **where)
        path, here = file.path.resolve(), Path.cwd()
        file.suites, file.suite = self, self._suites[path]
        file.called = str(path.relative_to(here)) if path.is_relative_to(here) else self._named.get(path, str(path))
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


def _suites_of(arguments: Iterable[str], folder: Path) -> Iterator[Path]:
    """The files of suites among pytest's arguments, which may be node ids."""
    for argument in arguments:
        path = (folder / argument.partition("[")[0].partition("::")[0]).resolve()
        if path.suffix in _ENDINGS and path.is_file():
            yield path


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

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the suite defines the task, and a title, which is no part of the node id: dots in that would change."""
        return self.path, self.task.line - 1, one_line(f"{self.task.name} at {self.name}", 200)

    def result(self) -> tuple[TaskResult, ConditionResult]:
        """What was measured."""
        task = next(task for task in self.measured.results.tasks if task.task == self.task.name)
        return task, next(each for each in task.conditions if each.condition == self.condition)

    def setup(self) -> None:
        """Measure; what keeps a model from being asked is an error, not a failure of the model."""
        problem = ""
        try:
            self.measured = self.file.suites.measurements.measure(self.wanted)
        except EvalkitError as error:
            problem = str(error)
        if problem:  # out here, where nothing is in the way of the text
            fail(printable(problem))
        task, condition = self.result()
        self.user_properties.extend(properties(self.measured, condition))
        if condition.counts and condition.reason == "void":
            fail(no_answers(self.measured, task, condition))

    def runtest(self) -> None:
        """Judge."""
        task, condition = self.result()
        if is_left_out(condition):
            pytest.skip(left_out(condition))
        if condition.verdict == "unusable":
            fail(explained(self.measured, task, condition))
        if condition.verdict == "edge":
            at_the_edge(explained(self.measured, task, condition), self.file.suites.options.edge)


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
