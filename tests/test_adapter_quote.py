from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.adapter import Quote
from evalkit.adapter.card import Price
from evalkit.adapter.quote import Tokens, tokens_charged
from evalkit.trial import Response

FULL = Price(input=3.0, output=15.0, cached=0.3, cache_write=3.75)
COUNTS = st.none() | st.integers(min_value=0, max_value=10**9)


def quote(price: Price | None = FULL, *, above: int | None = None, discount: float = 0.0) -> Quote:
    return Quote(model="acme/x", source="test", price=price, above=above, discount=discount)


def test_each_kind_of_token_has_its_own_price() -> None:
    tokens = Tokens(given=1_000_000, answered=100_000, cached=600_000, written=100_000)
    assert pytest.approx(0.3 * 3.0 + 0.6 * 0.3 + 0.1 * 3.75 + 0.1 * 15.0) == quote().usd(tokens)


def test_cached_and_written_input_costs_as_other_input_where_nothing_else_is_said() -> None:
    plain = quote(Price(input=3.0, output=15.0))
    assert plain.usd(Tokens(1000, 10)) == plain.usd(Tokens(1000, 10, cached=500, written=400))


def test_a_discount_takes_its_share_off() -> None:
    tokens = Tokens(1000, 1000)
    assert pytest.approx(0.5 * (quote().usd(tokens) or 0)) == quote(discount=0.5).usd(tokens)


def test_figures_say_nothing_of_a_call_above_their_tier() -> None:
    tiered = quote(above=200_000)
    assert (True, False) == tuple(tiered.usd(Tokens(given, 1)) is not None for given in (200_000, 200_001))
    assert quote(above=-1).usd(Tokens(0, 1)) is None


def test_without_figures_only_the_provider_knows() -> None:
    assert quote(None).usd(Tokens(1, 1)) is None


def test_prices_are_told_with_their_source() -> None:
    listed = Quote(model="x", source="list", version="1.2", price=FULL, above=200_000, discount=0.5)
    expected = "3 USD per million tokens in, 15 out, others above 200,000 tokens in, less 50 % (list 1.2)"
    assert expected == listed.told()
    assert "3 USD per million tokens in, 15 out (test)" == quote().told() == quote(above=-1).told()
    assert "as test states them with each answer" == quote(None).told()


def test_prices_are_recorded_with_their_figures() -> None:
    expected = {
        "model": "acme/x",
        "source": "test",
        "version": None,
        "price": {"input": 3.0, "output": 15.0, "cached": 0.3, "cache_write": 3.75},
        "above": None,
        "discount": 0.0,
    }
    assert expected == quote().as_json()
    assert quote(None).as_json()["price"] is None


@pytest.mark.parametrize("known", [{"tokens_in": 5}, {"tokens_out": 5}, {}])
def test_tokens_that_the_provider_does_not_count_are_not_charged_as_none(known: dict[str, int]) -> None:
    assert tokens_charged(Response(text="", **known)) is None  # type: ignore[arg-type]


@given(COUNTS, COUNTS, COUNTS)
def test_parts_never_make_more_than_the_whole(cached: int | None, written: int | None, reasoning: int | None) -> None:
    tokens = tokens_charged(
        Response(
            text="",
            tokens_in=1000,
            tokens_out=100,
            tokens_cached=cached,
            tokens_cache_write=written,
            tokens_reasoning=reasoning,
        )
    )
    assert tokens is not None
    assert (1000, 100) == tokens[:2]
    assert 0 <= tokens.cached + tokens.written <= 1000
    assert 0 <= tokens.reasoning <= 100
    assert 0 <= (quote().usd(tokens) or 0) <= 1000 * 3.75e-6 + 100 * 15e-6 + 1e-12


def test_parts_that_fit_are_taken_as_they_are() -> None:
    response = Response(
        text="", tokens_in=100, tokens_out=50, tokens_cached=60, tokens_cache_write=40, tokens_reasoning=30
    )
    assert Tokens(100, 50, cached=60, written=40, reasoning=30) == tokens_charged(response)
