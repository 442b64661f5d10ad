"""An endpoint: a model of a provider at an address, with the user's settings. Everything but the key."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from evalkit.adapter.card import KEY_VARIABLE, Card, check_address, names_key
from evalkit.adapter.catalogue import FoundCard
from evalkit.adapter.wire import Dialect, Request
from evalkit.aside import aside
from evalkit.errors import AdapterError
from evalkit.trial import Call

_NAMED_WITH_COLON = frozenset({"process", "python"})
_SEES_THE_TRIAL = frozenset({"local", "replay"})
"""Transports whose programs get the whole call, its place in the run included."""
_LIMIT = frozenset({"max_tokens", "max_completion_tokens"})
"""Two names of one setting."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Which model is asked, where, and how."""

    card: Card
    source: str
    """Where the card came from, for messages."""
    model: str
    """Without the provider."""
    address: str
    """The base URL; for programs the full model name."""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    """The user's settings; they win over the suite's."""

    @property
    def name(self) -> str:
        """The full model name, such as `openai/x` or `command:./answer.sh`."""
        return full_name(self.card, self.model)

    def request(self, call: Call, dialect: Dialect) -> Request:
        """Build the request for a call; pure.

        Raises:
            AdapterError: If the settings cannot be sent.
        """
        # Nobody is told the right answer who does not say how likely it is.
        target = call.target if self.card.scores_target else None
        call = dataclasses.replace(call, sampling=self._settings(call.sampling), target=target)
        with aside():
            built = dialect.build(call, self.model, self.address)
        body, url = built.body, built.url
        if self.card.query:
            url += ("&" if "?" in url else "?") + urlencode(self.card.query)
        if self.card.transport in _SEES_THE_TRIAL:
            # What may answer by it is part of what is asked: otherwise one answer would serve two trials.
            body = {**body, "trial": [call.task, call.item, call.condition, call.repeat]}
        return dataclasses.replace(built, url=url, headers={**self.card.headers, **built.headers}, body=body, call=call)

    def _settings(self, suite: Mapping[str, Any]) -> dict[str, Any]:
        """What is sent: the card's settings, on top of them the suite's, and the user's on top of these."""
        settings: dict[str, Any] = {}
        for layer in (self.card.settings, suite, self.sampling):
            replaced = _LIMIT if _LIMIT & layer.keys() else frozenset()
            settings = {key: value for key, value in settings.items() if key not in replaced} | dict(layer)
        rename = self.card.rename_sampling
        return {rename.get(key, key): value for key, value in settings.items()}


def full_name(card: Card, model: str) -> str:
    """A model's name with its provider: a colon before programs, a slash before all others."""
    return f"{card.name}{':' if card.transport in _NAMED_WITH_COLON else '/'}{model}"


def endpoint_for(
    found: FoundCard, model: str, *, options: Mapping[str, Any], environment: Mapping[str, str]
) -> Endpoint:
    """Settle address and settings.

    The address is the first of: the option `base_url`, the environment variable that the card names, the card.

    Args:
        found: The provider's card.
        model: The model's name without the provider.
        options: `-M` settings: `base_url`, and sampling settings to send.
        environment: The real environment.

    Raises:
        AdapterError: If a setting is a key or no JSON value, the address is wrong, or a program is given one.
    """
    card = found.card
    for option, value in options.items():
        _check_option(option, value)
    sampling = {key: value for key, value in options.items() if key != "base_url"}
    address = full_name(card, model)
    if card.transport == "http":
        try:
            address = _with_path(check_address(_base_url(card, options, environment)), card, model)
        except ValueError as error:
            raise AdapterError(f'adapter "{card.name}": {error}') from error
    elif "base_url" in options:
        raise AdapterError(f'adapter "{card.name}": base_url: a program has no address; leave it out')
    return Endpoint(card=card, source=found.source, model=model, address=address, sampling=sampling)


def _check_option(name: str, value: Any) -> None:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        message = f'option "{name}": found {value!r:.80}, expected a finite number, a text or another JSON value'
        raise AdapterError(message) from error
    for part in _names({name: value}):
        # Every card's variable is named so, whichever provider is asked.
        if re.match(KEY_VARIABLE, part) or names_key(part):
            raise AdapterError(
                f'option "{part}": keys come from the environment only; `evalkit models` names the variables'
            )


def _names(value: Any) -> Iterator[str]:
    """Every name inside a JSON value."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield str(name)
            yield from _names(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _names(part)


def _with_path(address: str, card: Card, model: str) -> str:
    path = card.path.replace("{model}", quote(model, safe=""))
    return address if address.endswith(path) else address + path


def _base_url(card: Card, options: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    if "base_url" in options:
        return str(options["base_url"])
    named = environment.get(card.base_url_env, "") if card.base_url_env else ""
    if not named and card.base_url is None:
        raise ValueError(f"{card.base_url_env} is not set. Set it to your address there, or give -M base_url=https://…")
    return named or card.base_url or ""
