"""JSON Schema validation that neither hangs nor reaches for the network.

jsonschema does the work. Replaced are the keywords whose cost a stranger can drive up: patterns run in the `regex`
library with a time limit, and `uniqueItems` compares in linear time. References stay inside the schema.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from evalkit.score.json_text import TOO_DEEP
from evalkit.score.patterns import compile_pattern, finds

if TYPE_CHECKING:
    from jsonschema import FormatChecker, ValidationError
    from jsonschema.protocols import Validator

FORMATS = ("date", "email", "ipv4", "ipv6", "uuid")
"""Formats that are checked as jsonschema does, with `date-time` (RFC 3339) besides; others are notes for people."""

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DATA = frozenset({"const", "enum", "default", "examples"})
"""Keywords that hold values, not schemas."""


@lru_cache(maxsize=256)
def compile_schema(schema_text: str) -> Validator:
    """A validator for a schema given as JSON text; compiled once per schema.

    Its `iter_errors` raises TimeoutError when a pattern of the schema takes too long.

    Raises:
        ValueError: If the schema is wrong; the message says where.
    """
    from jsonschema import Draft202012Validator, SchemaError
    from jsonschema.validators import validator_for
    from referencing import Registry

    schema = json.loads(schema_text)
    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
        _inspect(schema)
        # An empty registry: jsonschema's own would fetch references to elsewhere.
        validator = _bounded(kind)(schema, registry=Registry(), format_checker=_format_checker())
        _resolve(schema)
        validator.is_valid({})
    except SchemaError as error:
        where = ".".join(map(str, error.path))
        raise ValueError(f"not a JSON Schema: {f'{where}: ' if where else ''}{error.message[:200]}") from None
    except RecursionError:
        raise ValueError(f"the schema refers to itself without end, or is {TOO_DEEP}") from None
    return validator


def _references(schema: Any) -> Iterator[str]:
    for keyword, value in _keywords(schema):
        if keyword in ("$ref", "$dynamicRef") and isinstance(value, str):
            yield value


def _resolve(schema: Any) -> None:
    """Follow every reference once.

    Raises:
        ValueError: If one leaves the schema or leads nowhere.
    """
    from referencing import Registry, Resource
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    resolver = Registry().resolver_with_root(Resource.from_contents(schema, default_specification=DRAFT202012))
    for reference in _references(schema):
        if not reference.startswith("#"):
            raise ValueError(f'reference "{reference}" leaves the schema; only "#…" is followed')
        try:
            resolver.lookup(reference)
        except Unresolvable:
            raise ValueError(f'reference "{reference}" leads nowhere') from None


def _inspect(schema: Any) -> None:
    """Refuse what cannot be checked in bounded time.

    Raises:
        ValueError: If a pattern is unfit, or keywords come together that cannot be bounded.
    """
    for keyword, value in _keywords(schema):
        if keyword == "pattern" and isinstance(value, str):
            compile_pattern(value)
        elif keyword == "patternProperties" and isinstance(value, Mapping):
            for pattern in value:
                compile_pattern(pattern)
        elif keyword == "unevaluatedProperties" and '"patternProperties"' in json.dumps(schema):
            raise ValueError("unevaluatedProperties beside patternProperties is not supported")


def _keywords(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every key of every mapping, data aside; names of properties are among them."""
    if isinstance(schema, Mapping):
        for keyword, value in schema.items():
            yield keyword, value
            if keyword not in _DATA:
                yield from _keywords(value)
    elif isinstance(schema, list):
        for part in schema:
            yield from _keywords(part)


@lru_cache(maxsize=8)
def _bounded(kind: type[Validator]) -> type[Validator]:
    from jsonschema.validators import extend

    keywords = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
    }
    extended: type[Validator] = extend(kind, keywords)  # type: ignore[no-untyped-call]
    return extended


def _matches(pattern: str, text: str) -> bool:
    return finds(compile_pattern(pattern), text)


def _pattern(_: Validator, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    from jsonschema import ValidationError

    if isinstance(instance, str) and not _matches(pattern, instance):
        yield ValidationError(f"{instance[:60]!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, schemas: Mapping[str, Any], instance: Any, _: Any) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for pattern, schema in schemas.items():
            for name, value in instance.items():
                if _matches(pattern, name):
                    yield from validator.descend(value, schema, path=name, schema_path=pattern)


def _additional_properties(
    validator: Any, allowed: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    from jsonschema import ValidationError

    if not isinstance(instance, dict):
        return
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    others = [
        name for name in instance if name not in known and not any(_matches(pattern, name) for pattern in patterns)
    ]
    if allowed is False:
        for name in others:
            yield ValidationError(f"unexpected property {name[:60]!r}")
    else:
        for name in others:
            yield from validator.descend(instance[name], allowed, path=name)


def _unique_items(_: Validator, wanted: bool, instance: Any, __: Any) -> Iterator[ValidationError]:
    from jsonschema import ValidationError

    if wanted and isinstance(instance, list) and len({_identity(item) for item in instance}) < len(instance):
        yield ValidationError("has equal elements")


def _identity(value: Any) -> Any:
    """A hashable stand-in, equal when JSON values are: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, dict):
        return "object", frozenset((name, _identity(part)) for name, part in value.items())
    if isinstance(value, list):
        return "array", tuple(map(_identity, value))
    return isinstance(value, bool), value


@lru_cache(maxsize=1)
def _format_checker() -> FormatChecker:
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=FORMATS)
    checker.checks("date-time", raises=ValueError)(_is_date_time)
    return checker


def _is_date_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    if not _DATE_TIME.fullmatch(value):
        return False
    datetime.datetime.fromisoformat(f"{value[:10]}T{value[11:19]}")
    return True
