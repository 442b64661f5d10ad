"""The README's first screen is what really happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.terminals import printed

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"(?:<!-- file: (?P<file>\S+) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)```", re.DOTALL)
CHANGING = re.compile(r"\d+\.\d s$|\d{8}T\d{6}Z", re.MULTILINE)


def blocks(kind: str) -> list[re.Match[str]]:
    return [match for match in BLOCK.finditer(README.read_text(encoding="utf-8")) if match["kind"] == kind]


@pytest.fixture
def newcomer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for block in blocks("yaml"):
        if block["file"]:
            (tmp_path / block["file"]).write_text(block["text"], encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("number", range(len(blocks("console"))))
def test_commands_print_what_the_readme_says(
    number: int, newcomer: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    shown = blocks("console")[number]["text"]
    command, _, expected = shown.removeprefix("$ evalkit ").partition("\n")
    code, seen = printed(shlex.split(command), monkeypatch)
    said = seen.rstrip() + "\n"
    assert 0 == code
    if request.config.getoption("--renew-golden"):
        text = README.read_text(encoding="utf-8")
        README.write_text(text.replace(shown, f"$ evalkit {command}\n{said}"), encoding="utf-8")
    else:
        assert CHANGING.sub("…", expected) == CHANGING.sub("…", said)


def test_python_runs_as_shown(newcomer: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = blocks("python")
    exec(compile(block["text"], str(README), "exec"), {})
    said = re.findall(r"print\(.*?\)\s+# (.*?)…?\n", block["text"])
    printed = capsys.readouterr().out.splitlines()
    assert len(said) == len(printed)
    assert all(line.startswith(start) for line, start in zip(printed, said, strict=True))


def test_linked_documents_exist() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf-8"))
    assert links
    assert [] == [link for link in links if not (README.parent / link).exists()]


def test_every_command_of_the_shell_blocks_is_one() -> None:
    from evalkit.cli import COMMANDS

    named = set(re.findall(r"^(?:- run: )?evalkit (\w+)", README.read_text(encoding="utf-8"), re.MULTILINE))
    assert named <= set(COMMANDS)
