from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from evalkit import open_run, read_trials
from evalkit.cli import call


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("form", ["terminal", "json", "csv", "jsonl", "parquet"])
def test_an_imported_run_is_reported_like_any_other(folder: Path, capsysbinary: Any, form: str) -> None:
    Path("t.csv").write_text("item,passed\na,1\nb,0\n")
    assert 0 == call(["import", "t.csv", "--threshold", "0.9", "-o", "run"])
    capsysbinary.readouterr()
    assert 0 == call(["report", "run", "--format", form])
    assert capsysbinary.readouterr().out
    assert ["a", "b"] == list(read_trials("run")["item"])
    assert "edge" == open_run("run").results.verdict


def test_json_is_the_published_shape_with_the_warnings(capsys: Any) -> None:
    Path("t.csv").write_text("item,condition,passed\na,,1\nb,,0\na,noise@0.1,1\n")
    assert 0 == call(["import", "t.csv", "--threshold", "0.9", "-o", "run", "--json"])
    out, err = capsys.readouterr()
    printed = json.loads(out)
    (warning,) = printed.pop("warnings")
    assert open_run("run").results.as_json() == printed
    assert warning.startswith("model imported, task t: not all conditions have the same items. Of 2, condition noise")
    assert f"warning: {warning}\n" in err


def test_several_models_are_a_list_and_a_folder_each(capsys: Any) -> None:
    Path("t.csv").write_text("item,passed,who\na,1,x\nb,0,x\na,1,y\nb,0,y\n")
    assert 0 == call(["import", "t.csv", "--map", "model=who", "--threshold", "0.9", "-o", "runs", "--json"])
    out, err = capsys.readouterr()
    assert ["x", "y"] == [each["model"] for each in json.loads(out)]
    assert "runs/x: x, 1 task imported\nruns/y: y, 1 task imported\n" == err
    assert 0 == call(["report", "runs/x", "runs/y"])


def test_scores_pass_from_a_least_one_and_thresholds_are_by_task(capsys: Any) -> None:
    Path("t.jsonl").write_text(
        "".join(json.dumps({"q": n, "job": job, "mark": n / 10}) + "\n" for job in "uv" for n in range(10))
    )
    options = ["--map", "item=q,task=job", "--map", "score=mark", "--pass-score", "0.4"]
    options += ["--threshold", "0.3", "--threshold", "v=0.7"]
    assert 0 == call(["import", "t.jsonl", *options, "--suite", "exam", "--model", "m", "-o", "run", "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert ("exam", "m") == (printed["suite"], printed["model"])
    assert [("u", 0.3, 6, 0.45), ("v", 0.7, 6, 0.45)] == [
        (task["task"], task["threshold"], task["conditions"][0]["passes"], task["conditions"][0]["mean_score"])
        for task in printed["tasks"]
    ]


def test_commas_in_a_columns_name_are_kept(capsys: Any) -> None:
    Path("t.csv").write_text('"item, or question",ok\na,1\nb,1\n')
    assert 0 == call(["import", "t.csv", "--map", "item=item, or question, passed=ok", "--threshold", "0", "-o", "run"])


@pytest.mark.parametrize(
    ("message", "options"),
    [
        ("--map item: found no KEY=COLUMN, expected such as item=question_id", "--map item --threshold 0.9"),
        ("--map item=b: found item again, first as item=item; say it once", "--map item=item,item=b --threshold 0.9"),
        ('--map itm: no such key. Did you mean "item"?', "--map itm=item --threshold 0.9"),
        ("--threshold high: expected a rate from 0 to 1 such as 0.9, or TASK=0.9", "--threshold high"),
        ("--threshold 90: expected a rate", "--threshold 90"),
        ("--threshold nan: expected a rate", "--threshold nan"),
        ("--threshold =0.9: expected a rate", "--threshold =0.9"),
        ("--threshold 0.8: found it again, first as 0.9; say it once", "--threshold 0.9 --threshold 0.8"),
        ("no threshold for the task t", ""),
        ("--k 2: model imported, task t has 1 repeat of each item", "--threshold 0.9 --k 2"),
        ("found --pass-score beside the column 'passed'", "--threshold 0.9 --pass-score 0.5"),
        ("Invalid value for '--confidence'", "--threshold 0.9 --confidence 1"),
    ],
)
def test_wrong_options_exit_with_2_and_leave_nothing(folder: Path, capsys: Any, message: str, options: str) -> None:
    Path("t.csv").write_text("item,passed\na,1\nb,1\n")
    assert 2 == call(["import", "t.csv", *options.split(), "-o", "run"])
    assert message in capsys.readouterr().err
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("t.csv:4: model imported, task t, condition clean: found the item 'a' again", "item,passed\na,1\nb,1\na,1\n"),
        ("found the item 'r1' in every one of 2 rows", "item,repeat,passed\nr1,1,1\nr1,2,1\n"),
        ("found items with different numbers of repeats", "item,repeat,passed\na,1,1\na,2,1\nb,1,1\n"),
        ("t.csv:2: passed: found 'a\\x1b", "item,passed\nq,a\x1b[31m\n"),
        ("t.csv:2: found 1 cells", "item,passed\nq\n"),
    ],
)
def test_a_table_that_is_refused_exits_with_2_without_a_traceback(capsys: Any, message: str, text: str) -> None:
    Path("t.csv").write_text(text)
    assert 2 == call(["import", "t.csv", "--threshold", "0.9", "-o", "run"])
    err = capsys.readouterr().err
    assert message in err.replace("\\\\", "\\")
    assert "Traceback" not in err
    assert "\x1b" not in err
    assert not Path("run").exists()


def test_parquet_without_its_extra_says_what_to_install(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    Path("t.parquet").write_bytes(b"PAR1")
    assert 2 == call(["import", "t.parquet", "--threshold", "0.9", "-o", "run"])
    assert "Parquet needs an extra; run: pip install 'evalkit[parquet]'" in capsys.readouterr().err


def test_names_that_mislead_an_eye_are_shown_as_escapes(capsys: Any) -> None:
    Path("t.csv").write_text("task,item,passed\nfast\u202etset,a,1\nfast\u202etset,b,1\n", encoding="utf-8")
    assert 0 == call(["import", "t.csv", "--threshold", "0.9", "-o", "run"])
    out, err = capsys.readouterr()
    assert "\\u202e" in out
    assert "\u202e" not in out + err


def test_help_lists_every_key(capsys: Any) -> None:
    assert 0 == call(["import", "--help"])
    out = capsys.readouterr().out
    for key in ("item", "passed", "score", "task", "condition", "level", "repeat", "model", "group", "response"):
        assert f"\n    {key} " in out
