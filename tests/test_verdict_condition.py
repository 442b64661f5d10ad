from __future__ import annotations

from typing import Any

import pytest

from benchmarks.simulations import terms
from evalkit.stats import Interval
from evalkit.verdict import ConditionResult, Evidence, Outcome
from evalkit.verdict.condition import Judgement, condition_result
from evalkit.verdict.fixed import verdict_of
from evalkit.verdict.tally import PassCounts, Tally

EVIDENCE = Evidence(usable=41.0, unusable=0.1, needed=(40.0, 40.0))
ASKED = Outcome(position=0, cluster="a", asks=(True,), score=0.75, constraints={"words": True}, variant="paraphrase 1")
VOID = Outcome(position=1, cluster="b", asks=(None,), score=None, constraints={}, variant="paraphrase 2")


def result(*outcomes: Outcome, **judged: Any) -> ConditionResult:
    given: dict[str, Any] = {
        "interval": None,
        "verdict": "edge",
        "reason": "budget",
        "decided_at": None,
        "calls_to_decide": 7,
    }
    each = terms()
    tally = Tally(each, lambda alpha_high: PassCounts(alpha_low=each.alpha, alpha_high=alpha_high, clustered=False))
    for outcome in outcomes:
        tally.observe(outcome)
    return condition_result(each, tally, Judgement(**(given | judged)))


def test_what_the_test_says_is_taken_over_as_it_is() -> None:
    found = result(
        interval=Interval(low=0.96, high=0.99),
        verdict="usable",
        reason=None,
        decided_at=90,
        calls_to_decide=None,
        evidence=EVIDENCE,
        void_price=12,
    )
    assert (0.96, 0.99, "usable", None, 90) == (found.low, found.high, found.verdict, found.reason, found.decided_at)
    assert (None, EVIDENCE, 12) == (found.calls_to_decide, found.evidence, found.void_price)


def test_what_was_observed_is_counted() -> None:
    found = result(ASKED, VOID)
    assert (1, 1, 1, 1.0, 0.75) == (found.trials, found.passes, found.void, found.pass_rate, found.mean_score)
    assert [("words", 1, 1)] == [(each.constraint, each.trials, each.passes) for each in found.constraints]


def test_a_form_of_the_prompt_that_brought_nothing_but_void_units_is_not_named() -> None:
    assert ["paraphrase 1"] == [each.variant for each in result(ASKED, VOID).variants]


def test_without_a_unit_there_are_no_numbers() -> None:
    found = result()
    assert (0, None, None, None, None) == (found.trials, found.pass_rate, found.low, found.high, found.mean_score)
    assert ("edge", "budget", 7) == (found.verdict, found.reason, found.calls_to_decide)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.96, 0.99, "usable"), (0.9, 0.94, "unusable"), (0.9, 0.99, "edge"), (0.95, 1.0, "edge"), (0.9, 0.95, "edge")],
)
def test_an_interval_is_a_verdict_when_it_excludes_the_threshold(low: float, high: float, verdict: str) -> None:
    assert verdict == verdict_of(Interval(low=low, high=high), 0.95)


def test_no_interval_is_no_verdict() -> None:
    assert "edge" == verdict_of(None, 0.95)
