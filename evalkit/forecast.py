"""What a plan will take, before anything is spent."""

from __future__ import annotations

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
    tokens_in: int
    """Estimated by the reference counter from some of its prompts."""
    least_units: int | None
    """Passes in a row that would be called usable; None when no number would."""


def forecast(plan: Plan) -> list[Forecast]:
    """What each condition of a plan will take."""
    return [_forecast(plan, terms) for terms in plan.terms]


def _forecast(plan: Plan, terms: Terms) -> Forecast:
    lengths = [
        sum(count_tokens(message.content) for message in plan.prompt(terms, unit.item).messages)
        for unit in islice(plan.units(terms), _SAMPLED)
    ]
    calls = terms.units * terms.repeats
    mean = sum(lengths) / len(lengths) if lengths else 0.0
    return Forecast(
        terms=terms, calls=calls, tokens_in=round(mean * calls), least_units=decidability(terms).least_units
    )
