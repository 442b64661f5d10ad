"""Answers of four models to the test set of GSM8K (Cobbe et al. 2021, arXiv:2110.14168), with their labels."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.external.replayed import Replayed, implied, read_jsonl, replay, write_jsonl

pytestmark = pytest.mark.external

SUITE = Path(__file__).with_name("gsm8k.yaml")
TASK = "word-problem"
PUBLISHED = {
    "6b_finetuning": (286, "unusable"),
    "6b_verification": (515, "edge"),
    "175b_finetuning": (458, "unusable"),
    "175b_verification": (742, "usable"),
}
"""Right answers of 1,319, and what they mean at the suite's threshold of 40 %."""

Problems: TypeAlias = list[dict[str, Any]]


@pytest.fixture(scope="module")
def problems(data: Path) -> Problems:
    return read_jsonl(data / "gsm8k_openai_model_solutions.jsonl")


@pytest.fixture(scope="module", params=PUBLISHED)
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def replayed(problems: Problems, model: str, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    folder = tmp_path_factory.mktemp(model)
    shutil.copy(SUITE, folder)
    write_jsonl(
        folder / "items.jsonl", ({"id": row["i"], "question": row["question"], "gold": row["gold"]} for row in problems)
    )
    recording = folder / f"{model}.jsonl"
    write_jsonl(recording, ({"item": row["i"], "response": row[model]} for row in problems))
    return replay(folder / SUITE.name, recording, n_items=len(problems))


def test_every_answer_passes_or_fails_as_its_label_says(problems: Problems, model: str, replayed: Replayed) -> None:
    assert {(TASK, str(row["i"])): row[f"{model}_ok"] == 1 for row in problems} == replayed.passed


def test_as_many_pass_as_published(model: str, replayed: Replayed) -> None:
    condition = replayed.conditions[TASK]
    assert (1319, *PUBLISHED[model]) == (condition["trials"], condition["passes"], condition["verdict"])


def test_the_results_follow_from_the_counts(replayed: Replayed) -> None:
    condition = replayed.conditions[TASK]
    assert implied(condition) == condition
