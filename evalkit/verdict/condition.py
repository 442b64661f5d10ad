"""What is said of one condition, however it was judged."""

from __future__ import annotations

from evalkit.stats import Interval
from evalkit.verdict.results import ConditionResult, ConstraintResult, Evidence, VariantResult
from evalkit.verdict.tally import AnyCounts, Tally
from evalkit.verdict.terms import Reason, Terms, Verdict


def condition_result(
    terms: Terms,
    tally: Tally[AnyCounts],
    interval: Interval | None,
    *,
    verdict: Verdict,
    reason: Reason | None,
    decided_at: int | None,
    calls_to_decide: int | None,
    evidence: Evidence | None = None,
    void_price: int | None = None,
) -> ConditionResult:
    """Put together what is known of a condition.

    Args:
        terms: Of its test.
        tally: What it brought.
        interval: Of its pass rate; None when nothing was observed.
        verdict: What follows.
        reason: As in ConditionResult, like the others.
        decided_at: Likewise.
        calls_to_decide: Likewise.
        evidence: Likewise.
        void_price: Likewise.
    """
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
        pass_rate=_rate(terms, tally),
        measure=terms.measure,
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        verdict=verdict,
        reason=reason,
        decided_at=decided_at,
        calls_to_decide=calls_to_decide,
        evidence=evidence,
        void_price=void_price,
        mean_score=tally.mean_score,
        constraints=_constraint_results(tally),
        repeat=tally.repeat_result() if terms.repeats > 1 else None,
        variants=_variant_results(tally),
    )


def _rate(terms: Terms, tally: Tally[AnyCounts]) -> float | None:
    if terms.measure == "score":
        return tally.mean_score
    return tally.units.passes / tally.units.trials if tally.units.trials else None


def verdict_of(interval: Interval | None, threshold: float) -> Verdict:
    """Read a verdict off an interval."""
    if interval is None:
        return "edge"
    if interval.low > threshold:
        return "usable"
    return "unusable" if interval.high < threshold else "edge"


def _constraint_results(tally: Tally[AnyCounts]) -> tuple[ConstraintResult, ...]:
    results = []
    for name, counts in tally.constraints.items():
        interval = counts.interval()
        results.append(
            ConstraintResult(
                constraint=name,
                trials=counts.trials,
                passes=counts.passes,
                pass_rate=counts.passes / counts.trials,
                low=interval.low,
                high=interval.high,
            )
        )
    return tuple(results)


def _variant_results(tally: Tally[AnyCounts]) -> tuple[VariantResult, ...]:
    results = []
    for name, counts in sorted(tally.variants.items()):
        units = counts.units
        if units.trials:
            interval = units.interval()
            results.append(
                VariantResult(
                    variant=name,
                    trials=units.trials,
                    passes=units.passes,
                    pass_rate=units.passes / units.trials,
                    low=interval.low,
                    high=interval.high,
                    lost=None if counts.constraint is None else counts.lost,
                )
            )
    return tuple(results)
