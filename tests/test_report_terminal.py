from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from evalkit.plain import columns
from evalkit.report import Provenance, Style, plain_style, render
from evalkit.report.layout import fit_encoding, fit_names
from evalkit.trial import Level
from evalkit.verdict import FixedDecider, Outcome, Spend, SuiteResult, TaskEntry, Terms, Totals, summarise

FOLDER = "runs/20261122T031500Z-support"


def show(result: SuiteResult, *, style: Style = plain_style, words_only: bool = False, **given: Any) -> str:
    provenance = Provenance(folder=FOLDER, seed=0, confidence=0.95, **given)
    return render(result, provenance, style=style, words_only=words_only)


def terms(
    condition: str, *, task: str, counts: bool = True, threshold: float = 0.9, units: int = 200, repeats: int = 1
) -> Terms:
    perturbation, _, written = condition.partition("@")
    level: Level | None = written or None
    if written.replace(".", "").isdigit():
        level = float(written) if "." in written else int(written)
    return Terms(
        task=task,
        condition=condition,
        perturbation=perturbation,
        level=level,
        counts=counts,
        threshold=threshold,
        alpha=0.025,
        n_counting=3,
        units=units,
        exhausted=False,
        repeats=repeats,
    )


def variant_of(terms: Terms, position: int) -> str | None:
    forms = {"paraphrase": ["paraphrase 1", "paraphrase 2"], "conflict": ["conflict one_line", "conflict words"]}
    drawn = forms.get(terms.perturbation)
    return None if drawn is None else drawn[position * len(drawn) // terms.units]


def result(tasks: dict[str, list[tuple[Terms, int, int]]], *, model: str = "openai/x") -> SuiteResult:
    """A result in which, of each condition, so many units passed and so many were void; the rest failed on `words`."""
    every = [each for conditions in tasks.values() for each, _, _ in conditions]
    decider = FixedDecider(every)
    for conditions in tasks.values():
        for each, passes, void in conditions:
            for position in range(each.units):
                passed = None if position < void else position < void + passes
                outcome = Outcome(
                    position=position,
                    cluster=str(position),
                    asks=(passed,) * each.repeats,
                    score=None if passed is None else float(passed),
                    constraints={} if passed is None else {"one_line": True, "words": passed},
                    variant=variant_of(each, position),
                )
                decider.observe(each.key, outcome)
    entries = [
        TaskEntry(task=name, threshold=0.9, terms=tuple(each for each, _, _ in conditions), spend=Spend())
        for name, conditions in tasks.items()
    ]
    totals = Totals(calls=1234, void=2, cost_usd=None, seconds=83.21)
    return summarise(decider, entries, suite="support", model=model, served_model=(), totals=totals)


def three_tasks() -> SuiteResult:
    return result(
        {
            "ticket-title": [
                (terms("clean", task="ticket-title"), 196, 0),
                (terms("noise@0.05", task="ticket-title"), 150, 0),
                (terms("noise@0.2", task="ticket-title", counts=False), 20, 0),
                (terms("repeat@10", task="ticket-title", counts=False, units=60, repeats=10), 50, 0),
            ],
            "routing": [
                (terms("clean", task="routing"), 200, 0),
                (terms("paraphrase", task="routing"), 192, 0),
                (terms("conflict@soft", task="routing"), 199, 0),
            ],
            "reply": [(terms("clean", task="reply"), 185, 2), (terms("context@1000", task="reply", units=0), 0, 0)],
        }
    )


def test_the_report_looks_as_it_should(golden: Callable[[str, str], None]) -> None:
    golden("terminal_unusable.txt", show(three_tasks()))


def test_a_usable_suite_looks_as_it_should(golden: Callable[[str, str], None]) -> None:
    usable = result(
        {"routing": [(terms("clean", task="routing"), 200, 0), (terms("noise@0.05", task="routing"), 199, 0)]}
    )
    golden("terminal_usable.txt", show(usable))


def test_an_edge_says_what_would_settle_it(golden: Callable[[str, str], None]) -> None:
    golden("terminal_edge.txt", show(result({"routing": [(terms("clean", task="routing"), 185, 0)]})))


def test_no_line_is_wider_than_80_columns() -> None:
    long = "a-task-whose-name-is-much-longer-than-anybody-would-ever-want-it-to-be-really"
    model = "openrouter/some-vendor/some-model-with-a-very-long-name-2026-11-23-preview"
    conditions = [(terms("conflict@override", task=long, counts=False), 100, 0), (terms("clean", task=long), 199, 0)]
    wide = result({long: conditions}, model=model)
    for found, words in product((three_tasks(), wide), (False, True)):
        text = show(found, words_only=words)
        assert [] == [line for line in text.splitlines() if len(line) > 80]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_wide_letters_and_those_that_are_escaped_shift_no_column(encoding: str) -> None:
    asked = {task: [(terms("clean", task=task), 150, 0)] for task in ("日本語のとても長い作業名前", "title")}
    shown = show(fit_names(result(asked), encoding), words_only=True)
    lines = fit_encoding(shown, encoding).encode(encoding).decode(encoding).splitlines()
    assert [] == [line for line in lines if columns(line) > 80]
    assert 1 == len({columns(line.partition(" 200 ")[0]) for line in lines if " 200 " in line})


def test_nothing_from_outside_commands_the_terminal() -> None:
    evil = "x\x1b]0;owned\x07\u202e"
    text = show(result({evil: [(terms("clean", task=evil), 100, 0)]}, model=evil))
    assert {unicodedata.category(character) for character in text if character != "\n"}.isdisjoint({"Cc", "Cf"})


def test_colour_adds_nothing_but_colour() -> None:
    marked = show(three_tasks(), style=lambda text, role: f"<{role}>{text}</{role}>")
    for role in ("good", "bad", "open", "dim", "strong"):
        marked = marked.replace(f"<{role}>", "").replace(f"</{role}>", "")
    assert show(three_tasks(), style=plain_style) == marked


def test_a_run_that_has_not_ended_says_first_how_to_go_on() -> None:
    line = f"This run has not come to its end. Go on with:\nevalkit run --resume {FOLDER}\n\n"
    assert [False, True] == [line in show(three_tasks(), ended=ended) for ended in (True, False)]
    assert [] == [line for line in show(three_tasks(), ended=False).splitlines() if len(line) > 80]


def test_a_run_that_goes_on_needs_no_command_to_go_on() -> None:
    told = show(three_tasks(), ended=False, going_on=True)
    assert "This run goes on; this is what is known so far.\n" in told
    assert "--resume" not in told


def test_a_task_judged_by_scores_shows_its_mean_score_and_what_is_needed_of_it() -> None:
    found = result({"routing": [(terms("clean", task="routing"), 100, 0)]})
    (task,) = found.tasks
    (condition,) = task.conditions
    scored = replace(condition, measure="score", mean_score=0.654, low=0.6, high=0.7)
    text = show(replace(found, tasks=(replace(task, weakest=scored, conditions=(scored,)),)))
    assert "  task                trials  score    between margin  0        100  verdict\n" in text
    assert "  routing                200   65.4  60.0–70.0 ≤−20.0 " in text
    assert "  judged by the mean score, not by how many trials pass\n" in text


@pytest.mark.parametrize(("n_tasks", "named", "more"), [(3, 3, False), (4, 4, False), (5, 3, True)])
def test_the_headline_names_three_tasks_and_a_fourth_rather_than_one_more(n_tasks: int, named: int, more: bool) -> None:
    text = show(result({name: [(terms("clean", task=name), 100, 0)] for name in "abcde"[:n_tasks]}))
    assert (named, more) == (text.count(" fails at clean"), "- and 2 more\n" in text)


def test_in_words_the_report_has_neither_bars_nor_signs(golden: Callable[[str, str], None]) -> None:
    text = show(three_tasks(), words_only=True)
    golden("terminal_words.txt", text)
    # In front of a number a minus sign, between two a dash, and between trials and repeats a cross.
    assert set("−–×") == {character for character in text if not character.isascii()}


def test_in_words_the_report_says_no_less() -> None:
    """Every number of the table stands in both, and both name each condition's verdict."""
    drawn, told = (show(three_tasks(), words_only=words) for words in (False, True))
    number = re.compile(r"\d+\.\d|\b[a-z]+@[\w.]+|\b(?:un)?usable\b|\bedge\b")
    assert number.findall(drawn) == number.findall(told)


def test_in_words_a_margin_that_is_hardly_one_is_above_or_below_nothing() -> None:
    found = result({"routing": [(terms("clean", task="routing"), 199, 0)]})
    (task,) = found.tasks
    (condition,) = task.conditions
    for changed, said in (
        (replace(condition, low=0.90002), "above 0 "),
        (replace(condition, high=0.89998, verdict="unusable"), "below 0 "),
    ):
        text = show(replace(found, tasks=(replace(task, weakest=changed, conditions=(changed,)),)), words_only=True)
        assert said in text
