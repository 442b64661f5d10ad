"""Open a model by its name. Nothing here touches the network."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from evalkit.adapter.card import Card, Price
from evalkit.adapter.catalogue import FoundCard, beside_card, dialect_of, find_cards, split_name
from evalkit.adapter.endpoint import Endpoint, endpoint_for
from evalkit.adapter.environment import card_folders, env_file
from evalkit.adapter.prices import price_file, prices_of
from evalkit.errors import AdapterError
from evalkit.transport.channel import Channel
from evalkit.transport.deadline import CEILING_S, Deadlines
from evalkit.transport.function import FunctionChannel, python_program
from evalkit.transport.gate import Gate
from evalkit.transport.library import library_channel
from evalkit.transport.model import Model
from evalkit.transport.pace import Bounds, Pace
from evalkit.transport.process import ProcessChannel
from evalkit.transport.rate import Rate
from evalkit.transport.replay import replay_program
from evalkit.transport.retry import RULES, Retries
from evalkit.transport.traffic import Traffic

_AS_THE_CARD_SAYS = Bounds()


def open_model(
    name: str,
    *,
    options: Mapping[str, Any],
    folders: Sequence[Path],
    allow_code: bool,
    timeout_s: float | None,
    code_folders: Sequence[Path],
    environment: Mapping[str, str],
    need_key: bool = True,
    directory: Path | None = None,
    prices: Mapping[str, Price] = MappingProxyType({}),
    bounds: Bounds = _AS_THE_CARD_SAYS,
) -> Model:
    """Find a model's adapter and make it ready to be asked.

    Args:
        name: `PROVIDER/MODEL`, or `PROVIDER:MODEL`.
        options: `-M` settings: `base_url` (the address), anything else is sent with every request.
        folders: Where to look for cards.
        allow_code: Whether `python:FILE:FUNCTION` may execute that file.
        timeout_s: For one attempt, at most; 600 when None.
        code_folders: Folders whose Python may run besides the shipped one.
        environment: Where keys and addresses are looked up.
        need_key: False when requests are only built, never sent: then a key may be missing.
        directory: Where the files and programs that a name holds are looked for; the current folder when None.
        prices: Those that the project gives, by full model name.
        bounds: What calls to it never exceed; where it has none, those of the card hold.

    Raises:
        AdapterError: If the name, a card, a setting or the environment is wrong.
    """
    if timeout_s is not None and timeout_s <= 0:
        raise AdapterError(f"timeout: found {timeout_s:g}, expected more than 0 seconds")
    found, model = split_name(name, find_cards(folders))
    endpoint = endpoint_for(found, model, options=options, environment=environment)
    key = _key(endpoint, environment) if need_key else None
    deadline_s = timeout_s or CEILING_S
    traffic = _traffic(found.card, bounds, deadline_s)
    tasks: Collection[str] | None = None
    if found.card.transport == "http":
        channel = _http(found.card, key, deadline_s)
    elif found.card.transport == "local":
        channel, tasks = _local(found, deadline_s, code_folders)
    elif found.card.transport == "library":
        channel = library_channel(
            found,
            model,
            timeout_s=deadline_s,
            directory=directory or Path(),
            code_folders=code_folders,
            environment=environment,
        )
    else:
        channel = _named(found.card, model, deadline_s, allow_code=allow_code, directory=directory or Path())
    return Model(
        endpoint=endpoint,
        dialect=dialect_of(found, code_folders),
        channel=channel,
        retries=Retries(sleep=asyncio.sleep if traffic is None else traffic.rest, rng=random.Random()),
        tasks=tasks,
        batch=beside_card(found, found.card.batch, code_folders) if found.card.batch is not None else None,
        prices=prices_of(endpoint, prices),
        traffic=traffic,
    )


def _traffic(card: Card, own: Bounds, timeout_s: float) -> Traffic | None:
    """The pace and deadlines of calls to a model; None where there is nothing to keep: a program in this process."""
    limits = card.limits
    per_minute = None if limits.requests_per_minute is None else Rate(limits.requests_per_minute, 60.0)
    bounds = Bounds(
        concurrency=own.concurrency or limits.concurrency,
        rate=own.rate or per_minute,
        tokens_per_minute=own.tokens_per_minute or limits.tokens_per_minute,
    )
    adaptive = card.transport in {"http", "library"}
    if not adaptive and bounds.rate is None and bounds.tokens_per_minute is None and limits.concurrency is None:
        return None
    deadlines = Deadlines(timeout_s, last=RULES["timeout"].retries) if card.transport == "http" else None
    return Traffic(Gate(Pace(bounds, adaptive=adaptive)), deadlines)


class Opener(Protocol):
    """Opens a model by its name and settings."""

    def __call__(self, name: str, options: Mapping[str, Any], directory: Path | None = None) -> Model:
        """As `open_model`."""


def opener(
    adapters: Sequence[Path],
    *,
    allow_code: bool,
    timeout_s: float | None = None,
    need_key: bool = True,
    bounds: Bounds = _AS_THE_CARD_SAYS,
) -> Opener:
    """What opens models with the cards, keys and prices of the current folder, the environment and `adapters`.

    Args:
        adapters: Folders of cards and dialects that the user named; their Python may run.
        allow_code: As for `open_model`.
        timeout_s: As for `open_model`.
        need_key: As for `open_model`.
        bounds: As for `open_model`.

    Raises:
        AdapterError: If a card, the `.env` or the `prices.toml` is wrong.
    """
    found = card_folders(adapters)
    prices = price_file()
    variables = {**env_file(found), **os.environ}

    def open_by_name(name: str, options: Mapping[str, Any], directory: Path | None = None) -> Model:
        return open_model(
            name,
            options=options,
            folders=found,
            allow_code=allow_code,
            timeout_s=timeout_s,
            code_folders=adapters,
            environment=variables,
            need_key=need_key,
            directory=directory,
            prices=prices,
            bounds=bounds,
        )

    return open_by_name


def _key(endpoint: Endpoint, environment: Mapping[str, str]) -> str | None:
    card = endpoint.card
    if card.key_env is None:
        return None
    # A key read from a file often ends in a line break.
    found = (environment.get(name, "").strip() for name in (card.key_env, *card.key_env_also))
    key = next(filter(None, found), "")
    if not key and card.key_required:
        variables = " or ".join((card.key_env, *card.key_env_also))
        raise AdapterError(
            f'adapter "{card.name}": {variables} is not set. Export it, or write it into a file .env in this folder '
            f"(the variable is named by key_env in {endpoint.source})."
        )
    if not (key.isascii() and key.isprintable()):
        raise AdapterError(f'adapter "{card.name}": {card.key_env} holds characters that no header can carry.')
    return key or None


def _http(card: Card, key: str | None, timeout_s: float) -> Channel:
    # Imported here: a run without a provider needs no HTTP client, and importing one takes a tenth of a second.
    from evalkit.transport.http import HttpChannel

    return HttpChannel(
        auth_header=card.auth_header,
        auth_prefix=card.auth_prefix,
        key=key,
        timeout_s=timeout_s,
        idempotency_header=card.idempotency_header,
    )


def _local(found: FoundCard, timeout_s: float, code_folders: Sequence[Path]) -> tuple[Channel, Collection[str] | None]:
    """A program beside its card, and the tasks that it says it can be asked."""
    assert found.card.program is not None
    program = beside_card(found, found.card.program, code_folders)
    answer = getattr(program, "answer", None)
    if not callable(answer):
        raise AdapterError(f'{found.source}: program "{found.card.program}" has no function answer')
    return FunctionChannel(answer, timeout_s=timeout_s), getattr(program, "TASKS", None)


def _named(card: Card, model: str, timeout_s: float, *, allow_code: bool, directory: Path) -> Channel:
    """What a model's name itself says: a command, a recording, a function."""
    if card.transport == "process":
        return ProcessChannel(model, timeout_s=timeout_s, directory=directory)
    if card.transport == "replay":
        return FunctionChannel(replay_program(directory / model), timeout_s=timeout_s)
    return FunctionChannel(python_program(model, allow_code=allow_code, directory=directory), timeout_s=timeout_s)
