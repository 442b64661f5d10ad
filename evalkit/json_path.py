"""Dotted paths into JSON values: `orders[0].total`."""

from __future__ import annotations

import re
from typing import Any

PATTERN = r"^(?:[^.\[\]]+|\[-?\d+\])(?:\.[^.\[\]]+|\[-?\d+\])*$"
"""Names with dots between, and places in lists; negative places count from the end."""

_STEP = re.compile(r"([^.\[\]]+)|\[(-?\d+)\]")


def follow(value: Any, path: str) -> Any:
    """The value that a path leads to.

    Args:
        value: A JSON value.
        path: As `PATTERN` has it.

    Raises:
        LookupError: If there is no such value.

    >>> follow({"orders": [{"total": 5}]}, "orders[0].total")
    5
    """
    for name, index in _STEP.findall(path):
        if not isinstance(value, list if index else dict):
            raise LookupError(path)
        value = value[int(index)] if index else value[name]
    return value
