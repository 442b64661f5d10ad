from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.adapter import ModelSize, Prices
from evalkit.adapter.card import Price
from evalkit.adapter.prices import Fixed
from evalkit.adapter.quote import Quote
from evalkit.choose.order import Entrant, entrant, in_order
from evalkit.plan import Scope, make_plan
from tests.runs import Scripted, make_suite


def known(name: str, per_1k: float | None, size: float | None = None) -> Entrant:
    return Entrant(model=name, expected_per_1k=per_1k, input_per_1k=None, expected_per_call=None, size=size)


def test_free_ones_come_first_by_size_then_by_price_then_those_of_unknown_price() -> None:
    given = [known("x", None), known("dear", 2), known("big", 0, 9e9), known("y", None), known("cheap", 1)]
    given += [known("unsized", 0), known("small", 0, 1e9)]
    assert ["small", "big", "unsized", "cheap", "dear", "x", "y"] == [each.model for each in in_order(given)]


class Priced(Scripted):
    """Takes 100 USD for a million tokens in, 1,000 for a million out."""

    free = False

    def __init__(self, *, known: bool = True, above: int | None = None) -> None:
        super().__init__()
        quote = Quote(model="x", source="t", price=Price(input=100, output=1000), above=above)
        self.prices = Prices("x", [lambda _: Fixed(quote) if known else None])


def test_a_price_is_that_of_items_as_they_stand_and_each_task_counts_the_same(tmp_path: Path) -> None:
    """Ten tokens out at most; the longer prompts of a perturbation make no item dearer as it stands."""
    short = {"max_tokens": 10}
    found = entrant(make_plan(make_suite(tmp_path), Scope()), Priced(), short)
    assert found.input_per_1k is not None
    assert pytest.approx(found.input_per_1k + 10) == found.expected_per_1k
    assert pytest.approx((found.expected_per_1k or 0) / 1000) == found.expected_per_call
    perturbed = make_suite(tmp_path, perturbations="{noise: [0.1], repeat: {times: 3, threshold: 0.5}}")
    assert (
        pytest.approx(found.expected_per_1k) == entrant(make_plan(perturbed, Scope()), Priced(), short).expected_per_1k
    )


def test_a_setting_of_the_user_counts_before_the_suites(tmp_path: Path) -> None:
    plan = make_plan(make_suite(tmp_path), Scope())
    few, many = (entrant(plan, Priced(), {"max_tokens": tokens}).expected_per_1k or 0 for tokens in (10, 50))
    assert pytest.approx(40) == many - few


def test_what_is_free_costs_nothing_and_a_price_that_nobody_knows_is_none(tmp_path: Path) -> None:
    plan, sized = make_plan(make_suite(tmp_path), Scope()), Scripted()
    sized.size = ModelSize(params=1e6)
    assert (0.0, 0.0, 1e6) == ((found := entrant(plan, sized, {})).expected_per_1k, found.expected_per_call, found.size)
    assert (None, None) == ((found := entrant(plan, Priced(known=False), {})).expected_per_1k, found.expected_per_call)


def test_a_price_that_says_nothing_of_such_long_questions_is_not_known(tmp_path: Path) -> None:
    found = entrant(make_plan(make_suite(tmp_path), Scope()), Priced(above=3), {})
    assert (None, None) == (found.expected_per_1k, found.input_per_1k)
