"""Types of the values that suites and items give to constraints."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from evalkit.score.numbers import read_number


def show(value: object) -> str:
    """A value as the author of a suite would write it, at most 60 characters."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def text_of(value: Any) -> str:
    """Text that an author wrote, a number as it is written.

    Raises:
        ValueError: If it is neither.
    """
    if isinstance(value, bool):
        raise ValueError(f"found {show(value)}, expected text; put it in quotes")
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise ValueError(f"found {show(value)}, expected text")
    return value


def _decimal(value: Any) -> Any:
    number = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        # By way of its shortest text, so that 0.3 is three tenths and not the binary fraction next to it.
        number = Decimal(repr(value)) if value == value and abs(value) != float("inf") else None
    elif isinstance(value, str):
        number = read_number(value)
    if number is None:
        raise ValueError(f"found {show(value)}, expected a number")
    return number


Text = Annotated[str, BeforeValidator(text_of, json_schema_input_type=str | float)]
"""Text; a number is taken as it is written."""

Amount = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    WithJsonSchema({"type": ["number", "string"]}),
]
"""An exact number; text that is one number counts, since CSV files hold nothing else."""

Count = Annotated[int, Field(ge=1)]

Share = Annotated[float, Field(ge=0, le=1)]
