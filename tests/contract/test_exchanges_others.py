"""What the documentation of Anthropic, Google, Ollama and Cohere shows is what their dialects send and read."""

from __future__ import annotations

import pytest

from tests.exchanges import Exchange, check, check_odd, exchanges_of

PROVIDERS = ("anthropic", "google", "ollama", "cohere")
ANSWERS = [param for param in exchanges_of(*PROVIDERS) if param.values[0].reply["status"] == 200]


@pytest.mark.parametrize("exchange", exchanges_of(*PROVIDERS))
def test_a_documented_exchange_is_translated(exchange: Exchange) -> None:
    check(exchange)


@pytest.mark.parametrize("exchange", ANSWERS)
def test_a_reply_with_anything_anywhere_is_read_or_told_from_an_answer(exchange: Exchange) -> None:
    check_odd(exchange)
