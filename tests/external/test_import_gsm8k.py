"""The labels of four models' answers to GSM8K (Cobbe et al. 2021, arXiv:2110.14168), imported as a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit import read_trials
from evalkit.cli import call
from evalkit.stats import clopper_pearson
from tests.external.replayed import read_jsonl, write_jsonl

pytestmark = pytest.mark.external

PUBLISHED = {"6b_finetuning": 286, "6b_verification": 515, "175b_finetuning": 458, "175b_verification": 742}
"""Right answers of 1,319."""
THRESHOLD = 0.4


@pytest.fixture(scope="module")
def problems(data: Path) -> list[dict[str, Any]]:
    return read_jsonl(data / "gsm8k_openai_model_solutions.jsonl")


@pytest.fixture(scope="module")
def table(problems: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gsm8k") / "answers.jsonl"
    rows = (
        {"problem": row["i"], "model": model, "right": row[f"{model}_ok"], "response": row[model]}
        for row in problems
        for model in PUBLISHED
    )
    write_jsonl(path, rows)
    return path


def imported(table: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> tuple[list[dict[str, Any]], str]:
    columns = "item=problem,passed=right"
    assert 0 == call(["import", str(table), "--map", columns, "--threshold", str(THRESHOLD), "-o", str(out), "--json"])
    printed, err = capsys.readouterr()
    return json.loads(printed), err


def test_as_many_pass_as_published(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results, err = imported(table, tmp_path / "runs", capsys)
    conditions = {each["model"]: each["tasks"][0]["conditions"][0] for each in results}
    assert PUBLISHED == {model: condition["passes"] for model, condition in conditions.items()}
    assert {1319} == {condition["trials"] for condition in conditions.values()}
    for model, passes in PUBLISHED.items():
        interval = clopper_pearson(passes, 1319, alpha_low=0.025, alpha_high=0.025)
        found = conditions[model]["low"], conditions[model]["high"]
        assert (pytest.approx(interval.low, abs=1e-6), pytest.approx(interval.high, abs=1e-6)) == found
    verdicts = {model: condition["verdict"] for model, condition in conditions.items()}
    assert {
        "6b_finetuning": "unusable",
        "6b_verification": "edge",
        "175b_finetuning": "unusable",
        "175b_verification": "usable",
    } == verdicts
    assert "warning" not in err


def test_every_answer_is_kept(
    problems: list[dict[str, Any]], table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(table, tmp_path / "runs", capsys)
    for model in PUBLISHED:
        trials = read_trials(tmp_path / "runs" / model.replace("_", "-")).set_index("item")
        assert {str(row["i"]): row[model] for row in problems} == trials["response"].to_dict()
        assert {str(row["i"]): row[f"{model}_ok"] == 1 for row in problems} == trials["passed"].to_dict()


def test_answers_that_are_missing_are_told(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    partial = tmp_path / "partial.jsonl"
    partial.write_text("".join(table.read_text(encoding="utf-8").splitlines(keepends=True)[:-1]), encoding="utf-8")
    _, err = imported(partial, tmp_path / "runs", capsys)
    assert "Of 1,319, model 175b_verification has 1,318, not 1318." in err


def test_answers_of_all_models_under_one_name_are_refused(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = "item=problem,passed=right,model="
    assert 2 == call(["import", str(table), "--map", columns, "--threshold", "0.4", "-o", str(tmp_path / "runs")])
    err = capsys.readouterr().err
    assert "found the item '0' again, first on line 1" in err
    assert "… and 3,947 more like these" in err
