from __future__ import annotations

from typing import Any

import pytest

from evalkit.trial import Condition, Level
from evalkit.verdict import (
    FixedDecider,
    Outcome,
    Spend,
    SuiteResult,
    TaskEntry,
    TaskResult,
    Terms,
    Totals,
    summarise,
)
from evalkit.verdict.critical import critical_level

Measured = tuple[Terms, int]
"""A condition and how many of its units fail."""


def condition(perturbation: str = "clean", level: Level | None = None, *, fails: int = 0, **changes: Any) -> Measured:
    given: dict[str, Any] = {
        "task": "t",
        "condition": Condition(perturbation=perturbation, level=level).id,
        "perturbation": perturbation,
        "level": level,
        "counts": True,
        "threshold": 0.95,
        "alpha": 0.025,
        "n_counting": 1,
        "units": 100,
        "exhausted": False,
    }
    return Terms(**(given | changes)), fails


def suite(*tasks: list[Measured]) -> SuiteResult:
    decider = FixedDecider([terms for task in tasks for terms, _ in task])
    for terms, fails in (measured for task in tasks for measured in task):
        for position in range(terms.units):
            held = position >= fails
            asks = (held,) * terms.repeats
            constraints = {terms.condition: held}
            decider.observe(
                terms.key,
                Outcome(position=position, cluster=f"{position}", asks=asks, score=1.0, constraints=constraints),
            )
    entries = [
        TaskEntry(
            task=task[0][0].task, threshold=0.95, terms=tuple(terms for terms, _ in task), spend=Spend(tokens_in=7)
        )
        for task in tasks
    ]
    totals = Totals(calls=1, void=0, cost_usd=None, seconds=2.5)
    return summarise(decider, entries, suite="s", model="m/x", served_model=["x-1", "x-2"], totals=totals)


def task(*conditions: Measured) -> TaskResult:
    (found,) = suite(list(conditions)).tasks
    return found


@pytest.mark.parametrize(
    ("fails", "verdict"), [([0, 0], "usable"), ([0, 3], "edge"), ([0, 20], "unusable"), ([3, 20], "unusable")]
)
def test_a_task_is_usable_when_every_counting_condition_is_and_unusable_when_one_is(
    fails: list[int], verdict: str
) -> None:
    one, other = fails
    assert task(condition(fails=one), condition("noise", 0.1, fails=other)).verdict == verdict


def test_a_condition_that_does_not_count_changes_no_verdict() -> None:
    found = task(condition(), condition("noise", 0.5, fails=90, counts=False))
    assert found.verdict == "usable"
    assert found.weakest is not None
    assert found.weakest.condition == "clean"


def test_a_condition_that_was_not_run_leaves_the_task_at_the_edge() -> None:
    found = task(condition(), condition("noise", 0.1, units=0))
    assert found.verdict == "edge"
    assert found.weakest is not None
    assert found.weakest.condition == "clean"


def test_a_task_without_a_counting_condition_is_no_usable_one() -> None:
    found = task(condition(counts=False))
    assert (found.verdict, found.weakest) == ("edge", None)


def test_nothing_measured_has_no_weakest_condition() -> None:
    assert task(condition(units=0)).weakest is None


def test_the_weakest_condition_has_the_least_guaranteed_margin() -> None:
    """The second passes more often, but fewer trials guarantee less."""
    found = task(condition(fails=2, units=1000), condition("noise", 0.1, units=20))
    assert found.weakest is not None
    assert found.weakest.condition == "noise@0.1"


def test_the_weakest_condition_of_an_unusable_task_is_surely_furthest_below() -> None:
    """The second has the lower low end, but only the first is shown to be below."""
    found = task(condition(fails=150, units=1000), condition("noise", 0.1, fails=1, units=4))
    assert found.weakest is not None
    assert (found.verdict, found.weakest.condition) == ("unusable", "clean")
    low, high = [each.margin_low for each in found.conditions], [each.margin_high for each in found.conditions]
    assert low[1] is not None
    assert low[0] is not None
    assert low[1] < low[0]
    assert found.as_json()["margin_high"] == pytest.approx(high[0], rel=1e-5)


def test_margins_are_taken_from_each_conditions_own_threshold() -> None:
    found = task(condition(fails=3), condition("noise", 0.1, fails=5, threshold=0.5))
    assert found.weakest is not None
    assert found.weakest.condition == "clean"


def test_constraints_are_those_of_the_weakest_condition() -> None:
    found = task(condition(), condition("noise", 0.1, fails=3)).as_json()
    assert [(each["constraint"], each["passes"]) for each in found["constraints"]] == [("noise@0.1", 97)]


@pytest.mark.parametrize(
    ("tasks", "verdict"), [([0, 0], "usable"), ([0, 3], "edge"), ([3, 20], "unusable"), ([3], "edge")]
)
def test_a_suite_is_usable_when_all_tasks_are_and_unusable_when_one_is(tasks: list[int], verdict: str) -> None:
    found = suite(*([condition(fails=fails, task=f"{place}")] for place, fails in enumerate(tasks)))
    assert found.verdict == verdict


def test_a_run_is_named_in_its_results() -> None:
    found = suite([condition()]).as_json()
    assert (found["suite"], found["model"], found["served_model"]) == ("s", "m/x", ["x-1", "x-2"])
    assert found["totals"] == {"calls": 1, "void": 0, "cost_usd": None, "seconds": 2.5}
    assert found["tasks"][0]["tokens"]["in"] == 7


@pytest.mark.parametrize(
    ("fails", "usable_to", "unusable_from"),
    [([0, 0, 0], 0.2, None), ([0, 3, 20], 0.02, 0.2), ([3, 0, 0], None, None), ([20, 0, 20], None, 0.02)],
)
def test_levels_are_usable_up_to_the_first_that_is_not(
    fails: list[int], usable_to: float | None, unusable_from: float | None
) -> None:
    levels = [condition("noise", level, fails=each) for level, each in zip([0.02, 0.1, 0.2], fails, strict=True)]
    result = task(condition(), *levels)
    (found,) = result.critical_levels
    assert ("noise", usable_to, unusable_from) == (found.perturbation, found.usable_to, found.unusable_from)
    assert critical_level("noise", result.conditions[1:], strict=False) == found


def test_numbers_that_get_harder_as_they_fall_keep_the_order_of_the_suite() -> None:
    """Fewer examples are harder."""
    levels = [condition("examples", 32), condition("examples", 8), condition("examples", 2, fails=20)]
    (found,) = task(*levels).critical_levels
    assert (found.usable_to, found.unusable_from) == (8, 2)


def test_words_keep_the_order_of_the_suite() -> None:
    levels = [
        condition("conflict", "soft"),
        condition("conflict", "direct"),
        condition("conflict", "override", fails=20),
    ]
    (found,) = task(*levels).critical_levels
    assert (found.usable_to, found.unusable_from) == ("direct", "override")


@pytest.mark.parametrize("claim", ["population", "set"])
def test_a_task_says_what_its_verdict_is_about(claim: str) -> None:
    found = task(condition(claim=claim))
    assert (claim, claim) == (found.claim, found.as_json()["claim"])


def test_one_level_alone_has_no_critical_level() -> None:
    assert task(condition(), condition("noise", 0.1)).critical_levels == ()


def test_the_repeat_block_is_that_of_the_condition_that_asks_again() -> None:
    found = task(condition(), condition("repeat", 2, repeats=2, fails=1))
    assert found.repeat is not None
    assert (found.repeat.k, found.repeat.items, found.repeat.consistent) == (2, 100, 0.99)
    assert task(condition()).repeat is None
