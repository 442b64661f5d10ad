from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.choose.finished import choose_finished
from evalkit.engine.importing import ImportOptions, import_trials
from evalkit.errors import EvalkitError
from evalkit.findings.choose import Choice, Limits
from evalkit.plan import Scope
from evalkit.record import read_run_file, write_run_file
from evalkit.suite import load_suite
from tests.runs import Scripted, carry_out, make_suite, right

CLOSE = 0.8
"""A threshold that twenty passes in a row are above for one model, but not among many."""


def run(
    folder: Path,
    name: str,
    *,
    right_to: int = 40,
    cost: float = 0.0,
    scope: Scope | None = None,
    confidence: float = 0.95,
    **suite: Any,
) -> Path:
    """A run of a model that knows the first items."""
    folder.joinpath("suite").mkdir(exist_ok=True)
    model = Scripted(lambda call: right(call) if int(call.item[1:]) < right_to else "no", cost_usd=lambda answer: cost)
    model.name = f"scripted/{name}"
    made = make_suite(folder / "suite", **{"n_items": 40, "threshold": CLOSE, **suite})
    made = replace(made, confidence=confidence)
    return carry_out(made, model, folder / "runs", scope=scope or Scope(fixed=40)).folder


def chosen(choice: Choice) -> str | None:
    return None if choice.chosen is None else choice.chosen.model


def test_the_cheapest_usable_one_is_chosen_in_whatever_order_runs_are_named(tmp_path: Path) -> None:
    runs = [run(tmp_path, "dear", cost=0.02), run(tmp_path, "poor", right_to=10, cost=0.001)]
    runs.append(run(tmp_path, "fair", cost=0.01))
    choice = choose_finished(runs, Limits())
    assert ["poor", "fair", "dear"] == [each.model.partition("/")[2] for each in choice.candidates]
    assert ["unusable", "chosen", "usable"] == [each.status for each in choice.candidates]
    assert (False, 3_000) == (choice.raced, choice.exhaustive.calls)


def test_more_runs_need_more_to_be_sure_and_the_note_says_how_much(tmp_path: Path) -> None:
    first = run(tmp_path, "a", scope=Scope(until="verdict"), threshold=0.85)
    assert "scripted/a" == chosen(choose_finished([first], Limits()))
    others = [run(tmp_path, f"b{n}", right_to=0, threshold=0.85) for n in range(3)]
    choice = choose_finished([first, *others], Limits())
    undecided = next(each for each in choice.candidates if each.model == "scripted/a")
    assert "edge" == undecided.status
    assert undecided.note is not None
    assert "sure enough alone, but not among 4: add clean would be usable (has evidence" in undecided.note
    assert "needs 160)" in undecided.note
    assert undecided.next_step is not None
    assert f"--until verdict --confidence 0.99 --reuse {first}" in undecided.next_step


def test_a_run_that_was_made_once_more_settles_it_when_it_is_named_beside_the_first(tmp_path: Path) -> None:
    """It is one run more, so more is needed than was before; what is asked for allows for that."""
    runs = [run(tmp_path, "b", right_to=0, threshold=0.85)]
    runs.append(run(tmp_path, "a", scope=Scope(until="verdict"), threshold=0.85))
    step = next(each.next_step for each in choose_finished(runs, Limits()).candidates if each.status == "edge")
    assert step is not None
    confidence = float(step.partition("--confidence ")[2].split()[0])
    again = run(tmp_path, "a", scope=Scope(until="verdict"), threshold=0.85, confidence=confidence)
    assert "scripted/a" == chosen(choose_finished([*runs, again], Limits()))


def test_of_a_model_the_latest_run_counts_and_every_run_is_a_chance_to_err(tmp_path: Path) -> None:
    runs = [run(tmp_path, "a", right_to=0), run(tmp_path, "a"), run(tmp_path, "b", right_to=0)]
    choice = choose_finished(runs, Limits())
    assert [("scripted/a", "chosen"), ("scripted/b", "unusable")] == [
        (each.model, each.status) for each in sorted(choice.candidates, key=lambda each: each.model)
    ]
    assert "run more than once, of which the latest counts: scripted/a" in choice.notes
    twice = choose_finished([runs[1], runs[1] / ".." / runs[1].name, runs[2]], Limits())
    assert () == twice.notes


