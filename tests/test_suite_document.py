from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import Problem, SuiteError
from evalkit.suite.document import read_document, read_text, show_where

PATH = Path("suite.yaml")


def value_of(text: str) -> Any:
    return read_document(PATH, text).value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # YAML 1.2 core schema, https://yaml.org/spec/1.2.2/#103-core-schema
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("12:30", "12:30"),
        ("010", 10),
        ("0o14", 12),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("+.5", 0.5),
        ("1_000", "1_000"),
        ("2026-11-23", "2026-11-23"),
        ("'010'", "010"),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_plain_scalars_follow_yaml_1_2(text: str, value: Any) -> None:
    assert value == value_of(f"a: {text}")["a"]
    assert type(value) is type(value_of(f"a: {text}")["a"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_what_another_library_writes_is_read_back(value: Any) -> None:
    written = yaml.safe_dump({"a": value}, allow_unicode=False)
    if all(word not in written for word in (": '", "? ", ": y", ": n", "&id")):
        assert {"a": value} == value_of(written)


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@`\n\t ,?0", max_size=40))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        read_document(PATH, text)
    except SuiteError as error:
        problems = error.problems
    assert all(problem.path == PATH and problem.message for problem in problems)


def test_lines_are_known_for_every_value() -> None:
    document = read_document(PATH, "a:\n  - b: 1\n    c: 2\n  - x\nd: y\n")
    assert [1, 2, 3, 4, 5] == [
        document.line(where) for where in (("a",), ("a", 0, "b"), ("a", 0, "c"), ("a", 1), ("d",))
    ]


def test_a_value_that_is_not_there_has_the_line_of_what_is_around_it() -> None:
    assert 2 == read_document(PATH, "a: 1\nb:\n  c: 2\n").line(("b", "zzz"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [*x]", "more than 60 levels"),
        ("a: &a [0,0,0,0,0,0,0,0,0,0]\n" + "".join(
            f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdef", "bcdefg", strict=True)
        ), "more than 200,000 values"),
        (f"a: {'9' * 5000}", "a number of 5,000 digits"),
        ("? {b: 1}\n: c", "found a key that is not text"),
        ("a: !ruby/object x", "tags are not allowed"),
        ("!!set {a}", "tags are not allowed"),
    ],
)  # fmt: skip
def test_files_that_would_hurt_are_refused(text: str, message: str) -> None:
    with pytest.raises(SuiteError, match=message):
        read_document(PATH, text)


def test_keys_that_look_like_numbers_are_names() -> None:
    assert {"1": "x", "true": "y"} == value_of("1: x\ntrue: y\n")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfsuite: x")
    assert "suite: x" == read_text(tmp_path / "a", what="a suite")


def test_a_folder_is_no_suite(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="cannot be read as a suite: Is a directory"):
        read_text(tmp_path, what="a suite")


def test_a_path_reads_as_people_write_it() -> None:
    assert "tasks.a.items[2].b" == show_where(("tasks", "a", "items", 2, "b"))
