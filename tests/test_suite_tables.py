from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.suite.tables import KINDS, MAX_ROWS, WRITERS, Whole, Words, drawn_table
from evalkit.trial import rng_for


def read(writer: str, text: str) -> list[list[str]]:
    lines = text.splitlines()
    if writer == "CSV":
        return list(csv.reader(lines))
    if writer == "Markdown":
        return [line.strip("| ").split(" | ") for line in (lines[0], *lines[2:])]
    starts = [lines[0].index(name) for name in lines[0].split("  ") if name.strip()]
    return [[line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)] for line in lines]


@given(seed=st.integers(0, 9999), n=st.integers(1, MAX_ROWS), writer=st.sampled_from(sorted(WRITERS)))
def test_a_written_table_can_be_read_back(seed: int, n: int, writer: str) -> None:
    table = drawn_table(rng_for(seed), n)
    found = read(writer, WRITERS[writer](table.header, table.rows))
    assert [[name.strip() for name in table.header], *([str(cell) for cell in row] for row in table.rows)] == found


@given(seed=st.integers(0, 9999), n=st.integers(1, MAX_ROWS))
def test_keys_tell_all_rows_apart(seed: int, n: int) -> None:
    table = drawn_table(rng_for(seed), n)
    assert n == len(table.rows) == len({row[0] for row in table.rows})
    assert all(len(row) == len(table.header) for row in table.rows)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
def test_a_kind_can_be_asked_about(kind: object) -> None:
    columns = kind.columns  # type: ignore[attr-defined]
    assert any(isinstance(column, Words) for column in columns)
    assert any(isinstance(column, Whole) for column in columns)
    assert len({column.name for column in columns}) == len(columns)


def test_there_are_several_kinds() -> None:
    assert len(KINDS) >= 8
