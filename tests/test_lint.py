from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from evalkit.lint import lint, undecidable
from evalkit.plan import Scope, make_plan
from evalkit.suite import load_suite
from tests.runs import make_suite


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
        "clean: at threshold 0.95 the shortest way to usable is 90 passes in a row; there are 40 items for it: it can "
        "never be called usable. Add items, or say `claim: set`"
    )


def test_claim_set_needs_no_more_items(tmp_path: Path) -> None:
    assert ["note"] == [kind for kind, _ in findings(tmp_path, "    claim: set\n", n_items=40)]


def test_a_single_item_is_one(tmp_path: Path) -> None:
    ((_, message),) = findings(tmp_path, "", n_items=1)
    assert "passes in a row; there is 1 item for it: it can never be called usable" in message


def test_enough_items_get_the_chance_of_a_verdict_and_the_calls_that_it_takes(tmp_path: Path) -> None:
    ((kind, message),) = findings(tmp_path, "")
    assert "note" == kind
    assert message.startswith("a verdict on the condition that counts, with items for 300 trials: ")
    told = re.findall(r"(\d+) % likely at a true pass rate of (0\.9[789]) \(about ([\d,]+) calls\)", message)
    assert ["0.97", "0.98", "0.99"] == [rate for _, rate, _ in told]
    chances = [int(chance) for chance, _, _ in told]
    assert chances == sorted(chances)
    assert all(0 < int(calls) <= 300 for _, _, calls in told)


@pytest.mark.parametrize(("n_items", "said"), [(1999, True), (2000, False)])
def test_items_are_spoken_of_only_where_they_run_out_before_the_calls(tmp_path: Path, n_items: int, said: bool) -> None:
    ((_, message),) = findings(tmp_path, "", n_items=n_items)
    assert said == ("with items for 1999 trials" in message)
    assert said == ("with items" in message)


def test_what_is_certain_to_be_decided_is_said_with_its_calls(tmp_path: Path) -> None:
    ((_, message),) = findings(tmp_path, "    threshold: 0.5\n")
    assert message.endswith("100 % likely at a true pass rate of 0.99 (about 10 calls)")


def test_what_void_trials_would_cost_is_said(tmp_path: Path) -> None:
    """Each counts as failed for one side and as passed for the other."""
    ((_, message),) = findings(tmp_path, "    claim: set\n")
    told = r"rate of 0\.99 \(about (\d+) calls\); with 1 trial in 100 void, at 0\.99 (\d+) % \(about (\d+) calls\)$"
    ((plain, chance, void),) = re.findall(told, message)
    assert 1.2 * int(plain) < int(void)
    assert 90 <= int(chance) <= 100


def test_what_void_trials_would_not_cost_is_not_said(tmp_path: Path) -> None:
    ((_, message),) = findings(tmp_path, "    claim: set\n    threshold: 0.5\n")
    assert "void" not in message


def test_counting_conditions_are_told_together(tmp_path: Path) -> None:
    """Two take twice the calls of one."""
    rest = "    claim: set\n"
    ((_, one),) = findings(tmp_path, rest)
    ((_, two),) = findings(tmp_path, f"{rest}    perturbations: {{noise: {{levels: [0.05], on: prompt}}}}\n")
    assert "a verdict on all 2 conditions that count: " in two
    calls = [int(re.findall(r"0\.99 \(about (\d+) calls\)", message)[0]) for message in (one, two)]
    assert 1.9 * calls[0] < calls[1] < 2.3 * calls[0]


def test_calls_of_repeats_are_counted_each(tmp_path: Path) -> None:
    ((_, clean),) = findings(tmp_path, "    claim: set\n    threshold: 0.3\n")
    rest = "    claim: set\n    threshold: 0.3\n    perturbations: {repeat: {times: 10, threshold: 0.3}}\n"
    ((_, both),) = findings(tmp_path, rest)
    assert "0.99 (about 10 calls)" in clean
    assert "0.99 (about 110 calls)" in both


def test_a_budget_of_calls_that_stands_in_the_way_is_named(tmp_path: Path) -> None:
    rest = "    perturbations: {repeat: {times: 30, threshold: 0.95}}\n"
    ((kind, message),) = findings(tmp_path, rest)
    assert "warning" == kind
    assert message.startswith("repeat@30: at threshold 0.95 the shortest way to usable is ")
    assert message.endswith(
        " passes in a row; its budget is 66 trials: it can never be called usable. Allow more with --max-calls"
    )


def _undecidable(folder: Path, perturbations: str, *, n_items: int = 40, **scope: Any) -> list[str]:
    suite = make_suite(folder, n_items=n_items, perturbations=perturbations)
    return [found.problem.message.partition(":")[0] for found in undecidable(make_plan(suite, Scope(**scope)))]


def test_of_a_plan_only_what_counts_and_is_asked_can_want_for_units(tmp_path: Path) -> None:
    rest = "{noise: {levels: [0.05, 0.1], require: 0.05, on: prompt}}"
    assert ["clean, noise@0.05"] == _undecidable(tmp_path, rest)
    assert ["noise@0.05"] == _undecidable(tmp_path, rest, conditions=("noise",))
    assert [] == _undecidable(tmp_path, rest, conditions=("noise@0.1",))
    assert [] == _undecidable(tmp_path, rest, n_items=60)


@pytest.mark.parametrize(("scope", "wanting"), [({"max_calls": 20}, ["clean"]), ({"limit": 20}, ["clean"]), ({}, [])])
def test_a_plan_is_looked_at_with_its_budgets(tmp_path: Path, scope: dict[str, int], wanting: list[str]) -> None:
    assert wanting == _undecidable(tmp_path, "{}", n_items=60, **scope)


def test_a_plan_for_a_fixed_number_is_looked_at_with_what_it_needs(tmp_path: Path) -> None:
    """Judged once, at the end, 36 passes do."""
    assert [["clean"], []] == [_undecidable(tmp_path, "{}", fixed=fixed) for fixed in (35, 36)]


def test_conditions_that_want_for_the_same_are_named_together(tmp_path: Path) -> None:
    rest = "    perturbations: {noise: {levels: [0.05, 0.1], require: 0.05, on: prompt}}\n"
    ((_, message),) = findings(tmp_path, rest, n_items=40)
    assert message.startswith("clean, noise@0.05: at threshold 0.95 ")


@pytest.mark.parametrize(("group", "said"), [("", 100), ("    group: story\n", 50)])
def test_items_of_one_group_do_for_one(tmp_path: Path, group: str, said: int) -> None:
    """Two items of one story fall together: the second tells nothing new to a test that may stop anywhere."""
    items = "".join(f'{{"q": "Question {n}?", "story": {n // 2}}}\n' for n in range(100))
    (tmp_path / "items.jsonl").write_text(items)
    path = tmp_path / "t.yaml"
    head = "suite: t\nthreshold: 0.98\ntasks:\n  a:\n    prompt: '{q}'\n    items: items.jsonl\n"
    path.write_text(f"{head}    constraints: [one_line]\n{group}", encoding="utf-8")
    (message,) = [found.problem.message for found in lint(load_suite(path))]
    assert f"; there are {said} items{' of different groups' if group else ''} for it: " in message


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
