from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evalkit.adapter.code import find_beside, load_module, require_permission
from evalkit.errors import AdapterError

WITH_DATACLASS = """
from __future__ import annotations
from dataclasses import dataclass

@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    x: int
"""


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_dataclasses_work_in_loaded_files(tmp_path: Path) -> None:
    assert load_module(_write(tmp_path / "points.py", WITH_DATACLASS)).Point(x=3).x == 3


def test_a_file_cannot_shadow_a_library(tmp_path: Path) -> None:
    import json

    assert load_module(_write(tmp_path / "json.py", "here = True")).here
    assert json is sys.modules["json"]


def test_a_file_is_executed_once(tmp_path: Path) -> None:
    path = _write(tmp_path / "once.py", "")
    assert load_module(path) is load_module(path)


def test_a_failing_file_is_named_and_forgotten(tmp_path: Path) -> None:
    path = _write(tmp_path / "bad.py", "1 / 0")
    with pytest.raises(AdapterError, match=r"bad\.py: cannot be loaded: ZeroDivisionError"):
        load_module(path)
    _write(path, "better_now = True")
    assert load_module(path).better_now


def test_a_file_that_ends_the_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"leaves\.py: cannot be loaded: SystemExit: 3"):
        load_module(_write(tmp_path / "leaves.py", "import sys\nsys.exit(3)"))


def test_what_a_file_prints_while_it_is_loaded_is_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_module(_write(tmp_path / "loud.py", r"print('\x1b[2Jhello')"))
    assert ("", "\\x1b[2Jhello\n") == tuple(capsys.readouterr())


def test_a_file_without_the_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"ends in \.py"):
        load_module(_write(tmp_path / "program.txt", ""))


def test_the_first_folder_wins(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    for folder in (tmp_path, tmp_path / "own"):
        _write(folder / "my_dialect.py", "")
    assert tmp_path / "own" / "my_dialect.py" == find_beside("my-dialect", [tmp_path / "own", tmp_path])


def test_a_dialect_that_is_nowhere_is_named_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"no dialect or program 'my-dialect': found no my_dialect\.py in"):
        find_beside("my-dialect", [tmp_path])


def test_python_runs_only_from_named_folders(tmp_path: Path) -> None:
    path = _write(tmp_path / "d.py", "")
    require_permission(path, [tmp_path])
    with pytest.raises(AdapterError, match=r"you have not named; add --adapters"):
        require_permission(path, [tmp_path.parent])
