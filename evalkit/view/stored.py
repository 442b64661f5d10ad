"""Results as a run keeps them, read back: a finished run is shown without looking at its trials again.

What is published of a run is a little less than what was measured: numbers have six digits, constraints are those of
the weakest condition, and who served how many answers is not in it. `evalkit.engine.measure` gives all of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalkit.errors import RecordError
from evalkit.verdict import (
    Claims,
    ConditionResult,
    Conjunction,
    ConstraintResult,
    CriticalLevel,
    Evidence,
    Link,
    RepeatResult,
    Spend,
    SuiteResult,
    TaskResult,
    Totals,
    VariantResult,
)

_Json = Mapping[str, Any]
_DERIVED = {"margin", "margin_low", "margin_high"}
"""Keys that are reckoned from others."""


def stored_results(published: _Json) -> SuiteResult:
    """Results from their published shape.

    Args:
        published: As `SuiteResult.as_json` gives it.

    Raises:
        RecordError: If it has another shape.
    """
    try:
        return _suite(published)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(f"results of another shape than this version writes: {error!r}") from None


def _suite(given: _Json) -> SuiteResult:
    claims = given["claims"]
    return SuiteResult(
        suite=given["suite"],
        model=given["model"],
        served_model=tuple(given["served_model"]),
        verdict=given["verdict"],
        tasks=tuple(_task(task) for task in given["tasks"]),
        claims=Claims(
            level=claims["false_discovery_rate"], usable=tuple(claims["usable"]), unusable=tuple(claims["unusable"])
        ),
        totals=Totals(**given["totals"]),
    )


def _task(given: _Json) -> TaskResult:
    conditions = tuple(_condition(each, given) for each in given["conditions"])
    named = {each.condition: each for each in conditions}
    return TaskResult(
        task=given["task"],
        threshold=given["threshold"],
        claim=given["claim"],
        verdict=given["verdict"],
        weakest=None if given["weakest"] is None else named[given["weakest"]],
        conditions=conditions,
        critical_levels=tuple(_critical(each) for each in given["critical_levels"]),
        repeat=_repeat(given["repeat"]),
        spend=_spend(given),
    )


def _condition(given: _Json, task: _Json) -> ConditionResult:
    """A condition with what the task's results say of it alone."""
    weakest = given["condition"] == task["weakest"]
    repeats = given["perturbation"] == "repeat" and (given["trials"] or given["void"])
    plain = {name: value for name, value in given.items() if name not in _DERIVED}
    return ConditionResult(
        **plain
        | {
            "evidence": _evidence(given["evidence"]),
            "variants": tuple(VariantResult(**variant) for variant in given["variants"]),
            "constraints": tuple(ConstraintResult(**each) for each in task["constraints"]) if weakest else (),
            "repeat": _repeat(task["repeat"]) if repeats else None,
            "conjunction": _conjunction(task["conjunction"]) if weakest else None,
        }
    )


def _evidence(given: _Json | None) -> Evidence | None:
    if given is None:
        return None
    usable, unusable = given["needed"]
    return Evidence(usable=given["usable"], unusable=given["unusable"], needed=(usable, unusable))


def _repeat(given: _Json | None) -> RepeatResult | None:
    if given is None:
        return None
    return RepeatResult(
        **{**given, "pass_hat_k": _row(given["pass_hat_k"]), "standard_error": _row(given["standard_error"])}
    )


def _row(given: Sequence[float] | None) -> tuple[float, ...] | None:
    return None if given is None else tuple(given)


def _conjunction(given: _Json | None) -> Conjunction | None:
    if given is None:
        return None
    return Conjunction(
        condition=given["condition"],
        trials=given["trials"],
        joint=given["joint"],
        links=tuple(
            Link(constraint=name, rate=rate, if_fixed=given["if_fixed"][name]) for name, rate in given["parts"].items()
        ),
        **given["evidence"],
    )


def _critical(given: _Json) -> CriticalLevel:
    pair = given["contradiction"]
    return CriticalLevel(**{**given, "contradiction": None if pair is None else (pair[0], pair[1])})


def _spend(task: _Json) -> Spend:
    cost, latency, tokens = task["cost_usd"], task["latency_s"], task["tokens"]
    return Spend(
        cost_usd=cost,
        latency_p50_s=latency["p50"],
        latency_p95_s=latency["p95"],
        known_usd=cost or 0.0,
        **{f"tokens_{name}": count for name, count in tokens.items()},
    )
