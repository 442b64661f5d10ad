from __future__ import annotations

import re
from typing import Any

import pytest

from evalkit.json_path import PATTERN, follow

VALUE = {"a": {"b c": [1, [2, 3]], "": 0}, "n": None}


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a", VALUE["a"]), ("a.b c[0]", 1), ("a.b c[1][-1]", 3), ("n", None)],
)
def test_a_path_leads_to_a_value(path: str, expected: Any) -> None:
    assert expected == follow(VALUE, path)


def test_a_path_may_begin_in_a_list() -> None:
    assert 2 == follow([1, {"x": 2}], "[1].x")


@pytest.mark.parametrize("path", ["b", "a[0]", "a.b c.first", "a.b c[2]", "a.b c[-3]", "n.x", "n[0]"])
def test_a_path_that_leads_nowhere_is_a_lookup_error(path: str) -> None:
    with pytest.raises(LookupError):
        follow(VALUE, path)


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a[x]", "a[0", "a]", "a[0]b"])
def test_what_is_no_path_does_not_match(path: str) -> None:
    assert re.match(PATTERN, path) is None


@pytest.mark.parametrize("path", ["a", "a.b", "a[0].b", "[0]", "[-1][2].c", "with space.x-y"])
def test_what_is_a_path_matches(path: str) -> None:
    assert re.match(PATTERN, path) is not None
