from __future__ import annotations

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
    assert message.startswith("with 200 trials a condition, the chance that all 1 counting conditions get a verdict")
    assert "% at 0.97" in message


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
