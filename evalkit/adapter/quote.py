"""What calls of one model cost by one source, and what that makes of the tokens of a call."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from evalkit.adapter.card import Price
from evalkit.trial import Response

_MILLION = 1e6


class Tokens(NamedTuple):
    """What a call is charged for."""

    given: int
    """All of the input."""
    answered: int
    """All of the output."""
    cached: int = 0
    """Of the input, read from the provider's cache."""
    written: int = 0
    """Of the input, written to it; with `cached` at most all of it."""
    reasoning: int = 0
    """Of the output."""


def tokens_charged(response: Response) -> Tokens | None:
    """The tokens of a response; None when the provider does not say how many.

    Parts that are not named, or that make more than the whole, are taken as far as they can be true.
    """
    if response.tokens_in is None or response.tokens_out is None:
        return None
    cached = min(response.tokens_cached or 0, response.tokens_in)
    return Tokens(
        response.tokens_in,
        response.tokens_out,
        cached,
        min(response.tokens_cache_write or 0, response.tokens_in - cached),
        min(response.tokens_reasoning or 0, response.tokens_out),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Quote:
    """Prices of a model, and where they come from."""

    model: str
    """As the source calls it."""
    source: str
    version: str | None = None
    """Of the source, if it has one."""
    price: Price | None
    """None: the provider states what each call cost."""
    above: int | None = None
    """Tokens of input above which the source has other figures; -1 where the figures never say everything."""
    discount: float = 0.0
    """The part of the price that is saved, 0 to 1, such as by a batch."""

    def usd(self, tokens: Tokens) -> float | None:
        """What a call costs by these figures, in US dollars; None when they do not say."""
        price = self.price
        if price is None or (self.above is not None and tokens.given > self.above):
            return None
        given, answered, cached, written, _ = tokens
        cached_price = price.input if price.cached is None else price.cached
        written_price = price.input if price.cache_write is None else price.cache_write
        millionths = (
            (given - cached - written) * price.input
            + cached * cached_price
            + written * written_price
            + answered * price.output
        )
        return millionths / _MILLION * (1 - self.discount)

    def told(self) -> str:
        """The prices and their source for people."""
        where = f"{self.source} {self.version}" if self.version else self.source
        if self.price is None:
            return f"as {where} states them with each answer"
        tiers = f", others above {self.above:,} tokens in" if self.above is not None and self.above >= 0 else ""
        less = f", less {100 * self.discount:g} %" if self.discount else ""
        figures = f"{self.price.input:g} USD per million tokens in, {self.price.output:g} out"
        return f"{figures}{tiers}{less} ({where})"

    def as_json(self) -> dict[str, Any]:
        """As a run records it; figures in US dollars per million tokens."""
        return {**asdict(self), "price": None if self.price is None else self.price.model_dump()}