def test_a_model_that_lacks_a_task_of_the_others_is_not_called_usable(tmp_path: Path) -> None:
    item = "{id: i0, a: 1, b: 1, sum: 2}"
    more = f"  two:\n    prompt: What is {{a}} + {{b}}?\n    items: [{item}]\n    constraints: [one_line]\n"
    one = run(tmp_path, "one", scope=Scope(fixed=40, tasks=("add",)), more=more)
    choice = choose_finished([one, run(tmp_path, "both", right_to=0, more=more)], Limits())
    assert None is chosen(choice)
    assert "scripted/one was not asked two, so it cannot be called usable" in choice.notes
    step = next(each.next_step for each in choice.candidates if each.model == "scripted/one")
    assert step is not None
    assert " --tasks add,two " in step


def test_a_changed_suite_is_said_and_other_thresholds_are_refused(tmp_path: Path) -> None:
    first, other = run(tmp_path, "a"), run(tmp_path, "b", prompt="How much is {a} + {b}?")
    notes = choose_finished([first, other], Limits()).notes
    assert any("the suite's file was not the same for all runs" in note for note in notes)
    with pytest.raises(EvalkitError, match=r"add clean: found the threshold 0\.5, expected 0\.8 as in the first run"):
        choose_finished([first, run(tmp_path, "c", threshold=0.5)], Limits())


def test_runs_of_different_suites_are_refused(tmp_path: Path) -> None:
    first = run(tmp_path, "a")
    text = (tmp_path / "suite/sums.yaml").read_text(encoding="utf-8")
    (tmp_path / "other.yaml").write_text(text.replace("suite: sums", "suite: others"), encoding="utf-8")
    other = carry_out(load_suite(tmp_path / "other.yaml"), Scripted(), tmp_path / "runs", scope=Scope(fixed=5)).folder
    with pytest.raises(EvalkitError, match="found runs of the suites sums, others, expected of one"):
        choose_finished([first, other], Limits())


def test_the_confidence_is_the_suites_whatever_single_runs_were_made_with(tmp_path: Path) -> None:
    """Runs of a race have a higher one of their own, which must not be shared out once more."""
    folder = run(tmp_path, "a")
    assert pytest.approx(0.025) == choose_finished([folder], Limits()).alpha
    assert pytest.approx(0.05) == choose_finished([folder], Limits(), confidence=0.9).alpha


def test_when_nobody_is_usable_constraints_are_known_by_their_kind(tmp_path: Path) -> None:
    folder = run(tmp_path, "a", right_to=0, constraints='[{name: total, number: "{sum}"}]')
    (advice,) = choose_finished([folder], Limits()).advice
    assert ("add", "a program or a tool") == (advice.task, advice.help)
    assert "total breaks in 40 of 40 trials of scripted/a at clean" == advice.evidence


def test_constraints_of_another_version_are_known_by_their_name(tmp_path: Path) -> None:
    folder = run(tmp_path, "a", right_to=0, constraints='[{name: words, number: "{sum}"}]')
    stored = read_run_file(folder)
    suite = stored.suite.model_copy(update={"text": stored.suite.text.replace("number:", "gone:")})
    write_run_file(folder, stored.model_copy(update={"suite": suite, "finished": None}))
    choice = choose_finished([folder], Limits())
    assert ["validators"] == [each.help for each in choice.advice]
    assert "the run of scripted/a has not come to its end" in choice.notes


def test_imported_tables_are_judged_as_fixed_numbers_of_trials(tmp_path: Path) -> None:
    """27 of 30 items are enough for one model at 0.7, but not among two; there is nothing to resume."""
    rows = [f"{model},i{n},{int(n < passes)}" for model, passes in (("a", 27), ("b", 2)) for n in range(30)]
    table = tmp_path / "trials.csv"
    table.write_text("\n".join(["model,item,passed", *rows]), encoding="utf-8")
    imported = import_trials(table, tmp_path / "runs", ImportOptions(threshold=0.725))
    folders = [each.folder for each in imported.runs]
    assert "a" == chosen(choose_finished(folders[:1], Limits()))
    choice = choose_finished(folders, Limits())
    first, second = choice.candidates
    assert ("edge", None, "unusable") == (first.status, first.next_step, second.status)
    assert "sure enough alone, but not among 2: trials clean would be usable" == first.note
