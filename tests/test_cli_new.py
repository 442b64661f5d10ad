"""`evalkit new`, with options and with a person at a real terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import call
from evalkit.suite.starter import JUDGES


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cases.csv").write_text("question,answer,my note\nWhat leaks?,kettle,x\nWhich lamp?,desk,y\n")


TAKE_TERMINAL = (
    "import fcntl, os, signal, sys, termios; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
"""Without it Ctrl-C would be a character like any other, or ignored where whoever runs the tests ignores it."""


def at_terminal(*arguments: str, answers: Sequence[str], pipe: bool = True) -> tuple[int, str, str]:
    """Run evalkit with a terminal on standard input and error; type an answer whenever it waits for one.

    Returns:
        The exit code, standard output, and what stood on the terminal.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", TAKE_TERMINAL, sys.executable, "-m", "evalkit", *arguments],
        start_new_session=True,
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE if pipe else theirs,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(theirs)
    waiting, seen, read_from, until = list(answers), b"", 0, time.monotonic() + 60
    while time.monotonic() < until:
        ended = process.poll() is not None  # asked before looking: what it wrote last is there by now
        if not select.select([ours], [], [], 0.1)[0]:
            if ended:
                break
            continue
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so when the other side is closed
            break
        if not part:
            break
        seen += part
        if seen[read_from:].endswith(b"]: ") and waiting:
            read_from = len(seen)
            os.write(ours, waiting.pop(0).encode())
    os.close(ours)
    out = process.communicate(timeout=60)[0] or b""
    return process.returncode, out.decode(), seen.decode()


TYPED = ["sort\n", "0.8\n", "cases.csv\n", "exact\n", "answer\n", 'Say: "which" product {question} is about?\n']
OPTIONS = ["--task", "sort", "--instruction", 'Say: "which" product {question} is about?', "--threshold", "0.8",
           "--items", "cases.csv", "--judge", "exact", "--target", "answer"]  # fmt: skip


@pytest.mark.slow
def test_questions_and_options_give_the_same_file(tmp_path: Path) -> None:
    code, out, shown = at_terminal("new", "asked.yaml", answers=TYPED)
    wrote = "Wrote asked.yaml, and suite.schema.json for editors. Change it, then: evalkit check asked.yaml\n"
    assert (0, wrote) == (code, out)
    assert "Of 100 answers, how many must be right for you to use it?" in shown
    assert "the field 'my note' is left out" in shown
    assert all(f"  {name} " in shown for name in JUDGES)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "cases.csv").write_bytes((tmp_path / "cases.csv").read_bytes())
    given = ["other/cases.csv" if each == "cases.csv" else each for each in OPTIONS]
    assert 0 == call(["new", "other/asked.yaml", *given])
    assert (tmp_path / "asked.yaml").read_bytes() == (tmp_path / "other" / "asked.yaml").read_bytes()
    assert 0 == call(["check", "asked.yaml"])


@pytest.mark.slow
def test_whoever_presses_enter_gets_what_yes_gives(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    code, _, shown = at_terminal("new", "x.yaml", answers=["\n"] * 5, pipe=False)
    assert (0, 5) == (code, shown.count("]: "))
    assert 0 == call(["new", "other/x.yaml", "--yes"])
    assert (tmp_path / "x.yaml").read_bytes() == (tmp_path / "other" / "x.yaml").read_bytes()


def test_an_example_instruction_for_ones_own_items_is_pointed_out(capsys: Any) -> None:
    todo = "Its instruction is still an example: replace it by yours, then: evalkit check"
    assert 0 == call(["new", "x.yaml", "--items", "cases.csv"])
    assert f"Wrote x.yaml, and suite.schema.json for editors. {todo} x.yaml\n" == capsys.readouterr().out
    assert 0 == call(["new", "y.yaml", "--items", "cases.csv"])
    assert f"Wrote y.yaml. {todo} y.yaml\n" == capsys.readouterr().out


@pytest.mark.slow
def test_yes_asks_nothing_at_a_terminal() -> None:
    code, out, shown = at_terminal("new", "x.yaml", "--yes", "--json", answers=[])
    assert (0, "", {"file": "x.yaml", "schema": "suite.schema.json"}) == (code, shown, json.loads(out))


def test_what_an_option_says_is_not_asked() -> None:
    code, _, shown = at_terminal("new", "x.yaml", "--judge", "json", "--task", "t", answers=["\n"] * 3)
    assert (0, 3) == (code, shown.count("]: "))


@pytest.mark.slow
def test_a_wrong_answer_is_explained_and_asked_for_again(tmp_path: Path) -> None:
    answers = ["my task\n", "t\n", "95\n", "0.95\n", "none.csv\n", "cases.csv\n", "exakt\n", "choice\n",
               "my note\n", "answer\n", "Name {answer}.\n", "Sort {questoin}.\n", "Sort {question}.\n"]  # fmt: skip
    code, _, shown = at_terminal("new", "x.yaml", answers=answers)
    assert (0, 13) == (code, shown.count("]: "))
    for message in ("such as my-task", "Did you mean 0.95?", "no file 'none.csv'", 'Did you mean "exact"?',
                    "cannot be written as {field}", "would give the answer away", 'Did you mean "question"?',
                    "where you name it: {question}."):  # fmt: skip
        assert message in shown
    text = (tmp_path / "x.yaml").read_text()
    assert ('options: ["kettle", "desk"]' in text, "Sort {question}." in text) == (True, True)


@pytest.mark.parametrize("typed", ["\x04", "\x03"])
def test_whoever_leaves_in_the_middle_leaves_no_file(tmp_path: Path, typed: str) -> None:
    code, out, shown = at_terminal("new", "x.yaml", answers=["t\n", typed])
    assert (130, "") == (code, out)
    assert shown.rstrip().endswith("Stopped.")
    assert ["cases.csv"] == [path.name for path in tmp_path.iterdir()]


def test_without_a_terminal_nothing_is_asked(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "evalkit", "new", "x.yaml"], stdin=subprocess.PIPE, capture_output=True, timeout=60,
        check=True,
    )  # fmt: skip
    assert b"" == done.stderr
    assert (tmp_path / "suite.schema.json").exists()


