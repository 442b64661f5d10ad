"""Conditions of a ladder of levels with given counts, for whoever tests what is said of them."""

from __future__ import annotations

from evalkit.stats import clopper_pearson
from evalkit.trial import Level
from evalkit.verdict import ConditionResult
from evalkit.verdict.fixed import verdict_of


def condition_at(
    level: Level, passes: int, trials: int, *, threshold: float, counts: bool = False, perturbation: str = "noise"
) -> ConditionResult:
    """What a number of trials that was fixed beforehand says of a level."""
    interval = clopper_pearson(passes, trials, alpha_low=0.025, alpha_high=0.025) if trials else None
    return ConditionResult(
        condition=f"{perturbation}@{level}",
        perturbation=perturbation,
        level=level,
        counts=counts,
        threshold=threshold,
        trials=trials,
        passes=passes,
        void=0,
        pass_rate=passes / trials if trials else None,
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        verdict=verdict_of(interval, threshold),
        reason=None,
        decided_at=None,
        calls_to_decide=None,
        evidence=None,
        void_price=None,
        mean_score=None,
        constraints=(),
        repeat=None,
    )
