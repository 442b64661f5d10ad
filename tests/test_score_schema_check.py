from __future__ import annotations

import json
import time
from typing import Any

import pytest

from evalkit.score.schema_check import compile_schema


def is_valid(schema: Any, value: Any) -> bool:
    return compile_schema(json.dumps(schema)).is_valid(value)


@pytest.mark.parametrize(
    ("schema", "valid", "invalid"),
    [
        ({"pattern": "^a"}, "ab", "ba"),
        ({"pattern": "^a"}, 3, "b"),
        ({"patternProperties": {"^n_": {"type": "integer"}}}, {"n_a": 1, "b": "x"}, {"n_a": "x"}),
        ({"patternProperties": {"^n_": {"type": "integer"}}}, [], {"n_a": "x"}),
        (
            {"properties": {"a": {}}, "patternProperties": {"^n_": {}}, "additionalProperties": False},
            {"a": 1, "n_b": 2},
            {"a": 1, "b": 2},
        ),
        ({"additionalProperties": {"type": "integer"}}, {"a": 1}, {"a": "x"}),
        ({"additionalProperties": False}, [], {"a": 1}),
        ({"uniqueItems": True}, [1, True, "1", [1], {"a": 1}], [{"a": [1]}, {"a": [1.0]}]),
        ({"uniqueItems": False}, [1, 1], None),
        ({"uniqueItems": True}, "aa", [1, 1]),
        ({"format": "date"}, "2026-02-28", "2026-02-30"),
        ({"format": "date-time"}, "2026-02-28T10:00:00Z", "2026-02-28 10:00"),
        ({"format": "date-time"}, 3, "2026-02-30T10:00:00Z"),
        ({"format": "no-such-format"}, "anything", None),
        ({"$defs": {"n": {"type": "integer"}}, "items": {"$ref": "#/$defs/n"}}, [1], ["x"]),
        ({"enum": [{"pattern": "("}]}, {"pattern": "("}, {}),
        (True, {}, None),
    ],
)
def test_a_schema_accepts_and_refuses_as_the_standard_says(schema: Any, valid: Any, invalid: Any) -> None:
    assert is_valid(schema, valid)
    assert invalid is None or not is_valid(schema, invalid)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "objet"}, "not a JSON Schema: type: 'objet' is not valid"),
        ([], "not a JSON Schema: "),
        ({"$ref": "#/$defs/n"}, 'reference "#/\\$defs/n" leads nowhere'),
        ({"$ref": "https://example.com/s.json"}, "leaves the schema"),
        ({"$ref": "#"}, "refers to itself without end"),
        ({"pattern": "(?<a)"}, "not a"),
        ({"anyOf": [{"pattern": "((a{1000}){1000}){1000}"}]}, "counted repeats unfold"),
        ({"patternProperties": {"(a{1000}){1000}": {}}}, "counted repeats unfold"),
        ({"unevaluatedProperties": False, "patternProperties": {"a": {}}}, "not supported"),
    ],
)
def test_a_schema_that_cannot_be_checked_is_refused(schema: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compile_schema(json.dumps(schema))


def test_unevaluated_properties_alone_are_supported() -> None:
    schema = {"properties": {"a": {}}, "unevaluatedProperties": False}
    assert [True, False] == [is_valid(schema, value) for value in ({"a": 1}, {"b": 1})]


def test_unique_items_are_compared_in_linear_time() -> None:
    started = time.process_time()
    assert is_valid({"uniqueItems": True}, [{"a": n} for n in range(10_000)])
    assert time.process_time() - started < 5


def test_a_slow_pattern_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalkit.score.patterns.TIMEOUT_S", 0.05)
    with pytest.raises(TimeoutError):
        is_valid({"pattern": "(a|aa)+$"}, "a" * 60 + "b")
