"""The page on Python shows what its programs print."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
_BLOCK = re.compile(r"^```(python|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_programs_of_the_page_print_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    text = page = PAGE.read_text(encoding="utf-8")
    known: dict[str, Any] = {}
    printed, n_shown = "", 0
    for language, block in _BLOCK.findall(page):
        if language == "python":
            assert "" == printed, "what the block before this one prints is not shown"
            exec(compile(block, str(PAGE), "exec"), known)
            printed = "".join(f"{line.rstrip()}\n" for line in capsys.readouterr().out.splitlines())
        elif request.config.getoption("--renew-golden"):
            text, printed = text.replace(f"```text\n{block}```", f"```text\n{printed}```"), ""
        else:
            assert block == printed
            printed, n_shown = "", n_shown + 1
    if text != page:
        PAGE.write_text(text, encoding="utf-8")
    else:
        assert n_shown or request.config.getoption("--renew-golden")
