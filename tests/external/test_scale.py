"""Ability against size: Pythia's evaluations (Biderman et al. 2023), observational scaling (Ruan et al. 2024)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from evalkit.cli import call

pytestmark = pytest.mark.external

TOKENS_A_STEP = 2**21
COLUMNS = (
    "model=Model,params=Model Size (B)*1e9,tokens=Pretraining Data Size (T)*1e12,flops=FLOPs (1E21)*1e21,"
    "pass_rate=ipa_transliterate_2_exact_match,score=ipa_transliterate_2_bleu*0.01"
)


def lambada(data: Path, folder: Path, model: str) -> str:
    """Zero-shot LAMBADA of a model's checkpoints: accuracy with its standard error, and the log of the perplexity."""
    rows = pandas.read_csv(data / "pythia_v1_evals.csv")
    rows = rows[(rows.task == "lambada_openai") & (rows.shots == "zero-shot") & (rows.model == model) & (rows.step > 0)]
    values, errors = (rows.pivot_table(index="step", columns="metric", values=name) for name in ("value", "stderr"))
    frame = pandas.DataFrame(
        {
            "model": model,
            "tokens": values.index * TOKENS_A_STEP,
            "pass_rate": values["acc"],
            "stderr": errors["acc"],
            "loss": np.log(values["ppl"]),
        }
    )
    path = folder / f"lambada-{model}.csv"
    frame.to_csv(path, index=False)
    return str(path)


def found(capsys: Any, *arguments: str) -> dict[str, Any]:
    assert 0 == call(["scale", *arguments, "--json"])
    (task,) = json.loads(capsys.readouterr().out)["tasks"]
    return dict(task)


def test_the_jump_of_lambada_s_accuracy_is_made_by_the_metric(data: Path, tmp_path: Path, capsys: Any) -> None:
    """Accuracy goes 0, 0, .04, .31, .53, .64, .70 while the loss falls all along, from 16.3 to 1.37."""
    shape = found(capsys, lambada(data, tmp_path, "12b"), "--against", "tokens")["shape"]
    passed, loss = shape["moved"]
    assert ("metric-made", "loss") == (shape["verdict"], loss["metric"])
    assert pytest.approx([16.28, 1.37], abs=0.01) == [loss["first"], loss["last"]]
    assert passed["share"] > 0.75 > 0.45 > loss["share"]


def test_the_fall_of_the_smallest_pythia_late_in_training_is_flagged(data: Path, tmp_path: Path, capsys: Any) -> None:
    dips = found(capsys, lambada(data, tmp_path, "70m"), "--against", "tokens")["dips"]
    pair = [53_000.0 * TOKENS_A_STEP, 143_000.0 * TOKENS_A_STEP]
    assert pytest.approx(pair, rel=1e-5) == dips[0]["sizes"]
    assert pytest.approx([0.2534, 0.1846], abs=1e-4) == dips[0]["pass_rates"]
    assert dips[0]["p"] < 1e-10


def test_a_steady_rise_has_no_dip(data: Path, tmp_path: Path, capsys: Any) -> None:
    assert [] == found(capsys, lambada(data, tmp_path, "12b"), "--against", "tokens")["dips"]


def test_exact_match_at_the_floor_predicts_nothing(data: Path, capsys: Any) -> None:
    """Below 1e22 FLOP no model transliterates a single word; above, the largest do two in five."""
    table = str(data / "obsscaling_merged.csv")
    task = found(capsys, table, "--map", COLUMNS, "--against", "flops", "--below", "1e22", "--predict", "1e24")
    assert ("floor", "floor", "floor") == (
        task["curve"]["state"],
        task["prediction"]["refused"],
        task["check"]["refused"],
    )
    assert max(point["pass_rate"] for point in task["points"]) > 0.4


def test_three_sizes_of_llama_2_show_a_rise_and_no_more(data: Path, tmp_path: Path, capsys: Any) -> None:
    """Exact match .072, .133, .281 while BLEU is 27.2, 39.0, 53.1: three sizes do not tell a jump from a rise."""
    rows = pandas.read_csv(data / "obsscaling_merged.csv")
    path = tmp_path / "llama-2.csv"
    rows[rows["Model Family"] == "Llama-2"].to_csv(path, index=False)
    task = found(capsys, str(path), "--map", COLUMNS, "--against", "params")
    points = task["points"]
    assert pytest.approx([0.0718, 0.1326, 0.2812], abs=1e-4) == [point["pass_rate"] for point in points]
    assert pytest.approx([0.272, 0.390, 0.531], abs=1e-3) == [point["score"]["value"] for point in points]
    assert (None, "too few sizes") == (task["shape"]["verdict"], task["shape"]["reason"])
