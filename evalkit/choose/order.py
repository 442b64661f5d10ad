"""In which order candidates are asked: by the expected price of a call of this suite, the cheapest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from evalkit.adapter import Prices
from evalkit.engine.asked import Asked
from evalkit.forecast import Forecast, forecast
from evalkit.perturb import PERTURBATIONS
from evalkit.plan import Plan

_CHANGED = frozenset({*PERTURBATIONS, "repeat"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Entrant:
    """A model before it was asked."""

    model: str
    expected_per_1k: float | None
    """US dollars for 1,000 calls with items as they stand; 0 when free, None when unknown."""
    input_per_1k: float | None
    """Of these, what reading the questions costs: what no answer, however short, falls below."""
    expected_per_call: float | None
    """Over all conditions that count, some of which have longer prompts."""
    size: float | None
    """Parameters; None when nobody says."""


def is_plain(perturbation: str) -> bool:
    """Whether a condition asks items as they stand: `clean`, or the levels of a difficulty axis."""
    return perturbation not in _CHANGED


def entrant(plan: Plan, model: Asked, options: Mapping[str, Any]) -> Entrant:
    """What is known of a model before it is asked.

    Args:
        plan: What it will be asked.
        model: Is not asked yet.
        options: The user's settings of the model.
    """
    size = None if model.size is None else model.size.params
    if model.free:
        return Entrant(model=model.name, expected_per_1k=0.0, input_per_1k=0.0, expected_per_call=0.0, size=size)
    prices = model.prices
    quote = prices.quote
    if quote is None or quote.price is None:
        return Entrant(model=model.name, expected_per_1k=None, input_per_1k=None, expected_per_call=None, size=size)
    rows = [row for row in forecast(plan, options) if row.terms.counts and row.terms.units]
    plain = [row for row in rows if is_plain(row.terms.perturbation)] or rows
    return Entrant(
        model=model.name,
        expected_per_1k=_thousand(_mean(plain, prices)),
        input_per_1k=_thousand(_mean(plain, prices, answer=False)),
        expected_per_call=_mean(rows, prices),
        size=size,
    )


def in_order(entrants: Sequence[Entrant]) -> list[Entrant]:
    """Free ones first, then by price, then those whose price is unknown; among equals the smaller, then as given."""
    return sorted(entrants, key=lambda each: price_rank(each.expected_per_1k, each.size))


def price_rank(per_1k: float | None, size: float | None) -> tuple[float, float]:
    """What candidates are sorted by when cost is preferred."""
    return inf if per_1k is None else per_1k, inf if size is None else size


def _mean(rows: Sequence[Forecast], prices: Prices, *, answer: bool = True) -> float | None:
    """What a call costs, each task, and within it each condition, for the same share."""
    by_task: dict[str, list[float]] = {}
    for row in rows:
        cost = prices.estimate(row.tokens_per_call, row.tokens_per_answer if answer else 0)
        if cost is None:
            return None
        by_task.setdefault(row.terms.task, []).append(cost)
    means = [sum(costs) / len(costs) for costs in by_task.values()]
    return sum(means) / len(means) if means else None


def _thousand(cost: float | None) -> float | None:
    return None if cost is None else 1_000 * cost
