"""The page on trials from elsewhere says what happens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.terminals import printed

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
    code, seen = printed(arguments, monkeypatch)
    assert ("evalkit", 0) == (program, code)
    assert block("text") in seen
    assert "runs/answers: ours-v2, 1 task imported\n" == capsys.readouterr().err
