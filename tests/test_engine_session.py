from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapter import ModelSize, Prices, Quote
from evalkit.adapter.card import Price
from evalkit.adapter.prices import Fixed
from evalkit.engine import EngineSettings, Measured, measure, resume, start, stored_suite
from evalkit.errors import (
    AdapterError,
    EvalkitError,
    FatalTransportError,
    Problem,
    RecordError,
    SuiteError,
    TransportError,
)
from evalkit.plan import Scope, make_plan
from evalkit.record import TrialReader, TrialWriter, hold, read_run_file, write_run_file
from evalkit.suite import Suite, load_suite
from evalkit.trial import Call, Response
from tests.runs import Scripted, carry_out, make_suite, right, rows_of, session, shuffled, write_suite

VOID = TransportError("timeout", "no answer")
PERTURBED = "{noise: {on: prompt, levels: [0.3]}, repeat: 3}"


def _resume(
    folder: Path, model: Scripted, *, allow_code: bool = False, concurrency: int = 5, **budgets: Any
) -> Measured:
    made = resume(
        folder, lambda name, options, directory: model, concurrency=concurrency, allow_code=allow_code, **budgets
    )
    return asyncio.run(made.carry_out())


def _interrupted(
    tmp_path: Path, model: Scripted, *, scope: Scope | None = None, concurrency: int = 4, calls: int = 10, **given: Any
) -> Measured:
    """A run that is told to stop after some calls."""
    made = session(make_suite(tmp_path, **given), model, tmp_path / "runs", scope=scope, concurrency=concurrency)

    async def stop_early() -> Measured:
        running = asyncio.create_task(made.carry_out())
        while len(model.answered) < calls and not running.done():
            await asyncio.sleep(0.001)
        assert made.engine is not None
        made.engine.stop()
        return await running

    return asyncio.run(stop_early())


def test_a_run_file_says_what_was_asked_of_whom(tmp_path: Path) -> None:
    path = write_suite(tmp_path, threshold=0.8)
    scope = Scope(conditions=("clean",), fixed=5)
    measured = asyncio.run(
        start(
            make_plan(load_suite(path), scope, seed=3, confidence=0.9),
            Scripted(),
            scope=scope,
            confidence=0.9,
            options={"temperature": 0.5},
            settings=EngineSettings(max_void=0.1, keep_requests=True),
            out=tmp_path / "runs",
        ).carry_out()
    )
    run = read_run_file(measured.folder)
    assert ("sums", str(path.resolve()), path.read_text()) == (run.suite.name, run.suite.path, run.suite.text)
    assert run.suite.sha256 == run.suite.files["sums.yaml"]
    assert ("scripted/x", {"temperature": 0.5}, 3, 0.9) == (run.model, run.options, run.seed, run.confidence)
    assert (0.1, True, {"add": 0.8}) == (run.max_void, run.keep_requests, run.thresholds)
    assert Scope(conditions=("clean",), fixed=5) == run.scope
    assert run.started.endswith("Z")
    assert (run.finished or "").endswith("Z")
    assert (5, 0, 0.0) == (run.totals.calls, run.totals.void, run.totals.cost_usd)
    assert run == measured.run


def test_the_results_of_the_run_file_can_be_recomputed_from_the_trials(tmp_path: Path) -> None:
    suite = make_suite(tmp_path, n_items=60, perturbations=PERTURBED, more="    group: half")
    model = Scripted(lambda call: VOID if call.item == "i9" else right(call), seconds=shuffled(1, 0.002))
    measured = carry_out(suite, model, tmp_path, max_void=1.0)
    stored = json.loads((measured.folder / "run.json").read_text())
    with TrialReader(measured.folder) as reader:
        again = measure(read_run_file(measured.folder), reader)
    assert stored["results"] == again.as_json() == measured.results.as_json()
    assert measured.results == again


def test_a_run_leaves_its_files_and_nothing_else(tmp_path: Path) -> None:
    model = Scripted()
    measured = carry_out(make_suite(tmp_path), model, tmp_path / "runs")
    assert {"run.json", "trials.db"} == {path.name for path in measured.folder.iterdir()} - {".lock"}
    assert model.closed
    assert not measured.interrupted


