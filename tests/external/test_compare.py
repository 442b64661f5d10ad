"""Answers of four models to GSM8K (Cobbe et al. 2021, arXiv:2110.14168), compared pair by pair."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

from evalkit.cli import call
from tests.external.replayed import read_jsonl, write_jsonl

pytestmark = pytest.mark.external

MODELS = ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")


@pytest.fixture(scope="module")
def runs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of each model."""
    folder = tmp_path_factory.mktemp("gsm8k")
    problems = read_jsonl(data / "gsm8k_openai_model_solutions.jsonl")
    rows = (
        {"problem": row["i"], "model": model, "right": row[f"{model}_ok"], "response": row[model]}
        for row in problems
        for model in MODELS
    )
    write_jsonl(folder / "answers.jsonl", rows)
    columns = ["--map", "item=problem,passed=right", "--threshold", "0.4"]
    assert 0 == call(["import", str(folder / "answers.jsonl"), *columns, "-o", str(folder / "runs")])
    return folder / "runs"


def compared(runs: Path, a: str, b: str, capsys: Any) -> dict[str, Any]:
    capsys.readouterr()
    assert 0 == call(["compare", *(str(runs / model.replace("_", "-")) for model in (a, b)), "--json"])
    (condition,) = json.loads(capsys.readouterr().out)["tasks"][0]["conditions"]
    return dict(condition)


def test_a_small_model_with_a_verifier_is_better_than_a_large_one_without(runs: Path, capsys: Any) -> None:
    found = compared(runs, "6b_verification", "175b_finetuning", capsys)
    assert {"pairs": 1319, "void": 0, "both": 306, "only_a": 209, "only_b": 152, "neither": 652} == found["pairs"]
    assert pytest.approx(0.0032, abs=5e-5) == found["p"]
    assert "worse" == found["shown"]
    assert pytest.approx(-57 / 1319, abs=1e-6) == found["difference"]
    # Student's t has −0.0714 to −0.0151.
    assert -0.074 < found["low"] < -0.0714 + 0.002
    assert -0.017 < found["high"] < -0.012


@pytest.mark.parametrize(("a", "b"), [(a, b) for a in MODELS for b in MODELS if a < b])
def test_every_pair_of_models_has_the_p_of_the_binomial_test_and_all_its_flips(
    runs: Path, a: str, b: str, capsys: Any
) -> None:
    found = compared(runs, a, b, capsys)
    only_a, only_b = found["pairs"]["only_a"], found["pairs"]["only_b"]
    assert pytest.approx(binomtest(only_a, only_a + only_b).pvalue, rel=1e-5) == found["p"]
    assert only_a + only_b == len(found["flips"])
    assert found["low"] < found["difference"] < found["high"]
