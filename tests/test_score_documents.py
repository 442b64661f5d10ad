from __future__ import annotations

import datetime
from typing import Any

import pytest

from evalkit.score import Check, Constraint, ConstraintError, read_constraint


def bound(entry: object, **fields: Any) -> Constraint:
    return read_constraint(entry).bind(fields, {})


@pytest.mark.parametrize(
    ("entry", "text", "expected"),
    [
        ("json", "3", Check(passed=True, score=1.0, found="JSON value")),
        ({"json": "object"}, "{}", Check(passed=True, score=1.0, found="JSON object")),
        ({"json": {"type": "object"}}, "[]", Check(passed=False, score=0.5, found="JSON array")),
        ("json", "Sure! {}", Check(passed=False, score=0.0, found="not JSON: Expecting value at character 1")),
    ],
)
def test_json_must_be_valid_and_of_the_right_type(entry: object, text: str, expected: Check) -> None:
    assert expected == bound(entry).check(text)


ORDER = {
    "type": "object",
    "required": ["id", "count"],
    "properties": {"id": {"type": "string"}, "count": {"type": "integer"}, "note": {"type": "string"}},
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        (ORDER, '{"id": "a", "count": 1}', Check(passed=True, score=1.0)),
        (
            ORDER,
            '{"id": "a", "count": "x"}',
            Check(passed=False, score=2 / 3, found="count: 'x' is not of type 'integer'"),
        ),
        (ORDER, '{"id": "a"}', Check(passed=False, score=2 / 3, found="'count' is a required property")),
        (ORDER, '{"id": "a", "count": 1, "x": 1}', Check(passed=False, score=3 / 4, found="unexpected property 'x'")),
        (ORDER, "[]", Check(passed=False, score=0.0, found="[] is not of type 'object'")),
        (
            {"items": {"type": "integer"}},
            '[1, "x"]',
            Check(passed=False, score=0.5, found="1: 'x' is not of type 'integer'"),
        ),
        ({"additionalProperties": False}, '{"a": 1}', Check(passed=False, score=0.0, found="unexpected property 'a'")),
        (
            {"properties": {"a": {}}, "additionalProperties": {"type": "null"}},
            '{"a": 1, "b": 1}',
            Check(passed=False, score=0.5, found="b: 1 is not of type 'null'"),
        ),
        ({"allOf": [{"required": ["a"]}]}, "{}", Check(passed=False, score=0.0, found="'a' is a required property")),
        (
            {"pattern": "(a|aa)+$"},
            f'"{"a" * 60}b"',
            Check(passed=False, score=0.0, found="pattern took longer than 0.5 s"),
        ),
        (ORDER, "no", Check(passed=False, score=0.0, found="not JSON: Expecting value at character 1")),
    ],
)
def test_a_schema_gives_credit_for_what_holds(schema: Any, text: str, expected: Check) -> None:
    assert expected == bound({"json_schema": schema}).check(text)


def test_a_schema_that_allows_nothing_gives_no_credit() -> None:
    assert Check(passed=False, score=0.0, found="False schema does not allow {}") == bound(
        {"json_schema": "{schema}"}, schema=False
    ).check("{}")


def test_an_answer_nested_too_deeply_fails() -> None:
    tree = {"$defs": {"t": {"items": {"$ref": "#/$defs/t"}, "type": "array"}}, "$ref": "#/$defs/t"}
    check = bound({"json_schema": tree}).check("[" * 700 + "]" * 700)
    assert Check(passed=False, score=0.0, found="nested too deeply") == check


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (3, "found 3, expected a JSON Schema"),
        ({"const": datetime.date(2026, 1, 1)}, "not a JSON Schema: Object of type date"),
        ({"type": "objet"}, "not a JSON Schema: type"),
    ],
)
def test_a_wrong_schema_is_refused_when_it_is_read(schema: Any, message: str) -> None:
    with pytest.raises(ConstraintError, match=message) as caught:
        read_constraint({"json_schema": schema})
    assert ("json_schema",) == caught.value.path