def test_a_stopped_run_says_so_and_is_gone_on_with(tmp_path: Path) -> None:
    given: dict[str, Any] = {"n_items": 40, "perturbations": PERTURBED}
    whole = carry_out(make_suite(tmp_path, **given), Scripted(), tmp_path / "whole")
    first = Scripted(seconds=lambda call: 0.002)
    stopped = _interrupted(tmp_path, first, **given)
    assert (True, "interrupted", None) == (stopped.interrupted, stopped.run.stopped, stopped.run.finished)
    reasons = {condition.reason for task in stopped.results.tasks for condition in task.conditions}
    assert {"interrupted"} == reasons
    second = Scripted()
    done = _resume(stopped.folder, second)
    assert not set(first.asked) & set(second.asked)
    assert done.results.tasks[0].conditions == whole.results.tasks[0].conditions
    assert (None, False) == (done.run.stopped, done.interrupted)
    assert len(first.answered) + len(second.answered) == done.results.totals.calls == whole.results.totals.calls


def test_the_seconds_of_all_sessions_are_added_up(tmp_path: Path) -> None:
    stopped = _interrupted(tmp_path, Scripted(seconds=lambda call: 0.01), n_items=40)
    done = _resume(stopped.folder, Scripted())
    assert done.results.totals.seconds > stopped.results.totals.seconds > 0.01


def test_the_terms_of_a_run_stay_as_they_were_made(tmp_path: Path) -> None:
    stopped = _interrupted(tmp_path, Scripted(seconds=lambda call: 0.002), n_items=40)
    done = _resume(stopped.folder, Scripted())
    assert stopped.run.terms == done.run.terms


def test_a_finished_run_is_resumed_without_a_call(tmp_path: Path) -> None:
    measured = carry_out(make_suite(tmp_path), Scripted(), tmp_path)
    model = Scripted()
    again = _resume(measured.folder, model)
    assert [] == model.answered
    assert measured.results.tasks == again.results.tasks


def test_resuming_opens_the_model_as_it_was_named(tmp_path: Path) -> None:
    measured = carry_out(make_suite(tmp_path), Scripted(), tmp_path)
    opened: list[tuple[str, Mapping[str, Any], Path]] = []

    def open_model(name: str, options: Mapping[str, Any], directory: Path) -> Scripted:
        opened.append((name, options, directory))
        return Scripted()

    made = resume(measured.folder, open_model, concurrency=1, allow_code=False)
    assert [("scripted/x", {}, Path.cwd())] == opened
    assert 20 == made.planned


def test_a_suite_that_was_edited_meanwhile_is_resumed_as_it_was(tmp_path: Path) -> None:
    """The run keeps a copy: its terms were fixed when it was made."""
    stopped = _interrupted(tmp_path, Scripted(seconds=lambda call: 0.002), n_items=30)
    write_suite(tmp_path, n_items=30, prompt="Something else: {a} {b}", threshold=0.1)
    model = Scripted()
    done = _resume(stopped.folder, model)
    assert {"What is"} == {" ".join(call.messages[0].content.split()[:2]) for call in model.answered}
    assert 0.9 == done.results.tasks[0].threshold


ITEMS = "".join(json.dumps({"id": f"i{n}", "a": n, "b": 1, "sum": n + 1}) + "\n" for n in range(5))


def _with_items(folder: Path) -> Path:
    task = "{prompt: '{a} {b}', items: items.jsonl, constraints: [{number: '{sum}'}]}"
    text = f"suite: sums\nthreshold: 0.9\ntasks: {{add: {task}}}\n"
    (folder / "sums.yaml").write_text(text, encoding="utf-8")
    (folder / "items.jsonl").write_text(ITEMS, encoding="utf-8")
    return folder / "sums.yaml"


def test_items_that_changed_meanwhile_are_refused(tmp_path: Path) -> None:
    measured = carry_out(load_suite(_with_items(tmp_path)), Scripted(), tmp_path / "runs")
    (tmp_path / "items.jsonl").write_text(ITEMS + '{"id": "new", "a": 1, "b": 1, "sum": 2}\n', encoding="utf-8")
    with pytest.raises(RecordError, match=r"items\.jsonl changed since the run was made; .*--reuse") as caught:
        _resume(measured.folder, Scripted())
    assert 2 == caught.value.exit_code
    (tmp_path / "items.jsonl").unlink()
    with pytest.raises(SuiteError, match=r"items\.jsonl"):
        _resume(measured.folder, Scripted())


