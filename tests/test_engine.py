from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapter import Request
from evalkit.engine import Engine, EngineSettings
from evalkit.engine.known import KnownAnswers
from evalkit.errors import AdapterError, EvalkitError, FatalTransportError, RecordError, TransportError
from evalkit.plan import Plan, Scope, make_plan
from evalkit.record import TrialReader, TrialRow, TrialWriter
from evalkit.score import ScoreError
from evalkit.suite import load_suite
from evalkit.trial import Answer, Call
from evalkit.verdict import FixedDecider, Key, Outcome, Terms
from tests.runs import Scripted, make_suite, right, rows_of, shuffled, write_suite

VOID = TransportError("timeout", "no answer", attempts=3)


class Watched(FixedDecider):
    """Remembers which outcomes it was given."""

    def __init__(self, terms: tuple[Terms, ...]) -> None:
        super().__init__(terms)
        self.seen: list[tuple[Key, Outcome]] = []

    def observe(self, key: Key, outcome: Outcome) -> None:
        super().observe(key, outcome)
        self.seen.append((key, outcome))


def _run(
    plan: Plan,
    model: Any,
    folder: Path,
    *,
    meanwhile: Callable[[Engine], Coroutine[Any, Any, None]] | None = None,
    on_trial: Callable[[TrialRow], None] = lambda row: None,
    **settings: Any,
) -> Watched:
    """Carry a plan out in a folder; what it recorded there before is known."""
    decider = Watched(plan.terms)
    writer = TrialWriter(folder)

    async def carry_out() -> None:
        with TrialReader(folder) as reader:
            engine = Engine(
                plan,
                decider,
                model,
                writer,
                KnownAnswers(reader, []),
                settings=EngineSettings(**{"max_void": 1.0, **settings}),
                on_trial=on_trial,
            )
            beside = asyncio.create_task(meanwhile(engine)) if meanwhile else None
            try:
                await engine.run()
            finally:
                if beside is not None:
                    await beside
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left

    try:
        asyncio.run(carry_out())
    finally:
        writer.close()
    return decider


def _plan(folder: Path, scope: Scope | None = None, **given: Any) -> Plan:
    return make_plan(make_suite(folder, **given), scope or Scope(fixed=200))


# --- order


def test_outcomes_reach_the_decider_in_plan_order_though_answers_come_in_another(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=60, perturbations="{noise: {on: prompt, levels: [0.3]}, repeat: 3}")
    model = Scripted(lambda call: right(call) if int(call.item[1:]) % 3 else "no", seconds=shuffled(1))
    decider = _run(plan, model, tmp_path, concurrency=25)
    for terms in plan.terms:
        order = [unit.item.id for unit in plan.units(terms)]
        seen = [outcome for key, outcome in decider.seen if key == terms.key]
        assert list(range(60)) == [outcome.position for outcome in seen]
        assert order == [outcome.cluster for outcome in seen]
        assert order != [call.item for call in model.answered if call.condition == terms.condition]


def test_the_results_do_not_depend_on_the_order_of_answers(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=22, perturbations="{repeat: 3}")

    def answer(call: Call) -> str | BaseException:
        if int(call.item[1:]) % 11 == 3:
            return VOID
        return right(call) if random.Random(f"{call.item} {call.repeat}").random() < 0.8 else "no"

    results = []
    for seed, concurrency in ((1, 1), (2, 7), (3, 40)):
        folder = tmp_path / str(seed)
        folder.mkdir()
        decider = _run(plan, Scripted(answer, seconds=shuffled(seed, 0.003)), folder, concurrency=concurrency)
        results.append([decider.result(terms.key) for terms in plan.terms])
    assert results[0] == results[1] == results[2]


# --- concurrency


@pytest.mark.parametrize("concurrency", [1, 4, 30])
def test_as_many_calls_are_in_flight_as_allowed_and_no_more(tmp_path: Path, concurrency: int) -> None:
    # Long enough that none has answered before the last of them has begun.
    model = Scripted(seconds=lambda call: 0.004 * concurrency)
    _run(_plan(tmp_path, n_items=60), model, tmp_path, concurrency=concurrency)
    assert concurrency == model.most_in_flight
    assert 60 == len(model.answered)


