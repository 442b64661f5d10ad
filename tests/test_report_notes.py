from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from evalkit.report.notes import after_reasons, before_reasons, changes
from evalkit.verdict import (
    Claims,
    ConditionResult,
    ConstraintResult,
    RepeatResult,
    Served,
    Spend,
    SuiteResult,
    TaskResult,
    Totals,
    VariantResult,
)
from evalkit.verdict.critical import critical_level
from tests.ladders import condition_at


def condition(name: str = "clean", **changes: Any) -> ConditionResult:
    return replace(condition_at(1, 185, 200, threshold=0.9, counts=True), condition=name, **changes)


def task(*conditions: ConditionResult, **changes: Any) -> TaskResult:
    given: dict[str, Any] = {
        "task": "t",
        "threshold": 0.9,
        "claim": "population",
        "verdict": "edge",
        "weakest": conditions[0],
        "conditions": conditions,
        "critical_levels": (),
        "repeat": None,
        "spend": Spend(),
    }
    return TaskResult(**(given | changes))


def before(*conditions: ConditionResult, **changes: Any) -> list[str]:
    return list(before_reasons(task(*conditions, **changes)))


def after(*conditions: ConditionResult, **changes: Any) -> list[str]:
    return list(after_reasons(task(*conditions, **changes)))


def test_of_a_plain_task_there_is_nothing_to_say() -> None:
    assert ([], []) == (before(condition()), after(condition()))


# --- who answered


def suite(**served: Sequence[Served]) -> SuiteResult:
    return SuiteResult(
        suite="s",
        model="m/x",
        served_model=(),
        verdict="edge",
        tasks=(),
        claims=Claims(level=0.05, usable=(), unusable=()),
        totals=Totals(calls=0, void=0, cost_usd=None, seconds=0.0),
        **{name: tuple(each) for name, each in served.items()},
    )


def by(name: str, trials: int, unit: int) -> Served:
    return Served(name=name, trials=trials, since=f"t clean, unit {unit}")


def test_answers_of_one_model_and_configuration_are_nothing_to_speak_of() -> None:
    assert [] == list(changes(suite()))
    assert [] == list(changes(suite(served=[by("a", 1200, 1)], configured=[by("fp", 1200, 1)])))


def test_a_model_that_changed_during_a_run_is_told_with_its_share_and_where_it_came_in() -> None:
    assert [
        "answers came from more than one model: a (1,200 trials, first at t clean, unit 1), b (34 trials, first at t "
        "clean, unit 812)"
    ] == list(changes(suite(served=[by("a", 1200, 1), by("b", 34, 812)])))


def test_of_many_configurations_the_first_few_are_named() -> None:
    (note,) = changes(suite(configured=[by(f"fp{n}", 10, n + 1) for n in range(9)]))
    assert note.startswith("answers came from more than one configuration (fingerprint): fp0 (10 trials, first at ")
    assert note.endswith("fp3 (10 trials, first at t clean, unit 4) and 5 more")


# --- what has to be known to read the table


def test_a_verdict_about_a_set_is_said_to_be_one() -> None:
    assert ["the verdict is about these items only (claim: set)"] == before(condition(), claim="set")


def test_a_task_judged_by_scores_is_said_to_be() -> None:
    scored = condition(measure="score", mean_score=0.93)
    assert ["judged by the mean score, not by how many trials pass"] == before(scored, scored)


def test_thresholds_that_differ_from_the_tasks_are_told_with_their_conditions() -> None:
    found = before(condition(), *(condition(name, threshold=0.75) for name in ("noise@0.2", "conflict@soft")))
    assert ["needs 75.0 % at noise@0.2, conflict@soft"] == found


def test_void_trials_are_counted_and_priced() -> None:
    found = before(condition(), condition("noise@0.2", void=3, void_price=1200), condition("paraphrase", void=1))
    assert [
        "void (no answer came; intervals count them both ways): noise@0.2 3, paraphrase 1",
        "they cost about so many calls more: 1,200 at noise@0.2",
    ] == found


# --- constraints


def constraint(name: str, passes: int) -> ConstraintResult:
    return ConstraintResult(
        constraint=name, trials=100, passes=passes, pass_rate=passes / 100, low=passes / 100 - 0.05, high=1.0
    )


@pytest.mark.parametrize(
    ("passes", "told"),
    [
        ([100, 100], ["every constraint always holds at clean"]),
        (
            [100, 90, 80],
            ["what breaks at clean: b1 holds 80.0 % (75.0–100.0), b2 holds 90.0 % (85.0–100.0), 1 other constraint"],
        ),
        ([90], []),
    ],
)
def test_what_breaks_is_told_the_weakest_first_where_there_is_more_than_one_constraint(
    passes: Sequence[int], told: list[str]
) -> None:
    constraints = tuple(constraint(f"b{len(passes) - place}", each) for place, each in enumerate(passes))
    found = after(condition(constraints=constraints))
    assert told == [note.removesuffix(" always holds") if "breaks" in note else note for note in found]


