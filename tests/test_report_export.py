from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas
import pytest

from evalkit.record import COLUMNS, TrialReader, TrialRow, TrialWriter
from evalkit.report import EXPORTS


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[TrialReader]:
    row: dict[str, Any] = {
        "task": "t",
        "condition": "clean",
        "position": 0,
        "item": "a",
        "item_group": None,
        "variant": None,
    }
    rows = [
        TrialRow(**row, repeat=0, level=None, request_hash="h", response='=HYPERLINK("x")', passed=True, score=1.0),
        TrialRow(**row, repeat=1, level=0.05, request_hash="h", response="línea\n2", latency_s=0.1 + 0.2, tokens_in=7),
        TrialRow(**row, repeat=2, level=4000, request_hash="h", void_reason="timeout", void_message="\x9b31m"),
    ]
    writer = TrialWriter(tmp_path)
    writer.commit(rows, [])
    writer.close()
    with TrialReader(tmp_path) as reading:
        yield reading


def test_jsonl_has_a_trial_a_line(reader: TrialReader) -> None:
    trials = [json.loads(line) for line in EXPORTS["jsonl"](reader).decode().splitlines()]
    assert [True, None, None] == [trial["passed"] for trial in trials]
    assert ['=HYPERLINK("x")', "línea\n2", None] == [trial["response"] for trial in trials]
    assert [None, 0.05, 4000] == [trial["level"] for trial in trials]
    assert list(COLUMNS) == list(trials[0])


@pytest.mark.parametrize("name", ["jsonl", "csv"])
def test_whole_numbers_stay_whole_where_some_are_missing(reader: TrialReader, name: str) -> None:
    text = EXPORTS[name](reader).decode()
    assert ({"jsonl": '"tokens_in":7,', "csv": ",7,"}[name] in text, False) == (True, "7.0" in text)
    assert "4000.0" not in text


@pytest.mark.parametrize(("name", "shown"), [("jsonl", "\\u009b31m"), ("csv", "\\x9b31m")])
def test_what_would_command_a_terminal_is_escaped(reader: TrialReader, name: str, shown: str) -> None:
    text = EXPORTS[name](reader).decode()
    assert (True, False) == (shown in text, "\x9b" in text)


def test_csv_runs_no_formula(reader: TrialReader) -> None:
    rows = list(csv.DictReader(io.StringIO(EXPORTS["csv"](reader).decode(), newline="")))
    assert ['\'=HYPERLINK("x")', "línea\n2", ""] == [row["response"] for row in rows]
    assert list(COLUMNS) == list(rows[0])


def test_parquet_keeps_types(reader: TrialReader) -> None:
    table = pandas.read_parquet(io.BytesIO(EXPORTS["parquet"](reader)))
    assert [0.1 + 0.2] == [value for value in table["latency_s"] if value == value]
    assert [None, "0.05", "4000"] == [
        None if value is pandas.NA or value is None else value
        for value in table["level"].astype(object).where(table["level"].notna(), None)
    ]
    assert [True, None, None] == [None if value is pandas.NA else bool(value) for value in table["passed"]]
