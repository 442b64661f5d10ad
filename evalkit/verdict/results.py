"""What a run says, as plain values; `as_json` gives the published shape.

A value that was not measured is None, never 0. Nothing is rounded here but in `as_json`, to six significant digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from evalkit.plain import rounded
from evalkit.trial import Claim, Level, Measure
from evalkit.verdict.claims import Claims
from evalkit.verdict.conjunction import Conjunction
from evalkit.verdict.served import Served
from evalkit.verdict.terms import Reason, Verdict


def _margin(value: float | None, threshold: float) -> float | None:
    return None if value is None else value - threshold


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """How far a sequential test has come."""

    usable: float
    """Against "the pass rate is at most the threshold"; at least 0, 1 at the start."""
    unusable: float
    """Against "the pass rate is at least the threshold"."""
    needed: tuple[float, float]
    """What `usable` and `unusable` must reach."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "usable": rounded(self.usable),
            "unusable": rounded(self.unusable),
            "needed": [rounded(value) for value in self.needed],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ConstraintResult:
    """How often one constraint held."""

    constraint: str
    trials: int
    """Units in which it was checked."""
    passes: int
    """Units in which it held in every ask."""
    pass_rate: float
    low: float
    """Each end errs with chance alpha; no verdict hangs on a constraint."""
    high: float

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "constraint": self.constraint,
            "trials": self.trials,
            "passes": self.passes,
            "pass_rate": rounded(self.pass_rate),
            "low": rounded(self.low),
            "high": rounded(self.high),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class VariantResult:
    """How one of several forms of the prompt did: a wording of the instruction, or a contradicted constraint."""

    variant: str
    """Such as `paraphrase 3` or `conflict words`."""
    trials: int
    """Units that were observed."""
    passes: int
    pass_rate: float
    low: float
    """Each end errs with chance alpha; no verdict hangs on a variant."""
    high: float
    lost: int | None = None
    """Units in which the contradicted constraint did not hold; None where the variant contradicts none."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "variant": self.variant,
            "trials": self.trials,
            "passes": self.passes,
            "pass_rate": rounded(self.pass_rate),
            "low": rounded(self.low),
            "high": rounded(self.high),
            "lost": self.lost,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class RepeatResult:
    """What asking the same items again and again showed."""

    k: int
    """Asks an item."""
    items: int
    """Units with an observation."""
    pass_hat_k: tuple[float, ...] | None
    """For 1 to k: the chance that so many repeats of an item all pass, from units with all k asks observed."""
    standard_error: tuple[float, ...] | None
    """Of each of these; None when a single item or cluster was observed."""
    consistent: float
    """Share of units that passed every ask."""
    agreement: float | None
    """Mean share of pairs of repeats with the same outcome."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        errors = self.standard_error
        return {
            "k": self.k,
            "items": self.items,
            "pass_hat_k": None if self.pass_hat_k is None else [rounded(value) for value in self.pass_hat_k],
            "standard_error": None if errors is None else [rounded(value) for value in errors],
            "consistent": rounded(self.consistent),
            "agreement": rounded(self.agreement),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ConditionResult:
    """What is known of one condition."""

    condition: str
    perturbation: str
    level: Level | None
    counts: bool
    threshold: float
    trials: int
    """Units that were observed."""
    passes: int
    void: int
    """Units without an observation."""
    pass_rate: float | None
    """Of the observed units."""
    low: float | None
    """As if every void unit had failed."""
    high: float | None
    """As if every void unit had passed."""
    verdict: Verdict
    reason: Reason | None
    """Why it is at the edge; None when it is not, or when the condition has not come to its end yet."""
    decided_at: int | None
    """How many units of the plan the verdict took."""
    calls_to_decide: int | None
    """Of a condition at the edge: further calls until the same pass rate would be a verdict; None when out of sight."""
    evidence: Evidence | None
    """None when nothing sequential was computed."""
    void_price: int | None
    """Calls that it takes to make up for the void units, which count against either verdict; None without any."""
    mean_score: float | None
    constraints: tuple[ConstraintResult, ...]
    """Published with the task, of its weakest condition."""
    repeat: RepeatResult | None
    """Published with the task; None unless the condition asks again and an item was observed."""
    variants: tuple[VariantResult, ...] = ()
    """By name; empty where every item is asked in the same form."""
    measure: Measure = "pass"
    """What the threshold, and with it low, high and margin, is for: the pass rate, or the mean score."""
    mean_loss: float | None = None
    """How unlikely the model finds the right answers, in nats per token; None where it does not say."""
    conjunction: Conjunction | None = None
    """Published with the task, of its weakest condition; None for a single constraint."""

    @property
    def rate(self) -> float | None:
        """What is compared with the threshold: the pass rate, or the mean score."""
        return self.pass_rate if self.measure == "pass" else self.mean_score

    @property
    def margin(self) -> float | None:
        """Rate minus threshold."""
        return _margin(self.rate, self.threshold)

    @property
    def margin_low(self) -> float | None:
        """The margin that is guaranteed."""
        return _margin(self.low, self.threshold)

    @property
    def margin_high(self) -> float | None:
        """The margin that is not exceeded."""
        return _margin(self.high, self.threshold)

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "condition": self.condition,
            "perturbation": self.perturbation,
            "level": self.level,
            "counts": self.counts,
            "threshold": rounded(self.threshold),
            "measure": self.measure,
            "trials": self.trials,
            "passes": self.passes,
            "void": self.void,
            "pass_rate": rounded(self.pass_rate),
            "low": rounded(self.low),
            "high": rounded(self.high),
            "margin": rounded(self.margin),
            "margin_low": rounded(self.margin_low),
            "margin_high": rounded(self.margin_high),
            "verdict": self.verdict,
            "reason": self.reason,
            "decided_at": self.decided_at,
            "calls_to_decide": self.calls_to_decide,
            "evidence": None if self.evidence is None else self.evidence.as_json(),
            "void_price": self.void_price,
            "mean_score": rounded(self.mean_score),
            "mean_loss": rounded(self.mean_loss),
            "variants": [variant.as_json() for variant in self.variants],
        }