@pytest.mark.parametrize("items", [None, pytest.param("cases.csv", marks=pytest.mark.slow)])
@pytest.mark.parametrize("judge", JUDGES)
def test_every_judge_passes_check(judge: str, items: str | None, capsys: Any) -> None:
    if judge == "number":
        Path("cases.csv").write_text("question,answer\nHow many?,3\nHow few?,1\n")
    assert 0 == call(["new", "x.yaml", "--judge", judge, *(["--items", items] if items else []), "--json"])
    assert {"file": "x.yaml", "schema": "suite.schema.json"} == json.loads(capsys.readouterr().out)
    assert 0 == call(["check", "x.yaml"])
    assert 0 == call(["run", "x.yaml", "--model", "echo/x", "--fixed", "2"])


@pytest.mark.parametrize(
    ("message", "options"),
    [
        ("--task: found 'my task'", ["--task", "my task"]),
        ("--instruction: found nothing", ["--instruction", " "]),
        ('--instruction: found {questoin}, expected a field of the items. Did you mean "question"?',
         ["--instruction", "Answer {questoin} in one word.", "--items", "cases.csv"]),
        ("--instruction: found {answer}, the field of the right answer: it would give the answer away",
         ["--instruction", "Answer {answer} in one word.", "--items", "cases.csv"]),
        ("--threshold: found '95', expected a pass rate from 0 to 1, such as 0.9. Did", ["--threshold", "95"]),
        ("--items: no file 'none.jsonl'", ["--items", "none.jsonl"]),
        ("--items: ../x.csv lies outside", ["--items", "../x.csv"]),
        ("--judge: found 'exakt'", ["--judge", "exakt"]),
        ("--target: it names a field of --items; the examples have theirs; leave it out", ["--target", "answer"]),
        ("--target: the judge json looks at no field", ["--judge", "json", "--items", "cases.csv", "--target", "x"]),
        ("--target: cases.csv has no field 'x'", ["--items", "cases.csv", "--target", "x"]),
        ("--target: cases.csv: the field 'my note' cannot be written", ["--items", "cases.csv", "--target", "my note"]),
        ("new.yaml: not written, because the items do not fit the judge number:\nnew.yaml:",
         ["--items", "cases.csv", "--judge", "number"]),
        ("--judge: exact compares with a right answer, and one.csv has no field for one",
         ["--items", "one.csv", "--judge", "exact"]),
        ("--target: same.csv: found 1 different values", ["--items", "same.csv", "--judge", "choice"]),
        ("--items: blank.csv: found no field that a prompt could show", ["--items", "blank.csv"]),
    ],
)  # fmt: skip
def test_a_wrong_option_exits_with_2_and_writes_nothing(
    tmp_path: Path, capsys: Any, message: str, options: list[str]
) -> None:
    (tmp_path.parent / "x.csv").write_text("a,b\n1,2\n")
    for name, text in {"one": "q\nx\n", "same": "q,answer\nx,y\nz,y\n", "blank": "my q,answer\nx,y\n"}.items():
        (tmp_path / f"{name}.csv").write_text(text)
    assert 2 == call(["new", "new.yaml", *options])
    out, err = capsys.readouterr()
    assert ("", True) == (out, message in err), err
    assert "Traceback" not in err
    assert not (tmp_path / "new.yaml").exists()