def test_a_model_that_takes_fewer_calls_gets_no_more_and_more_as_soon_as_it_takes_them(tmp_path: Path) -> None:
    model = Scripted(seconds=lambda call: 0.004)
    model.capacity = 3
    most: list[int] = []

    async def widen(engine: Engine) -> None:
        while len(model.answered) < 20:
            await asyncio.sleep(0.001)
        most.append(model.most_in_flight)
        model.capacity = 8

    # So many that answers which wait for a slow disk take no call's place.
    _run(_plan(tmp_path, n_items=60), model, tmp_path, concurrency=100, meanwhile=widen)
    assert [3, 8] == [*most, model.most_in_flight]
    assert 60 == len(model.answered)


def test_a_slow_call_does_not_hold_up_the_others(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=30)
    first = next(plan.units(plan.terms[0])).item.id

    class Last(Scripted):
        async def ask(self, request: Request) -> Answer:
            async with asyncio.timeout(20):
                while request.call is not None and request.call.item == first and len(self.answered) < 29:
                    await asyncio.sleep(0.001)
            return await super().ask(request)

    model = Last()
    _run(plan, model, tmp_path, concurrency=2)
    assert first == model.answered[-1].item


@pytest.mark.parametrize(
    ("expected", "made_for", "settings"), [(16, None, {}), (16, 4, {}), (30, 30, {}), (5, 30, {"concurrency": 5})]
)
def test_as_many_calls_are_in_flight_as_the_model_is_made_for_unless_one_says_otherwise(
    tmp_path: Path, expected: int, made_for: int | None, settings: dict[str, Any]
) -> None:
    model = Scripted(seconds=lambda call: 0.05)
    model.usual_concurrency = made_for
    _run(_plan(tmp_path, n_items=40), model, tmp_path, **settings)
    assert expected == model.most_in_flight


@pytest.mark.parametrize(
    ("message", "given"),
    [("found concurrency 0", {"concurrency": 0}), ("found max_void 1.5", {"max_void": 1.5})],
)
def test_settings_that_make_no_sense_are_refused(message: str, given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=message):
        EngineSettings(**given)


# --- nothing is asked twice


@pytest.mark.parametrize("seconds", [0.0, 0.01])
def test_conditions_with_the_same_requests_share_their_answers(tmp_path: Path, seconds: float) -> None:
    """Clean and the first of each item's repeats are the same request, known or still on its way."""
    plan = _plan(tmp_path, n_items=20, perturbations="{repeat: 4}")
    model = Scripted(seconds=lambda call: seconds)
    _run(plan, model, tmp_path, concurrency=50)
    assert {1} == set(model.asked.values())
    assert 80 == len(model.asked)
    rows = rows_of(tmp_path)
    assert (100, 80) == (len(rows), sum(row.attempts for row in rows))
    assert 20 == sum(row.latency_s is None for row in rows)


def test_items_of_a_set_that_come_again_are_asked_again_but_each_time_once(tmp_path: Path) -> None:
    plan = _plan(tmp_path, Scope(fixed=40), n_items=3, claim="set", perturbations="{repeat: 3}")
    model = Scripted(seconds=shuffled(5, 0.002))
    _run(plan, model, tmp_path, concurrency=20)
    assert {1} == set(model.asked.values())
    assert 120 == len(model.asked)


def test_items_that_ask_the_same_are_each_asked(tmp_path: Path) -> None:
    """They are two observations; a recording may even answer them differently."""
    plan = _plan(tmp_path, n_items=5, prompt="What is 1 + 1?", perturbations="{repeat: 2}")
    model = Scripted(lambda call: call.item, seconds=shuffled(8, 0.002))
    _run(plan, model, tmp_path)
    assert {(f"i{n}", repeat): 1 for n in range(5) for repeat in (0, 1)} == Counter(
        (call.item, call.repeat) for call in model.answered
    )
    assert all(row.response == row.item for row in rows_of(tmp_path))


def test_who_waits_for_a_call_that_fails_is_void_too(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=1, perturbations="{repeat: 2}")
    model = Scripted(lambda call: VOID if call.repeat == 0 else right(call), seconds=lambda call: 0.01)
    _run(plan, model, tmp_path, concurrency=10)
    assert {1} == set(model.asked.values())
    reasons = {(row.condition, row.repeat): row.void_reason for row in rows_of(tmp_path)}
    assert {("clean", 0): "timeout", ("repeat@2", 0): "timeout", ("repeat@2", 1): None} == reasons


