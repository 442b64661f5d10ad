"""code-davinci-002 on BIG-Bench Hard (Suzgun et al. 2022, arXiv:2210.09261): 27 tasks, asked directly and step by step.

The recordings of both ways have the same items; only the direct ones carry the questions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.external.replayed import Replayed, implied, read_csv, read_jsonl, replay, write_jsonl

pytestmark = pytest.mark.external

EXTRACT: Mapping[str, list[dict[str, str]]] = {
    "direct": [],
    "cot": [{"after": "the answer is "}, {"strip": "."}],
}
"""What is compared with the target: the whole answer, or what the reasoning comes to, without the final period."""

Answers: TypeAlias = list[dict[str, Any]]


@pytest.fixture(scope="module", params=EXTRACT)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def answers(data: Path, mode: str) -> Answers:
    return read_jsonl(data / f"bbh_codex_{mode}.jsonl")


@pytest.fixture(scope="module")
def questions(data: Path) -> dict[tuple[str, int], str]:
    return {(row["task"], row["i"]): row["question"] for row in read_jsonl(data / "bbh_codex_direct.jsonl")}


def suite_text(mode: str, tasks: list[str]) -> str:
    """The tasks differ in their items alone. JSON is YAML."""
    scoring: dict[str, Any] = {"constraints": [{"exact": "{target}"}]}
    if EXTRACT[mode]:
        scoring["extract"] = EXTRACT[mode]
    definitions = {task: {"prompt": "{question}", "items": f"{task}.jsonl", **scoring} for task in tasks}
    return json.dumps({"suite": f"bbh-{mode}", "threshold": 0.5, "tasks": definitions}, indent=1)


@pytest.fixture(scope="module")
def replayed(
    answers: Answers,
    questions: dict[tuple[str, int], str],
    mode: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Replayed:
    folder = tmp_path_factory.mktemp(mode)
    items: dict[str, list[dict[str, Any]]] = {}
    for row in answers:
        item = {"id": row["i"], "question": questions[row["task"], row["i"]], "target": row["target"]}
        items.setdefault(row["task"], []).append(item)
    for task, its_items in items.items():
        write_jsonl(folder / f"{task}.jsonl", its_items)
    suite = folder / f"bbh_{mode}.yaml"
    suite.write_text(suite_text(mode, list(items)), encoding="utf-8")
    recording = folder / "answers.jsonl"
    write_jsonl(recording, ({"task": row["task"], "item": row["i"], "response": row["prediction"]} for row in answers))
    return replay(suite, recording, n_items=max(map(len, items.values())))


def test_every_answer_passes_or_fails_as_its_label_says(answers: Answers, replayed: Replayed) -> None:
    assert {(row["task"], str(row["i"])): row["correct"] == 1 for row in answers} == replayed.passed


def test_every_accuracy_is_the_published_one(data: Path, mode: str, replayed: Replayed) -> None:
    published = {
        row["task"]: (int(row["n"]), float(row["accuracy_recomputed"]))
        for row in read_csv(data / "bbh_codex_published.csv")
        if row["mode"] == mode
    }
    found = {
        task: (condition["trials"], round(100 * condition["pass_rate"], 4))
        for task, condition in replayed.conditions.items()
    }
    assert len(published) == 27
    assert published == found


def test_the_results_follow_from_the_counts(replayed: Replayed) -> None:
    assert {task: implied(condition) for task, condition in replayed.conditions.items()} == replayed.conditions
