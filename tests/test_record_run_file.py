from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from evalkit.errors import RecordError
from evalkit.plan import Scope
from evalkit.record import (
    RunFile,
    StoredSuite,
    StoredTotals,
    hold,
    new_folder,
    read_run_file,
    write_run_file,
)
from evalkit.record.run_file import is_held
from evalkit.verdict import Terms, make_test

TERMS = Terms(
    task="t",
    condition="clean",
    perturbation="clean",
    level=None,
    counts=True,
    threshold=0.9,
    alpha=0.025,
    n_counting=1,
    units=4,
    exhausted=False,
)
RUN = RunFile(
    evalkit="0.1.0",
    suite=StoredSuite(name="s", path="/s.yaml", sha256="00", text="suite: s\n", files={"s.yaml": "00"}),
    model="openai/x",
    address="https://host/v1",
    directory="/project",
    options={"temperature": 0.2},
    seed=0,
    confidence=0.95,
    scope=Scope(tasks=("t",)),
    max_void=0.02,
    keep_requests=False,
    token_counter="chars/4",
    terms=[TERMS],
    thresholds={"t": 0.9},
    started="2026-11-22T03:15:00Z",
)


def _with(**changed: Any) -> str:
    """The run's text with something else in it."""
    return json.dumps({**RUN.model_dump(mode="json"), **changed})


NOON = datetime(2026, 11, 22, 3, 15, 0, tzinfo=UTC)


def test_a_run_file_comes_back_as_it_was_written(tmp_path: Path) -> None:
    run = RUN.model_copy(
        update={"totals": StoredTotals(calls=3, void=1, cost_usd=0.1, seconds=2.5), "reuse": ["/other"]}
    )
    write_run_file(tmp_path, run)
    assert run == read_run_file(tmp_path)
    assert ["run.json"] == [path.name for path in tmp_path.iterdir()]


def test_a_test_comes_back_to_the_last_digit(tmp_path: Path) -> None:
    """A run that is resumed goes on with the very test that it was made with."""
    test = make_test(0.95, 0.025, 0.025 / 3, 2000)
    terms = replace(TERMS, test=replace(test, calibrated=2000), steady=True, census=40)
    scope = Scope(tasks=("t",), until="verdict", explore=True, max_calls=500, max_cost=0.5, calibrated=True)
    run = RUN.model_copy(
        update={"terms": [terms], "scope": scope, "precision": 0.01, "strict": True, "stopped": "cost"}
    )
    write_run_file(tmp_path, run)
    assert run == read_run_file(tmp_path)
    assert terms == read_run_file(tmp_path).terms[0]


def test_a_scope_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    scope = {**RUN.model_dump(mode="json")["scope"], "until": "soon"}
    (tmp_path / "run.json").write_text(_with(scope=scope), encoding="utf-8")
    with pytest.raises(RecordError, match=r"run\.json.*until"):
        read_run_file(tmp_path)


def test_a_run_file_is_replaced(tmp_path: Path) -> None:
    write_run_file(tmp_path, RUN)
    write_run_file(tmp_path, RUN.model_copy(update={"finished": "2026-11-22T03:16:00Z"}))
    assert "2026-11-22T03:16:00Z" == read_run_file(tmp_path).finished


def test_a_folder_is_named_by_time_suite_and_model(tmp_path: Path) -> None:
    folder = new_folder(tmp_path / "runs", suite="support", model="openai/gpt-5.1_mini: ü", now=NOON)
    assert tmp_path / "runs" / "20261122T031500Z-support-openai-gpt-5.1-mini---" == folder
    assert folder.is_dir()


def test_runs_of_one_second_have_folders_of_their_own(tmp_path: Path) -> None:
    names = [new_folder(tmp_path, suite="s", model="m", now=NOON).name for _ in range(3)]
    assert ["20261122T031500Z-s-m", "20261122T031500Z-s-m-2", "20261122T031500Z-s-m-3"] == names


