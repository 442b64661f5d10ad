"""Golden files: what people see, kept as files, renewed by --renew-golden and read in review."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from hypothesis import settings

# Without deadlines: on a busy machine an example may take long for no fault of its own.
settings.register_profile("quick", max_examples=15, deadline=None)
settings.register_profile("thorough", max_examples=200, deadline=None)  # `make slow`
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-golden", action="store_true", help="write the golden files anew instead of comparing")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Read no folder all of whose tests would be left out anyway."""
    left_out = (
        collection_path.parent == Path(__file__).parent and f"not {collection_path.name}" in config.option.markexpr
    )
    return True if left_out else None


def pytest_configure() -> None:
    """Keep the files of tests in memory where there is room: waiting for a disk takes longer than most tests."""
    memory = Path("/dev/shm")
    if memory.is_dir() and shutil.disk_usage(memory).free > 1e9 and not os.statvfs(memory).f_flag & os.ST_NOEXEC:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Do not search thousands of tests for garbage while they come to be: they stay until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture
def few_draws(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals of a quarter as many draws, for tests of what is said of them; golden files show the real ones."""
    if "golden" not in request.fixturenames:
        monkeypatch.setattr("evalkit.stats.ability._DRAWS", 100)
        monkeypatch.setattr("evalkit.scale.shape._DRAWS", 100)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the golden file of a name."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--renew-golden"):
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text

    return compare
