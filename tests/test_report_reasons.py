from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evalkit.report import Provenance
from evalkit.report.reasons import why, why_stopped
from evalkit.verdict import ConditionResult, Evidence, Reason, Spend, TaskResult
from tests.ladders import condition_at

SEQUENTIAL = Evidence(usable=1.0, unusable=1.0, needed=(40.0, 40.0))


def condition(reason: Reason | None, **changes: Any) -> ConditionResult:
    """Of a sequential test at the edge, unless changed: 185 of 200 pass at a threshold of 0.9."""
    given = {"counts": True, "reason": reason, "evidence": SEQUENTIAL, "condition": "clean"}
    return replace(condition_at(1, 185, 200, threshold=0.9), **(given | changes))


def reasons(*conditions: ConditionResult, verdict: Any = "edge", **changes: Any) -> list[str]:
    task = TaskResult(
        task="t",
        threshold=0.9,
        claim="population",
        verdict=verdict,
        weakest=conditions[0],
        conditions=conditions,
        critical_levels=(),
        repeat=None,
        spend=Spend(),
    )
    given: dict[str, Any] = {"folder": "runs/r", "seed": 0, "confidence": 0.95}
    return list(why(task, Provenance(**(given | changes))))


def reason_of(found: ConditionResult, **changes: Any) -> str:
    return reasons(found, **changes)[0].removeprefix("edge at clean: ")


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("futility", "too close to the threshold to tell with the calls that were left"),
        ("budget", "not settled within its budget of calls; resume with a larger --max-calls"),
        ("cost", "the money allowed was spent; resume with a larger --max-cost"),
        (
            "items",
            "too few items to settle it; add items, or say `claim: set` (the verdict is then about these items only)",
        ),
        ("void", "trials without an answer could change the verdict"),
        ("task-decided", "the task was decided before"),
        ("interrupted", "the run was stopped; resume it"),
    ],
)
def test_each_reason_is_told_with_what_can_be_done_about_it(reason: Reason, told: str) -> None:
    assert told == reason_of(condition(reason))


@pytest.mark.parametrize("origin", ["stored", "imported"])
@pytest.mark.parametrize("reason", ["budget", "cost", "items"])
def test_where_nothing_can_be_asked_nothing_is_advised_that_asks(reason: Reason, origin: str) -> None:
    assert reason_of(condition(reason)).split("; ")[0] == reason_of(condition(reason), origin=origin)


def test_items_that_a_limit_held_back_are_not_missing_from_the_suite() -> None:
    assert "too few items to settle it with the --limit that was set" == reason_of(condition("items"), limited=True)


def test_a_limit_is_no_reason_for_anything_but_items() -> None:
    assert reason_of(condition("budget")) == reason_of(condition("budget"), limited=True)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("budget", "not asked"),
        ("cost", "not asked: no call fitted into the money allowed; resume with a larger --max-cost"),
        ("task-decided", "not asked: the task was decided before"),
        ("interrupted", "the run was stopped; resume it"),
    ],
)
def test_what_was_not_asked_is_called_so(reason: Reason, told: str) -> None:
    assert told == reason_of(condition(reason, trials=0, passes=0))


def test_a_condition_of_void_trials_alone_was_asked() -> None:
    assert "trials without an answer could change the verdict" == reason_of(
        condition("void", trials=0, passes=0, void=20)
    )


@pytest.mark.parametrize(
    ("trials", "confidence", "told"),
    [
        (20, 0.95, "not settled by its trials; plan more with --fixed; nothing short of 36 passes in a row would show"),
        (35, 0.95, "not settled by its trials; plan more with --fixed; nothing short of 36 passes in a row would show"),
        (35, 0.99, "not settled by its trials; plan more with --fixed; nothing short of 51 passes in a row would show"),
    ],
)
def test_fixed_trials_that_never_sufficed_say_how_many_would(trials: int, confidence: float, told: str) -> None:
    """0.9^36 is the first power of 0.9 below 0.025, 0.9^51 the first below 0.005."""
    found = condition("budget", evidence=None, trials=trials)
    assert f"{told} it usable" == reason_of(found, confidence=confidence)


