"""The wheel works away from the source tree: what users install is what the tests ran on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.wheel

ROOT = Path(__file__).parents[2]
MARKERS = "".join(f"    {name}: see pyproject.toml\n" for name in ("slow", "browser", "external", "wheel", "extras"))
NEEDS_THE_SOURCE = [
    "browser",
    "contract",
    "external",
    "wheel",
    "slow",
    "extras",
    "test_layers.py",
    "test_training_asked.py",
]


def run(*command: str | Path, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "EVALKIT"))}
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    built = run(sys.executable, "-m", "build", "--outdir", folder, ROOT, folder=folder)  # through the source archive
    assert 0 == built.returncode, built.stdout + built.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a fresh virtual environment with the wheel."""
    folder = tmp_path_factory.mktemp("fresh")
    run(sys.executable, "-m", "venv", folder / "venv", folder=folder)
    python = folder / "venv" / "bin" / "python"
    pinned = ROOT / "requirements" / "dev.txt"
    for wanted in (["--require-hashes", "-r", str(pinned)], ["--no-deps", str(wheel)]):
        result = run(python, "-m", "pip", "install", "--quiet", *wanted, folder=folder)
        assert 0 == result.returncode, result.stderr
    return python.parent


def test_the_wheel_installs_one_import_name(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {"evalkit", f"evalkit-{wheel.name.split('-')[1]}.dist-info"} == {name.split("/")[0] for name in names}


def test_the_wheel_carries_its_content_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for kind in ("adapters", "suites"):
        tracked = run("git", "ls-files", kind, folder=ROOT).stdout.split()
        wanted = {f"evalkit/_content/{path}" for path in tracked if not path.endswith(f"{kind}/README.md")}
        assert wanted == {name for name in names if name.startswith(f"evalkit/_content/{kind}/")}
    assert "evalkit/py.typed" in names


def test_the_installed_command_measures_a_shipped_suite(installed: Path, tmp_path: Path) -> None:
    arguments = ["run", "support", "--model", "baseline/rules", "--fixed", "20", "--json"]
    result = run(installed / "evalkit", *arguments, folder=tmp_path)
    assert 0 == result.returncode, result.stderr
    assert ["ticket-title", "routing", "extraction", "reply"] == [
        task["task"] for task in json.loads(result.stdout)["tasks"]
    ]
    assert 1 == len(list((tmp_path / "runs").iterdir()))


def test_folders_of_content_are_no_import_packages(installed: Path, tmp_path: Path) -> None:
    for name in ("suites", "adapters", "reports", "tests"):
        assert "ModuleNotFoundError" in run(installed / "python", "-c", f"import {name}", folder=tmp_path).stderr


def test_the_tests_pass_against_the_wheel(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__", *NEEDS_THE_SOURCE))
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks")  # whose simulations tests use, too
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nmarkers =\n{MARKERS}", encoding="utf-8")
    default = "not slow and not browser and not external and not wheel and not extras"
    settings = ["-W", "error", "--import-mode=importlib", "-m", default]
    command = ["-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *settings, "tests"]
    result = run(
        installed / "python",
        *command,
        folder=tmp_path,
        PYTHONPATH=str(tmp_path),
    )
    assert 0 == result.returncode, result.stdout[-3000:]
