"""The price list: the only door to genai-prices, whose data travels with it, so that nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from evalkit.adapter.card import Card, Price
from evalkit.adapter.quote import Quote, Tokens

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

LIBRARY = "genai-prices"

_PER_CALL = frozenset({"requests_kcount", "output_reasoning_mtok", "output_citation_mtok"})
"""What some calls cost beside their tokens in and out; the library adds it up."""


class Listed:
    """What the price list says of one model.

    Args:
        entry: The model there.
        model: Its name, for the record.
    """

    def __init__(self, entry: ModelInfo, model: str) -> None:
        self._entry, self._model = entry, model
        self._quotes: dict[int, Quote] = {}
        """By which of the model's prices holds."""

    def at(self, time: datetime) -> Quote | None:
        """The prices that hold at a time; None when the list has none for text."""
        found = self._entry.get_prices(time)
        quote = self._quotes.get(id(found))
        if quote is None:
            price = _price(found)
            if price is None:
                return None
            quote = Quote(
                model=self._model,
                source=LIBRARY,
                version=version(LIBRARY),
                price=price,
                above=_above(found),
            )
            self._quotes[id(found)] = quote
        return quote

    def beyond(self, time: datetime, tokens: Tokens) -> float:
        """What a call costs at a time where the figures of `at` do not say."""
        from genai_prices import Usage

        usage = Usage(
            input_tokens=tokens.given,
            output_tokens=tokens.answered,
            cache_read_tokens=tokens.cached,
            cache_write_tokens=tokens.written,
            output_reasoning_tokens=tokens.reasoning,
        )
        return float(self._entry.get_prices(time).calc_price(usage)["total_price"])


def price_list(card: Card, address: str) -> Callable[[str], Listed | None]:
    """What looks a model up in the list.

    Whose prices hold at an address: the card's provider's at the card's own address; elsewhere those of the provider
    whom the list knows by the address, else those that the card names in `price_provider`.

    Args:
        card: The provider's.
        address: Where it is asked; not one of this machine or network, whose prices no list can know.
    """

    @cache
    def look_up(model: str) -> Listed | None:
        # Imported here: a run that needs no list is spared 0.2 s.
        from genai_prices.data_snapshot import get_snapshot

        ways: list[tuple[str | None, str | None]] = [(card.price_provider or card.name, None)]
        if card.base_url is not None and urlsplit(address).netloc != urlsplit(card.base_url).netloc:
            ways = [(None, address), *([(card.price_provider, None)] if card.price_provider else [])]
        for provider, url in ways:
            try:
                found, entry = get_snapshot().find_provider_model(model, None, provider, url)
            except LookupError:
                continue
            known = [entry.prices] if not isinstance(entry.prices, list) else [each.prices for each in entry.prices]
            if any(_price(each) is not None for each in known):
                return Listed(entry, f"{found.id}/{entry.id}")
        return None

    return look_up


def _price(found: ModelPrice) -> Price | None:
    given, asked = _base(found.input_mtok), _base(found.output_mtok)
    if given is None or asked is None:  # of a model that embeds, speaks or paints, or one whose price is not known
        return None
    return Price(
        input=given, output=asked, cached=_base(found.cache_read_mtok), cache_write=_base(found.cache_write_mtok)
    )


def _base(price: object) -> float | None:
    """Below the first tier."""
    return None if price is None else float(getattr(price, "base", price))  # type: ignore[arg-type]


def _above(found: ModelPrice) -> int | None:
    """Tokens of input up to which the base figures hold; -1 where they never say everything."""
    named = {name: price for name, price in vars(found).items() if price is not None}
    if named.keys() & _PER_CALL:
        return -1
    tiers: list[TieredPrices] = [price for price in named.values() if hasattr(price, "tiers")]
    return min((tier.start for price in tiers for tier in price.tiers), default=None)
