from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.suite.document import read_document
from evalkit.suite.writing import quoted, scalar

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
LINES = st.lists(st.text(st.sampled_from("ab :#-{}[]\"'|>\t\\&*!%@`é\xa0,?"), max_size=8), max_size=5).map("\n".join)


def read(text: str) -> object:
    return read_document(Path("x.yaml"), text).value


@given(TEXTS | LINES)
def test_a_quoted_text_reads_back_as_it_was(text: str) -> None:
    assert {"a": [text]} == read(f"a: [{quoted(text)}]")


@given(TEXTS | LINES, st.sampled_from(["", "\n", "\n\n"]))
def test_a_scalar_reads_back_as_it_was_wherever_it_stands(text: str, end: str) -> None:
    text += end
    assert {"a": {"b": text, "c": 1}} == read(f"a:\n  b: {scalar(text, 4)}\n  c: 1\n")
    assert {"a": [text, [{"b": text}]], "c": 1} == read(
        f"a:\n  # note\n  - {scalar(text, 4)}\n  # note\n  - - b: {scalar(text, 8)}\nc: 1\n"
    )


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("Add.\n\n{a}\n", "|\n"),
        ("Add {a}", "|-\n"),
        ("Say: \"x\" # {no}\n- 'y'\n", "|\n"),
        ("", '"'),
        ("  indented", '"'),
        ("ends\n\n", '"'),
        ("a\x1bb", '"'),
        ("a\u202eb", '"'),
        ("a\rb", '"'),
    ],
)
def test_a_text_is_a_block_where_that_keeps_it(text: str, start: str) -> None:
    assert scalar(text, 2).startswith(start)


def test_what_eyes_cannot_tell_apart_is_escaped() -> None:
    assert '"a\\u202e\\xa0\\x1b\\U000e0001\\ufffe"' == quoted("a\u202e\xa0\x1b\U000e0001\ufffe")
