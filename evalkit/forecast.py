"""What a plan will take, before anything is spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from evalkit.perturb import count_tokens
from evalkit.plan import Plan
from evalkit.verdict import Terms, decidability

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


def expected_calls(plan: Plan, pass_rate: float) -> int:
    """Calls until every condition that counts has its verdict, if all pass at one of `ASSUMED_PASS_RATES`."""
    counting = [terms for terms in plan.terms if terms.counts]
    return round(sum(decidability(terms).expected_units[pass_rate] * terms.repeats for terms in counting))
