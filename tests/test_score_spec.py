from __future__ import annotations

from typing import Any

import pytest

from evalkit.score import ConstraintError, name_constraints, read_constraint, read_extract


@pytest.mark.parametrize(
    ("entry", "key", "arguments"),
    [
        ("one_line", "one_line", {}),
        ({"json": None}, "json", {}),
        ({"words": {"max": 19}}, "words", {"max": 19}),
        ({"words": 19}, "words", {"max": 19}),
        ({"mentions": "{must_mention}"}, "mentions", {"phrases": "{must_mention}"}),
        ({"avoids": ["a", "b"]}, "avoids", {"phrases": ["a", "b"]}),
        ({"json_schema": {"type": "object"}}, "json_schema", {"schema": {"type": "object"}}),
    ],
)
def test_every_form_of_an_entry_is_read(entry: object, key: str, arguments: dict[str, Any]) -> None:
    spec = read_constraint(entry)
    assert (key, key, arguments) == (spec.key, spec.name, spec.arguments)


def test_an_entry_may_have_its_own_name_and_extract() -> None:
    spec = read_constraint({"words": 3, "name": "short", "extract": "fenced"})
    assert ("short", read_extract("fenced")) == (spec.name, spec.extract)


@pytest.mark.parametrize(
    ("entry", "path", "message"),
    [
        ("wordz", (), 'no constraint "wordz". Did you mean "words"? Known: asks, avoids'),
        ("words", (), "found no limit"),
        ({"wordz": 3}, ("wordz",), 'no constraint "wordz"'),
        ({1: 3}, ("1",), 'no constraint "1"'),
        (3, (), "found 3, expected a constraint. Known: asks, avoids"),
        ({"name": "x"}, (), "found no constraint"),
        ({"words": 3, "lines": 1}, (), 'found "words" and "lines" in one entry'),
        ({"words": 3, "name": 3}, ("name",), "found 3, expected a name"),
        ({"words": 3, "name": " "}, ("name",), "expected a name"),
        ({"words": {"maxx": 3}}, ("words", "maxx"), 'unknown "maxx". Did you mean "max"'),
        ({"words": {"max": "x"}}, ("words", "max"), 'found "x", expected a whole number'),
        ({"words": {"max": 1.5}}, ("words", "max"), "found 1.5, expected a whole number"),
        ({"words": "x"}, ("words",), 'found "x", expected a whole number'),
        ({"words": 0}, ("words",), "found 0, expected 1 or more"),
        ({"similar": {"value": "x", "min": 2}}, ("similar", "min"), "found 2, expected 1.0 or less"),
        ({"exact": {}}, ("exact", "value"), '"value" is missing'),
        ({"exact": [1]}, ("exact",), "found a list, expected text"),
        ({"exact": {"value": {}}}, ("exact", "value"), "found a mapping, expected text"),
        ({"json": "objet"}, ("json",), "found \"objet\", expected 'object' or 'array'"),
        ({"one_line": True}, ("one_line",), "found true, expected nothing: write - one_line"),
        ({"choice": "a"}, ("choice",), 'found "a", expected a mapping with value, options'),
        ({"regex": "a{4}"}, ("regex",), "a lone brace at '{4}'"),
        ({"avoids": ["a", "{"]}, ("avoids", 1), "a lone brace"),
        ({"words": 3, "extract": ["x"]}, ("extract", 0), 'unknown extractor "x"'),
    ],
)
def test_a_wrong_entry_is_refused_with_its_place(entry: object, path: tuple[object, ...], message: str) -> None:
    with pytest.raises(ConstraintError) as caught:
        read_constraint(entry)
    assert path == caught.value.path
    assert message in str(caught.value)


def test_placeholders_are_known_wherever_they_stand() -> None:
    spec = read_constraint({"choice": {"value": "{answer}", "options": ["{a} or {b}", "none"]}})
    assert {"answer", "a", "b"} == spec.fields()


def test_a_lone_placeholder_keeps_the_type_of_its_field() -> None:
    spec = read_constraint({"choice": {"value": "{answer}", "options": "{queues}"}})
    choice = spec.bind({"answer": "sales", "queues": ["sales", "billing"]}, {})
    assert choice.check("sales").passed


def test_a_constraint_without_placeholders_is_built_once() -> None:
    spec = read_constraint({"words": 19})
    assert spec.bind({}, {}) is spec.bind({"a": 1}, {})


def test_doubled_braces_are_literal() -> None:
    assert read_constraint({"exact": "{{x}}"}).bind({}, {}).check("{x}").passed


@pytest.mark.parametrize(
    ("entry", "fields", "path", "message"),
    [
        ({"words": {"max": "{n}"}}, {"n": "many"}, ("words", "max"), 'found "many", expected a whole number'),
        ({"words": "{n}"}, {"n": -1}, ("words",), "found -1, expected 1 or more"),
        ({"words": "{n}"}, {"m": 1}, ("words",), "no field 'n'; the item has m"),
    ],
)
def test_an_item_that_does_not_fit_is_refused(
    entry: object, fields: dict[str, Any], path: tuple[object, ...], message: str
) -> None:
    spec = read_constraint(entry)
    with pytest.raises(ConstraintError) as caught:
        spec.bind(fields, {})
    assert path == caught.value.path
    assert message in str(caught.value)


def test_only_a_python_constraint_calls_a_function() -> None:
    assert "a.py:f" == read_constraint({"python": "a.py:f"}).function
    assert read_constraint("json").function is None


def test_repeated_kinds_get_numbers() -> None:
    entries = [{"words": 9}, {"words": 8, "name": "words-2"}, {"words": 7}, "json", {"words": 6}]
    names = [spec.name for spec in name_constraints([read_constraint(entry) for entry in entries])]
    assert ["words", "words-2", "words-3", "json", "words-4"] == names


def test_a_name_given_to_another_kind_is_not_taken_again() -> None:
    entries = ["json", {"words": 8, "name": "json"}]
    assert ["json-2", "json"] == [spec.name for spec in name_constraints([read_constraint(e) for e in entries])]


def test_a_name_given_twice_is_refused() -> None:
    specs = [read_constraint({"words": n, "name": "short"}) for n in (8, 9)]
    with pytest.raises(ConstraintError, match='found "short" twice') as caught:
        name_constraints(specs)
    assert (1, "name") == caught.value.path
