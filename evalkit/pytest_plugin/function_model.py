"""A Python function of the test's own as a model: the application itself, or a stand-in."""

from __future__ import annotations

import asyncio
import inspect
import os
import random
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from evalkit.adapter.catalogue import dialect_of, find_cards, split_name
from evalkit.adapter.endpoint import endpoint_for
from evalkit.adapter.environment import card_folders
from evalkit.transport import Model
from evalkit.transport.deadline import CEILING_S
from evalkit.transport.function import FunctionChannel, Given
from evalkit.transport.retry import Retries
from evalkit.trial import Call

Function: TypeAlias = Callable[[list[dict[str, Any]], dict[str, Any]], Given | Awaitable[Given]]
"""Takes messages (`role`, `content`) and settings, gives a text or `{"text": …}`; plain or `async`."""
_NO_SETTINGS: Mapping[str, Any] = MappingProxyType({})


def function_model(function: Function, settings: Mapping[str, Any] = _NO_SETTINGS) -> Model:
    """A function as a model; its run is named after it, `python:MODULE.FUNCTION`.

    Args:
        function: Is called once for each request; a plain one in a thread, several at a time.
        settings: Handed on to it.

    Raises:
        AdapterError: If a setting is none that can be recorded.
    """
    name = f"python:{function.__module__}.{getattr(function, '__qualname__', type(function).__qualname__)}"
    found, short = split_name(name, find_cards(card_folders([])))
    return Model(
        endpoint=endpoint_for(found, short, options=settings, environment=os.environ),
        dialect=dialect_of(found, []),
        channel=FunctionChannel(_program(function), timeout_s=CEILING_S),
        retries=Retries(sleep=asyncio.sleep, rng=random.Random()),
    )


def _program(function: Function) -> Callable[[Call], Awaitable[Given]]:
    async def ask(call: Call) -> Given:
        messages = [message.as_json() for message in call.messages]
        if inspect.iscoroutinefunction(function):
            given: Given = await function(messages, dict(call.sampling))
            return given
        # Beside other calls: a function that asks a provider waits most of its time.
        return await asyncio.to_thread(function, messages, dict(call.sampling))  # type: ignore[arg-type]  # not async

    return ask
