from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import pytest

from evalkit.compare.sameness import Sameness, sameness
from evalkit.record import RunFile, StoredSuite
from evalkit.record.run_file import Origin

SUITE = """
suite: sums
threshold: 0.9
tasks:
  add: {prompt: "What is {a} + 1?", items: [{id: x, a: 1}], constraints: [number: "2"], perturbations: {noise: [0.1]}}
  copy: {prompt: "Say {a}.", items: copy.jsonl, constraints: [one_line]}
"""


@dataclass(frozen=True)
class Made:
    """As much of a run's file as matters."""

    suite: StoredSuite
    seed: int = 0
    origin: Origin = "asked"


def run(text: str = SUITE, *, seed: int = 0, origin: Origin = "asked", files: dict[str, str] | None = None) -> RunFile:
    name = "sums" if "suite: sums" in text else "other"
    stored = StoredSuite(
        name=name, path="x/sums.yaml", sha256=text, text=text, files={"sums.yaml": text, **(files or {})}
    )
    return cast(RunFile, Made(suite=stored, seed=seed, origin=origin))


def test_the_same_suite_and_seed_is_the_same() -> None:
    assert Sameness(tasks={}, perturbed={}, task_notes={}) == sameness(run(), run())


def test_a_text_about_the_suite_changes_nothing() -> None:
    assert Sameness(tasks={}, perturbed={}, task_notes={}) == sameness(run(), run(f"about: Sums.{SUITE}"))


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (run(seed=1), "different seeds: 0 and 1"),
        (run(SUITE.replace("suite: sums", "suite: other")), "different suites: sums and other"),
        (run(files={"copy.jsonl": "b"}), "different files of the suite: copy.jsonl"),
        (run("\tsuite: sums"), "a suite's copy that cannot be read"),
    ],
)
def test_what_concerns_all_tasks_is_named(other: RunFile, expected: str) -> None:
    first = run(files={"copy.jsonl": "a"}) if "files" in expected else run()
    assert (expected,) == sameness(first, other).everywhere


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ("What is", "How much is", "prompt"),
        ("a: 1", "a: 2", "items"),
    ],
)
def test_what_concerns_one_task_is_named(before: str, after: str, key: str) -> None:
    found = sameness(run(), run(SUITE.replace(before, after)))
    assert ((), {"add": (f"different {key}",)}) == (found.everywhere, found.tasks)


def test_other_perturbations_concern_what_is_perturbed() -> None:
    found = sameness(run(), run(SUITE.replace("[0.1]", "[0.2]")))
    assert ({}, {"add": ("different perturbations",)}) == (found.tasks, found.perturbed)


def test_other_constraints_are_a_note() -> None:
    found = sameness(run(), run(SUITE.replace('"2"', '"3"')))
    assert {} == found.tasks
    assert ("Different constraints: a trial may pass in one run and fail in the other for that.",) == (
        found.task_notes["add"]
    )


def test_what_is_sent_beside_prompts_is_a_note() -> None:
    found = sameness(run(), run(f"sampling: {{max_tokens: 9}}{SUITE}"))
    assert ("The suites differ in their sampling.",) == found.notes


def test_how_a_task_draws_its_items_is_a_note() -> None:
    found = sameness(run(), run(SUITE.replace("copy: {", "copy: {claim: set, ")))
    assert ({}, ("The suites differ in the claim of copy.",)) == (found.tasks, found.notes)


def test_of_an_imported_run_the_items_names_are_all_that_is_known() -> None:
    found = sameness(run(), run("", seed=3, origin="imported"))
    assert ((), {}) == (found.everywhere, found.tasks)
    assert "only the items' names are known" in found.notes[0]
