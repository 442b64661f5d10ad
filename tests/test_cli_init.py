from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import COMMANDS, call
from tests.runs import write_suite


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_help_lists_every_command_with_its_line(capsys: Any) -> None:
    assert 0 == call(["--help"])
    out = " ".join(capsys.readouterr().out.split())
    assert [] == [name for name, about in COMMANDS.items() if f"{name} {about}" not in out]
    assert "Example: evalkit run" in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_commands_help_starts_with_its_line_and_ends_with_an_example(capsys: Any, command: str) -> None:
    assert 0 == call([command, "--help"])
    out = capsys.readouterr().out
    paragraphs = [" ".join(part.split()) for part in out.split("\n\n")]
    assert paragraphs[-1].startswith(f"Example: evalkit {command}")
    assert paragraphs[0].startswith(f"Usage: evalkit {command} ")


def test_the_version_is_said(capsys: Any) -> None:
    assert 0 == call(["--version"])
    assert capsys.readouterr().out.startswith("evalkit 0.")


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ('No command "rnu". Did you mean "run"?', ["rnu"]),
        ("Usage: evalkit", []),
        ("No such option", ["--nothing"]),
        ("No such option", ["check", "--nothing"]),
        ("Missing argument", ["check"]),
    ],
)
def test_wrong_usage_exits_with_2_and_says_what_is_right(capsys: Any, message: str, arguments: list[str]) -> None:
    assert 2 == call(arguments)
    out, err = capsys.readouterr()
    assert ("", True) == (out, message in err)


def test_an_expected_error_shows_no_traceback_unless_asked(capsys: Any) -> None:
    assert 2 == call(["report", "nowhere"])
    assert "Traceback" not in capsys.readouterr().err
    assert 2 == call(["--debug", "report", "nowhere"])
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.endswith("nowhere: no run.json; expected the folder of a run\n")


@pytest.mark.parametrize("failure", [ZeroDivisionError("a defect"), SystemExit(1)])
def test_a_crash_exits_with_70_and_keeps_the_run(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    """Never with 1, which would mean a verdict."""

    def outcome_of(rows: object) -> None:
        raise failure

    write_suite(tmp_path, n_items=3)
    # There is no defect to be found on purpose: one is put in.
    monkeypatch.setattr("evalkit.engine.engine.outcome_of", outcome_of)
    assert 70 == call(["run", "sums.yaml", "--model", "echo/x"])
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "evalkit itself failed; please report this" in err
    (folder,) = (tmp_path / "runs").iterdir()
    assert (folder / "trials.db").exists()


def test_text_from_outside_cannot_command_the_terminal(tmp_path: Path, capsys: Any) -> None:
    assert 2 == call(["report", "bad\x1b[31m\u202ename"])
    err = capsys.readouterr().err
    assert "bad\\x1b[31m\\u202ename" in err
    assert "\x1b" not in err


def _bash(folder: Path, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f'evalkit() {{ "{sys.executable}" -m evalkit "$@"; }}; {command}'],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_whoever_reads_the_output_may_stop_reading(tmp_path: Path) -> None:
    done = _bash(tmp_path, 'evalkit schema | true; echo "${PIPESTATUS[0]}"')
    assert ("0\n", "") == (done.stdout, done.stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.slow
def test_a_full_disk_behind_the_output_exits_with_4_and_progress_that_cannot_be_shown_ends_nothing(
    tmp_path: Path,
) -> None:
    write_suite(tmp_path, n_items=2)
    run = "evalkit run sums.yaml --model echo/x --json"
    done = _bash(tmp_path, f"{run} > /dev/full; echo $?; {run} 2> /dev/full | tail -1; echo ${{PIPESTATUS[0]}}")
    assert "4\n}\n0\n" == done.stdout
    assert "The results cannot be printed: No space left on device" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize(
    ("code", "command"),
    [(2, "foo"), (2, "check"), (2, "report nowhere"), (2, "new /dev/null/x.yaml"), (0, "--version")],
)
def test_messages_that_cannot_be_shown_do_not_change_the_exit_code(tmp_path: Path, code: int, command: str) -> None:
    done = _bash(tmp_path, f"evalkit {command} 2> /dev/full > /dev/null; echo $?")
    assert (f"{code}\n", "") == (done.stdout, done.stderr)


@pytest.mark.slow
def test_a_narrow_encoding_loses_nothing(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "bad.yaml").write_text("suite: x\nthreshold: 0.9\ntasks: {}\n“é🎉: 1\n", encoding="utf-8")
    both = "(evalkit check bad.yaml --json; evalkit check “é🎉) | iconv -f latin1 -t utf-8"
    narrow = _bash(tmp_path, both, PYTHONIOENCODING="latin-1")
    call(["check", "bad.yaml", "--json"])
    out, _, text = narrow.stdout.rpartition("}\n")
    assert json.loads(capsys.readouterr().out) == json.loads(out + "}")
    assert text.startswith("\\u201cé\\ud83c\\udf89: ")


GONE = "The current folder is not there any more; change to another one.\n"


@pytest.mark.parametrize("command", ["check support", "models", "plan support", "run support --model echo/x"])
def test_a_folder_that_is_gone_is_explained(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert 2 == call(command.split())
    assert ("", GONE) == capsys.readouterr()


@pytest.mark.slow
def test_the_program_starts_where_the_folder_is_gone(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    done = _bash(tmp_path / "gone", "rmdir ../gone; evalkit run support --model echo/x; echo $?")
    assert ("2\n", GONE) == (done.stdout, done.stderr)


def test_what_the_system_refuses_is_one_message_with_its_file(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "file").touch()
    assert 2 == call(["new", "file/x.yaml"])
    assert 2 == call(["new", f"{'x' * 300}.yaml"])
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert err.endswith("x.yaml: File name too long\n")
    assert 2 == call(["--debug", "new", f"{'x' * 300}.yaml"])
    assert "Traceback" in capsys.readouterr().err


def test_colour_is_for_terminals_only_and_can_be_refused(tmp_path: Path, capsys: Any) -> None:
    write_suite(tmp_path, n_items=2)
    assert 0 == call(["run", "sums.yaml", "--model", "echo/x"])
    assert "\x1b" not in capsys.readouterr().out
    (folder,) = (tmp_path / "runs").iterdir()
    terminal = {name: value for name, value in os.environ.items() if name not in {"CI", "NO_COLOR"}} | {"TERM": "xterm"}
    program = (
        "import os, pty, sys; status = pty.spawn([sys.executable, '-m', 'evalkit', 'report', sys.argv[1]]); "
        "sys.exit(os.waitstatus_to_exitcode(status))"
    )
    shown = [
        subprocess.run(
            [sys.executable, "-c", program, str(folder)],
            env={**terminal, **extra},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=True,
        ).stdout
        for extra in ({}, {"NO_COLOR": "1"})
    ]
    assert [True, False] == [b"\x1b[" in text for text in shown]


def test_help_and_check_import_no_heavy_library(tmp_path: Path) -> None:
    write_suite(tmp_path, n_items=2)
    program = (
        "import sys, json; from evalkit.cli import call; call(['--help']); call(['check', 'sums.yaml']); "
        "heavy = {'pandas', 'scipy', 'numpy', 'httpx2', 'aiohttp', 'rich', 'genai_prices'}; "
        "print(json.dumps(sorted(heavy & set(sys.modules))), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert [] == json.loads(done.stderr)
