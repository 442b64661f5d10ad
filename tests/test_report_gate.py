from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest

from evalkit.report import render_gate
from tests.gate_results import (
    BASELINE,
    EDGE,
    HELD,
    REGRESSED,
    UNCLEAR,
    UNUSABLE,
    USABLE,
    cond,
    gate,
    mixed,
    paired,
    unknown_to_baseline,
)


def flat(text: str) -> str:
    return " ".join(text.split())


def test_a_failed_gate_looks_as_it_should(golden: Callable[[str, str], None]) -> None:
    golden("gate_failed.txt", render_gate(mixed()))


def test_a_passed_gate_says_what_was_shown() -> None:
    passed = gate({name: [(cond(USABLE), HELD)] for name in "ab"}, baseline=replace(BASELINE, changes=()))
    text = flat(render_gate(passed))
    assert (
        "PASSED Every task is shown to be usable. Every task is shown not to have got worse by more than 2 points."
        in text
    )
    assert "No change of suite, model or settings since then was found." in text
    assert "settle" not in text


def test_without_a_baseline_nothing_is_said_of_one() -> None:
    text = render_gate(gate({"routing": [(cond(USABLE), None)]}, baseline=None))
    assert "PASSED\nThe task is shown to be usable.\n\n  task           usable?\n  routing        ✓ usable\n" in text
    assert "baseline" not in text


def test_an_unclear_comparison_is_told_with_its_interval_and_a_way_out() -> None:
    unclear = gate({"routing": [(cond(USABLE), UNCLEAR)]})
    text = flat(render_gate(unclear))
    assert (
        "PASSED - routing may or may not have got worse by more than 2 points: clean changed by −10.4 to +9.8" in text
    )
    assert "measure a longer baseline" in text
    assert "with --strict it does not." in text
    strict = flat(render_gate(replace(unclear, strict=True)))
    assert "EDGE, NOT LET THROUGH" in strict
    assert "With --strict, that is an edge." in strict
    assert "EDGE, LET THROUGH" in render_gate(replace(unclear, strict=True, edge_passes=True))


def test_of_a_gate_that_was_cut_short_only_what_failed_it_is_told() -> None:
    cut = gate(
        {
            "routing": [(cond(UNUSABLE), UNCLEAR)],
            "reply": [(cond(EDGE, reason="gate-decided"), UNCLEAR)],
            "title": [(cond(None, reason="gate-decided"), None)],
        }
    )
    text = flat(render_gate(cut))
    assert "FAILED - routing is unusable: clean passes 52.8–66.9 %, needs 90.0 %." in text
    assert "2 other tasks were not asked to the end: the gate had failed before." in text
    assert "could be either" not in text
    assert "What would settle" not in text


def test_a_task_that_shares_no_item_with_the_baseline_is_unclear_and_says_why() -> None:
    text = flat(render_gate(gate({"routing": [(cond(USABLE), None)]})))
    assert "routing cannot be compared: no item was asked in both runs." in text
    assert "? unclear no pairs" in text


def test_that_the_baseline_has_no_task_of_the_run_is_said() -> None:
    text = render_gate(unknown_to_baseline())
    assert "No task is in the baseline.\n" in text
    assert "  routing        ✓ usable\n" in text


def test_pairs_without_an_answer_are_counted() -> None:
    assert "107 pairs, 7 of them void" in flat(render_gate(gate({"a": [(cond(USABLE), paired(0, 0, void=7))]})))


@pytest.mark.parametrize(("n_tasks", "told"), [(7, ""), (8, "- and 2 more\n")])
def test_the_worst_are_named_and_the_others_counted(n_tasks: int, told: str) -> None:
    text = render_gate(gate({f"t{n}": [(cond(UNUSABLE), None)] for n in range(n_tasks)}, baseline=None))
    assert told in text
    assert n_tasks - (2 if told else 0) == text.count(" is unusable: clean passes")


def test_no_line_is_wider_than_80_columns() -> None:
    long = "a-task-whose-name-is-much-longer-than-anybody-would-ever-want-it-to-be-really"
    changes = (f"the suite file says something else for {', '.join([long] * 4)}",)
    wide = gate(
        {long: [(cond(USABLE, "conflict@override-and-more-of-that"), REGRESSED), (cond(USABLE), HELD)]},
        baseline=replace(BASELINE, changes=changes, name=f"baselines/{long}.json", model=f"openrouter/{long}"),
        suite=long,
        model=f"openrouter/{long}",
    )
    for text in (render_gate(wide), render_gate(mixed(strict=True))):
        assert [] == [line for line in text.splitlines() if len(line) > 80]


def test_nothing_from_outside_commands_the_terminal() -> None:
    evil = "x\x1b]0;owned\x07\u202e"
    baseline = replace(BASELINE, name=evil, model=evil, started=evil, changes=(evil,))
    text = render_gate(gate({evil: [(cond(EDGE, evil), REGRESSED)]}, baseline=baseline, suite=evil, model=evil))
    assert {unicodedata.category(character) for character in text if character != "\n"}.isdisjoint({"Cc", "Cf"})


def test_colour_adds_nothing_but_colour() -> None:
    marked = render_gate(mixed(), style=lambda text, role: f"<{role}>{text}</{role}>")
    assert "<bad>FAILED</bad>" in marked
    for role in ("good", "bad", "open", "dim", "strong"):
        marked = marked.replace(f"<{role}>", "").replace(f"</{role}>", "")
    assert render_gate(mixed()) == marked
