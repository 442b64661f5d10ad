from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.adapter import ModelSize
from evalkit.browse.reports import scale_of
from evalkit.errors import RecordError
from evalkit.plan import Scope
from evalkit.record import read_run_file, write_run_file
from tests.runs import Scripted, carry_out, make_suite


def sized(place: Path, params: float, *, suite: str = "sums", threshold: float = 0.9) -> Path:
    made = make_suite(place, n_items=12, threshold=threshold)
    folder = carry_out(made, Scripted(), place / "runs", scope=Scope(fixed=12)).folder
    run = read_run_file(folder)
    of_suite = run.suite.model_copy(update={"name": suite})
    named = {"model": f"tiny/{params:.0f}", "size": ModelSize(params=params), "suite": of_suite}
    write_run_file(folder, run.model_copy(update=named))
    return folder


def test_thresholds_that_differ_are_the_reason_why_sizes_make_no_curve(tmp_path: Path) -> None:
    said = scale_of([sized(tmp_path, 1e3), sized(tmp_path, 1e6, threshold=0.5)])
    assert isinstance(said, str)
    assert said.startswith("add clean: found the thresholds 0.9 and 0.5 in runs of sums, expected one")


def test_sizes_of_different_suites_are_not_put_together(tmp_path: Path) -> None:
    assert scale_of([sized(tmp_path, 1e3), sized(tmp_path, 1e6, suite="more")]) is None


def test_a_run_that_cannot_be_read_is_not_a_reason_but_an_error(tmp_path: Path) -> None:
    folders = [sized(tmp_path, 1e3), sized(tmp_path, 1e6)]
    (folders[1] / "trials.db").write_bytes(b"no database" * 1000)
    with pytest.raises(RecordError):
        scale_of(folders)
