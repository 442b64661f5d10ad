"""What the terminal says of a run's money below its cost: what the provider's cache gave, and whose prices hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalkit.adapter import Quote
from evalkit.plain import one_line, percent, usd
from evalkit.verdict import SuiteResult

_MILLION = 1e6
_WIDTH = 100


def cost_told(*results: SuiteResult) -> str:
    """What one run or several cost together; at least what is known of it, where some is not.

    Args:
        results: At least one.
    """
    parts = [_known(result) if (cost := result.totals.cost_usd) is None else (cost, 0) for result in results]
    known, unpriced = (sum(part) for part in zip(*parts, strict=True))
    if all(result.totals.cost_usd is not None for result in results):
        return usd(known)
    if not known:
        return "cost unknown" if any(result.totals.calls for result in results) else "nothing spent"
    answers = "" if not unpriced else f" ({unpriced:,} answer{'' if unpriced == 1 else 's'} of unknown cost)"
    return f"at least {usd(known)}{answers}"


def _known(result: SuiteResult) -> tuple[float, int]:
    spends = [task.spend for task in result.tasks]
    return sum(spend.known_usd for spend in spends), sum(spend.unpriced for spend in spends)


def money_notes(result: SuiteResult, prices: Sequence[Quote]) -> Iterator[str]:
    """A line on the provider's cache, where it gave anything, and one on the prices, where there is a cost.

    Args:
        result: What was measured.
        prices: What its costs were reckoned by.
    """
    yield from _cache(result, prices)
    if result.totals.cost_usd is not None or _known(result)[0]:
        for quote in prices:
            yield f"prices of {one_line(quote.model, 40)}: {one_line(quote.told(), _WIDTH)}"


def _cache(result: SuiteResult, prices: Sequence[Quote]) -> Iterator[str]:
    spends = [task.spend for task in result.tasks]
    given = sum(spend.tokens_in or 0 for spend in spends)
    cached = sum(spend.tokens_cached or 0 for spend in spends)
    if not given or not cached:
        return
    written = sum(spend.tokens_cache_write or 0 for spend in spends)
    saved = _saved(cached, written, prices[0]) if len(prices) == 1 else None
    money = "" if saved is None or saved <= 0 else f", which saved {usd(saved)}"
    yield f"{percent(min(cached / given, 1.0))} % of the input came from the provider's cache{money}"


def _saved(cached: int, written: int, quote: Quote) -> float | None:
    """What reading from a cache saved, less what writing to it cost more; None when the prices do not say."""
    price = quote.price
    if price is None or price.cached is None:
        return None
    dearer = 0.0 if price.cache_write is None else price.cache_write - price.input
    return (cached * (price.input - price.cached) - written * dearer) / _MILLION * (1 - quote.discount)
