"""The numbers and names that a suite file holds; what is wrong with one is said in one complete sentence."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

SAID = "said"
"""Type of the errors whose message is complete as it is."""


def show(found: Any) -> str:
    """A value as an error message shows it, at most 60 characters."""
    text = f'"{found}"' if isinstance(found, str) else repr(found)
    return text if len(text) <= 60 else f"{text[:59]}…"


def refuse(message: str, *, path: tuple[str | int, ...] = ()) -> PydanticCustomError:
    """The error that says this and nothing else, about the value or what lies at a path inside it."""
    return PydanticCustomError(SAID, "{message}", {"message": message, "path": path})


def _expect(expected: str, valid: Callable[[Any], bool]) -> BeforeValidator:
    """Refuse a value in one complete sentence."""

    def validate(value: Any) -> Any:
        if type(value) is not bool and valid(value):
            return value
        raise refuse(f"found {show(value)}, expected {expected}{_percent_hint(value, valid)}")

    return BeforeValidator(validate)


def _percent_hint(value: Any, valid: Callable[[Any], bool]) -> str:
    if isinstance(value, int | float) and 10 <= value <= 100 and valid(value / 100):
        return f". Did you mean {value / 100:g}?"
    return ""


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

Rate = Annotated[
    float, Field(ge=0, le=1), _expect("a pass rate from 0 to 1", lambda value: _number(value) and 0 <= value <= 1)
]
Confidence = Annotated[
    float,
    Field(gt=0.5, lt=1),
    _expect("a confidence above 0.5 and below 1", lambda value: _number(value) and 0.5 < value < 1),
]
Precision = Annotated[
    float,
    Field(gt=0, lt=0.5),
    _expect("a half-width above 0 and below 0.5", lambda value: _number(value) and 0 < value < 0.5),
]
Share = Annotated[
    float,
    Field(gt=0, le=0.5),
    _expect("a share of characters above 0, up to 0.5", lambda value: _number(value) and 0 < value <= 0.5),
]
Tokens = Annotated[
    int,
    Field(ge=100, le=2_000_000),
    _expect("a whole number of tokens, 100 or more", lambda value: type(value) is int and 100 <= value <= 2_000_000),
]
Times = Annotated[
    int,
    Field(ge=2, le=1000),
    _expect("a whole number of times from 2 to 1,000", lambda value: type(value) is int and 2 <= value <= 1000),
]
Name = Annotated[
    str,
    Field(pattern=f"^{_NAME.pattern}$"),
    _expect(
        "a name of letters, digits, dots and dashes",
        lambda value: isinstance(value, str) and _NAME.fullmatch(value) is not None,
    ),
]
