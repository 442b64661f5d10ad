"""The page on trials from elsewhere says what happens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import call

PAGE = (Path(__file__).parents[2] / "docs" / "importing.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}(?: \S+)?\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return str(found)


def test_the_example_of_the_documentation_runs_as_it_says(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answers.csv").write_text(block("csv"), encoding="utf-8")
    program, *arguments = block("sh").split()
    assert ("evalkit", 0) == (program, call(arguments))
    out, err = capsys.readouterr()
    assert block("text") in out
    assert "runs/answers: ours-v2, 1 task imported\n" == err
