"""The example of docs/scale.md is what people get."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import call


def test_the_page_shows_what_people_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    page = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")
    rows, command, shown = (
        page.split(f"```{start}\n", 1)[1].split("```", 1)[0] for start in ("csv models.csv", "sh", "text")
    )
    monkeypatch.chdir(tmp_path)
    Path("models.csv").write_text(rows, encoding="utf-8")
    assert 0 == call(command.split()[1:])
    assert shown == capsys.readouterr().out
