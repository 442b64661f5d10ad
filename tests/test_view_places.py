from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.errors import RecordError
from evalkit.view.places import Places


def folder_of_run(path: Path, file: str = "run.json") -> Path:
    path.mkdir(parents=True)
    (path / file).write_text("{}", encoding="utf-8")
    return path


def test_runs_are_those_named_and_those_in_folders_named(tmp_path: Path) -> None:
    one = folder_of_run(tmp_path / "elsewhere/one")
    two = folder_of_run(tmp_path / "runs/two")
    three = folder_of_run(tmp_path / "runs/three", "trials.db")
    (tmp_path / "runs/no-run").mkdir()
    assert {"one": one, "three": three, "two": two} == Places([one, tmp_path / "runs"]).folders()


def test_a_run_that_is_named_twice_is_there_once(tmp_path: Path) -> None:
    one = folder_of_run(tmp_path / "runs/one")
    assert ["one"] == list(Places([one, tmp_path / "runs", tmp_path / "runs/../runs/one"]).folders())


def test_two_runs_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    first, second = folder_of_run(tmp_path / "a/same"), folder_of_run(tmp_path / "b/same")
    assert {"same": first, "same~2": second} == Places([tmp_path / "a", tmp_path / "b"]).folders()


def test_names_hide_nothing(tmp_path: Path) -> None:
    folder_of_run(tmp_path / "runs/\u202eevil")
    assert ["\\u202eevil"] == list(Places([tmp_path / "runs"]).folders())


def test_a_run_that_is_made_later_appears(tmp_path: Path) -> None:
    places = Places([tmp_path / "runs"], awaited=True)
    assert {} == places.folders()
    made = folder_of_run(tmp_path / "runs/new")
    assert {"new": made} == places.folders()


def test_a_single_run_is_known_as_such(tmp_path: Path) -> None:
    one = folder_of_run(tmp_path / "runs/one")
    assert "one" == Places([one]).single
    assert Places([tmp_path / "runs"]).single is None


def test_what_holds_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    for name, told in (("gone", "is not there"), ("file", "is a file"), ("empty", "holds no run")):
        with pytest.raises(RecordError, match=f"{name}: {told}; expected the folder of a run, or a folder of runs"):
            Places([tmp_path / name])
