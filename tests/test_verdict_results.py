from __future__ import annotations

import json
from dataclasses import replace

import pytest

from evalkit.verdict import (
    Claims,
    ConditionResult,
    ConstraintResult,
    CriticalLevel,
    Evidence,
    RepeatResult,
    Served,
    Spend,
    SuiteResult,
    TaskResult,
    Totals,
    VariantResult,
)

CONDITION = ConditionResult(
    condition="noise@0.05",
    perturbation="noise",
    level=0.05,
    counts=True,
    threshold=0.95,
    trials=431,
    passes=400,
    void=2,
    pass_rate=400 / 431,
    low=0.884,
    high=0.962,
    verdict="edge",
    reason="futility",
    decided_at=None,
    calls_to_decide=850,
    evidence=Evidence(usable=3.5e-6, unusable=0.88, needed=(40, 120)),
    void_price=80,
    mean_score=0.981,
    mean_loss=0.3125,
    constraints=(
        ConstraintResult(constraint="words", trials=431, passes=428, pass_rate=428 / 431, low=0.975, high=0.999),
    ),
    repeat=None,
    variants=(
        VariantResult(variant="conflict words", trials=8, passes=3, pass_rate=0.375, low=0.0852, high=0.755, lost=4),
    ),
)
REPEAT = RepeatResult(
    k=2, items=60, pass_hat_k=(0.97, 0.955), standard_error=(0.01, 1 / 3), consistent=0.88, agreement=0.93
)
TASK = TaskResult(
    task="ticket-title",
    threshold=0.95,
    claim="population",
    verdict="edge",
    weakest=CONDITION,
    conditions=(CONDITION,),
    critical_levels=(CriticalLevel(perturbation="noise", usable_to=0.02, unusable_from=0.2),),
    repeat=REPEAT,
    spend=Spend(
        cost_usd=0.41,
        latency_p50_s=0.8,
        latency_p95_s=2.1,
        tokens_in=91000,
        tokens_out=8000,
        tokens_cached=60000,
        tokens_reasoning=4000,
    ),
)
SUITE = SuiteResult(
    suite="support",
    model="openai/x",
    served_model=("x-2026-10-01",),
    verdict="edge",
    tasks=(TASK,),
    claims=Claims(level=0.05, usable=(), unusable=("ticket-title",)),
    totals=Totals(calls=2210, void=3, cost_usd=0.61, seconds=83.1),
    configured=(Served(name="fp_1", trials=2210, since="ticket-title clean, unit 1"),),
)

GOLDEN = (
    '{"suite": "support", "model": "openai/x", "served_model": ["x-2026-10-01"], "fingerprint": ["fp_1"], '
    '"verdict": "edge", "tasks": [{'
    '"task": "ticket-title", "threshold": 0.95, "claim": "population", "verdict": "edge", '
    '"weakest": "noise@0.05", "margin": -0.0219258, "margin_low": -0.066, "margin_high": 0.012, '
    '"conditions": [{"condition": "noise@0.05", "perturbation": "noise", "level": 0.05, "counts": true, '
    '"threshold": 0.95, "measure": "pass", "trials": 431, "passes": 400, "void": 2, "pass_rate": 0.928074, '
    '"low": 0.884, "high": 0.962, '
    '"margin": -0.0219258, "margin_low": -0.066, "margin_high": 0.012, "verdict": "edge", "reason": "futility", '
    '"decided_at": null, "calls_to_decide": 850, '
    '"evidence": {"usable": 3.5e-06, "unusable": 0.88, "needed": [40.0, 120.0]}, "void_price": 80, '
    '"mean_score": 0.981, "mean_loss": 0.3125, '
    '"variants": [{"variant": "conflict words", "trials": 8, "passes": 3, "pass_rate": 0.375, "low": 0.0852, '
    '"high": 0.755, "lost": 4}]}], '
    '"constraints": [{"constraint": "words", "trials": 431, "passes": 428, "pass_rate": 0.993039, "low": 0.975, '
    '"high": 0.999}], "conjunction": null, '
    '"critical_levels": [{"perturbation": "noise", "usable_to": 0.02, "unusable_from": 0.2, "estimate": null, '
    '"low": null, "high": null, "fit": null, "contradiction": null}], '
    '"repeat": {"k": 2, "items": 60, "pass_hat_k": [0.97, 0.955], "standard_error": [0.01, 0.333333], '
    '"consistent": 0.88, "agreement": 0.93}, '
    '"cost_usd": 0.41, "latency_s": {"p50": 0.8, "p95": 2.1}, '
    '"tokens": {"in": 91000, "out": 8000, "cached": 60000, "cache_write": null, "reasoning": 4000}}], '
    '"claims": {"false_discovery_rate": 0.05, "usable": [], "unusable": ["ticket-title"]}, '
    '"totals": {"calls": 2210, "void": 3, "cost_usd": 0.61, "seconds": 83.1}}'
)


def test_the_published_shape_has_these_keys_in_this_order() -> None:
    assert json.dumps(SUITE.as_json()) == GOLDEN


def test_values_are_rounded_where_they_are_published_only() -> None:
    assert pytest.approx(400 / 431 - 0.95, abs=1e-15) == CONDITION.margin
    assert CONDITION.as_json()["margin"] == -0.0219258


def test_where_the_threshold_is_for_scores_the_margin_is_the_mean_scores_and_the_pass_rate_stays_that_of_passes() -> (
    None
):
    scored = replace(CONDITION, measure="score")
    assert (400 / 431, 0.981) == (CONDITION.rate, scored.rate)
    assert pytest.approx(0.981 - 0.95, abs=1e-15) == scored.margin
    assert ("score", 0.928074, 0.031) == tuple(scored.as_json()[name] for name in ("measure", "pass_rate", "margin"))


def test_a_mean_score_that_was_not_measured_has_no_margin() -> None:
    assert replace(CONDITION, measure="score", mean_score=None).margin is None


def test_what_was_not_measured_is_null() -> None:
    empty = replace(
        CONDITION, pass_rate=None, low=None, high=None, evidence=None, mean_score=None, calls_to_decide=None
    )
    names = ["pass_rate", "low", "high", "margin", "margin_low", "margin_high", "evidence", "mean_score"]
    assert [empty.as_json()[name] for name in names] == [None] * 8


def test_a_task_without_a_measurement_has_no_weakest_condition() -> None:
    found = replace(TASK, weakest=None, repeat=None, spend=Spend()).as_json()
    names = ["weakest", "margin", "margin_low", "margin_high", "repeat", "cost_usd"]
    assert [found[name] for name in names] == [None] * 6
    assert found["constraints"] == []
    unknown = dict.fromkeys(("in", "out", "cached", "cache_write", "reasoning"))
    assert (found["latency_s"], found["tokens"]) == ({"p50": None, "p95": None}, unknown)


def test_curtailed_repeats_have_no_lists() -> None:
    found = replace(REPEAT, pass_hat_k=None, standard_error=None, agreement=None).as_json()
    assert (found["pass_hat_k"], found["standard_error"], found["agreement"]) == (None, None, None)
