"""The pytest plugin: tasks and conditions of suites as test items, and a fixture.

Every pytest of an environment with evalkit in it imports this module, so it imports nothing but pytest and a little of
the standard library; the rest follows when somebody says `--evalkit`, or a test asks for the fixture.

PYTEST_DONT_REWRITE: it has no assertions, and may be imported before pytest comes to it.
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evalkit.pytest_plugin.fixture import Evalkit

_NAMES: dict[str, tuple[str, str]] = {
    "suites": ("args", "Suites that --evalkit means when no argument is one: paths, or names of shipped ones."),
    "model": ("args", "As --evalkit-model."),
    "edge": ("string", "As --evalkit-edge."),
    "baseline": ("args", "As --evalkit-baseline."),
    "tolerance": ("string", "As --evalkit-tolerance."),
    "strict": ("bool", "As --evalkit-strict."),
    "until": ("string", "As --evalkit-until."),
    "max_cost": ("string", "As --evalkit-max-cost."),
    "setting": ("args", "As --evalkit-setting."),
    "out": ("string", "As --evalkit-out."),
}
"""What an ini file may set, with its kind. None of it has a suite measured: that takes --evalkit."""
_UNSAID: dict[str, object] = {"args": [], "string": "", "bool": False}
_FOLDER = pytest.StashKey[Path]()
_WORKER_KEY = "evalkit_folder"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("evalkit", "language models against suites of tasks (evalkit)")
    add = group.addoption
    again = " May be given several times."
    add(
        "--evalkit",
        action="store_true",
        help="Measure the suites among the arguments, files or names of shipped ones, else those of the ini option "
        "evalkit_suites.",
    )
    add("--evalkit-model", action="append", metavar="PROVIDER/NAME", help=f"A model to be measured.{again}")
    add(
        "--evalkit-edge",
        choices=["fail", "pass", "skip", "xfail"],
        help="What an item comes to that is neither shown usable nor unusable; fail by default.",
    )
    add(
        "--evalkit-baseline",
        action="append",
        metavar="RUN|FILE",
        help="Compare the suite of this name with this run, or with a file that evalkit gate --save-baseline wrote; an "
        f"item that got worse fails.{again}",
    )
    add(
        "--evalkit-tolerance",
        metavar="SHARE",
        help="By how much a pass rate may be lower than the baseline's; 0.02 by default.",
    )
    add(
        "--evalkit-strict",
        action="store_true",
        help="An item that is not shown to have held its baseline is at the edge.",
    )
    add(
        "--evalkit-until",
        choices=["verdict", "margin"],
        help="Stop at the verdict, for the fewest calls (default), or go on to the suite's precision.",
    )
    add("--evalkit-max-cost", metavar="USD", help="Budget of each run, as far as prices are known; 10 by default.")
    add(
        "--evalkit-setting",
        action="append",
        metavar="KEY=VALUE",
        help=f"A setting of the models: base_url, or anything to send with every request.{again}",
    )
    add("--evalkit-out", metavar="DIR", help="Where the folders of runs are made; runs by default.")
    add(
        "--evalkit-reuse",
        action="append",
        metavar="RUN",
        help=f"Take answers to the very same requests from this run.{again}",
    )
    add("--evalkit-allow-code", action="store_true", help="Run Python that suites or models name; read it first.")
    for name, (kind, about) in _NAMES.items():
        parser.addini(f"evalkit_{name}", about, type=kind, default=_UNSAID[kind])  # type: ignore[arg-type]  # a literal each


def pytest_configure(config: pytest.Config) -> None:
    """Stay out of the way, unless asked for."""
    worker: dict[str, Any] = getattr(config, "workerinput", {})
    # A name only: the folder is made when there is something to keep in it.
    config.stash[_FOLDER] = Path(worker.get(_WORKER_KEY) or Path(tempfile.gettempdir(), f"evalkit-{uuid.uuid4().hex}"))
    if config.getoption("evalkit") and not config.getoption("help"):
        from evalkit.pytest_plugin.suites import Suites

        config.pluginmanager.register(Suites(config, config.stash[_FOLDER]), "evalkit-suites")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where all of them note what was measured."""
    node.workerinput[_WORKER_KEY] = str(node.config.stash[_FOLDER])


@pytest.fixture(scope="session")
def evalkit(pytestconfig: pytest.Config) -> Evalkit:
    """Measure suites with models, each once a session: `evalkit.run(suite, model)`, `evalkit.assert_usable(run)`."""
    from evalkit.pytest_plugin.fixture import Evalkit

    return Evalkit(pytestconfig, pytestconfig.stash[_FOLDER])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was measured, and where it is."""
    if config.stash[_FOLDER].is_dir():
        from evalkit.pytest_plugin.words import summary

        terminalreporter.section("evalkit")
        for line in summary(config.stash[_FOLDER]):
            terminalreporter.line(line)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind but the runs."""
    if not hasattr(config, "workerinput") and _FOLDER in config.stash:
        shutil.rmtree(config.stash[_FOLDER], ignore_errors=True)
