from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.python_file import PythonFileError, execute


def test_a_file_is_executed_once_for_each_content(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    first, again, edited = (execute(path, source) for source in (b"x = [1]", b"x = [1]", b"x = [2]"))
    assert first is again
    assert ([1], [2]) == (first.x, edited.x)


def test_a_file_shadows_no_library(tmp_path: Path) -> None:
    execute(tmp_path / "json.py", b"broken = True")
    import json

    assert not hasattr(json, "broken")


@pytest.mark.parametrize(
    ("source", "said"),
    [(b"1 / 0", "ZeroDivisionError"), (b"def", "SyntaxError"), (b"raise SystemExit(3)", "SystemExit: 3")],
)
def test_a_file_that_fails_is_explained_and_forgotten(source: bytes, said: str, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(PythonFileError, match=said):
            execute(tmp_path / "m.py", source)


def test_what_a_file_prints_is_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    execute(tmp_path / "m.py", b"print('hello')")
    assert ("", "hello\n") == tuple(capsys.readouterr())