def test_a_thousand_runs_of_one_second_are_too_many(tmp_path: Path) -> None:
    for number in range(1, 1000):
        (tmp_path / ("20261122T031500Z-s-m" if number == 1 else f"20261122T031500Z-s-m-{number}")).mkdir()
    with pytest.raises(RecordError, match="name another place with --out"):
        new_folder(tmp_path, suite="s", model="m", now=NOON)


def test_a_long_name_is_cut_to_what_a_file_system_takes(tmp_path: Path) -> None:
    assert 200 == len(new_folder(tmp_path, suite="s" * 300, model="m", now=NOON).name)


def test_a_folder_that_cannot_be_made_is_the_machines_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="cannot be made: Not a directory; name another place with --out") as caught:
        new_folder(tmp_path / "file", suite="s", model="m", now=NOON)
    assert 4 == caught.value.exit_code


def test_a_run_file_that_cannot_be_written_is_the_machines_fault(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"run\.json: cannot be written: .*then --resume it") as caught:
        write_run_file(tmp_path / "none", RUN)
    assert 4 == caught.value.exit_code


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("no run.json; expected the folder of a run", None),
        ("run.json: file: Invalid JSON", "{"),
        ("run.json: evalkit: Field required; is it of this version's format 1", "{}"),
        ("terms and thresholds are not of the same tasks", _with(terms=[])),
        (
            "run.json: surprise: Extra inputs are not permitted",
            _with(surprise=1),
        ),
    ],
)
def test_what_is_no_run_is_refused(tmp_path: Path, message: str, text: str | None) -> None:
    if text is not None:
        (tmp_path / "run.json").write_text(text)
    with pytest.raises(RecordError, match=message) as caught:
        read_run_file(tmp_path)
    assert 2 == caught.value.exit_code


def test_a_run_of_a_later_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(_with(format=2))
    with pytest.raises(RecordError, match="format"):
        read_run_file(tmp_path)


def test_a_run_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_bytes(b"\xff")
    with pytest.raises(RecordError, match="cannot be read"):
        read_run_file(tmp_path)


def test_a_file_is_no_folder_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="expected the folder of a run"):
        read_run_file(tmp_path / "file")


def test_a_run_is_held_by_one_at_a_time_and_free_afterwards(tmp_path: Path) -> None:
    with hold(tmp_path), pytest.raises(RecordError, match="another process is working on this run"), hold(tmp_path):
        pass
    with hold(tmp_path):
        pass


def test_a_run_is_free_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as kept, hold(tmp_path):
        raise ZeroDivisionError
    with hold(tmp_path):  # though the traceback is still there, with all that it holds
        assert ZeroDivisionError is kept.type


def test_another_process_cannot_take_a_run_that_is_held(tmp_path: Path) -> None:
    program = f"from pathlib import Path; from evalkit.record import hold; hold(Path({str(tmp_path)!r})).__enter__()"
    with hold(tmp_path):
        refused = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    taken = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (1, 0) == (refused.returncode, taken.returncode)
    assert "another process is working on this run" in refused.stderr
    with hold(tmp_path):  # that process ended without letting go of it
        pass


def test_a_folder_that_cannot_be_locked_is_the_machines_fault(tmp_path: Path) -> None:
    (tmp_path / ".lock").mkdir()
    with pytest.raises(RecordError, match="cannot be locked") as caught, hold(tmp_path):
        pass
    assert 4 == caught.value.exit_code


def test_whether_a_run_is_held_is_seen_without_touching_it(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    assert [] == list(tmp_path.iterdir())
    with hold(tmp_path):
        assert is_held(tmp_path)
    assert not is_held(tmp_path)


def test_who_only_looks_is_waited_for(tmp_path: Path) -> None:
    """Else a run could not start at the very moment at which a viewer looks whether it goes on."""
    looking = FileLock(tmp_path / ".lock", thread_local=False)
    looking.acquire()
    threading.Timer(0.05, looking.release).start()
    with hold(tmp_path):
        assert not looking.is_locked


def test_a_folder_of_runs_says_how_to_name_them(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").touch()
    with pytest.raises(RecordError, match=r"no run\.json; .*; it holds 2 runs: name one, or .*/\*$"):
        read_run_file(tmp_path)
