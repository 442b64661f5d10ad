"""Open a model by its name. Nothing here touches the network."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evalkit.adapter.card import Card
from evalkit.adapter.catalogue import FoundCard, beside_card, dialect_of, find_cards, split_name
from evalkit.adapter.endpoint import Endpoint, endpoint_for
from evalkit.errors import AdapterError
from evalkit.transport.channel import Channel
from evalkit.transport.function import FunctionChannel, python_program
from evalkit.transport.model import Model
from evalkit.transport.process import ProcessChannel
from evalkit.transport.replay import replay_program
from evalkit.transport.retry import Retries

DEFAULT_TIMEOUT_S = 600.0
"""For one attempt. Long answers of slow models are often the wrong ones: cutting them off would bias a pass rate."""


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
) -> Model:
    """Find a model's adapter and make it ready to be asked.

    Args:
        name: `PROVIDER/MODEL`, or `PROVIDER:MODEL`.
        options: `-M` settings: `base_url` (the address), anything else is sent with every request.
        folders: Where to look for cards.
        allow_code: Whether `python:FILE:FUNCTION` may execute that file.
        timeout_s: For one attempt; 600 when None.
        code_folders: Folders whose Python may run besides the shipped one.
        environment: Where keys and addresses are looked up.
        need_key: False when requests are only built, never sent: then a key may be missing.

    Raises:
        AdapterError: If the name, a card, a setting or the environment is wrong.
    """
    if timeout_s is not None and timeout_s <= 0:
        raise AdapterError(f"timeout: found {timeout_s:g}, expected more than 0 seconds")
    found, model = split_name(name, find_cards(folders))
    endpoint = endpoint_for(found, model, options=options, environment=environment)
    key = _key(endpoint, environment) if need_key else None
    deadline_s = timeout_s or DEFAULT_TIMEOUT_S
    return Model(
        endpoint=endpoint,
        dialect=dialect_of(found, code_folders),
        channel=_http(found.card, key, deadline_s)
        if found.card.transport == "http"
        else _program(found, model, deadline_s, code_folders=code_folders, allow_code=allow_code),
        retries=Retries(sleep=asyncio.sleep, rng=random.Random()),
    )


def _key(endpoint: Endpoint, environment: Mapping[str, str]) -> str | None:
    card = endpoint.card
    if card.key_env is None:
        return None
    # A key read from a file often ends in a line break.
    key = environment.get(card.key_env, "").strip()
    if not key and card.key_required:
        raise AdapterError(
            f'adapter "{card.name}": {card.key_env} is not set. Export it, or change key_env in {endpoint.source}.'
        )
    if not (key.isascii() and key.isprintable()):
        raise AdapterError(f'adapter "{card.name}": {card.key_env} holds characters that no header can carry.')
    return key or None


def _http(card: Card, key: str | None, timeout_s: float) -> Channel:
    # Imported here: a run without a provider needs no HTTP client, and importing one takes a tenth of a second.
    from evalkit.transport.http import HttpChannel

    return HttpChannel(auth_header=card.auth_header, auth_prefix=card.auth_prefix, key=key, timeout_s=timeout_s)


def _program(
    found: FoundCard, model: str, timeout_s: float, *, code_folders: Sequence[Path], allow_code: bool
) -> Channel:
    card = found.card
    if card.transport == "process":
        return ProcessChannel(model, timeout_s=timeout_s)
    if card.transport == "replay":
        return FunctionChannel(replay_program(Path(model)), timeout_s=timeout_s)
    if card.transport == "python":
        return FunctionChannel(python_program(model, allow_code=allow_code), timeout_s=timeout_s)
    assert card.program is not None
    answer = getattr(beside_card(found, card.program, code_folders), "answer", None)
    if not callable(answer):
        raise AdapterError(f'{found.source}: program "{card.program}" has no function answer')
    return FunctionChannel(answer, timeout_s=timeout_s)
