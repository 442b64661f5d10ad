"""Checked against the library itself: its figures change with every version."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import pytest
from genai_prices import Usage, calc_price

from evalkit.adapter import Card, card_from
from evalkit.adapter.price_list import Listed, price_list
from evalkit.adapter.quote import Tokens

DAY, NIGHT = datetime(2026, 10, 1, 12, tzinfo=UTC), datetime(2026, 10, 1, 20, tzinfo=UTC)


def card(name: str = "openai", **changes: Any) -> Card:
    data = {"about": "A.", "dialect": "openai-chat", "base_url": "https://api.openai.com/v1", "verified": False}
    return card_from({"name": name, **data, **changes}, source="test")


def listed(model: str, address: str = "https://api.openai.com/v1", **changes: Any) -> Listed | None:
    return price_list(card(**changes), address)(model)


def by_library(provider: str, model: str, tokens: Tokens, time: datetime) -> float:
    usage = Usage(
        input_tokens=tokens.given,
        output_tokens=tokens.answered,
        cache_read_tokens=tokens.cached,
        cache_write_tokens=tokens.written,
    )
    found = calc_price(usage, model, provider_id=provider, genai_request_timestamp=time)
    return float(found.total_price)


def reckoned(found: Listed, tokens: Tokens, time: datetime) -> float:
    quote = found.at(time)
    assert quote is not None
    cost = quote.usd(tokens)
    return found.beyond(time, tokens) if cost is None else cost


MODELS = [
    ("openai", "gpt-5-mini"),
    ("openai", "gpt-5-mini-2025-08-07"),  # a dated name
    ("openai", "gpt-5.6"),  # whose price has changed, and has tiers
    ("anthropic", "claude-sonnet-4-5"),  # tiers, and a price of writing to the cache
    ("deepseek", "deepseek-chat"),  # cheaper at night
    ("perplexity", "sonar-pro"),  # a price per call
]


@pytest.mark.parametrize(("provider", "model"), MODELS)
@pytest.mark.parametrize("given", [1_000, 199_000, 1_000_000])
def test_costs_are_those_of_the_library(provider: str, model: str, given: int) -> None:
    found = listed(model, name="x", price_provider=provider)
    assert found is not None
    tokens = Tokens(given, 777, cached=given // 2, written=given // 4)
    for time in (DAY, NIGHT, datetime(2026, 2, 1, tzinfo=UTC)):
        assert pytest.approx(by_library(provider, model, tokens, time)) == reckoned(found, tokens, time)


def test_what_is_cheaper_at_night_has_another_quote_then_and_each_is_made_once() -> None:
    found = listed("deepseek-chat", price_provider="deepseek")
    assert found is not None
    day, night = found.at(DAY), found.at(NIGHT)
    assert day != night
    assert found.at(DAY) is day
    assert found.at(NIGHT) is night


def test_a_quote_names_the_list_its_version_and_the_model_there() -> None:
    found = listed("gpt-5-mini-2025-08-07")
    quote = found.at(DAY) if found else None
    assert quote is not None
    assert ("openai/gpt-5-mini", "genai-prices", version("genai-prices")) == (quote.model, quote.source, quote.version)


@pytest.mark.parametrize("model", ["no-such-model-of-anybody", "text-embedding-3-small"])
def test_a_model_that_the_list_does_not_know_or_has_no_text_price_of_has_none(model: str) -> None:
    assert listed(model) is None


@pytest.mark.parametrize("name", ["ollama", "vllm", "llamacpp", "lmstudio", "localhost", "nobody"])
def test_who_is_not_in_the_list_has_no_prices_there(name: str) -> None:
    assert listed("gpt-5-mini", name=name) is None


def test_at_another_address_the_prices_are_those_of_who_is_there() -> None:
    """Not those of the provider whose wire format is spoken."""
    there = listed("openai/gpt-oss-120b", "https://api.groq.com/openai/v1")
    quote = there.at(DAY) if there else None
    assert quote is not None
    assert quote.model.startswith("groq/")
    assert listed("gpt-5-mini", "https://gateway.example.com/v1") is None


def test_whose_prices_a_card_names_hold_at_any_address_that_the_list_does_not_know() -> None:
    given = {"name": "proxied", "price_provider": "openai"}
    assert listed("gpt-5-mini", "https://gateway.example.com/v1", **given) is not None
    azure = listed("gpt-5-mini", "https://mine.openai.azure.com/openai/v1", **given)
    quote = azure.at(DAY) if azure else None
    assert quote is not None
    assert quote.model.startswith("azure/")


def test_a_library_in_between_is_priced_by_the_provider_that_it_calls() -> None:
    through = card(name="litellm", transport="library", program="litellm", base_url=None)
    found = price_list(through, "litellm/openai/gpt-5-mini")("openai/gpt-5-mini")
    quote = found.at(DAY) if found else None
    assert quote is not None
    assert "openai/gpt-5-mini" == quote.model