def test_a_judge_that_was_changed_meanwhile_is_refused(tmp_path: Path) -> None:
    (tmp_path / "judge.py").write_text("def judge(text, fields):\n    return True\n", encoding="utf-8")
    path = write_suite(tmp_path, constraints='[{python: "judge.py:judge"}]')
    measured = carry_out(load_suite(path, allow_code=True), Scripted(), tmp_path / "runs")
    _resume(measured.folder, Scripted(), allow_code=True)
    (tmp_path / "judge.py").write_text("def judge(text, fields):\n    return False\n", encoding="utf-8")
    with pytest.raises(RecordError, match=r"judge\.py changed"):
        stored_suite(measured.run, allow_code=True)
    with pytest.raises(SuiteError, match="--allow-code"):
        stored_suite(measured.run, allow_code=False)


def test_what_another_version_checked_is_checked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = carry_out(load_suite(write_suite(tmp_path)), Scripted(), tmp_path / "runs")
    problem = Problem(path=Path("suite.yaml"), message="this version would refuse it")
    monkeypatch.setattr("evalkit.suite.load.item_problems", lambda *_: [problem])
    stored_suite(measured.run, allow_code=False)
    with pytest.raises(SuiteError, match="this version would refuse it"):
        stored_suite(measured.run.model_copy(update={"evalkit": "0.0.1"}), allow_code=False)


def _change(folder: Path, **changed: Any) -> None:
    write_run_file(folder, read_run_file(folder).model_copy(update=changed))


def test_a_run_of_another_version_is_not_gone_on_with(tmp_path: Path) -> None:
    made = session(make_suite(tmp_path), Scripted(), tmp_path)
    _change(made.folder, evalkit="0.0.1")
    with pytest.raises(RecordError, match=r"was made by evalkit 0\.0\.1, .*--reuse"):
        _resume(made.folder, Scripted())


def test_a_run_is_not_gone_on_with_somewhere_else(tmp_path: Path) -> None:
    made = session(make_suite(tmp_path), Scripted(), tmp_path)
    elsewhere = Scripted()
    elsewhere.address = "https://elsewhere/v1"
    with pytest.raises(RecordError, match="was asked of scripted/x, now scripted/x is at https://elsewhere/v1"):
        _resume(made.folder, elsewhere)


def test_a_run_that_lost_its_trials_is_not_paid_for_again(tmp_path: Path) -> None:
    stopped = _interrupted(tmp_path, Scripted(seconds=lambda call: 0.002), n_items=40)
    (stopped.folder / "trials.db").unlink()
    TrialWriter(stopped.folder).close()
    with pytest.raises(RecordError, match=r"trials\.db has none of their answers"):
        _resume(stopped.folder, Scripted())


def test_a_run_in_which_nothing_was_answered_can_be_resumed(tmp_path: Path) -> None:
    made = session(make_suite(tmp_path), Scripted(lambda call: VOID), tmp_path, max_void=0.1)
    with pytest.raises(FatalTransportError, match="trials so far are void"):
        asyncio.run(made.carry_out())
    assert 20 == _resume(made.folder, Scripted()).results.tasks[0].conditions[0].passes


def test_trials_of_another_run_are_not_measured(tmp_path: Path) -> None:
    one = carry_out(make_suite(tmp_path, perturbations="{repeat: 2}"), Scripted(), tmp_path / "a")
    other = carry_out(make_suite(tmp_path), Scripted(), tmp_path / "b")
    (other.folder / "trials.db").write_bytes((one.folder / "trials.db").read_bytes())
    with TrialReader(other.folder) as reader, pytest.raises(RecordError, match=r"repeat@2, which run\.json does not"):
        measure(other.run, reader)


def test_what_is_no_run_cannot_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="expected the folder of a run"):
        _resume(tmp_path, Scripted())


def test_a_run_that_another_holds_is_refused_and_not_touched(tmp_path: Path) -> None:
    measured = carry_out(make_suite(tmp_path), Scripted(), tmp_path)
    before = (measured.folder / "run.json").read_bytes()
    model = Scripted()
    with hold(measured.folder), pytest.raises(RecordError, match="another process is working on this run"):
        _resume(measured.folder, model)
    assert before == (measured.folder / "run.json").read_bytes()
    assert [] == model.answered


def test_answers_of_another_run_are_reused_by_request_and_repeat(tmp_path: Path) -> None:
    earlier = carry_out(make_suite(tmp_path, n_items=10), Scripted(), tmp_path / "a")
    model = Scripted()
    later = carry_out(
        make_suite(tmp_path, n_items=12, perturbations="{repeat: 2}", threshold=0.5),
        model,
        tmp_path / "b",
        reuse=[earlier.folder],
    )
    assert {("i10", 0), ("i11", 0)} | {(f"i{n}", 1) for n in range(12)} == {(c.item, c.repeat) for c in model.answered}
    reused = [row for row in rows_of(later.folder) if row.condition == "clean" and row.attempts == 0]
    assert {f"i{n}" for n in range(10)} <= {row.item for row in rows_of(later.folder) if row.passed}
    assert all(row.cost_usd == 0.0 and row.latency_s is None for row in reused)
    assert 14 == later.results.totals.calls


