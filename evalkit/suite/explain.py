"""Turn pydantic's errors into evalkit's: where, what was found, what was expected, what to do."""

from __future__ import annotations

import typing
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from evalkit.errors import Problem, did_you_mean
from evalkit.suite.document import Document, Where
from evalkit.suite.scalars import SAID, show

_KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "too_short": "at least one",
}


def explain(error: ValidationError, document: Document, model: type[BaseModel]) -> list[Problem]:
    """Every problem that pydantic found, in plain words.

    Args:
        error: What pydantic raised.
        document: The file that it was read from.
        model: The model of the whole file, for the names of known keys.
    """
    problems = []
    for detail in error.errors(include_url=False):
        loc: Where = (*detail["loc"], *detail.get("ctx", {}).get("path", ()))
        where = _present(document, loc)
        missing = loc[-1:] if detail["type"] == "missing" else ()
        problems.append(document.problem((*where, *missing), _message(detail, model)))
    return problems


def _present(document: Document, loc: Where) -> Where:
    """A location without the parts that the file has not: those of the models, and what a short form leaves out."""
    kept: Where = ()
    for part in loc:
        if (*kept, part) in document.lines:
            kept = (*kept, part)
    return kept


def _message(detail: ErrorDetails, model: type[BaseModel]) -> str:
    kind, loc = detail["type"], detail["loc"]
    if kind == "extra_forbidden":
        return f'unknown key "{loc[-1]}". {did_you_mean(str(loc[-1]), _keys_at(model, loc[:-1]))}'
    if kind == "missing":
        return f'missing; every {"task" if len(loc) > 1 else "suite"} needs "{loc[-1]}"'
    if kind == SAID:
        return detail["msg"]
    expected = detail["ctx"]["expected"] if kind == "literal_error" else _KINDS.get(kind, detail["msg"])
    return f"found {show(detail['input'])}, expected {expected}"


def _keys_at(model: Any, loc: Where) -> set[str]:
    """The keys that the models know at a location."""
    candidates = [model]
    for part in loc:
        inner = []
        for candidate in candidates:
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                field = candidate.model_fields.get(str(part))
                inner.extend(_alternatives(field.annotation) if field else [])
            else:  # a list or a dict: its last argument is what it holds
                inner.extend(_alternatives(typing.get_args(candidate)[-1]) if typing.get_args(candidate) else [])
        candidates = inner
    models = [found for found in candidates if isinstance(found, type) and issubclass(found, BaseModel)]
    return {name for found in models for name in found.model_fields}


def _alternatives(annotation: Any) -> list[Any]:
    """The members of a union, without Annotated around them."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _alternatives(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (list, dict, None):
        return [annotation]
    return [inner for argument in typing.get_args(annotation) for inner in _alternatives(argument)]
