from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from evalkit.score import constraint_schema, constraint_types, extract_schema, read_constraint, read_extract

CONSTRAINT = Draft202012Validator(constraint_schema())
EXTRACT = Draft202012Validator(extract_schema())


@pytest.mark.parametrize("schema", [constraint_schema, extract_schema])
def test_it_is_a_json_schema(schema: Callable[[], dict[str, Any]]) -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(
    "entry",
    [
        "one_line",
        "json",
        {"json": None},
        {"words": 19},
        {"words": {"min": 3, "max": 19}},
        {"words": {"max": "{limit}"}},
        {"characters": "{limit}"},
        {"mentions": "{must_mention}"},
        {"mentions": ["refund", ["Visa", "card"], 1042]},
        {"avoids": "emotional"},
        {"avoids": ["sorry"]},
        {"number": {"value": 3, "tolerance": 0.5}},
        {"choice": {"value": "a", "options": ["a", "b"]}},
        {"choice": {"value": "{answer}", "options": ["{a}", "{b}"]}},
        {"json_schema": {"type": "object"}},
        {"regex": {"pattern": "a", "match": "full"}},
        {"python": "checks.py:polite"},
        {"regex": "a", "opposite": "write in capitals"},
        {"no_preamble": {"allow": ["courtesy"]}},
        {"number": {"value": 3, "unit": ["km", "miles"]}},
        {"date": "{day}"},
        {"lines": 3, "name": "brief", "extract": ["fenced", {"after": "x", "line": True}]},
    ],
)
def test_what_can_be_read_is_completed(entry: object) -> None:
    read_constraint(entry)
    assert [] == [error.message for error in CONSTRAINT.iter_errors(entry)]


@pytest.mark.parametrize(
    "entry",
    [
        "words",
        "wordz",
        {"words": {"maxx": 3}},
        {"words": 3, "lines": 2},
        {"words": "x"},
        {"one_line": True},
        {"choice": "a"},
        {"choice": {"value": "a"}},
        {"json": "objet"},
        {"name": "x"},
        {"words": 3, "extract": "lastnumber"},
    ],
)
def test_what_cannot_be_read_is_marked(entry: object) -> None:
    assert not CONSTRAINT.is_valid(entry)


@pytest.mark.parametrize(
    "entry", ["whole", {"strip": "."}, {"path": "a[0].b"}, ["json", {"before": "x", "which": "last"}]]
)
def test_extractors_are_completed(entry: object) -> None:
    read_extract(entry)
    assert EXTRACT.is_valid(entry)


@pytest.mark.parametrize("entry", ["last", {"after": "x", "which": "middle"}, {"after": ""}, {"path": "a..b"}, []])
def test_wrong_extractors_are_marked(entry: object) -> None:
    assert not EXTRACT.is_valid(entry)


def test_every_kind_and_every_field_is_described() -> None:
    properties = constraint_schema()["anyOf"][-1]["properties"]
    assert {*constraint_types(), "name", "extract", "opposite"} == set(properties)
    for key in constraint_types():
        assert properties[key]["description"]
        for form in properties[key]["anyOf"]:
            assert all(field["description"] for field in form.get("properties", {}).values())
