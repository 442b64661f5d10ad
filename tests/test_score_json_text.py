from __future__ import annotations

import time

import pytest

from evalkit.score.json_text import NotJsonError, first_json, parse_json


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Here it is: {"a": [1, 2]} as asked', '{"a": [1, 2]}'),
        ("[1, 2] and {}", "[1, 2]"),
        ("see [below]: [ 1 ]", "[ 1 ]"),
        ('{note} {"a": "}"}', '{"a": "}"}'),
        ('{"a": NaN}', '{"a": NaN}'),
        ("[" + "1" * 5000 + "]", "[" + "1" * 5000 + "]"),
        ('{"a": {"b": 1}', None),
        ("[1, 2", None),
        ("none", None),
        ("[" * 100_000, None),
    ],
)
def test_the_first_whole_value_is_found(text: str, expected: str | None) -> None:
    assert expected == first_json(text)


def test_hopeless_text_is_given_up_in_linear_time() -> None:
    started = time.process_time()
    assert first_json('{"' * 500_000) is None
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON: Expecting value at character 1"),
        ("{'a': 1}", "not JSON: Expecting property name .* at character 2"),
        ("[NaN]", "NaN is not JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_text_that_is_not_json_says_why(text: str, message: str) -> None:
    with pytest.raises(NotJsonError, match=message):
        parse_json(text)


def test_integers_beyond_all_reason_become_floats() -> None:
    assert [10**20, float("inf")] == parse_json(f"[1{'0' * 20}, 1{'0' * 5000}]")
