"""What the documentation of Anthropic, Google, Ollama and Cohere shows is what their dialects send and read."""

from __future__ import annotations

import pytest

from tests.exchanges import Exchange, check, exchanges_of


@pytest.mark.parametrize("exchange", exchanges_of("anthropic", "google", "ollama", "cohere"))
def test_a_documented_exchange_is_translated(exchange: Exchange) -> None:
    check(exchange)
