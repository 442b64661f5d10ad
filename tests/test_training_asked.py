"""What the suite asks, the models have never learnt from."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.shipped import shipped_suite
from training.asked import FOLDER, items
from training.exercises import EXERCISES
from training.held_out import SHARE, is_held_out
from training.messages import PROBLEMS, QUEUES, WISHES
from training.mixture import SUITE, Mixture

ARITHMETIC = {"addition": "+", "subtraction": "-", "multiplication": "*"}


@cache
def asked(task: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / f"{task}.jsonl").read_text(encoding="utf-8").splitlines()]


def key(task: str, fields: dict[str, Any]) -> tuple[Any, ...]:
    """What makes an item this one, found here from what is shown, without the keys of the generators."""
    if task in ARITHMETIC:
        return tuple(sorted((int(fields["a"]), int(fields["b"]))))
    if task == "reversing":
        return (min(fields["letters"], fields["letters"][::-1]),)
    if task == "sorting":
        return tuple(sorted(fields["letters"]))
    if task == "extraction":
        return fields["name"], fields["order"], fields["amount"]
    message = fields["message"].lower()
    phrases = QUEUES.values() if task == "routing" else [*PROBLEMS.values(), *WISHES.values()]
    said = [
        part for wordings in phrases for part in wordings if part.format(product=fields["product"]).lower() in message
    ]
    return (fields["product"], *sorted(said))


@pytest.mark.slow
@pytest.mark.parametrize("task", EXERCISES)
def test_the_files_are_what_the_generators_write(task: str) -> None:
    assert asked(task) == items(task)


@pytest.fixture(scope="module")
def learnt() -> dict[str, set[tuple[Any, ...]]]:
    found: dict[str, set[tuple[Any, ...]]] = {task: set() for task in EXERCISES}
    for step in range(60):
        for task, fields in Mixture(0).fields(step):
            found[task].add(key(task, fields))
    return found


@pytest.mark.parametrize("task", EXERCISES)
def test_no_item_of_the_suite_is_among_what_is_learnt(task: str, learnt: dict[str, set[tuple[Any, ...]]]) -> None:
    assert len(learnt[task]) > 100
    assert set() == {key(task, fields) for fields in asked(task)} & learnt[task]


def test_one_item_in_ten_is_held_out_whatever_its_kind() -> None:
    share = sum(is_held_out(f"{a}+{b}") for a in range(200) for b in range(200)) / 40_000
    assert share == pytest.approx(1 / SHARE, abs=0.005)


@pytest.mark.slow
def test_every_level_that_the_suite_asks_for_has_items() -> None:
    for task in shipped_suite(Path(SUITE).stem).tasks:
        kind = EXERCISES[task.name]
        levels = Counter(fields[kind.axis] for fields in asked(task.name))
        assert set(kind.asked) == set(levels)
        assert min(levels.values()) >= 400


def test_no_item_comes_twice() -> None:
    for task in EXERCISES:
        keys = [key(task, fields) for fields in asked(task)]
        assert len(keys) == len(set(keys)), task


def test_files_lie_beside_the_suite() -> None:
    assert Path(SUITE).parent == FOLDER.parent