def test_void_trials_of_another_run_are_not_reused(tmp_path: Path) -> None:
    suite = make_suite(tmp_path, n_items=10)
    earlier = carry_out(
        suite, Scripted(lambda call: VOID if call.item == "i3" else right(call)), tmp_path / "a", max_void=1.0
    )
    model = Scripted()
    carry_out(suite, model, tmp_path / "b", reuse=[earlier.folder])
    assert ["i3"] == [call.item for call in model.answered]


def test_what_is_no_run_cannot_be_reused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="expected the folder of a run"):
        session(make_suite(tmp_path), Scripted(), tmp_path / "runs", reuse=[tmp_path])
    assert not (tmp_path / "runs").exists()


def test_a_run_that_reuses_another_still_does_when_it_is_resumed(tmp_path: Path) -> None:
    suite = make_suite(tmp_path, n_items=30)
    earlier = carry_out(suite, Scripted(), tmp_path / "a")
    made = session(suite, Scripted(), tmp_path / "b", reuse=[earlier.folder])  # and is killed before its first call
    model = Scripted()
    done = _resume(made.folder, model)
    assert [] == model.answered
    assert 30 == done.results.tasks[0].conditions[0].passes


def test_a_run_that_failed_can_be_resumed_and_says_that_it_stopped(tmp_path: Path) -> None:
    turns = iter(range(1000))

    def answer(call: Call) -> str | BaseException:
        return FatalTransportError("quota", "used up") if next(turns) > 9 else right(call)

    first = Scripted(answer)
    made = session(make_suite(tmp_path), first, tmp_path)
    with pytest.raises(FatalTransportError, match="used up"):
        asyncio.run(made.carry_out())
    run = read_run_file(made.folder)
    assert (10, "interrupted", None) == (run.totals.calls, run.stopped, run.finished)
    assert first.closed
    second = Scripted()
    done = _resume(made.folder, second)
    assert 10 == len(second.answered)
    assert 20 == done.results.tasks[0].conditions[0].passes


def test_void_trials_are_bounded_in_the_verdict_and_not_counted_as_fails(tmp_path: Path) -> None:
    suite = make_suite(tmp_path, n_items=100, threshold=0.9)
    few = {f"i{n}" for n in range(3)}
    measured = carry_out(
        suite, Scripted(lambda call: VOID if call.item in few else right(call)), tmp_path / "few", max_void=1.0
    )
    (condition,) = measured.results.tasks[0].conditions
    assert (97, 97, 3, 1.0) == (condition.trials, condition.passes, condition.void, condition.pass_rate)
    assert (condition.low or 0) < 0.97
    many = {f"i{n}" for n in range(12)}
    measured = carry_out(
        suite, Scripted(lambda call: VOID if call.item in many else right(call)), tmp_path / "many", max_void=1.0
    )
    (condition,) = measured.results.tasks[0].conditions
    assert ("edge", "void") == (condition.verdict, condition.reason)


def test_a_scope_that_does_not_fit_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(EvalkitError, match='no task "sub"'):
        session(make_suite(tmp_path), Scripted(), tmp_path / "runs", scope=Scope(tasks=("sub",)))
    assert not (tmp_path / "runs").exists()


def _suite_of(folder: Path, *items: str) -> Suite:
    listed = ", ".join(f"{{id: {item}, q: hi}}" for item in items)
    task = f"{{prompt: 'Say {{q}}', items: [{listed}], constraints: [one_line]}}"
    folder.mkdir()
    (folder / "s.yaml").write_text(f"suite: s\nthreshold: 0.9\ntasks: {{t: {task}}}\n", encoding="utf-8")
    return load_suite(folder / "s.yaml")


def test_a_reused_answer_serves_one_item_also_across_a_resumption(tmp_path: Path) -> None:
    """Two items that ask the same are two observations: a second answer is asked for."""
    earlier = carry_out(_suite_of(tmp_path / "one", "a"), Scripted(lambda call: "hi"), tmp_path / "runs")
    suite = _suite_of(tmp_path / "two", "c", "d")
    unanswered = Scripted(lambda call: TransportError("timeout", "no answer"))
    made = session(suite, unanswered, tmp_path / "runs", reuse=[earlier.folder], max_void=1.0)
    asyncio.run(made.carry_out())
    assert {0} == {row.attempts for row in rows_of(made.folder) if row.void_reason is None}
    assert 1 == sum(row.void_reason is not None for row in rows_of(made.folder))
    _change(made.folder, finished=None, stopped="interrupted")
    model = Scripted(lambda call: "hi")
    _resume(made.folder, model)
    assert 1 == model.asked.total()