def test_fixed_trials_that_might_have_sufficed_say_that_they_did_not() -> None:
    found = condition("budget", evidence=None, trials=36)
    assert "not settled by its trials; plan more with --fixed" == reason_of(found)
    assert "not settled by its trials" == reason_of(found, origin="imported")


def test_at_a_threshold_of_1_no_number_of_fixed_trials_suffices() -> None:
    found = condition("budget", evidence=None, threshold=1.0)
    assert reason_of(found).endswith("; no number of passes would show it usable")


def test_conditions_at_the_edge_for_the_same_reason_share_a_line() -> None:
    found = reasons(
        condition("void"),
        condition("cost", condition="noise@0.05"),
        condition("void", condition="paraphrase"),
        condition(None, condition="usable"),
        condition("void", condition="noise@0.2", counts=False),
    )
    assert [
        "edge at clean, paraphrase: trials without an answer could change the verdict",
        "edge at noise@0.05: the money allowed was spent; resume with a larger --max-cost",
    ] == found


@pytest.mark.parametrize("reason", ["budget", "items", "futility"])
@pytest.mark.parametrize(
    ("calls", "told"),
    [
        (7, "about 7 further calls to settle"),
        (1234, "about 1,200 further calls to settle"),
        (10_000, "about 10,000 further calls to settle"),
        (10_001, "more than 10,000 further calls"),
        (None, "more than 10,000 further calls"),
    ],
)
def test_what_would_settle_it_is_told_as_exactly_as_it_is_known(reason: Reason, calls: int | None, told: str) -> None:
    found = reasons(condition(reason, calls_to_decide=calls))
    assert [f"at this pass rate clean would take {told}"] == found[1:]


@pytest.mark.parametrize("origin", ["stored", "imported"])
def test_without_a_model_that_is_asked_trials_are_missing_and_no_calls(origin: str) -> None:
    found = reasons(condition("items", calls_to_decide=40), origin=origin)
    assert ["at this pass rate clean would take about 40 further trials to settle"] == found[1:]


@pytest.mark.parametrize("reason", ["cost", "void", "task-decided", "interrupted"])
def test_where_more_calls_are_not_what_is_wanted_none_are_counted(reason: Reason) -> None:
    assert 1 == len(reasons(condition(reason, calls_to_decide=40)))


def test_an_unusable_task_needs_no_more_calls() -> None:
    assert 1 == len(reasons(condition("budget", calls_to_decide=40), verdict="unusable"))


def test_names_from_outside_command_no_terminal() -> None:
    text = "\n".join(reasons(condition("budget", condition="x\x1b[31m", calls_to_decide=40)))
    assert "\x1b" not in text
    assert 2 == text.count("x\\x1b[31m")


@pytest.mark.parametrize(
    ("reason", "changes", "told"),
    [
        (None, {"verdict": "usable"}, "its verdict was safe"),
        ("task-decided", {"verdict": "unusable"}, "its verdict was safe"),
        ("items", {}, "too few items to settle it; add items, or say `claim: set` (the verdict is then about"),
        ("task-decided", {"trials": 0}, "not asked: the task was decided before"),
        (None, {"trials": 0}, "not asked"),
        (None, {}, "not settled"),
    ],
)
@pytest.mark.parametrize("counts", [True, False])
def test_each_condition_says_why_it_stopped(
    reason: Reason | None, changes: dict[str, Any], told: str, counts: bool
) -> None:
    """Also one that does not count, of which `why` says nothing."""
    found = why_stopped(
        condition(reason, counts=counts, **changes), Provenance(folder="runs/x", seed=0, confidence=0.95)
    )
    assert told == found[: len(told)]


def test_a_condition_of_a_run_that_goes_on_has_not_stopped() -> None:
    provenance = Provenance(folder="runs/x", seed=0, confidence=0.95, ended=False, going_on=True)
    for found in (condition(None), condition(None, trials=0), condition("interrupted")):
        assert "the run goes on" == why_stopped(found, provenance)
    assert "the run goes on" == reason_of(condition("interrupted"), ended=False, going_on=True)


def test_a_condition_of_a_run_that_nobody_works_on_was_stopped() -> None:
    provenance = Provenance(folder="runs/x", seed=0, confidence=0.95, ended=False)
    for found in (condition(None), condition("interrupted")):
        assert "the run was stopped; resume it" == why_stopped(found, provenance)