def test_a_request_that_was_void_is_asked_once_more_by_whoever_comes_later(tmp_path: Path) -> None:
    """Also when that call is on its way while the void one is being recorded."""
    plan = _plan(tmp_path, n_items=30, perturbations="{repeat: 2}")
    model = Scripted(lambda call: VOID, seconds=shuffled(9, 0.004))
    decider = _run(plan, model, tmp_path, concurrency=3)
    assert {(0, 30)} == {(decider.result(terms.key).trials, decider.result(terms.key).void) for terms in plan.terms}


def test_what_is_recorded_is_not_asked_again_but_for_what_is_void(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=20, perturbations="{repeat: 3}")
    void = {"i3", "i7"}
    first = Scripted(lambda call: VOID if call.item in void else right(call))
    _run(plan, first, tmp_path)
    second = Scripted()
    decider = _run(plan, second, tmp_path)
    assert void == {call.item for call in second.answered}
    assert [20, 20] == [decider.result(terms.key).trials for terms in plan.terms]
    assert not [row for row in rows_of(tmp_path) if row.void_reason is not None]


def test_a_record_larger_than_one_turn_is_taken_over(tmp_path: Path) -> None:
    plan = _plan(tmp_path, Scope(fixed=600), n_items=4, claim="set")
    _run(plan, Scripted(), tmp_path, concurrency=300)
    model = Scripted()
    decider = _run(plan, model, tmp_path)
    assert (0, 600) == (len(model.answered), decider.result(plan.terms[0].key).trials)


# --- what is recorded


def test_every_trial_is_told_once_it_is_scored(tmp_path: Path) -> None:
    told: list[TrialRow] = []
    plan = _plan(tmp_path, n_items=10)
    _run(plan, Scripted(lambda call: VOID if call.item == "i1" else right(call)), tmp_path, on_trial=told.append)
    assert sorted(told, key=lambda row: row.key) == rows_of(tmp_path)
    assert {"i1": None} == {row.item: row.passed for row in told if row.passed is not True}


def test_a_request_is_kept_only_when_asked(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=1)
    _run(plan, Scripted(), tmp_path)
    assert [None] == [row.request for row in rows_of(tmp_path)]
    (tmp_path / "kept").mkdir()
    _run(plan, Scripted(), tmp_path / "kept", keep_requests=True)
    (row,) = rows_of(tmp_path / "kept")
    assert '"content": "What is 0 + 1?"' in (row.request or "")


def test_the_price_is_none_when_it_is_not_known(tmp_path: Path) -> None:
    model = Scripted(cost_usd=lambda answer: None)
    _run(_plan(tmp_path, n_items=1), model, tmp_path)
    assert [None] == [row.cost_usd for row in rows_of(tmp_path)]


def test_a_void_trial_has_its_reason_and_no_outcome(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=4)
    decider = _run(plan, Scripted(lambda call: VOID if call.item == "i2" else "no"), tmp_path)
    (row,) = [row for row in rows_of(tmp_path) if row.void_reason is not None]
    assert ("i2", "timeout", 3, None, None, None) == (
        row.item,
        row.void_reason,
        row.attempts,
        row.response,
        row.passed,
        row.score,
    )
    result = decider.result(plan.terms[0].key)
    assert (3, 0, 1) == (result.trials, result.passes, result.void)


def test_a_wrong_an_empty_and_a_failed_answer_are_observations(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=3)
    decider = _run(plan, Scripted(lambda call: {"i0": "", "i1": "-1"}.get(call.item, right(call))), tmp_path)
    result = decider.result(plan.terms[0].key)
    assert (3, 1, 0) == (result.trials, result.passes, result.void)


def test_a_call_that_the_models_own_code_gives_up_is_void(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=5)
    decider = _run(
        plan, Scripted(lambda call: asyncio.CancelledError() if call.item == "i2" else right(call)), tmp_path
    )
    assert 1 == decider.result(plan.terms[0].key).void
    assert ["cancelled"] == [row.void_reason for row in rows_of(tmp_path) if row.void_reason is not None]


# --- money


def _dear(expected_usd: float | None, cost_usd: float) -> Scripted:
    model = Scripted(cost_usd=lambda answer: cost_usd, seconds=shuffled(11, 0.003))
    model.expected_usd = lambda request: expected_usd  # type: ignore[method-assign]
    return model


