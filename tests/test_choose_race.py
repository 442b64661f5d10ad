from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.choose.order import Entrant
from evalkit.choose.race import Course, Race
from evalkit.engine import EngineSettings, Measured, Session, start
from evalkit.errors import FatalTransportError, RecordError
from evalkit.findings.choose import Choice, Limits
from evalkit.plan import Scope, make_plan
from evalkit.trial import Call
from tests.runs import Scripted, make_suite, right

MORE = """
  less:
    prompt: "What is {a} + {b} here?"
    items: [%s]
    constraints: [{number: "{sum}"}]
"""
ITEMS = ", ".join(f"{{id: j{n}, a: {n}, b: 1, sum: {n + 1}}}" for n in range(60))


def no(call: Call) -> str:
    return "no"


def only(task: str) -> Callable[[Call], str]:
    return lambda call: right(call) if call.task == task else "no"


def entrants(*names: str, **given: Any) -> list[Entrant]:
    whole: dict[str, Any] = {"expected_per_1k": 1.0, "input_per_1k": 0.1, "expected_per_call": 0.001, "size": None}
    return [Entrant(model=name, **{**whole, **given}) for name in names]


class Track:
    """Races scripted models over two tasks of 60 items."""

    def __init__(self, folder: Path, **answers: Callable[[Call], str | BaseException]) -> None:
        self._out, self._answers = folder / "runs", answers
        self._suite = make_suite(folder, n_items=60, threshold=0.7, more=MORE % ITEMS)
        self.begun: list[tuple[str, float]] = []
        self.confidence = 1 - 0.05 / len(answers)

    def race(
        self, among: list[Entrant], limits: Limits | None = None, *, money: float = 10.0, cost: float = 0.0
    ) -> Choice:
        scope = Scope(until="gate")
        plan = make_plan(self._suite, scope, confidence=self.confidence)

        def begin(who: Entrant, money_usd: float) -> Session:
            self.begun.append((who.model, money_usd))
            model = Scripted(self._answers[who.model], cost_usd=lambda answer: cost)
            model.name = who.model
            model.free = False
            return start(
                plan,
                model,
                scope=replace(scope, max_cost=money_usd),
                confidence=self.confidence,
                options={},
                settings=EngineSettings(),
                out=self._out,
            )

        course = Course(plan=plan, limits=limits or Limits(), max_cost_usd=money, kinds={})
        return Race(course, among, begin=begin, carry_out=self.carry_out).run()

    @staticmethod
    def carry_out(session: Session) -> Measured:
        return asyncio.run(session.carry_out())


def statuses(choice: Choice) -> list[str]:
    return [each.status for each in choice.candidates]


def test_the_first_that_is_usable_on_every_task_ends_the_race(tmp_path: Path) -> None:
    choice = Track(tmp_path, a=no, b=only("add"), c=right, d=right).race(entrants("a", "b", "c", "d"))
    assert ["unusable", "unusable", "chosen", "not asked"] == statuses(choice)
    assert choice.runner_up is not None
    assert "d" == choice.runner_up.model
    assert pytest.approx(0.025) == choice.alpha
    assert (4 * 2 * 1_000, 0) == (choice.exhaustive.calls, choice.exit_code(edge="fail"))


def test_each_candidate_errs_with_its_share_of_the_chance_only(tmp_path: Path) -> None:
    """A verdict needs four times the evidence that it would need alone."""
    choice = Track(tmp_path, a=right, b=no, c=no, d=no).race(entrants("a", "b", "c", "d"))
    results = choice.candidates[0].results
    assert results is not None
    evidence = [condition.evidence for task in results.tasks for condition in task.conditions]
    assert all(each is not None and each.usable >= 160 == pytest.approx(each.needed[0]) for each in evidence)


def test_a_candidate_is_left_as_soon_as_one_task_is_unusable(tmp_path: Path) -> None:
    choice = Track(tmp_path, a=only("add")).race(entrants("a"))
    (failed,) = choice.candidates
    assert ["less"] == [each.task for each in failed.shortfalls]
    assert 40 > choice.calls
    assert (1, True) == (choice.exit_code(edge="fail"), bool(choice.advice))


