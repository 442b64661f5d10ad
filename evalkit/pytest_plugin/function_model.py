"""A Python function of the test's own as a model: the application itself, or a stand-in."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from evalkit.adapter.catalogue import dialect_of, find_cards, split_name
from evalkit.adapter.endpoint import endpoint_for
from evalkit.adapter.environment import card_folders
from evalkit.transport import Model
from evalkit.transport.deadline import CEILING_S
from evalkit.transport.function import Function, FunctionChannel, program_of
from evalkit.transport.retry import Retries

_NO_SETTINGS: Mapping[str, Any] = MappingProxyType({})


def function_model(function: Function, settings: Mapping[str, Any] = _NO_SETTINGS) -> Model:
    """A function as a model; its run is named after it, `python:MODULE.FUNCTION`.

    Args:
        function: Is called once for each request; a plain one in a thread, several at a time.
        settings: Handed on to it.

    Raises:
        AdapterError: If a setting is none that can be recorded.
    """
    found, short = split_name(function_name(function), find_cards(card_folders([])))
    return Model(
        endpoint=endpoint_for(found, short, options=settings, environment=os.environ),
        dialect=dialect_of(found, []),
        channel=FunctionChannel(program_of(function), timeout_s=CEILING_S),
        retries=Retries(sleep=asyncio.sleep, rng=random.Random()),
    )


def function_name(function: Function) -> str:
    """What a function is called as a model."""
    return f"python:{function.__module__}.{getattr(function, '__qualname__', type(function).__qualname__)}"
