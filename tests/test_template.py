from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.template import Span, TemplateError, as_text, fields_of, fill, parse, render, substitute

TEXT = st.text(alphabet="ab {}\n", max_size=30)


@given(words=TEXT)
def test_escaped_text_comes_out_as_it_is(words: str) -> None:
    assert words == fill(words.replace("{", "{{").replace("}", "}}"), {})


@given(words=TEXT, value=TEXT)
def test_a_value_is_never_read_as_a_template(words: str, value: str) -> None:
    template = words.replace("{", "{{").replace("}", "}}") + "{x}"
    assert words + value == fill(template, {"x": value})


@pytest.mark.parametrize(
    "template", ["{", "}", "a {b", "b} c", "{a b}", "{}", "{1a}", "{a.b}", "{a[0]}", "{a!r}", "{a:>9}"]
)
def test_anything_but_a_field_name_in_braces_is_refused(template: str) -> None:
    with pytest.raises(TemplateError, match="a lone brace"):
        parse(template)


def test_an_unknown_field_is_named_with_those_that_there_are() -> None:
    with pytest.raises(TemplateError, match="no field 'c'; the item has a, b") as caught:
        fill("{c}", {"a": 1, "b": 2})
    assert "c" == caught.value.field


def test_rendering_keeps_words_and_values_apart() -> None:
    assert [Span("Hello "), Span("Ann", "name"), Span("!")] == render("Hello {name}!", {"name": "Ann"})


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), (3, "3"), (2.5, "2.5"), (["a", 1], "a, 1"), (True, "True"), (None, "None")]
)
def test_values_read_as_text(value: Any, text: str) -> None:
    assert text == as_text(value)


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("{n}", 7),
        ("{list}", ["a", "b"]),
        ("n is {n}", "n is 7"),
        (["{n}", "x"], [7, "x"]),
        ({"a": "{list}", "b": 1}, {"a": ["a", "b"], "b": 1}),
        (None, None),
    ],
)
def test_a_lone_placeholder_keeps_the_type(template: Any, filled: Any) -> None:
    assert filled == substitute(template, {"n": 7, "list": ["a", "b"]})


def test_a_lone_unknown_placeholder_is_refused() -> None:
    with pytest.raises(TemplateError, match="no field 'm'"):
        substitute("{m}", {"n": 1})


def test_fields_of_a_template() -> None:
    assert {"a", "b"} == fields_of("{a} {{c}} {b} {a}")
