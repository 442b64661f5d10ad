"""What a plan will take, before anything is spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import ceil, log2
from types import MappingProxyType
from typing import Any, TypeAlias

from evalkit.adapter import Prices, chosen_limit
from evalkit.perturb import count_tokens
from evalkit.plan import Plan
from evalkit.verdict import Key, Terms, decidability, units_to_precision

Calls: TypeAlias = Mapping[Key, float]
"""How many, by condition."""

ASSUMED_ANSWER = 100
"""Tokens of an answer, which nobody knows beforehand: a sentence or two."""
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
    tokens_per_answer: int
    """Assumed: 100, or what the suite or the user allows if that is less."""
    least_units: int | None
    """Passes in a row that would be called usable; None when no number would."""
    chances: Mapping[float, float]
    """By true pass rate: the chance of a verdict."""

    @property
    def tokens_in(self) -> int:
        """Of all calls, at most."""
        return round(self.tokens_per_call * self.calls)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bill:
    """What some calls take; an estimate."""

    calls: int
    tokens_in: int
    tokens_out: int
    cost_usd: float | None
    """None: unknown."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        cost = None if self.cost_usd is None else round(self.cost_usd, 6)
        return {"calls": self.calls, "tokens_in": self.tokens_in, "tokens_out": self.tokens_out, "cost_usd": cost}


def forecast(plan: Plan, options: Mapping[str, Any] = MappingProxyType({})) -> list[Forecast]:
    """What each condition of a plan will take.

    Args:
        plan: What is asked.
        options: The user's settings of the model; they win over the suite's.
    """
    return [_forecast(plan, terms, options) for terms in plan.terms]


def _forecast(plan: Plan, terms: Terms, options: Mapping[str, Any]) -> Forecast:
    lengths = [
        sum(count_tokens(message.content) for message in plan.prompt(terms, unit.item).messages)
        for unit in islice(plan.units(terms), _SAMPLED)
    ]
    can = decidability(terms)
    limit = chosen_limit({**plan.suite.task(terms.task).sampling, **options})
    return Forecast(
        terms=terms,
        calls=terms.units * terms.repeats,
        expected_calls={rate: units * terms.repeats for rate, units in can.expected_units.items()},
        tokens_per_call=sum(lengths) / len(lengths) if lengths else 0.0,
        tokens_per_answer=min(ASSUMED_ANSWER, limit or ASSUMED_ANSWER),
        least_units=can.least_units,
        chances=can.chances,
    )


def expected_calls(plan: Plan, pass_rate: float) -> tuple[Calls, Calls]:
    """Calls until every condition that counts has its verdict, and until margins are measured, too.

    Args:
        plan: Of a run that stops by itself.
        pass_rate: At which all conditions pass; one of `ASSUMED_PASS_RATES`.

    Returns:
        Both, by condition; of a model at which a task fails, fewer are asked, since the first condition that fails
        decides it.
    """
    to_verdicts: dict[Key, float] = {}
    to_margins: dict[Key, float] = {}
    levels: dict[tuple[str, str], dict[Key, float]] = {}
    for terms in plan.terms:
        to_verdict = decidability(terms).expected_units[pass_rate]
        to_margin = units_to_precision(terms, pass_rate, plan.suite.precision)
        if terms.counts:
            to_verdicts[terms.key] = to_verdict * terms.repeats
            to_margins[terms.key] = max(to_verdict, to_margin) * terms.repeats
        elif terms.repeats > 1:
            to_margins[terms.key] = to_margin * terms.repeats
        elif terms.units:
            levels.setdefault((terms.task, terms.perturbation), {})[terms.key] = to_verdict
    for ladder in levels.values():
        # Bisection, where every level is usable; which ones it asks is not known before.
        share = ceil(log2(len(ladder) + 1)) / len(ladder)
        to_margins.update({key: calls * share for key, calls in ladder.items()})
    return to_verdicts, to_margins


def bill(conditions: Sequence[Forecast], calls: Calls, prices: Prices | None) -> Bill:
    """What calls take.

    Args:
        conditions: What each will take.
        calls: How many, by condition.
        prices: What they cost; None when nobody asks.
    """
    made = [(each, calls.get(each.terms.key, 0.0)) for each in conditions]
    costs = [] if prices is None else [_cost(each, number, prices) for each, number in made if number]
    return Bill(
        calls=round(sum(number for _, number in made)),
        tokens_in=round(sum(each.tokens_per_call * number for each, number in made)),
        tokens_out=round(sum(each.tokens_per_answer * number for each, number in made)),
        cost_usd=None if prices is None or None in costs else sum(cost for cost in costs if cost is not None),
    )


def _cost(condition: Forecast, calls: float, prices: Prices) -> float | None:
    each = prices.estimate(condition.tokens_per_call, condition.tokens_per_answer)
    return None if each is None else each * calls