@pytest.mark.parametrize("concurrency", [1, 4, 50])
def test_what_calls_may_cost_never_exceeds_the_budget(tmp_path: Path, concurrency: int) -> None:
    model = _dear(0.3, 0.1)
    decider = _run(_plan(tmp_path, n_items=60), model, tmp_path, concurrency=concurrency, max_cost_usd=2.05)
    # After 18 answers 0.25 is left, and a call may cost 0.3.
    assert 18 == len(model.answered) == len(decider.seen)
    assert model.most_in_flight <= 6
    result = decider.result(("add", "clean"))
    assert ("edge", "cost", 18) == (result.verdict, result.reason, result.trials)


def test_a_budget_that_is_just_enough_is_enough(tmp_path: Path) -> None:
    model = _dear(0.25, 0.25)
    decider = _run(_plan(tmp_path, n_items=20), model, tmp_path, concurrency=8, max_cost_usd=5.0)
    assert 20 == len(model.answered)
    assert decider.result(("add", "clean")).reason != "cost"


def test_a_call_that_alone_may_cost_more_than_there_is_is_not_made(tmp_path: Path) -> None:
    model = _dear(3.0, 0.1)
    decider = _run(_plan(tmp_path, n_items=20), model, tmp_path, max_cost_usd=2.0)
    assert [] == model.answered
    assert "cost" == decider.result(("add", "clean")).reason


def test_answers_that_are_known_are_taken_when_no_money_is_left(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=10)
    _run(plan, _dear(0.1, 0.1), tmp_path, max_cost_usd=1.0)
    model = _dear(0.1, 0.1)
    assert 10 == _run(plan, model, tmp_path, max_cost_usd=1.0).result(("add", "clean")).trials
    assert [] == model.answered


# --- repeats


def test_an_item_that_may_stop_early_is_asked_until_it_fails(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=6, perturbations="{repeat: {times: 5, curtail: true}}")
    model = Scripted(
        lambda call: "no" if call.repeat == int(call.item[1:]) else right(call), seconds=shuffled(2, 0.003)
    )
    decider = _run(plan, model, tmp_path, concurrency=8)
    asks = Counter(row.item for row in rows_of(tmp_path) if row.condition == "repeat@5")
    assert {"i0": 1, "i1": 2, "i2": 3, "i3": 4, "i4": 5, "i5": 5} == asks
    result = decider.result(("add", "repeat@5"))
    assert (6, 1) == (result.trials, result.passes)


def test_a_void_ask_ends_an_item_that_may_stop_early(tmp_path: Path) -> None:
    plan = _plan(
        tmp_path,
        Scope(conditions=("repeat",), fixed=200),
        n_items=2,
        perturbations="{repeat: {times: 4, curtail: true}}",
    )
    model = Scripted(lambda call: VOID if call.repeat == 1 else right(call))
    decider = _run(plan, model, tmp_path)
    assert (0, 2) == (decider.result(("add", "repeat@4")).trials, decider.result(("add", "repeat@4")).void)
    assert 4 == len(rows_of(tmp_path))


def test_an_item_with_a_failed_and_a_void_ask_has_failed(tmp_path: Path) -> None:
    plan = _plan(tmp_path, Scope(conditions=("repeat",), fixed=200), n_items=1, perturbations="{repeat: 3}")
    decider = _run(plan, Scripted(lambda call: ("no", VOID, right(call))[call.repeat]), tmp_path)
    result = decider.result(("add", "repeat@3"))
    assert (1, 0, 0) == (result.trials, result.passes, result.void)


# --- what stops a run


def test_a_fatal_failure_stops_the_run_and_keeps_every_answer(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=100)
    fatal = FatalTransportError("http-401", "refused")
    turns = iter(range(1000))
    model = Scripted(lambda call: fatal if next(turns) == 30 else right(call), seconds=shuffled(3))
    with pytest.raises(FatalTransportError, match="refused"):
        _run(plan, model, tmp_path, concurrency=10)
    assert {call.item for call in model.answered} == {row.item for row in rows_of(tmp_path)}
    assert 30 <= len(model.answered) <= 30 + 9
    assert all(row.passed for row in rows_of(tmp_path))


def test_a_fatal_failure_of_a_shared_call_is_told_once(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=2, perturbations="{repeat: 2}")
    model = Scripted(lambda call: FatalTransportError("quota", "used up"), seconds=lambda call: 0.005)
    with pytest.raises(FatalTransportError, match="used up"):
        _run(plan, model, tmp_path)
    assert [] == rows_of(tmp_path)


