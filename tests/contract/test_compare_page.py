"""The example of docs/compare.md is what people get."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import call

_STAMP = re.compile(r"\d{8}T\d{6}Z")


@pytest.mark.slow
def test_the_page_shows_what_people_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    page = (Path(__file__).parents[2] / "docs" / "compare.md").read_text(encoding="utf-8")
    starts = ("yaml sums.yaml", "text old.py", "text new.py", "sh", "text")
    suite, old, new, commands, shown = (page.split(f"```{start}\n", 1)[1].split("```", 1)[0] for start in starts)
    monkeypatch.chdir(tmp_path)
    for name, text in (("sums.yaml", suite), ("old.py", old), ("new.py", new)):
        Path(name).write_text(text, encoding="utf-8")
    for command in commands.splitlines():
        capsys.readouterr()
        arguments = [str(next(Path().glob(each))) if "*" in each else each for each in shlex.split(command)[1:]]
        assert 0 == call(arguments)
    assert _STAMP.sub("", shown) == _STAMP.sub("", capsys.readouterr().out)
