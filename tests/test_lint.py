from __future__ import annotations

import re
from pathlib import Path

import pytest

from evalkit.lint import lint
from evalkit.suite import load_suite


def findings(folder: Path, rest: str, *, n_items: int = 300) -> list[tuple[str, str]]:
    (folder / "items.jsonl").write_text("".join(f'{{"q": "Question {n}?"}}\n' for n in range(n_items)))
    path = folder / "t.yaml"
    head = "suite: t\nthreshold: 0.95\ntasks:\n  a:\n    prompt: '{q}'\n    items: items.jsonl\n"
    path.write_text(f"{head}    constraints: [one_line]\n{rest}", encoding="utf-8")
    return [(found.kind, found.problem.message) for found in lint(load_suite(path))]


def test_too_few_items_are_said_with_the_least_number(tmp_path: Path) -> None:
    ((kind, message),) = findings(tmp_path, "", n_items=40)
    assert "warning" == kind
    assert message == (
        "clean: at threshold 0.95 the shortest way to usable is 72 passes in a row; there are 40 items for it: it can "
        "never be called usable. Add items, or say `claim: set`"
    )


def test_claim_set_needs_no_more_items(tmp_path: Path) -> None:
    assert ["note"] == [kind for kind, _ in findings(tmp_path, "    claim: set\n", n_items=40)]


def test_enough_items_get_the_chance_of_a_verdict(tmp_path: Path) -> None:
    ((kind, message),) = findings(tmp_path, "")
    assert "note" == kind
    assert message.startswith("how likely it is that the condition that counts gets a verdict with 200 trials: ")
    assert re.search(
        r": \d+ % if the model's true pass rate is 0.97, \d+ % if 0.98, \d+ % if 0.99; more trials", message
    )


@pytest.mark.parametrize(("n_items", "hinted"), [(200, False), (201, True)])
def test_more_trials_are_proposed_only_where_there_are_items(tmp_path: Path, n_items: int, hinted: bool) -> None:
    ((_, message),) = findings(tmp_path, "", n_items=n_items)
    assert hinted == message.endswith("; more trials: --fixed N")


def test_what_is_certain_to_be_decided_needs_no_more_trials(tmp_path: Path) -> None:
    ((_, message),) = findings(tmp_path, "    threshold: 0.5\n")
    assert message.endswith("100 % if 0.99")


def test_counting_conditions_are_told_together_with_their_trials(tmp_path: Path) -> None:
    ((_, message),) = findings(tmp_path, "    perturbations: {noise: {levels: [0.05], on: prompt}}\n", n_items=150)
    assert "that all 2 conditions that count get a verdict with 150 trials each: " in message


def test_a_budget_of_calls_that_stands_in_the_way_is_named(tmp_path: Path) -> None:
    rest = "    perturbations: {repeat: {times: 10, threshold: 0.95}}\n"
    ((_, message),) = findings(tmp_path, rest)
    assert message.endswith("; more trials: --fixed N (and --max-calls)")


@pytest.mark.parametrize(
    ("threshold", "said"), [("1.0", "it can never be usable"), ("0.999", "3688 passes in a row; a run asks 200")]
)
def test_thresholds_out_of_reach_are_said(threshold: str, said: str, tmp_path: Path) -> None:
    messages = findings(tmp_path, f"    claim: set\n    threshold: {threshold}\n")
    assert said in messages[0][1]


def test_a_condition_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "small.jsonl").write_text('{"kind": "note", "text": "Nothing much happened in the shop that day."}\n')
    rest = "    perturbations:\n      context: {levels: [4000], material: small.jsonl}\n"
    kind, message = findings(tmp_path, rest)[0]
    assert "error" == kind
    assert message.startswith('task "a", item ')
    assert ": context@4000 cannot be made: " in message


def test_noise_that_touches_nothing_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        "suite: t\nthreshold: 0.9\ntasks:\n  a:\n    prompt: 'What is {a} + {b}?'\n    items: {generate: addition}\n"
        "    constraints: [number: '{answer}']\n    perturbations: {noise: [0.05]}\n"
    )
    messages = [found.problem.message for found in lint(load_suite(path))]
    assert "noise@0.05 changes nothing in its first items; say `on: prompt`" in messages


def test_items_that_ask_the_same_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        "suite: t\nthreshold: 0.9\nclaim: set\ntasks:\n  a:\n    prompt: '{q}'\n    constraints: [exact: '{gold}']\n"
        "    items: [{id: x, q: same, gold: yes}, {id: y, q: other, gold: yes}, {id: z, q: same, gold: no}]\n"
    )
    messages = [found.problem.message for found in lint(load_suite(path))]
    assert "the items 'x', 'z' ask exactly the same" in messages


@pytest.mark.parametrize(
    ("prompt", "protect", "warned"),
    [("What is {a} + {b}?", "", False), ("What is {a} + {b}?", "    protect: [What, is]\n", True), ("{a}?", "", True)],
)
def test_noise_on_a_short_prompt_is_no_warning_unless_all_is_protected(
    tmp_path: Path, prompt: str, protect: str, warned: bool
) -> None:
    path = tmp_path / "t.yaml"
    path.write_text(
        f"suite: t\nthreshold: 0.9\ntasks:\n  a:\n    prompt: '{prompt}'\n    items: {{generate: addition}}\n"
        f"    constraints: [one_line]\n{protect}    perturbations: {{noise: {{levels: [0.0001], on: prompt}}}}\n"
    )
    messages = [found.problem.message for found in lint(load_suite(path))]
    said = "noise@0.0001 changes nothing in its first items; all its words are protected"
    assert (said in messages, any("changes nothing" in message for message in messages)) == (warned, warned)