def test_more_void_trials_than_allowed_stop_the_run(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=100)
    model = Scripted(lambda call: VOID if int(call.item[1:]) % 4 == 0 else right(call), seconds=shuffled(4))
    message = r"([6-9]|1[0-9]|2[0-2]) of [0-9]+ trials so far are void, more than --max-void 0.05 allows. The last one"
    with pytest.raises(FatalTransportError, match=message) as caught:
        _run(plan, model, tmp_path, concurrency=16, max_void=0.05)
    assert 4 == caught.value.exit_code
    rows = rows_of(tmp_path)
    assert {call.item for call in model.answered} == {row.item for row in rows if row.void_reason is None}
    assert len(rows) < 100


def test_calls_that_still_answer_after_too_many_were_void_are_kept(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=10)
    first = next(plan.units(plan.terms[0])).item.id
    model = Scripted(
        lambda call: VOID if call.item == first else right(call),
        seconds=lambda call: 0.0 if call.item == first else 0.15,
    )
    with pytest.raises(FatalTransportError, match="1 of 1 trials so far are void"):
        _run(plan, model, tmp_path, concurrency=5, max_void=0.02)
    assert 4 == sum(row.void_reason is None for row in rows_of(tmp_path))


def test_as_many_void_trials_as_allowed_do_not_stop_a_run(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=100)
    decider = _run(
        plan, Scripted(lambda call: VOID if call.item in {"i1", "i2"} else right(call)), tmp_path, max_void=0.02
    )
    assert 2 == decider.result(plan.terms[0].key).void


@pytest.mark.parametrize(("units", "voids"), [(2000, 11), (100, 3)])
def test_the_share_of_void_trials_is_not_taken_of_a_few(tmp_path: Path, units: int, voids: int) -> None:
    """Else the first one would end a run; nor of all that a test may take, which are thousands."""
    plan = _plan(tmp_path, Scope(fixed=units), claim="set")
    with pytest.raises(FatalTransportError, match=f"{voids} of {voids} trials so far are void"):
        _run(plan, Scripted(lambda call: VOID), tmp_path, concurrency=1, max_void=0.02)


def test_a_share_of_void_trials_is_taken_of_all_so_far_once_there_are_many(tmp_path: Path) -> None:
    plan = _plan(tmp_path, Scope(fixed=700), claim="set", n_items=700)
    turns = iter(range(1000))
    model = Scripted(lambda call: VOID if next(turns) % 50 == 0 else right(call))
    decider = _run(plan, model, tmp_path, concurrency=10, max_void=0.025)
    assert 14 == decider.result(plan.terms[0].key).void


SUITE_CODE = "def judge(text, fields):\n    if fields['a'] == 5:\n        raise KeyError('broken')\n    return True\n"


def test_a_broken_judge_stops_the_run_and_the_answers_are_kept(tmp_path: Path) -> None:
    (tmp_path / "judge.py").write_text(SUITE_CODE, encoding="utf-8")
    path = write_suite(tmp_path, constraints='[{python: "judge.py:judge"}]')
    plan = make_plan(load_suite(path, allow_code=True), Scope(fixed=200))
    model = Scripted(seconds=shuffled(6, 0.002))
    with pytest.raises(ScoreError, match=r"judge\.py:judge raised KeyError") as caught:
        _run(plan, model, tmp_path, concurrency=4)
    assert 2 == caught.value.exit_code
    rows = rows_of(tmp_path)
    assert {call.item for call in model.answered} == {row.item for row in rows}
    assert ["i5"] == [row.item for row in rows if row.passed is None]


def test_answers_without_a_score_are_scored_and_not_asked_again(tmp_path: Path) -> None:
    """As they are when the process was killed between the two, or the judge was broken."""
    plan = _plan(tmp_path, n_items=10)
    (tmp_path / "first").mkdir()
    _run(plan, Scripted(), tmp_path / "first")
    writer = TrialWriter(tmp_path)
    unscored = [
        TrialRow(
            **{name: getattr(row, name) for name in TrialRow.__slots__}
            | {"passed": None, "score": None, "constraints": None}
        )
        for row in rows_of(tmp_path / "first")
    ]
    writer.commit(unscored, [])
    writer.close()
    model = Scripted()
    decider = _run(plan, model, tmp_path)
    assert [] == model.answered
    assert 10 == decider.result(plan.terms[0].key).passes
    assert rows_of(tmp_path / "first") == rows_of(tmp_path)


