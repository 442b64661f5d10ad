from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine import Measured
from evalkit.engine.rescore import StoredAnswers, rescore
from evalkit.errors import EvalkitError, RecordError, TransportError
from evalkit.plan import Scope
from tests.runs import Scripted, carry_out, make_suite, rows_of

VOID = TransportError("timeout", "no answer")


def _rescored(folder: Path, tmp_path: Path, model: Scripted, **given: Any) -> Measured:
    made = rescore(folder, make_suite(tmp_path, **given), model, out=tmp_path / "again")
    return asyncio.run(made.carry_out())


def test_new_constraints_judge_stored_responses_without_a_call(tmp_path: Path) -> None:
    run = carry_out(make_suite(tmp_path, perturbations="{repeat: 3}"), Scripted(), tmp_path / "runs")
    before = rows_of(run.folder)
    model = Scripted()
    strict = '[{number: "{sum}"}, {characters: {max: 1}}]'
    again = _rescored(run.folder, tmp_path, model, perturbations="{repeat: 3}", constraints=strict, threshold=0.2)
    assert ([], True) == (model.answered, model.closed)
    clean, repeated = again.results.tasks[0].conditions
    assert (20, 9, 0.2) == (clean.trials, clean.passes, clean.threshold)  # sums of one digit
    assert (20, 9) == (repeated.trials, repeated.passes)
    assert (0, 0) == (again.results.totals.calls, again.results.totals.void)
    assert before == rows_of(run.folder)
    assert run.folder != again.folder


def test_the_scope_and_the_terms_of_the_run_are_kept(tmp_path: Path) -> None:
    suite = make_suite(tmp_path, perturbations="{repeat: 3, noise: {on: prompt, levels: [0.3]}}")
    scope = Scope(conditions=("clean", "noise"), fixed=7)
    run = carry_out(suite, Scripted(), tmp_path / "runs", scope=scope)
    again = _rescored(run.folder, tmp_path, Scripted(), perturbations="{repeat: 3}")
    assert Scope(tasks=("add",), conditions=("clean",), fixed=7) == again.run.scope
    assert {"clean": 7, "repeat@3": 0} == {each.condition: each.trials for each in again.results.tasks[0].conditions}
    assert (run.run.seed, run.run.confidence) == (again.run.seed, again.run.confidence)


def test_where_the_request_changed_there_is_no_answer(tmp_path: Path) -> None:
    """As many trials are scored as the run asked; two of the new items are among the first ten now."""
    run = carry_out(make_suite(tmp_path, n_items=10), Scripted(), tmp_path / "runs")
    model = Scripted()
    again = _rescored(run.folder, tmp_path, model, n_items=13)
    (condition,) = again.results.tasks[0].conditions
    assert (8, 2, []) == (condition.trials, condition.void, model.answered)
    assert {"not-recorded"} == {row.void_reason for row in rows_of(again.folder)} - {None}


def test_a_run_that_stopped_by_itself_is_scored_again_by_what_it_asked(tmp_path: Path) -> None:
    """A new constraint may need more trials to be judged, but there are no more answers."""
    suite: dict[str, Any] = {"n_items": 300, "perturbations": "{noise: {on: prompt, levels: [0.3, 0.5], require: 0.3}}"}
    scope = Scope(until="verdict")
    run = carry_out(make_suite(tmp_path, **suite), Scripted(), tmp_path / "runs", scope=scope)
    asked = {each.condition: each.trials for each in run.results.tasks[0].conditions}
    assert asked["clean"] < 300
    again = _rescored(run.folder, tmp_path, Scripted(), **suite, threshold=0.95)
    assert asked == {each.condition: each.trials for each in again.results.tasks[0].conditions}
    assert 0 == again.results.totals.void
    assert replace(scope, until="budget") == replace(again.run.scope, tasks=())
    assert "edge" == again.results.verdict


def test_a_suite_without_any_of_the_runs_tasks_is_refused(tmp_path: Path) -> None:
    run = carry_out(make_suite(tmp_path), Scripted(), tmp_path / "runs")
    (tmp_path / "sums.yaml").write_text((tmp_path / "sums.yaml").read_text().replace("  add:", "  sub:"))
    from evalkit.suite import load_suite

    with pytest.raises(EvalkitError, match="found the tasks sub, expected some of the run's: add"):
        rescore(run.folder, load_suite(tmp_path / "sums.yaml"), Scripted(), out=tmp_path)


def test_what_is_no_run_cannot_be_scored_again(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="expected the folder of a run"):
        _rescored(tmp_path, tmp_path, Scripted())


def test_stored_answers_stand_in_for_a_model_and_cost_nothing(tmp_path: Path) -> None:
    model = Scripted()
    model.free = False
    stored = StoredAnswers(model)
    assert ("scripted/x", True) == (stored.name, stored.free)
