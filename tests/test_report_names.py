from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.plain import columns
from evalkit.report.names import labels, shortened

FAMILY = "👨\u200d👩\u200d👧"


@pytest.mark.parametrize(
    ("names", "width", "expected"),
    [
        (["claude-3-5-sonnet-20240620", "claude-3-5-sonnet-20241022"], 16, ["claude-…20240620", "claude-…20241022"]),
        ([f"a-family-of-models-{n}b-that-follow" for n in (7, 14)], 12, ["a-f…7b-that…", "a-f…14b-tha…"]),
        (["one-name-of-a-model", "another-name-of-a-model", "x"], 8, ["one-nam…", "another…", "x"]),
        (["文脈文脈文脈一", "文脈文脈文脈二"], 8, ["文…脈一", "文…脈二"]),
        ([f"ab{FAMILY}cd1", f"ab{FAMILY}cd2"], 8, ["ab…cd1", "ab…cd2"]),
        ([r"ab\x1b\x1b\x1b1", r"ab\x1b\x1b\x1b2"], 10, [r"ab…\x1b1", r"ab…\x1b2"]),
    ],
)
def test_names_are_cut_where_that_leaves_them_different(names: list[str], width: int, expected: list[str]) -> None:
    assert expected == shortened(names, width) == labels(names, width)


def test_names_that_no_cut_tells_apart_are_numbered() -> None:
    names = [f"{'a' * 20}{first}{'b' * 20}{second}{'c' * 20}" for first in "12" for second in "12"]
    assert 4 == len({*labels(names, 12)})
    assert ["rules", "rules 2", "rules 3"] == labels(["rules"] * 3, 12)


@given(st.lists(st.text(max_size=40), max_size=6), st.integers(8, 40))
def test_no_label_is_like_another_nor_too_wide(names: list[str], width: int) -> None:
    shown = labels(names, width)
    assert len({*shown}) == len(names)
    assert all(columns(label) <= width and len(label) <= width for label in shown)
