from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine import Measured
from evalkit.engine.baseline import baseline_of
from evalkit.gate.changes import changes
from evalkit.plan import Scope
from evalkit.record import Baseline, RunFile
from tests.runs import Scripted, carry_out, make_suite

NOISE = "{noise: {levels: [0.02], require: 0.02}}"


def measured(tmp_path: Path, **given: Any) -> Measured:
    return carry_out(make_suite(tmp_path, **given), Scripted(), tmp_path / "runs", scope=Scope(fixed=20))


def said(found: Measured, baseline: Baseline, **changed: Any) -> list[str]:
    return list(changes(found.run.model_copy(update=changed), found.results, baseline))


def changed_suite(run: RunFile, **changed: Any) -> dict[str, Any]:
    return {"suite": run.suite.model_copy(update=changed)}


def test_nothing_is_said_of_a_run_like_its_baseline(tmp_path: Path) -> None:
    found = measured(tmp_path)
    assert [] == said(found, baseline_of(found.folder))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"model": "openai/y"}, "the model was scripted/x, now openai/y"),
        ({"options": {"temperature": 1}}, "the model's settings are others: temperature"),
        ({"evalkit": "9.9"}, "now 9.9"),
        ({"reuse": ["runs/old"]}, "answers may be those of runs/old, which say nothing of the model as it is now"),
        ({"seed": 4}, "the seed was 0, now 4: perturbed texts and the order of items are others, so that error rates "
         "are not promised"),
    ],
)  # fmt: skip
def test_another_model_setting_version_or_seed_is_said(tmp_path: Path, changed: dict[str, Any], expected: str) -> None:
    found = measured(tmp_path)
    (sentence,) = said(found, baseline_of(found.folder), **changed)
    assert sentence.endswith(expected)


def test_what_the_provider_used_is_compared_where_both_say_it(tmp_path: Path) -> None:
    found = measured(tmp_path)
    baseline = baseline_of(found.folder).model_copy(update={"served_model": ["x-1"]})
    assert [] == said(found, baseline)
    served = replace(found, results=replace(found.results, served_model=("x-2",)))
    assert ["the provider used x-1, now x-2"] == said(served, baseline)


def test_a_changed_prompt_and_threshold_are_named_by_their_keys(tmp_path: Path) -> None:
    baseline = baseline_of(measured(tmp_path).folder)
    after = measured(tmp_path, prompt="Add {a} and {b}.", threshold=0.8)
    assert ["the suite file says something else for threshold", "add has another prompt in the suite file"] == said(
        after, baseline
    )


def test_a_suite_file_that_says_the_same_in_other_words_is_told_apart(tmp_path: Path) -> None:
    found = measured(tmp_path)
    again = changed_suite(found.run, text=found.run.suite.text + "# more\n", sha256="00" * 32)
    assert ["the suite file has changed, but nothing of what it says about these tasks"] == said(
        found, baseline_of(found.folder), **again
    )


def test_another_name_of_the_suite_is_said(tmp_path: Path) -> None:
    found = measured(tmp_path)
    renamed = changed_suite(found.run, name="other")
    assert ["the suite was called sums, now other"] == said(found, baseline_of(found.folder), **renamed)


def test_a_changed_item_file_is_named(tmp_path: Path) -> None:
    found = measured(tmp_path)
    baseline = baseline_of(found.folder).model_copy(update={"files": {"items.jsonl": "ab" * 32}})
    assert [] == said(found, baseline)
    changed = changed_suite(found.run, files=found.run.suite.files | {"items.jsonl": "cd" * 32})
    assert ["items.jsonl changed: an item that kept its id is taken to be the same"] == said(found, baseline, **changed)


def test_where_one_has_no_suite_file_it_is_not_said_that_every_key_has_changed(tmp_path: Path) -> None:
    found = measured(tmp_path)
    imported = baseline_of(found.folder).model_copy(update={"sha256": "ab" * 32, "defined": {}})
    expected = ["what was asked is not recorded of both, so that changes of it cannot be seen"]
    assert expected == said(found, imported)
    told = said(found, baseline_of(found.folder), **changed_suite(found.run, text="", sha256="ab" * 32))
    assert expected == told


def test_what_only_one_of_the_two_has_is_named(tmp_path: Path) -> None:
    found = measured(tmp_path, perturbations=NOISE)
    baseline = baseline_of(found.folder)
    (task,) = baseline.tasks
    other = task.model_copy(update={"task": "other"})
    fewer = task.model_copy(update={"conditions": task.conditions[:1]})
    assert ["not in the baseline of add: noise@0.02"] == said(found, baseline.model_copy(update={"tasks": [fewer]}))
    assert ["in the baseline, but not measured now: other"] == said(
        found, baseline.model_copy(update={"tasks": [task, other]})
    )
    assert ["not in the baseline: add", "in the baseline, but not measured now: other"] == said(
        found, baseline.model_copy(update={"tasks": [other]})
    )


def test_a_condition_that_is_judged_otherwise_now_is_named(tmp_path: Path) -> None:
    found = measured(tmp_path)
    baseline = baseline_of(found.folder)
    (task,) = baseline.tasks
    scored = task.conditions[0].model_copy(update={"measure": "score", "outcomes": [1.0]})
    by_score = baseline.model_copy(update={"tasks": [task.model_copy(update={"conditions": [scored]})]})
    assert ["not in the baseline of add: clean"] == said(found, by_score)


def test_names_from_a_baseline_cannot_steer_a_terminal(tmp_path: Path) -> None:
    found = measured(tmp_path)
    hostile = baseline_of(found.folder).model_copy(update={"model": "x\x1b[2J\n::error::" + "y" * 200})
    (sentence,) = said(found, hostile)
    assert ("\x1b" in sentence, "\n" in sentence) == (False, False)
    assert len(sentence) < 120
