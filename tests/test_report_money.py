from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.adapter import Quote
from evalkit.adapter.card import Price
from evalkit.report import Provenance, render
from evalkit.report.money import cost_told, money_notes
from evalkit.verdict import Spend, SuiteResult, Totals
from tests.test_report_terminal import three_tasks

LISTED = Quote(
    model="openai/x", source="list", version="1.2", price=Price(input=2.0, output=8.0, cached=0.5, cache_write=2.5)
)
NOTE = "prices of openai/x: 2 USD per million tokens in, 8 out (list 1.2)"


def spent(*spends: Spend, cost_usd: float | None = 1.5) -> SuiteResult:
    found = three_tasks()
    tasks = tuple(
        replace(task, spend=spend)
        for task, spend in zip(found.tasks, (*spends, Spend(), Spend(), Spend()), strict=False)
    )
    return replace(found, tasks=tasks, totals=Totals(calls=1, void=0, cost_usd=cost_usd, seconds=1.0))


def cached(cached: int, *, given: int = 1_000_000, written: int | None = None) -> Spend:
    return Spend(tokens_in=given, tokens_cached=cached, tokens_cache_write=written)


def test_a_cost_is_shown_with_the_prices_that_it_was_reckoned_by() -> None:
    assert [NOTE] == list(money_notes(spent(), [LISTED]))
    stated = Quote(model="x-1", source="the provider", price=None)
    expected = [NOTE, "prices of x-1: as the provider states them with each answer"]
    assert expected == list(money_notes(spent(), [LISTED, stated]))


def test_without_a_cost_prices_say_nothing() -> None:
    assert [] == list(money_notes(spent(cost_usd=None), [LISTED]))


def test_the_providers_cache_is_told_with_what_it_saved() -> None:
    """Of all tasks: 800,000 of 2,000,000 tokens at 1.50 USD a million less."""
    told, _ = money_notes(spent(cached(300_000), cached(500_000)), [LISTED])
    assert "40.0 % of the input came from the provider's cache, which saved 1.20 USD" == told


def test_what_writing_to_the_cache_cost_more_is_not_saved() -> None:
    told, _ = money_notes(spent(cached(400_000, written=200_000)), [LISTED])
    assert "40.0 % of the input came from the provider's cache, which saved 0.50 USD" == told


def test_a_discount_saves_less() -> None:
    told, _ = money_notes(spent(cached(400_000)), [replace(LISTED, discount=0.5)])
    assert told.endswith(", which saved 0.30 USD")


@pytest.mark.parametrize(
    "prices",
    [
        [],
        [replace(LISTED, price=None)],
        [replace(LISTED, price=Price(input=2.0, output=8.0))],  # no price of its own for what is cached
        [LISTED, replace(LISTED, model="y")],  # which of them saved what is not known
        [replace(LISTED, price=Price(input=2.0, output=8.0, cached=2.0))],
    ],
)
def test_what_was_saved_is_told_only_if_it_is_known(prices: list[Quote]) -> None:
    expected = ["40.0 % of the input came from the provider's cache"]
    assert expected == list(money_notes(spent(cached(400_000), cost_usd=None), prices))


@pytest.mark.parametrize("spend", [Spend(), cached(0), Spend(tokens_in=5), Spend(tokens_cached=5)])
def test_a_cache_that_gave_nothing_or_that_nobody_told_of_is_not_spoken_of(spend: Spend) -> None:
    assert [] == list(money_notes(spent(spend, cost_usd=None), [LISTED]))


def test_a_provider_that_counts_more_cached_input_than_input_is_not_quoted_above_the_whole() -> None:
    told, _ = money_notes(spent(cached(9, given=5)), [LISTED])
    assert told.startswith("100.0 % of")


@pytest.mark.parametrize(
    ("spends", "told"),
    [
        ([Spend(unpriced=5)], "cost unknown"),
        ([Spend(known_usd=1.25, unpriced=1)], "at least 1.25 USD (1 answer of unknown cost)"),
        (
            [Spend(known_usd=1.25, unpriced=1200), Spend(known_usd=1.0)],
            "at least 2.25 USD (1,200 answers of unknown cost)",
        ),
        ([Spend(known_usd=1.25), Spend()], "at least 1.25 USD"),  # the other task's calls brought no answer
    ],
)
def test_a_cost_that_is_known_in_part_is_told_as_the_least(spends: list[Spend], told: str) -> None:
    found = spent(*spends, cost_usd=None)
    assert told == cost_told(found)
    assert ([NOTE] if "at least" in told else []) == list(money_notes(found, [LISTED]))


def test_a_run_that_made_no_call_spent_nothing() -> None:
    none = replace(spent(cost_usd=None), totals=Totals(calls=0, void=0, cost_usd=None, seconds=0.0))
    assert "nothing spent" == cost_told(none)


def test_what_several_runs_cost_is_told_together() -> None:
    known, unknown = spent(cost_usd=0.5), spent(Spend(unpriced=5), cost_usd=None)
    assert "1.00 USD" == cost_told(known, known)
    assert "cost unknown" == cost_told(unknown, unknown)
    assert "at least 0.50 USD (5 answers of unknown cost)" == cost_told(known, unknown)


def test_a_cost_that_is_known_is_told_as_it_is() -> None:
    assert "0.0012 USD" == cost_told(spent(cost_usd=0.0012))


def test_the_report_says_it_below_the_cost_within_its_width() -> None:
    provenance = Provenance(folder="runs/x", seed=0, confidence=0.95, prices=(LISTED, replace(LISTED, model="y" * 90)))
    lines = render(spent(cached(400_000)), provenance).splitlines()
    place = lines.index("1 calls, 1.50 USD, 1.0 s")
    assert lines[place + 1].startswith("40.0 % of the input")
    assert lines[place + 2] == NOTE
    assert max(map(len, lines)) <= 80