Fit: TypeAlias = Literal["ok", "poor", "separated", "beyond the tested range", "open", "not monotone", "too few levels"]
"""What became of the curve through a ladder's levels.

- `ok`: it is a fair picture of them.
- `poor`: they lie further from it than chance explains; the estimate may be far off.
- `separated`: every tested level always passes or always fails, so how steep the curve is stays unknown. No estimate.
- `beyond the tested range`: the threshold is likely met beyond the easiest or the hardest tested level. No estimate.
- `open`: so few trials that it may be met anywhere. No estimate.
- `not monotone`: a harder level surely passes more often than an easier one, so nothing was fitted.
- `too few levels`: fewer than two with a trial, so nothing was fitted.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class CriticalLevel:
    """Where along the levels of a perturbation or axis the pass rate meets the threshold.

    `usable_to` and `unusable_from` are verdicts of tested levels, with their error rates. The estimate and its interval
    are model-based: they hold if the pass rate falls along a logistic curve. They never contradict the verdicts.
    """

    perturbation: str
    usable_to: Level | None
    """The hardest usable level before the first that is unusable, or that counts and is not usable (with `strict`, that
    is not usable); None when there is none. Easier levels without a verdict are taken to be no harder."""
    unusable_from: Level | None
    """The easiest level that is unusable; None when none is."""
    estimate: float | None = None
    """Of a fitted curve, in levels; None when there is none, as where levels are words."""
    low: float | None = None
    """95 % credible interval around the estimate, in levels, low ≤ high, also where smaller numbers are harder. None
    where an end lies beyond the tested levels, or nothing was fitted."""
    high: float | None = None
    fit: Fit | None = None
    """None where no curve is thought of: levels are words, or the threshold is 0 or 1."""
    contradiction: tuple[Level, Level] | None = None
    """An easier level and a harder one that surely passes more often; None when there is no such pair."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "perturbation": self.perturbation,
            "usable_to": self.usable_to,
            "unusable_from": self.unusable_from,
            "estimate": rounded(self.estimate),
            "low": rounded(self.low),
            "high": rounded(self.high),
            "fit": self.fit,
            "contradiction": None if self.contradiction is None else list(self.contradiction),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Spend:
    """What a task took; None where the provider does not say or nothing was called."""

    cost_usd: float | None = None
    latency_p50_s: float | None = None
    latency_p95_s: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    tokens_cache_write: int | None = None
    tokens_reasoning: int | None = None
    known_usd: float = 0.0
    """Of the cost, what is known, even if some is not."""
    unpriced: int = 0
    """Answers whose cost is not known."""

    def as_json(self) -> dict[str, Any]:
        """The published shape: three keys of a task."""
        return {
            "cost_usd": rounded(self.cost_usd),
            "latency_s": {"p50": rounded(self.latency_p50_s), "p95": rounded(self.latency_p95_s)},
            "tokens": {
                "in": self.tokens_in,
                "out": self.tokens_out,
                "cached": self.tokens_cached,
                "cache_write": self.tokens_cache_write,
                "reasoning": self.tokens_reasoning,
            },
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskResult:
    """What is known of one task."""

    task: str
    threshold: float
    claim: Claim
    """Whether the verdict is about something larger than the items, or about them only."""
    verdict: Verdict
    weakest: ConditionResult | None
    """The counting condition nearest to failing, or furthest below; None when none was measured."""
    conditions: tuple[ConditionResult, ...]
    critical_levels: tuple[CriticalLevel, ...]
    repeat: RepeatResult | None
    spend: Spend

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        weakest = self.weakest
        conjunction = None if weakest is None else weakest.conjunction
        return {
            "task": self.task,
            "threshold": rounded(self.threshold),
            "claim": self.claim,
            "verdict": self.verdict,
            "weakest": None if weakest is None else weakest.condition,
            "margin": None if weakest is None else rounded(weakest.margin),
            "margin_low": None if weakest is None else rounded(weakest.margin_low),
            "margin_high": None if weakest is None else rounded(weakest.margin_high),
            "conditions": [condition.as_json() for condition in self.conditions],
            "constraints": [] if weakest is None else [constraint.as_json() for constraint in weakest.constraints],
            "conjunction": None if conjunction is None else conjunction.as_json(),
            "critical_levels": [level.as_json() for level in self.critical_levels],
            "repeat": None if self.repeat is None else self.repeat.as_json(),
            **self.spend.as_json(),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """What a run took."""

    calls: int
    void: int
    """Calls without an observation."""
    cost_usd: float | None
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "calls": self.calls,
            "void": self.void,
            "cost_usd": rounded(self.cost_usd),
            "seconds": rounded(self.seconds),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class SuiteResult:
    """What is known of one model on one suite."""

    suite: str
    model: str
    served_model: tuple[str, ...]
    """Every model id that the provider said it used."""
    verdict: Verdict
    tasks: tuple[TaskResult, ...]
    claims: Claims
    """Which of its verdicts can be read together."""
    totals: Totals
    served: tuple[Served, ...] = ()
    """Who answered, with how often; published by name, as `served_model`."""
    configured: tuple[Served, ...] = ()
    """Likewise the configurations (fingerprints) that the provider named, published as `fingerprint`."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "suite": self.suite,
            "model": self.model,
            "served_model": list(self.served_model),
            "fingerprint": [each.name for each in self.configured],
            "verdict": self.verdict,
            "tasks": [task.as_json() for task in self.tasks],
            "claims": self.claims.as_json(),
            "totals": self.totals.as_json(),
        }
