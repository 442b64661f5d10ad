"""What a model's calls cost, by the first source that knows: the provider itself, the project, the card, the list.

The provider's own statement comes with each reply. All other sources say what a million tokens cost; they are asked for
the model by the name that the user gave, then by the one that the provider says it used (an alias, a deployment).
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from math import ceil
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from pydantic import ValidationError

from evalkit.adapter.card import Price
from evalkit.adapter.endpoint import Endpoint, full_name
from evalkit.adapter.price_list import price_list
from evalkit.adapter.quote import Quote, Tokens, tokens_charged
from evalkit.adapter.wire import Request
from evalkit.errors import AdapterError, did_you_mean
from evalkit.trial import Response

PRICE_FILE = "prices.toml"
"""Of the current folder: prices by full model name, which win over cards and the price list."""
STATED = "the provider"
"""The source of costs that come with each reply."""

_LEAST_ANSWER = 1_024
_CAUTION = 1.5
"""How much longer than the longest so far an answer is taken to be at most, when nothing limits it."""
_BYTES_A_TOKEN = 3
"""Fewer than tokenizers of today need on average: English has 4 to 5, most other languages 3."""
_OF_A_LIMIT = ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens", "num_predict")


class Tariff(Protocol):
    """What one source says of one model."""

    def at(self, time: datetime) -> Quote | None:
        """The prices that hold at a time; None when it has none."""

    def beyond(self, time: datetime, tokens: Tokens) -> float | None:
        """What a call costs at a time where the figures of `at` do not say; None when that is not known."""


class Fixed:
    """Prices that do not change."""

    def __init__(self, quote: Quote) -> None:
        self._quote = quote

    def at(self, time: datetime) -> Quote:
        """The same at any time."""
        return self._quote

    def beyond(self, time: datetime, tokens: Tokens) -> None:
        """They say everything."""


Source = Callable[[str], Tariff | None]
"""Looks a model up by its name without the provider."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Prices:
    """What calls of one model cost, and how much they may cost at most.

    Args:
        model: Its name without the provider.
        sources: In the order in which they count.
        discount: The part of their prices that is saved, 0 to 1, such as by a batch.
        clock: Gives the time, with a zone.
    """

    def __init__(
        self,
        model: str,
        sources: Sequence[Source],
        *,
        discount: float = 0.0,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._model, self._sources, self._discount, self._clock = model, sources, discount, clock
        self._tariffs: dict[str | None, Tariff | None] = {}
        """By the name that the provider says it used."""
        self._full: Quote | None = None
        self._less: Quote | None = None
        """`_full` with the discount."""
        self._served: str | None = None
        self._longest = 0
        self._used: dict[Quote, None] = {}
        self._last: Quote | None = None

    def discounted(self, share: float) -> Prices:
        """The same prices less a share of them, 0 to 1."""
        return Prices(self._model, self._sources, discount=share, clock=self._clock)

    @property
    def quote(self) -> Quote | None:
        """The prices that hold now; None when no source knows the model."""
        return self._found(self._clock())[1]

    @property
    def used(self) -> tuple[Quote, ...]:
        """Every price that an answer was reckoned by."""
        return tuple(self._used)

    def usd(self, response: Response) -> float | None:
        """What a response cost; None when that is not known."""
        self._longest = max(self._longest, response.tokens_out or 0)
        if response.cost_usd is not None:
            self._note(Quote(model=response.served_model or self._model, source=STATED, price=None))
            return response.cost_usd
        self._served = response.served_model or self._served
        tokens = tokens_charged(response)
        if tokens is None and response.finish_reason == "context_overflow":
            return 0.0  # refused before a token was read
        return None if tokens is None else self._reckoned(tokens, note=True)

    def estimate(self, tokens_in: float, tokens_out: float) -> float | None:
        """What a call of so many tokens costs, none of them cached; None when that is not known."""
        return self._reckoned(Tokens(round(tokens_in), round(tokens_out)))

    def at_most(self, request: Request) -> float | None:
        """What a call may cost at most, as far as that can be known before it is made; None when no price is known.

        The input is taken to be a token every three bytes of the request; the output to be as long as the suite or the
        user lets it be, else half as long again as the longest so far, and 1,024 tokens at least.
        """
        quote = self.quote
        if quote is None or quote.price is None:
            return None
        asked = request.url + json.dumps(request.body, ensure_ascii=False)  # an application may be asked by its address
        given = ceil(len(asked.encode("utf-8", "replace")) / _BYTES_A_TOKEN)
        chosen: Mapping[str, Any] = {} if request.call is None else request.call.sampling
        answered = chosen_limit(chosen) or max(_LEAST_ANSWER, ceil(_CAUTION * self._longest))
        # All of it may be written to the cache, where that costs more than the input itself.
        written = given if (quote.price.cache_write or 0.0) > quote.price.input else 0
        return self._reckoned(Tokens(given, answered, 0, written))

    def _reckoned(self, tokens: Tokens, *, note: bool = False) -> float | None:
        time = self._clock()
        tariff, quote = self._found(time)
        if tariff is None or quote is None:
            return None
        if note and quote is not self._last:
            self._note(quote)
        cost = quote.usd(tokens)
        if cost is None and (beyond := tariff.beyond(time, tokens)) is not None:
            return beyond * (1 - self._discount)
        return cost

    def _found(self, time: datetime) -> tuple[Tariff | None, Quote | None]:
        tariff = self._tariff(self._served)
        found = None if tariff is None else tariff.at(time)
        if found is None or not self._discount:
            return tariff, found
        if found is not self._full:  # a call makes no new one
            self._full, self._less = found, replace(found, discount=self._discount)
        return tariff, self._less

    def _tariff(self, served: str | None) -> Tariff | None:
        if served not in self._tariffs:
            names = dict.fromkeys((self._model, served or self._model))
            found = (source(name) for name in names for source in self._sources)
            self._tariffs[served] = next((tariff for tariff in found if tariff is not None), None)
        return self._tariffs[served]

    def _note(self, quote: Quote) -> None:
        self._used[quote] = None
        self._last = quote


def chosen_limit(sampling: Mapping[str, Any]) -> int | None:
    """The most tokens that the suite or the user lets an answer have; None when they do not say.

    Args:
        sampling: What they set. What a wire format sets because it has to set something, nobody chose.

    >>> chosen_limit({"temperature": 0, "max_completion_tokens": 50})
    50
    """
    limits = [sampling.get(name) for name in _OF_A_LIMIT]
    return min((limit for limit in limits if type(limit) is int and limit > 0), default=None)


def prices_of(endpoint: Endpoint, given: Mapping[str, Price]) -> Prices:
    """What is known of a model's prices before it has answered.

    A server on this machine or network, or what is free, has no price unless somebody gives one: the list's are its
    provider's.

    Args:
        endpoint: The model.
        given: The project's prices, by full model name.
    """
    card = endpoint.card
    own = {name: f"{card.name}/{name}" for name in card.prices}

    def of_project(model: str) -> Tariff | None:
        name = full_name(card, model)
        return Fixed(Quote(model=name, source=PRICE_FILE, price=given[name])) if name in given else None

    def of_card(model: str) -> Tariff | None:
        source = f"the card of {card.name}"
        return Fixed(Quote(model=own[model], source=source, price=card.prices[model])) if model in own else None

    sources: list[Source] = [of_project, of_card]
    listed = card.transport == "library" or (card.transport == "http" and not is_near(endpoint.address))
    if listed and not card.free:
        sources.append(price_list(card, endpoint.address))
    return Prices(endpoint.model, sources)


def is_near(address: str) -> bool:
    """Whether an address is one of this machine or of its network.

    >>> [is_near(f"http://{host}/v1") for host in ("127.0.0.1:8000", "[::1]", "10.0.0.7", "ollama", "api.openai.com")]
    [True, True, True, True, False]
    """
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local"))


def price_file(folder: Path = Path()) -> dict[str, Price]:
    """The prices that a project gives, by full model name; none when it has no `prices.toml`.

    Raises:
        AdapterError: If the file cannot be read or is wrong; all its problems at once.
    """
    path = folder / PRICE_FILE
    if not path.is_file():
        return {}
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise AdapterError(f"{path}: found no readable prices ({error}), expected TOML") from error
    prices: dict[str, Price] = {}
    problems: list[str] = []
    for name, figures in data.items():
        try:
            prices[name] = Price.model_validate(figures)
        except ValidationError as error:
            problems += [f"{path}: {_explain(name, problem)}" for problem in error.errors(include_url=False)]
        if not any(mark in name.strip("/:") for mark in "/:"):
            problems.append(f'{path}: "{name}": expected a model as in --model, such as ["openai/gpt-5-mini"]')
    if problems:
        raise AdapterError("\n".join(problems))
    return prices


def _explain(name: str, problem: Any) -> str:
    key = ".".join([f'"{name}"', *(str(part) for part in problem["loc"])])
    if problem["type"] == "extra_forbidden":
        return f"{key}: no such key. {did_you_mean(str(problem['loc'][-1]), Price.model_fields)}"
    if problem["type"] == "missing":
        return f"{key}: missing, expected US dollars per million tokens"
    if not problem["loc"]:
        return f"{key}: found {problem['input']!r}, expected a table with input and output"
    return f"{key}: found {problem['input']!r}, expected US dollars per million tokens, 0 or more"
