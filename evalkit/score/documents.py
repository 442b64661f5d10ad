from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, PrivateAttr

from evalkit.score.constraint import Check, Constraint
from evalkit.score.json_text import TOO_DEEP, NotJsonError, parse_json
from evalkit.score.patterns import TOO_SLOW
from evalkit.score.schema_check import compile_schema
from evalkit.score.values import show

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

_PROSE = ("answer in plain sentences, without JSON", "write it out as ordinary text that a person can read, no JSON")


class Json(Constraint):
    """The response is valid JSON and nothing else."""

    key: ClassVar[str] = "json"
    short: ClassVar[str | None] = "type"
    type: Literal["object", "array"] | None = None
    """What the outermost value is; anything when not said."""

    def check(self, text: str) -> Check:
        """Half the credit for valid JSON of the wrong type."""
        try:
            value = parse_json(text)
        except NotJsonError as error:
            return Check(passed=False, score=0.0, found=str(error))
        found = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "value"
        passed = self.type in (None, found)
        return Check(passed=passed, score=1.0 if passed else 0.5, found=f"JSON {found}")

    def wishes(self) -> tuple[str, ...]:
        """Prose."""
        return _PROSE


def _schema(value: Any) -> Any:
    if not isinstance(value, dict | bool):
        raise ValueError(f"found {show(value)}, expected a JSON Schema")
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"not a JSON Schema: {error}") from None
    return value


class JsonSchema(Constraint):
    """The response is JSON that fits this schema."""

    key: ClassVar[str] = "json_schema"
    short: ClassVar[str | None] = "schema"
    takes_mapping: ClassVar[bool] = True
    schema_: Annotated[Any, BeforeValidator(_schema)] = Field(
        alias="schema", json_schema_extra={"type": ["object", "boolean"]}
    )
    """A JSON Schema: draft 2020-12, or the one that `$schema` names."""
    _validator: Validator = PrivateAttr()

    def model_post_init(self, _: Any) -> None:
        """Refuse a bad schema when the suite is read."""
        self._validator = compile_schema(json.dumps(self.schema_))

    def check(self, text: str) -> Check:
        """The score is the share of top-level properties, or elements, that hold; errors elsewhere are one more."""
        try:
            value = parse_json(text)
            errors = list(self._validator.iter_errors(value))
        except NotJsonError as error:
            return Check(passed=False, score=0.0, found=str(error))
        except RecursionError:
            return Check(passed=False, score=0.0, found=TOO_DEEP)
        except TimeoutError:
            return Check(passed=False, score=0.0, found=TOO_SLOW)
        if not errors:
            return Check(passed=True, score=1.0)
        return Check(passed=False, score=self._share(value, errors), found=_told(errors))

    def wishes(self) -> tuple[str, ...]:
        """Prose."""
        return _PROSE

    def _share(self, value: Any, errors: list[ValidationError]) -> float:
        parts, required = self._parts(value)
        reached = {error.path[0] for error in errors if error.path}
        broken = (reached | (required - set(value) if isinstance(value, dict) else set())) & parts
        elsewhere = (
            not broken
            or not reached <= parts
            or any(not error.path and error.validator != "required" for error in errors)
        )
        return (len(parts) - len(broken)) / (len(parts) + elsewhere)

    def _parts(self, value: Any) -> tuple[set[Any], set[str]]:
        """What credit is given for, and which of it must be there."""
        if isinstance(value, list):
            return set(range(len(value))), set()
        if not isinstance(value, dict) or not isinstance(self.schema_, dict):
            return set(), set()
        required = set(self.schema_.get("required", ()))
        return required | set(self.schema_.get("properties", ())), required


def _told(errors: list[ValidationError]) -> str:
    """The first error with its place."""
    where = ".".join(map(str, errors[0].absolute_path))
    message = errors[0].message
    return f"{where[:60]}: {message[:100]}" if where else message[:100]
