from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine import Measured, resume
from evalkit.engine.rescore import StoredAnswers, rescore
from evalkit.errors import EvalkitError, FatalTransportError, RecordError
from evalkit.plan import Scope
from evalkit.trial import Call
from evalkit.verdict import make_test_of
from tests.runs import Scripted, carry_out, make_suite, right, rows_of, session


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


def _stopped(tmp_path: Path, scope: Scope, *, after: int) -> Path:
    """A run of twenty items whose model gave up."""
    turns = iter(range(100))

    def answer(call: Call) -> str | BaseException:
        return FatalTransportError("quota", "used up") if next(turns) >= after else right(call)

    made = session(make_suite(tmp_path), Scripted(answer), tmp_path / "runs", scope=scope, concurrency=1)
    with pytest.raises(FatalTransportError):
        asyncio.run(made.carry_out())
    return made.folder


def test_a_fixed_number_of_trials_that_has_not_ended_is_not_scored_again(tmp_path: Path) -> None:
    """Judged at once, it would be at another number, which may have been chosen by what was seen."""
    folder = _stopped(tmp_path, Scope(fixed=20), after=10)
    message = "has not come to its end, and a fixed number of trials is judged there; resume it first"
    with pytest.raises(RecordError, match=message):
        _rescored(folder, tmp_path, Scripted())
    assert not (tmp_path / "again").exists()


def test_a_fixed_number_of_trials_that_its_cost_cut_short_is_not_scored_again(tmp_path: Path) -> None:
    model = Scripted(cost_usd=lambda answer: 1.0)
    run = carry_out(make_suite(tmp_path), model, tmp_path / "runs", scope=Scope(fixed=20, max_cost=5.0))
    assert ("cost", True) == (run.run.stopped, run.run.finished is not None)
    with pytest.raises(RecordError, match="has not come to its end"):
        _rescored(run.folder, tmp_path, Scripted())


def test_a_test_that_may_stop_anywhere_is_scored_again_as_far_as_it_came(tmp_path: Path) -> None:
    folder = _stopped(tmp_path, Scope(), after=10)
    assert 10 == _rescored(folder, tmp_path, Scripted()).results.tasks[0].conditions[0].trials


def test_what_was_answered_after_a_gap_is_left_out(tmp_path: Path) -> None:
    """No decider has seen it: that it was answered, and the gap not, may have to do with what it is."""
    folder = _stopped(tmp_path, Scope(), after=10)
    with sqlite3.connect(folder / "trials.db") as connection:
        connection.execute("DELETE FROM trials WHERE position = 6")
    connection.close()
    again = _rescored(folder, tmp_path, Scripted())
    assert 9 == len(rows_of(folder))
    assert list(range(6)) == [row.position for row in rows_of(again.folder)]
    assert 6 == again.results.tasks[0].conditions[0].trials


def test_a_budget_that_grew_meanwhile_does_not_change_the_test(tmp_path: Path) -> None:
    """How much more was to be asked was chosen by what had been seen."""
    given: dict[str, Any] = {"claim": "set"}
    run = carry_out(make_suite(tmp_path, **given), Scripted(), tmp_path / "runs", scope=Scope(max_calls=30))
    made = resume(
        run.folder, lambda name, options, directory: Scripted(), concurrency=5, allow_code=False, max_calls=4000
    )
    asyncio.run(made.carry_out())
    kept, raised = (_rescored(run.folder, tmp_path, Scripted(), threshold=t, **given).run.terms[0] for t in (0.9, 0.8))
    assert run.run.terms[0].test == kept.test
    assert make_test_of(0.8, raised.alpha, raised.alpha_high, 30) == raised.test


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
