"""What is said of one condition, however it was judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evalkit.stats import Interval
from evalkit.verdict.results import ConditionResult, ConstraintResult, Evidence, VariantResult
from evalkit.verdict.running import RunningCounts
from evalkit.verdict.tally import AnyCounts, PassCounts, Tally
from evalkit.verdict.terms import Reason, Terms, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What a condition's test says; the fields are those of ConditionResult."""

    interval: Interval | None
    """Of the pass rate; None when nothing was observed."""
    verdict: Verdict
    reason: Reason | None
    decided_at: int | None
    calls_to_decide: int | None
    evidence: Evidence | None = None
    void_price: int | None = None


def condition_result(terms: Terms, tally: Tally[AnyCounts], judged: Judgement) -> ConditionResult:
    """Put together what is known of a condition: the terms of its test, what it brought, and what follows."""
    interval = judged.interval
    units = tally.units
    return ConditionResult(
        condition=terms.condition,
        perturbation=terms.perturbation,
        level=terms.level,
        counts=terms.counts,
        threshold=terms.threshold,
        trials=units.trials,
        passes=units.passes,
        void=units.void,
        pass_rate=units.passes / units.trials if units.trials else None,
        measure=terms.measure,
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        verdict=judged.verdict,
        reason=judged.reason,
        decided_at=judged.decided_at,
        calls_to_decide=judged.calls_to_decide,
        evidence=judged.evidence,
        void_price=judged.void_price,
        mean_score=tally.mean_score,
        mean_loss=tally.mean_loss,
        constraints=_constraint_results(tally),
        repeat=tally.repeat_result() if terms.repeats > 1 else None,
        variants=_variant_results(tally),
        conjunction=tally.links.conjunction(),
    )


def _constraint_results(tally: Tally[AnyCounts]) -> tuple[ConstraintResult, ...]:
    return tuple(ConstraintResult(constraint=name, **_rates(counts)) for name, counts in tally.constraints.items())


def _variant_results(tally: Tally[AnyCounts]) -> tuple[VariantResult, ...]:
    return tuple(
        VariantResult(variant=name, lost=None if variant.constraint is None else variant.lost, **_rates(variant.units))
        for name, variant in sorted(tally.variants.items())
        if variant.units.trials
    )


def _rates(counts: PassCounts | RunningCounts) -> dict[str, Any]:
    """What results say of any counts with a trial."""
    interval = counts.interval()
    return {
        "trials": counts.trials,
        "passes": counts.passes,
        "pass_rate": counts.passes / counts.trials,
        "low": interval.low,
        "high": interval.high,
    }
