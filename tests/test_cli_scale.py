from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import call
from tests.test_engine_scaling import ladder

ROWS = "model,params,pass_rate,trials\na,10k,0.02,200\nb,40k,0.1,200\nc,160k,0.5,200\nd,640k,0.9,200\ne,2.5m,0.98,200\n"


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("models.csv").write_text(ROWS, encoding="utf-8")
    return "models.csv"


def test_runs_are_shown_against_their_sizes(tmp_path: Path, capsys: Any) -> None:
    folders = [str(folder) for folder in ladder(tmp_path)]
    assert 0 == call(["scale", *folders])
    out = capsys.readouterr().out
    assert "Ability against parameters: 2 models" in out
    assert "The threshold of 90.0 % is not shown to be met by any model" in out


def test_json_is_the_published_shape(tmp_path: Path, capsys: Any) -> None:
    folders = [str(folder) for folder in ladder(tmp_path)]
    assert 0 == call(["scale", *folders, "--size", "10k=5k", "--json"])
    value = json.loads(capsys.readouterr().out)
    assert ["tiny/10k", "tiny/40k"] == [point["model"] for point in value["tasks"][0]["points"]]
    assert [5000, 40_000] == [point["size"] for point in value["tasks"][0]["points"]]


def test_a_table_is_shown_against_its_sizes(table: str, capsys: Any) -> None:
    assert 0 == call(["scale", table, "--threshold", "0.8", "--predict", "10m", "--leave-out", "1"])
    out = capsys.readouterr().out
    assert "is crossed between 160k and 640k" in out
    assert "Prediction for 10m" in out


def test_what_is_asked_for_reaches_the_answer(table: str, capsys: Any) -> None:
    Path("wide.csv").write_text(ROWS.replace("params", "N (k)").replace("k,", ",").replace("2.5m", "2500"))
    columns = "model=model,params=N (k)*1e3"
    assert 0 == call(["scale", "wide.csv", "--map", columns, "--below", "600k", "--json"])
    (task,) = json.loads(capsys.readouterr().out)["tasks"]
    assert (3, ["d", "e"]) == (task["curve"]["sizes"], [held["model"] for held in task["check"]["held"]])


@pytest.mark.parametrize(("ending", "start"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("json", b"{"), ("txt", b"Abil")])
def test_the_ending_of_a_file_says_what_it_holds(table: str, ending: str, start: bytes) -> None:
    if ending in {"svg", "png"}:
        pytest.importorskip("vl_convert")
    assert 0 == call(["scale", table, "-o", f"out.{ending}"])
    assert start == Path(f"out.{ending}").read_bytes()[: len(start)]


def test_a_picture_goes_to_standard_output_as_it_is(table: str, capsysbinary: Any) -> None:
    pytest.importorskip("vl_convert")
    assert 0 == call(["scale", table, "--format", "png"])
    assert capsysbinary.readouterr().out.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("expected a number above 0 such as 70m", ["--predict", "huge"]),
        ("--size and --condition are for runs, found a table", ["--size", "a=1k"]),
        ("--below and --leave-out both say", ["--below", "1m", "--leave-out", "1"]),
        ("expected one table alone, or run folders", ["other"]),
        ("--tasks sums: no such task. Known: models.", ["--tasks", "sums"]),
        ("-o x.pdf: no format ends in .pdf", ["-o", "x.pdf"]),
        ("--json: found --format svg", ["--json", "--format", "svg"]),
        ("fewer than two models of known flops", ["--against", "flops"]),
        ("none/out.json: cannot be written", ["-o", "none/out.json"]),
    ],
)
def test_what_makes_no_sense_is_refused(table: str, capsys: Any, message: str, arguments: list[str]) -> None:
    assert call(["scale", table, *arguments]) in {2, 4}
    assert message in " ".join(capsys.readouterr().err.split())


def test_columns_and_thresholds_are_for_tables(tmp_path: Path, capsys: Any) -> None:
    folders = [str(folder) for folder in ladder(tmp_path)]
    assert 2 == call(["scale", *folders, "--threshold", "0.8"])
    assert "a run's suite has its thresholds" in capsys.readouterr().err


def test_a_folder_that_is_no_run_is_named(tmp_path: Path, capsys: Any) -> None:
    assert 2 == call(["scale", str(tmp_path)])
    assert "no run.json" in capsys.readouterr().err


def test_a_file_that_is_no_table_is_named(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "models.tsv").write_text(ROWS, encoding="utf-8")
    assert 2 == call(["scale", str(tmp_path / "models.tsv")])
    assert "found a file, expected a run's folder, or a table in .csv, .jsonl, .parquet" in capsys.readouterr().err
