"""What a plan will take, before anything is spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from math import ceil, log2

from evalkit.perturb import count_tokens
from evalkit.plan import Plan
from evalkit.verdict import Terms, decidability, units_to_precision

_SAMPLED = 20
"""Prompts of a condition whose length stands for all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What one condition will take."""

    terms: Terms
    calls: int
    """At most."""
    expected_calls: Mapping[float, float]
    """By true pass rate: calls to the verdict, or until the hope of one or the budget ends."""
    tokens_per_call: float
    """Estimated by the reference counter from some of its prompts."""
    least_units: int | None
    """Passes in a row that would be called usable; None when no number would."""
    chances: Mapping[float, float]
    """By true pass rate: the chance of a verdict."""

    @property
    def tokens_in(self) -> int:
        """Of all calls, at most."""
        return round(self.tokens_per_call * self.calls)


def forecast(plan: Plan) -> list[Forecast]:
    """What each condition of a plan will take."""
    return [_forecast(plan, terms) for terms in plan.terms]


def _forecast(plan: Plan, terms: Terms) -> Forecast:
    lengths = [
        sum(count_tokens(message.content) for message in plan.prompt(terms, unit.item).messages)
        for unit in islice(plan.units(terms), _SAMPLED)
    ]
    can = decidability(terms)
    return Forecast(
        terms=terms,
        calls=terms.units * terms.repeats,
        expected_calls={rate: units * terms.repeats for rate, units in can.expected_units.items()},
        tokens_per_call=sum(lengths) / len(lengths) if lengths else 0.0,
        least_units=can.least_units,
        chances=can.chances,
    )


def expected_calls(plan: Plan, pass_rate: float) -> tuple[int, int]:
    """Calls until every condition that counts has its verdict, and until margins are measured, too.

    Args:
        plan: Of a run that stops by itself.
        pass_rate: At which all conditions pass; one of `ASSUMED_PASS_RATES`.

    Returns:
        Both; of a model at which a task fails, fewer are asked, since the first condition that fails decides it.
    """
    to_verdicts = to_margins = 0.0
    levels: dict[tuple[str, str], list[float]] = {}
    for terms in plan.terms:
        to_verdict = decidability(terms).expected_units[pass_rate]
        to_margin = units_to_precision(terms, pass_rate, plan.suite.precision)
        if terms.counts:
            to_verdicts += to_verdict * terms.repeats
            to_margins += max(to_verdict, to_margin) * terms.repeats
        elif terms.repeats > 1:
            to_margins += to_margin * terms.repeats
        elif terms.units:
            levels.setdefault((terms.task, terms.perturbation), []).append(to_verdict)
    for ladder in levels.values():
        # Bisection, where every level is usable.
        to_margins += ceil(log2(len(ladder) + 1)) * sum(ladder) / len(ladder)
    return round(to_verdicts), round(to_margins)