def test_where_latency_is_preferred_all_are_asked(tmp_path: Path) -> None:
    choice = Track(tmp_path, a=right, b=right).race(entrants("a", "b"), Limits(prefer="latency"))
    assert ["chosen", "usable"] == sorted(statuses(choice))


def test_one_at_the_edge_does_not_end_the_race(tmp_path: Path) -> None:
    """It fails as often as is just allowed, so that sixty items cannot tell."""
    mixed = Track(tmp_path, a=lambda call: "no" if int(call.item[1:]) % 10 > 6 else right(call), b=right)
    choice = mixed.race(entrants("a", "b"))
    assert ["edge", "chosen"] == statuses(choice)
    assert choice.candidates[0].note is not None
    assert "too few items" in choice.candidates[0].note
    assert ["a could not be decided and may be usable and cheaper"] == [*choice.notes]


def test_a_provider_that_refuses_does_not_end_the_race(tmp_path: Path) -> None:
    def refused(call: Call) -> BaseException:
        return FatalTransportError("auth", "the key was refused\nindeed")

    choice = Track(tmp_path, a=refused, b=right).race(entrants("a", "b"))
    assert ["failed", "chosen"] == statuses(choice)
    assert "the key was refused" == choice.candidates[0].note
    assert 0 == choice.exit_code(edge="fail")
    alone = Track(tmp_path, a=refused, b=no).race(entrants("a", "b"))
    assert (["failed", "unusable"], 4) == (statuses(alone), alone.exit_code(edge="fail"))


def test_what_was_shown_before_the_provider_refused_stays_shown(tmp_path: Path) -> None:
    class Late(Track):
        @staticmethod
        def carry_out(session: Session) -> Measured:
            Track.carry_out(session)
            raise FatalTransportError("auth", "the key was refused")

    choice = Late(tmp_path, a=no, b=right).race(entrants("a", "b"))
    assert ["unusable", "failed"] == statuses(choice)


def test_what_concerns_all_ends_the_race(tmp_path: Path) -> None:
    def full(call: Call) -> BaseException:
        return RecordError("the disk is full", exit_code=4)

    with pytest.raises(RecordError, match="the disk is full"):
        Track(tmp_path, a=full, b=right).race(entrants("a", "b"))


def test_reading_alone_may_cost_more_than_is_allowed(tmp_path: Path) -> None:
    track = Track(tmp_path, a=right, b=right)
    choice = track.race(
        [*entrants("a"), *entrants("b", input_per_1k=3.0)], Limits(max_cost_per_1k=2.0, prefer="latency")
    )
    assert (["chosen", "too dear"], ["a"]) == (statuses(choice), [model for model, _ in track.begun])


def test_what_answers_cost_decides_when_there_are_some(tmp_path: Path) -> None:
    choice = Track(tmp_path, a=right).race(entrants("a"), Limits(max_cost_per_1k=2.0), cost=0.003)
    assert (["too dear"], 1) == (statuses(choice), choice.exit_code(edge="fail"))
    assert "1,000 answers cost 3.00 USD, at most 2.00 USD is allowed" == choice.candidates[0].note


def test_the_money_is_that_of_the_whole_race(tmp_path: Path) -> None:
    track = Track(tmp_path, a=no, b=right, c=right)
    choice = track.race(entrants("a", "b", "c"), money=0.05, cost=0.001)
    (_, first), (_, second) = track.begun
    assert 0.05 == first
    first_results = choice.candidates[0].results
    assert first_results is not None
    assert pytest.approx(0.05 - 0.001 * first_results.totals.calls) == second
    assert ["unusable", "edge", "not asked"] == statuses(choice)
    assert "the money allowed for the race is spent (0.05 USD)" == choice.candidates[2].note
    assert 3 == choice.exit_code(edge="fail")