# --- wordings


def wording(number: int, passes: int, trials: int) -> VariantResult:
    return VariantResult(
        variant=f"paraphrase {number}", trials=trials, passes=passes, pass_rate=passes / trials, low=0.5, high=0.99
    )


def worded(*counts: tuple[int, int], name: str = "paraphrase") -> ConditionResult:
    return condition(name, variants=tuple(wording(place, *each) for place, each in enumerate(counts, 1)))


def test_wordings_that_do_alike_have_no_worst() -> None:
    assert ["2 wordings at paraphrase: all pass 100.0 %"] == after(worded((20, 20), (100, 100)))


def test_of_wordings_that_differ_the_spread_and_the_worst_are_told() -> None:
    found = after(worded((20, 20), (16, 20), (9, 10)))
    assert [
        "3 wordings at paraphrase: best 100.0 %, mean 90.0 %, worst 80.0 % (paraphrase 2, 50.0–99.0 % in 20 trials)"
    ] == found


def test_a_wording_with_fewer_than_ten_trials_is_left_out() -> None:
    assert ["2 wordings at paraphrase: all pass 100.0 %"] == after(worded((10, 10), (0, 9), (10, 10)))


def test_a_single_wording_with_enough_trials_cannot_be_compared() -> None:
    assert [] == after(worded((10, 10), (0, 9)))


def test_each_condition_with_wordings_has_its_line() -> None:
    found = after(worded((20, 20), (20, 20)), worded((10, 20), (10, 20), name="noise@0.2"))
    assert [
        "2 wordings at paraphrase: all pass 100.0 %",
        "2 wordings at noise@0.2: all pass 50.0 %",
    ] == found


# --- contradictions


def contradicted(name: str, lost: int, trials: int) -> VariantResult:
    return VariantResult(
        variant=f"conflict {name}", trials=trials, passes=0, pass_rate=0.0, low=0.0, high=1.0, lost=lost
    )


def test_constraints_that_lost_are_told_the_most_often_lost_first() -> None:
    found = condition(
        "conflict@soft",
        variants=(contradicted("words", 1, 20), contradicted("json", 0, 20), contradicted("one_line", 10, 20)),
        constraints=(constraint("words", 97), constraint("one_line", 90)),
    )
    (note,) = [note for note in after(found) if note.startswith("lost")]
    assert (
        "lost when contradicted at conflict@soft: one_line 10 of 20 (else 0 of 80), words 1 of 20 (else 2 of 80)"
        == note
    )


def test_contradicted_constraints_are_no_wordings() -> None:
    assert [] == after(condition(variants=(contradicted("words", 0, 20), contradicted("json", 0, 20))))


# --- levels and repeats


def test_how_far_along_its_levels_it_is_usable_is_told() -> None:
    ladder = [condition_at(level, passes, 200, threshold=0.9) for level, passes in ((1, 200), (2, 200))]
    critical = critical_level("noise", ladder, strict=False)
    assert ["noise: usable to 2"] == after(*ladder, critical_levels=(critical,))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {},
            "60 series of up to 3 asks of the same item: 95.0 % pass once, 88.0 % all 3 times; "
            "two asks end alike in 93.0 %",
        ),
        ({"agreement": None}, "60 series of up to 3 asks of the same item: 95.0 % pass once, 88.0 % all 3 times"),
        (
            {"items": 1, "pass_hat_k": None, "agreement": None},
            "1 series of up to 3 asks of the same item: 85.0 % pass all 3 times",
        ),
    ],
)
def test_what_asking_again_showed_is_told_as_far_as_it_is_known(changes: dict[str, Any], told: str) -> None:
    repeat = RepeatResult(
        k=3,
        items=60,
        pass_hat_k=(0.95, 0.9, 0.88),
        standard_error=None,
        consistent=0.85,
        agreement=0.93,
    )
    assert [told] == after(condition(), repeat=replace(repeat, **changes))


def test_names_from_outside_command_no_terminal() -> None:
    evil = "x\x1b[31m"
    found = condition(
        evil,
        void=1,
        void_price=2,
        threshold=0.5,
        variants=(contradicted(evil, 1, 2), *(wording(n, n, 20) for n in (1, 2))),
        constraints=(constraint(evil, 90), constraint("b", 80)),
    )
    notes = [*before(found), *after(found)]
    assert 6 == len(notes)
    assert "\x1b" not in "".join(notes)
