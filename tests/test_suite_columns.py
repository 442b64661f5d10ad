from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from evalkit.errors import EvalkitError
from evalkit.suite.columns import Columns, read_columns


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def columns(*items: dict[str, Any]) -> Columns:
    Path("items.jsonl").write_text("\n".join(map(json.dumps, items)), encoding="utf-8")
    return read_columns("items.jsonl", Path())


def test_fields_are_read_from_every_kind_of_file(tmp_path: Path) -> None:
    Path("sub").mkdir()
    Path("sub/a.csv").write_text("id,q,answer\n1,x,y\n", encoding="utf-8")
    pyarrow.parquet.write_table(pyarrow.table({"q": ["x"], "answer": [3]}), "b.parquet")
    found = [read_columns("sub/a.csv", Path()), read_columns("b.parquet", Path()), columns({"q": "x", "answer": 1})]
    assert [["q", "answer"]] * 3 == [each.names for each in found]
    assert ["sub/a.csv", "b.parquet", "items.jsonl"] == [each.name for each in found]
    assert "a.csv" == read_columns(str(tmp_path / "sub" / "a.csv"), Path("sub")).name


@pytest.mark.parametrize(
    ("item", "target"),
    [
        ({"q": "x", "answer": "y", "more": "z"}, "answer"),
        ({"Label": "y", "q": "x"}, "Label"),
        ({"q": "x", "right": "y"}, "right"),
        ({"q": "x"}, None),
        ({"q": "x", "the right one": "y"}, None),
    ],
)
def test_the_field_of_the_answer_is_guessed(item: dict[str, Any], target: str | None) -> None:
    assert target == columns(item).likely_target


@pytest.mark.parametrize(
    ("target", "shown"), [(None, ["q", "n", "tags"]), ("label", ["q", "n", "tags"]), ("q", ["n", "tags"])]
)
def test_a_prompt_shows_what_it_can_and_no_answer(target: str | None, shown: list[str]) -> None:
    item = {"id": "i", "q": "x", "n": 1.5, "tags": ["a", 1], "label": "y", "two words": "x", "none": None,
            "deep": {"a": 1}, "truth": True, "answer": "z"}  # fmt: skip
    assert shown == columns(item, {**item, "id": "j", "q": "y"}).shown(target)


def test_what_not_every_item_has_is_no_placeholder() -> None:
    found = columns({"q": "x", "answer": "y", "more": "z"}, {"q": "x2", "answer": "y"})
    assert (["q"], ["q", "answer"]) == (found.shown("answer"), found.whole)
    with pytest.raises(EvalkitError, match="the field 'more' is not in every item"):
        found.check_target("more")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("anwser", "items.jsonl has no field 'anwser'. Did you mean \"answer\"?"),
        ("my answer", "the field 'my answer' cannot be written as {field}: expected letters, digits and _ only, so no"),
    ],
)
def test_a_target_that_cannot_be_one_is_explained(name: str, message: str) -> None:
    with pytest.raises(EvalkitError) as caught:
        columns({"q": "x", "answer": "y", "my answer": "y"}).check_target(name)
    assert message in str(caught.value)


def test_a_file_that_has_nothing_to_show_is_refused() -> None:
    with pytest.raises(EvalkitError, match=r"items.jsonl: found no field that a prompt could show.*my question cannot"):
        columns({"my question": "x", "answer": "y"}).shown("answer")


@pytest.mark.parametrize(
    ("values", "options"),
    [
        (["b", "a", "B ", "a"], ("b", "a")),
        ([2, "1"], ("2", "1")),
        (["a"], "found 1 different values in 'label', expected 2 to 50"),
        ([f"v{n}" for n in range(51)], "found 51 different values"),
        (["a", " "], "found an empty 'label'"),
        (["a", None], "found None in 'label', expected texts to choose from"),
        (["a", True], "found True in 'label'"),
    ],
)
def test_options_are_the_different_values(values: Sequence[Any], options: tuple[str, ...] | str) -> None:
    found = columns(*({"id": n, "q": "x", "label": value} for n, value in enumerate(values)))
    if isinstance(options, tuple):
        assert options == found.options("label")
    else:
        with pytest.raises(EvalkitError) as caught:
            found.options("label")
        assert options in str(caught.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("none.csv", "no file 'none.csv'; expected items as JSONL, CSV or Parquet"),
        (".", "no file '.'"),
        ("items.txt", "found the ending '.txt'"),
        ("empty.csv", "has no items"),
        ("../out.csv", "../out.csv lies outside the suite's folder ."),
        ("link.csv", "link.csv lies outside the suite's folder ."),
    ],
)
def test_what_is_no_file_of_items_is_refused(tmp_path: Path, given: str, message: str) -> None:
    Path("items.txt").write_text("x")
    Path("empty.csv").write_text("a,b\n")
    (tmp_path.parent / "out.csv").write_text("a,b\n1,2\n")
    Path("link.csv").symlink_to(tmp_path.parent / "out.csv")
    with pytest.raises(EvalkitError) as caught:
        read_columns(given, Path())
    assert message in str(caught.value)
