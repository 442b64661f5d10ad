"""Build a model from what a suite says, and say in plain words what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from evalkit.errors import did_you_mean
from evalkit.score.errors import ConstraintError
from evalkit.score.values import show

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)

_PLAIN = {
    "a valid string": "text",
    "a valid integer": "a whole number",
    "a valid number": "a number",
    "a valid boolean": "true or false",
    "a valid tuple": "a list",
}


def build(kind: type[Model], arguments: Mapping[str, Any], path: tuple[str | int, ...]) -> Model:
    """A model with these fields.

    Args:
        kind: Which model.
        arguments: Its fields, as a suite names them.
        path: Where they stand; the error's path goes on from here.

    Raises:
        ConstraintError: For the first thing that does not fit.
    """
    try:
        return kind.model_validate(arguments)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        raise ConstraintError((*path, *detail["loc"]), _explain(kind, detail)) from None


def fields_of(kind: type[BaseModel]) -> list[str]:
    """The names that a suite may use for a model's fields."""
    return [field.alias or name for name, field in kind.model_fields.items()]


def _explain(kind: type[BaseModel], detail: ErrorDetails) -> str:
    found = detail["input"]
    match detail["type"]:
        case "missing":
            return f'"{detail["loc"][-1]}" is missing'
        case "extra_forbidden":
            name = str(detail["loc"][-1])
            return f'unknown "{name}". {did_you_mean(name, fields_of(kind))}'
        case "value_error":
            return str(detail["ctx"]["error"])
        case "too_short":
            return f"found {show(found)} of {len(found)}, expected at least {detail['ctx']['min_length']}"
        case "string_pattern_mismatch":
            (example,) = kind.model_fields[str(detail["loc"][0])].examples or [""]
            return f"found {show(found)}, expected something like {example}"
        case "greater_than_equal":
            return f"found {show(found)}, expected {detail['ctx']['ge']} or more"
        case "less_than_equal":
            return f"found {show(found)}, expected {detail['ctx']['le']} or less"
        case "string_too_short":
            return "found empty text"
    expected = detail["msg"].removeprefix("Input should be ")
    return f"found {show(found)}, expected {_PLAIN.get(expected, expected)}"