def test_a_condition_that_cannot_be_made_for_an_item_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_text('{"kind": "note", "text": "Short."}\n', encoding="utf-8")
    plan = _plan(tmp_path, perturbations="{context: {levels: [4000], material: notes.jsonl}}")
    with pytest.raises(EvalkitError, match="context@4000") as caught:
        _run(plan, Scripted(), tmp_path)
    assert 2 == caught.value.exit_code


def test_a_request_that_cannot_be_built_stops_the_run(tmp_path: Path) -> None:
    class Unfit(Scripted):
        def request(self, call: Call) -> Any:
            raise AdapterError("stop: cannot be sent")

    with pytest.raises(AdapterError, match="cannot be sent"):
        _run(_plan(tmp_path, n_items=3), Unfit(), tmp_path)


def test_a_failure_of_whoever_is_told_is_not_lost(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=5)
    _run(plan, Scripted(), tmp_path)

    def fail(row: TrialRow) -> None:
        raise RecordError("told")

    with pytest.raises(RecordError, match="told"):
        _run(plan, Scripted(), tmp_path, on_trial=fail)
    # Trials that were found in the record are told of while calls end, too.
    larger = make_plan(plan.suite, Scope(conditions=("clean",), fixed=200))
    (tmp_path / "part").mkdir()
    writer = TrialWriter(tmp_path / "part")
    last = rows_of(tmp_path)[-1]
    writer.commit([last], [])
    writer.close()
    with pytest.raises(RecordError, match="told"):
        _run(larger, Scripted(), tmp_path / "part", concurrency=1, on_trial=fail)


def test_a_disk_that_refuses_stops_the_run_and_starts_no_further_call(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=200)
    writer = TrialWriter(tmp_path)
    writer._connection.execute("PRAGMA max_page_count = 1")  # no page more: the disk is full
    model = Scripted(seconds=lambda call: 0.01)

    async def carry_out() -> set[asyncio.Task[Any]]:
        with TrialReader(tmp_path) as reader:
            engine = Engine(
                plan,
                FixedDecider(plan.terms),
                model,
                writer,
                KnownAnswers(reader, []),
                settings=EngineSettings(concurrency=20),
                on_trial=lambda row: None,
            )
            with pytest.raises(RecordError, match="database or disk is full") as caught:
                await engine.run()
            assert 4 == caught.value.exit_code
            return asyncio.all_tasks() - {asyncio.current_task()}

    assert set() == asyncio.run(carry_out())
    writer.close()
    assert 0 == model.in_flight


# --- being stopped


def test_a_run_that_is_stopped_starts_nothing_more_and_keeps_what_is_on_its_way(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=200)
    model = Scripted(seconds=lambda call: 0.02)
    engines: list[Engine] = []

    async def stop(engine: Engine) -> None:
        engines.append(engine)
        while len(model.answered) < 10 or engine.in_flight < 10:
            await asyncio.sleep(0.001)
        engine.stop()
        engine.stop()

    decider = _run(plan, model, tmp_path, concurrency=10, meanwhile=stop)
    assert engines[0].stopped
    rows = rows_of(tmp_path)
    assert 10 <= len(rows) < 100
    assert model.asked.total() == len(rows) == decider.result(plan.terms[0].key).trials


def test_a_run_that_wants_no_more_can_be_stopped_but_is_complete(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=10)
    model = Scripted(seconds=lambda call: 0.05)
    engines: list[Engine] = []

    async def stop(engine: Engine) -> None:
        engines.append(engine)
        while engine.in_flight < 10:
            await asyncio.sleep(0.001)
        engine.stop()

    _run(plan, model, tmp_path, concurrency=10, meanwhile=stop)
    assert (True, False) == (engines[0].stopping, engines[0].stopped)


def test_a_run_that_is_told_twice_leaves_its_calls(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=20, perturbations="{repeat: 2}")
    model = Scripted(seconds=lambda call: 30.0)

    async def stop(engine: Engine) -> None:
        while engine.in_flight < 50:
            await asyncio.sleep(0.001)
        engine.stop()
        await asyncio.sleep(0.02)
        assert 50 == engine.in_flight
        engine.abandon()

    _run(plan, model, tmp_path, concurrency=50, meanwhile=stop)
    assert (0, []) == (model.in_flight, rows_of(tmp_path))
