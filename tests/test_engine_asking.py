from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine.asking import Ask, Asking, Calls, UnitInProgress, made_ready
from evalkit.engine.budget import Budget
from evalkit.errors import FatalTransportError, TransportError
from evalkit.plan import Plan, Scope, Unit, make_plan
from evalkit.record import TrialRow
from evalkit.trial import Call
from tests.runs import Scripted, make_suite, right

VOID = TransportError("timeout", "no answer", attempts=3)


def _plan(folder: Path, **given: Any) -> Plan:
    return make_plan(make_suite(folder, **given), Scope(fixed=20))


def _units(plan: Plan, condition: int = 0) -> list[Unit]:
    return list(plan.units(plan.terms[condition]))


def _ready(plan: Plan, unit: Unit, model: Scripted, *, condition: int = 0, run_id: str = "run") -> Asking:
    ask = Ask(unit=UnitInProgress(unit=unit, terms=plan.terms[condition]), index=0)
    return made_ready(ask, plan, model, run_id=run_id, keep_request=False)


# --- what is asked


def test_a_trial_has_the_same_key_whenever_the_same_run_asks_it(tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    unit, other = _units(plan)[:2]
    key = _ready(plan, unit, Scripted()).request.idempotency_key
    assert key is not None
    assert (32, key) == (len(key), _ready(plan, unit, Scripted()).request.idempotency_key)
    assert key != _ready(plan, unit, Scripted(), run_id="another").request.idempotency_key
    assert key != _ready(plan, other, Scripted()).request.idempotency_key


def test_a_key_is_no_part_of_what_is_asked(tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    keyed, plain = (_ready(plan, _units(plan)[0], Scripted(), run_id=run_id) for run_id in ("run", ""))
    assert plain.request.idempotency_key is None
    assert plain.row == keyed.row
    assert plain.request.hash == keyed.request.hash


# --- calls in flight


class Ended:
    """Collects how trials end."""

    def __init__(self) -> None:
        self.rows: list[TrialRow] = []
        self.failures: list[BaseException] = []

    def put(self, ask: Ask, row: TrialRow) -> None:
        self.rows.append(row)

    def freed(self, failure: BaseException | None) -> None:
        if failure is not None:
            self.failures.append(failure)


def _carried_out(model: Scripted, work: Callable[[Calls], None], budget: Budget | None = None) -> Ended:
    """What calls bring until none is in flight."""
    ended = Ended()

    async def run() -> None:
        calls = Calls(model, budget or Budget(1.0), on_end=ended.put, on_free=ended.freed)
        work(calls)
        calls.start()
        while len(calls):
            await asyncio.sleep(0.001)
        await calls.leave()

    asyncio.run(run())
    return ended


def test_calls_that_start_together_go_out_sorted_by_their_prompts(tmp_path: Path) -> None:
    plan, model = _plan(tmp_path), Scripted(seconds=lambda call: 0.001)

    def work(calls: Calls) -> None:
        for unit in _units(plan):
            assert calls.take(_ready(plan, unit, model))

    _carried_out(model, work)
    prompts = [call.messages[0].content for call in model.answered]
    assert sorted(prompts) == prompts
    assert [unit.item.id for unit in _units(plan)] != [call.item for call in model.answered]


@pytest.mark.parametrize("answer", [right, lambda call: VOID, lambda call: asyncio.CancelledError()])
def test_who_wants_the_same_waits_for_one_call(tmp_path: Path, answer: Callable[[Call], Any]) -> None:
    plan, model = _plan(tmp_path, n_items=1, perturbations="{repeat: 2}"), Scripted(answer)

    def work(calls: Calls) -> None:
        for condition in (0, 1):
            assert calls.take(_ready(plan, _units(plan, condition)[0], model, condition=condition))
        calls.start()
        assert 2 == len(calls)

    first, second = _carried_out(model, work).rows
    assert 1 == model.asked.total()
    assert (first.response, first.void_reason) == (second.response, second.void_reason)
    assert ("clean", "repeat@2") == (first.condition, second.condition)


def test_an_answer_that_is_not_recorded_yet_serves_at_once(tmp_path: Path) -> None:
    plan, model, ended = _plan(tmp_path, n_items=1), Scripted(), Ended()

    async def run() -> None:
        calls = Calls(model, Budget(1.0), on_end=ended.put, on_free=ended.freed)
        asking = _ready(plan, _units(plan)[0], model)
        assert calls.take(asking)
        calls.start()
        while len(calls):
            await asyncio.sleep(0.001)
        assert calls.take(asking)
        assert (0, 2) == (len(calls), len(ended.rows))
        calls.recorded(ended.rows[0])
        assert calls.take(asking)
        calls.start()
        assert 1 == len(calls)
        await calls.leave()

    asyncio.run(run())
    assert [1, 0] == [row.attempts for row in ended.rows]


def test_a_failure_that_ends_the_run_is_told_and_leaves_nobody_waiting(tmp_path: Path) -> None:
    plan = _plan(tmp_path, n_items=1, perturbations="{repeat: 2}")
    model = Scripted(lambda call: FatalTransportError("quota", "used up"))

    def work(calls: Calls) -> None:
        for condition in (0, 1):
            calls.take(_ready(plan, _units(plan, condition)[0], model, condition=condition))

    ended = _carried_out(model, work)
    assert ([], ["used up"]) == (ended.rows, [str(failure) for failure in ended.failures])


def test_calls_that_are_left_before_they_began_leave_nobody_waiting(tmp_path: Path) -> None:
    plan, model = _plan(tmp_path, n_items=1, perturbations="{repeat: 2}"), Scripted()

    def work(calls: Calls) -> None:
        for condition in (0, 1):
            calls.take(_ready(plan, _units(plan, condition)[0], model, condition=condition))
        calls.start()
        calls.abandon()

    ended = _carried_out(model, work)
    assert ([], []) == (ended.rows, model.answered)


def test_what_the_money_does_not_reach_is_not_taken(tmp_path: Path) -> None:
    plan, model = _plan(tmp_path), Scripted(cost_usd=lambda answer: 0.1)
    model.expected_usd = lambda request: 0.4  # type: ignore[method-assign]
    taken: list[bool] = []
    budget = Budget(1.0)

    def work(calls: Calls) -> None:
        taken.extend(calls.take(_ready(plan, unit, model)) for unit in _units(plan)[:3])

    _carried_out(model, work, budget)
    assert [True, True, False] == taken
    assert (True, False) == (budget.fits(0.8), budget.fits(0.81))


def test_a_model_has_room_for_as_many_calls_as_its_capacity(tmp_path: Path) -> None:
    plan, model = _plan(tmp_path), Scripted()

    def work(calls: Calls) -> None:
        assert float("inf") == calls.room
        model.capacity = 3
        calls.take(_ready(plan, _units(plan)[0], model))
        calls.start()
        assert 2 == calls.room

    _carried_out(model, work)