def test_a_model_that_cannot_do_a_task_is_refused_before_a_folder_is_made(tmp_path: Path) -> None:
    class Unfit(Scripted):
        def check(self, tasks: Sequence[str]) -> None:
            raise AdapterError(f"cannot do {', '.join(tasks)}")

    with pytest.raises(AdapterError, match="cannot do add"):
        session(make_suite(tmp_path), Unfit(), tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_killed_run_whose_trials_are_gone_is_not_paid_for_again(tmp_path: Path) -> None:
    made = session(make_suite(tmp_path), Scripted(), tmp_path / "runs")
    (made.folder / "trials.db").unlink()
    with pytest.raises(RecordError, match=r"no trials\.db"):
        _resume(made.folder, Scripted())


# --- tests that stop by themselves


def _mostly(rate: float) -> Callable[[Call], str]:
    """Answers that are right at a rate, each the same whenever it is asked for."""

    def answer(call: Call) -> str:
        drawn = random.Random(f"{call.item} {call.repeat} {call.messages[-1].content}").random()
        return right(call) if drawn < rate else "no"

    return answer


def _asked_once(*models: Scripted) -> bool:
    return {1} == set(sum((model.asked for model in models), Counter()).values())


@pytest.mark.parametrize(("claim", "n_items"), [("set", 15), ("population", 500)])
def test_a_run_that_was_stopped_comes_to_the_results_of_one_that_was_not(
    tmp_path: Path, claim: str, n_items: int
) -> None:
    """One call at a time, so that the two differ in nothing else: calls in flight are counted, when they come in."""
    given: dict[str, Any] = {
        "claim": claim,
        "n_items": n_items,
        "threshold": 0.7,
        "perturbations": "{noise: {on: item, levels: [0.3]}, repeat: {times: 2, threshold: 0.6}}",
        "more": "precision: 0.12\n",
    }
    answer = _mostly(0.97)
    whole = carry_out(make_suite(tmp_path, **given), Scripted(answer), tmp_path / "a", scope=Scope(), concurrency=1)
    assert {"usable"} == {condition.verdict for condition in whole.results.tasks[0].conditions}
    first, second = Scripted(answer, seconds=lambda call: 0.001), Scripted(answer)
    stopped = _interrupted(tmp_path, first, scope=Scope(), concurrency=1, calls=20, **given)
    done = _resume(stopped.folder, second, concurrency=1)
    assert stopped.interrupted
    assert len(second.answered) > 10
    assert _asked_once(first, second)
    assert whole.results.tasks[0].conditions == done.results.tasks[0].conditions
    assert whole.results.totals.calls == done.results.totals.calls


def test_calls_in_flight_change_neither_verdicts_nor_where_they_fell(tmp_path: Path) -> None:
    suite = make_suite(tmp_path, claim="set", n_items=30, threshold=0.8, perturbations="{repeat: 2}")
    found = []
    for concurrency in (1, 30):
        model = Scripted(_mostly(0.95), seconds=shuffled(concurrency, 0.002))
        run = carry_out(suite, model, tmp_path / "runs", scope=Scope(until="verdict"), concurrency=concurrency)
        found.append([(each.condition, each.verdict, each.decided_at) for each in run.results.tasks[0].conditions])
    assert found[0] == found[1]
    assert "usable" == found[0][0][1]


def _near_the_threshold(tmp_path: Path, scope: Scope, model: Scripted) -> Measured:
    suite = make_suite(tmp_path, claim="set", n_items=40, threshold=0.9, perturbations="{repeat: 2}")
    return carry_out(suite, model, tmp_path / "runs", scope=scope)


def test_a_larger_budget_keeps_the_tests_and_every_answer(tmp_path: Path) -> None:
    first, second = Scripted(_mostly(0.96)), Scripted(_mostly(0.96))
    small = _near_the_threshold(tmp_path, Scope(max_calls=100, until="verdict"), first)
    assert "edge" == small.results.tasks[0].verdict
    large = _resume(small.folder, second, max_calls=2000, max_cost=20.0)
    assert "usable" == large.results.tasks[0].verdict
    assert ([100, 40], [2000, 200]) == (
        [each.units for each in small.run.terms],
        [each.units for each in large.run.terms],
    )
    assert [replace(each, units=0) for each in small.run.terms] == [replace(each, units=0) for each in large.run.terms]
    assert (2000, 20.0) == (large.run.scope.max_calls, large.run.scope.max_cost)
    assert _asked_once(first, second)
    assert len(first.answered) + len(second.answered) == large.results.totals.calls
    assert large.run == read_run_file(large.folder)


def test_a_larger_budget_counts_more_items_of_a_population(tmp_path: Path) -> None:
    small = carry_out(
        make_suite(tmp_path, n_items=30, more="    group: half"),
        Scripted(),
        tmp_path / "runs",
        scope=Scope(max_calls=1),
    )
    assert [(1, False)] == [(each.units, each.exhausted) for each in small.run.terms]
    large = _resume(small.folder, Scripted(), max_calls=10)
    assert [(2, True)] == [(each.units, each.exhausted) for each in large.run.terms]
    assert 2 == large.results.tasks[0].conditions[0].trials


def test_a_larger_budget_of_a_steady_model_keeps_to_its_set(tmp_path: Path) -> None:
    suite = make_suite(tmp_path, claim="set", n_items=400, threshold=0.9, more="precision: 0.1\n")
    first, second = Scripted(_mostly(0.9), steady=True), Scripted(_mostly(0.9), steady=True)
    small = carry_out(suite, first, tmp_path / "runs", scope=Scope(max_calls=40))
    large = _resume(small.folder, second, max_calls=4000)
    assert [(4000, True, 400)] == [(each.units, each.steady, each.census) for each in large.run.terms]
    assert _asked_once(first, second)


@pytest.mark.parametrize(
    ("kind", "scope"),
    [("--fixed", Scope(fixed=20)), ("--calibrated", Scope(max_calls=30, calibrated=True))],
)
def test_a_run_whose_verdicts_hold_for_its_own_budget_is_not_given_more_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, scope: Scope
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    run = carry_out(make_suite(tmp_path, claim="set", n_items=5), Scripted(), tmp_path / "runs", scope=scope)
    with pytest.raises(RecordError, match=f"was made with {kind}, so its verdicts hold for .* another --seed"):
        _resume(run.folder, Scripted(), max_calls=scope.max_calls + 1)
    assert run.results.tasks == _resume(run.folder, Scripted(), max_cost=20.0).results.tasks


@pytest.mark.parametrize(
    ("message", "budgets"),
    [("--max-calls 59, expected at least the 60", {"max_calls": 59}), ("--max-cost 9 .* the 10 ", {"max_cost": 9.0})],
)
def test_a_budget_does_not_shrink(tmp_path: Path, message: str, budgets: dict[str, Any]) -> None:
    run = _near_the_threshold(tmp_path, Scope(max_calls=60), Scripted())
    with pytest.raises(RecordError, match=message.replace(" .*", ", expected at least")):
        _resume(run.folder, Scripted(), **budgets)


# --- whose prices

CHEAP, DEAR = (Quote(model="x", source="test", price=Price(input=rate, output=rate)) for rate in (1.0, 2.0))


def _priced(quote: Quote | None, *, stated_usd: float | None = None) -> Scripted:
    """A model whose provider counts tokens, and perhaps states costs."""
    model = Scripted(seconds=lambda call: 0.003)
    model.free = False
    model.prices = Prices("x", [] if quote is None else [lambda name: Fixed(quote)])
    tokens = Response(text="", tokens_in=900_000, tokens_out=100_000, cost_usd=stated_usd)
    model.cost_usd = lambda answer: model.prices.usd(tokens)
    return model


def test_a_run_records_its_prices_from_the_start_and_what_they_make(tmp_path: Path) -> None:
    made = session(make_suite(tmp_path), _priced(CHEAP), tmp_path, scope=Scope(fixed=5))
    assert [CHEAP] == read_run_file(made.folder).prices
    done = asyncio.run(made.carry_out())
    assert [CHEAP] == read_run_file(made.folder).prices
    assert pytest.approx(5.0) == done.results.totals.cost_usd


def test_prices_that_changed_before_a_run_was_resumed_stand_beside_the_others(tmp_path: Path) -> None:
    stopped = _interrupted(tmp_path, _priced(CHEAP), scope=Scope(fixed=100, max_cost=500.0), calls=5, n_items=100)
    assert stopped.interrupted
    _resume(stopped.folder, _priced(DEAR))
    assert [CHEAP, DEAR] == read_run_file(stopped.folder).prices
    assert {1.0, 2.0} == {row.cost_usd for row in rows_of(stopped.folder)}


def test_prices_that_no_answer_was_reckoned_by_are_not_recorded_in_the_end(tmp_path: Path) -> None:
    done = carry_out(make_suite(tmp_path), _priced(CHEAP, stated_usd=0.125), tmp_path, scope=Scope(fixed=4))
    assert ["the provider"] == [quote.source for quote in done.run.prices]
    assert 0.5 == done.results.totals.cost_usd


def test_a_run_without_prices_records_none(tmp_path: Path) -> None:
    for model in (_priced(None), Scripted()):
        assert [] == carry_out(make_suite(tmp_path), model, tmp_path, scope=Scope(fixed=2)).run.prices


# --- what a run may cost


def _costly(rate: float = 1.0, cost: float | None = 0.25) -> Scripted:
    return Scripted(_mostly(rate), cost_usd=lambda answer: cost)


@pytest.mark.parametrize("scope", [Scope(max_cost=5.0), Scope(fixed=200, max_cost=5.0)])
def test_a_run_stops_before_it_costs_more_than_it_may(tmp_path: Path, scope: Scope) -> None:
    model = _costly()
    run = carry_out(make_suite(tmp_path, n_items=100), model, tmp_path / "runs", scope=scope)
    assert 20 == len(model.answered)
    assert (5.0, 20) == (run.results.totals.cost_usd, run.results.totals.calls)
    assert ("cost", False) == (run.run.stopped, run.interrupted)
    assert run.run.finished is not None
    (condition,) = run.results.tasks[0].conditions
    assert ("edge", "cost", 20) == (condition.verdict, condition.reason, condition.trials)


def test_a_run_that_spent_all_it_may_and_is_done_did_not_stop_for_it(tmp_path: Path) -> None:
    run = carry_out(make_suite(tmp_path, n_items=20), _costly(), tmp_path, scope=Scope(fixed=20, max_cost=5.0))
    assert (None, 5.0) == (run.run.stopped, run.results.totals.cost_usd)
    assert "budget" == run.results.tasks[0].conditions[0].reason


def test_calls_in_flight_are_reckoned_with(tmp_path: Path) -> None:
    """As soon as a price is known; before that, as many are in flight as may be."""
    model = Scripted(seconds=shuffled(3, 0.005), cost_usd=lambda answer: 0.25)
    run = carry_out(make_suite(tmp_path, n_items=300), model, tmp_path, scope=Scope(max_cost=10.0), concurrency=16)
    assert 10.0 >= (run.results.totals.cost_usd or 0) > 8.0


def test_a_run_that_stopped_for_its_cost_asks_nothing_more_unless_it_may_cost_more(tmp_path: Path) -> None:
    suite = make_suite(tmp_path, n_items=100)
    whole = carry_out(suite, _costly(), tmp_path / "whole", scope=Scope(until="verdict", max_cost=100.0), concurrency=1)
    first = _costly()
    run = carry_out(suite, first, tmp_path / "runs", scope=Scope(until="verdict", max_cost=5.0), concurrency=1)
    same = _costly()
    assert run.results == _resume(run.folder, same).results
    assert [] == same.answered
    more = _costly()
    done = _resume(run.folder, more, max_cost=100.0, concurrency=1)
    assert (None, 100.0, True) == (done.run.stopped, done.run.scope.max_cost, _asked_once(first, more))
    assert whole.results.tasks[0].conditions == done.results.tasks[0].conditions
    assert "usable" == done.results.tasks[0].verdict


def test_what_a_run_has_cost_counts_when_it_goes_on(tmp_path: Path) -> None:
    run = carry_out(
        make_suite(tmp_path, n_items=100), _costly(), tmp_path / "runs", scope=Scope(max_cost=5.0), concurrency=1
    )
    more = _costly()
    again = _resume(run.folder, more, max_cost=6.0, concurrency=1)
    assert (4, 6.0, "cost") == (len(more.answered), again.results.totals.cost_usd, again.run.stopped)


def test_a_price_that_is_not_known_stops_nothing(tmp_path: Path) -> None:
    run = carry_out(
        make_suite(tmp_path, n_items=60), _costly(cost=None), tmp_path, scope=Scope(fixed=60, max_cost=0.01)
    )
    assert (None, None, 60) == (run.run.stopped, run.results.totals.cost_usd, run.results.totals.calls)


def test_answers_that_are_known_already_cost_nothing(tmp_path: Path) -> None:
    suite = make_suite(tmp_path, n_items=30)
    earlier = carry_out(suite, _costly(), tmp_path / "a", scope=Scope(max_cost=100.0))
    run = carry_out(suite, _costly(), tmp_path / "b", scope=Scope(max_cost=0.01), reuse=[earlier.folder])
    assert (None, 0) == (run.run.stopped, run.results.totals.calls)


# --- models that answer the same request the same way


def test_a_run_keeps_the_size_that_the_model_s_card_says(tmp_path: Path) -> None:
    model = Scripted()
    model.size = ModelSize(params=1_008_144, tokens=2e7)
    folder = carry_out(make_suite(tmp_path), model, tmp_path).folder
    assert model.size == read_run_file(folder).size
    assert read_run_file(carry_out(make_suite(tmp_path), Scripted(), tmp_path).folder).size is None


def test_a_steady_model_is_asked_each_item_of_a_set_once_and_then_its_pass_rate_is_known(tmp_path: Path) -> None:
    model = Scripted(lambda call: "no" if call.item == "i3" else right(call), steady=True)
    suite = make_suite(tmp_path, claim="set", n_items=12, threshold=0.8)
    run = carry_out(suite, model, tmp_path / "runs", scope=Scope())
    assert (12, 12) == (len(model.answered), run.results.totals.calls)
    (condition,) = run.results.tasks[0].conditions
    assert ("usable", 12, 11, 11 / 12) == (condition.verdict, condition.trials, condition.passes, condition.pass_rate)
    assert 11 / 12 == pytest.approx(condition.low) == pytest.approx(condition.high)
    with TrialReader(run.folder) as reader:
        assert run.results == measure(run.run, reader)


@pytest.mark.parametrize(("fails", "verdict"), [(2, "usable"), (3, "unusable")])
def test_a_known_set_is_usable_if_it_passes_as_often_as_it_must(tmp_path: Path, fails: int, verdict: str) -> None:
    """Also when exactly so; nothing is left to doubt."""
    model = Scripted(lambda call: "no" if int(call.item[1:]) < fails else right(call), steady=True)
    run = carry_out(make_suite(tmp_path, claim="set", n_items=20, threshold=0.9), model, tmp_path, scope=Scope())
    (condition,) = run.results.tasks[0].conditions
    assert (verdict, None, 20, 20 - fails) == (
        condition.verdict,
        condition.reason,
        condition.trials,
        condition.passes,
    )
    assert 20 == len(model.answered)


@pytest.mark.parametrize(("steady", "asked"), [(True, 4), (False, 30)])
def test_only_a_model_whose_answers_are_steady_is_asked_each_item_once(
    tmp_path: Path, steady: bool, asked: int
) -> None:
    model = Scripted(steady=steady)
    carry_out(make_suite(tmp_path, claim="set", n_items=4), model, tmp_path, scope=Scope(fixed=30))
    assert asked == len(model.answered)


# --- void trials in the way


def _void_first(tmp_path: Path, n_void: int, **given: Any) -> Measured:
    """A finished run of sixty items, some of which got no answer."""
    model = Scripted(lambda call: VOID if int(call.item[1:]) < n_void else right(call))
    suite = make_suite(tmp_path, n_items=60, **given)
    run = carry_out(suite, model, tmp_path / "runs", scope=Scope(until="verdict"), max_void=1.0)
    assert run.run.finished is not None
    return run


def test_a_finished_run_that_void_trials_kept_from_its_verdict_asks_them_again(tmp_path: Path) -> None:
    run = _void_first(tmp_path, 12)
    (before,) = run.results.tasks[0].conditions
    assert ("edge", "void") == (before.verdict, before.reason)
    model = Scripted()
    (after,) = _resume(run.folder, model).results.tasks[0].conditions
    assert ("usable", 0) == (after.verdict, after.void)
    voided = {row.item for row in rows_of(run.folder) if int(row.item[1:]) < 12}
    assert voided <= {call.item for call in model.answered}
    assert read_run_file(run.folder).finished is not None


def test_a_finished_run_with_its_verdict_asks_no_void_trial_again(tmp_path: Path) -> None:
    run = _void_first(tmp_path, 1, threshold=0.7)
    assert ("usable", 1) == (run.results.verdict, run.results.totals.void)
    model = Scripted()
    assert run.results.tasks == _resume(run.folder, model).results.tasks
    assert [] == model.answered
