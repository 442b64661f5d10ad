from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.plain import without_controls
from evalkit.record import COLUMNS, TrialReader, TrialRow, TrialWriter
from evalkit.report import EXPORTS
from evalkit.report.export import csv_cell as cell


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


def exported(reader: TrialReader, name: str) -> bytes:
    return b"".join(EXPORTS[name](reader))


def test_jsonl_has_a_trial_a_line(reader: TrialReader) -> None:
    trials = [json.loads(line) for line in exported(reader, "jsonl").decode().splitlines()]
    assert [True, None, None] == [trial["passed"] for trial in trials]
    assert ['=HYPERLINK("x")', "línea\n2", None] == [trial["response"] for trial in trials]
    assert [None, 0.05, 4000] == [trial["level"] for trial in trials]
    assert list(COLUMNS) == list(trials[0])


def test_a_table_of_trials_reads_well(reader: TrialReader, golden: Callable[[str, str], None]) -> None:
    golden("trials.csv", exported(reader, "csv").decode().replace("\r\n", "\n"))


@pytest.mark.parametrize("name", ["jsonl", "csv"])
def test_whole_numbers_stay_whole_where_some_are_missing(reader: TrialReader, name: str) -> None:
    text = exported(reader, name).decode()
    assert ({"jsonl": '"tokens_in":7,', "csv": ",7,"}[name] in text, False) == (True, "7.0" in text)
    assert "4000.0" not in text


@pytest.mark.parametrize(("name", "shown"), [("jsonl", "\\u009b31m"), ("csv", "\\x9b31m")])
def test_what_would_command_a_terminal_is_escaped(reader: TrialReader, name: str, shown: str) -> None:
    text = exported(reader, name).decode()
    assert (True, False) == (shown in text, "\x9b" in text)


def test_csv_runs_no_formula(reader: TrialReader) -> None:
    rows = list(csv.DictReader(io.StringIO(exported(reader, "csv").decode(), newline="")))
    assert ['\'=HYPERLINK("x")', "línea\n2", ""] == [row["response"] for row in rows]
    assert list(COLUMNS) == list(rows[0])


FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1",
    " =1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠a",
    "'=1",
    "''=1",
    "-cmd|x",
    "--",
    "=",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_that_a_spreadsheet_may_run_is_led_by_an_apostrophe(text: str) -> None:
    assert (f"'{text[0]}'{text[1:]}" if text[0] in "\t\n" else f"'{text}") == cell(text)


@pytest.mark.parametrize("text", ["-5", "+5", "-1.5e-3", "-.5", "a=1", "'tis", "3-4", "", "1", "{}", "\\r=1"])
def test_a_cell_that_runs_nothing_stays_as_it_is(text: str) -> None:
    assert text == cell(text)


def test_a_carriage_return_before_a_formula_is_text() -> None:
    assert "\\r=1" == cell("\r=1")


@pytest.mark.parametrize("text", ['a,b;"c"\n=1+1', 'a;" =1', "a\t'@b", "a\n- b;＝1", ";\n+1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_runs_no_formula_whatever_a_spreadsheet_takes_for_the_end_of_a_cell(text: str, delimiter: str) -> None:
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerow(["t", cell(text), "u"])
    read = list(csv.reader(io.StringIO(table.getvalue(), newline=""), delimiter=delimiter))
    assert not [each for row in read for each in row if re.match(r"\s*[=+\-@＝＋－＠]", each)]


@given(st.text(alphabet="'=+-@\t\n ;\"＝1a.e", max_size=8) | st.text())
def test_a_cell_of_csv_can_be_read_back(text: str) -> None:
    """With the rule that docs/record.md gives; only control characters stay escaped."""
    written = cell(text)
    led = re.match(r"'+([\t\n]|\s*[=+\-@＝＋－＠])", written)
    within = r"""([;\t\n])'(?=(?:["']|[^\S\t\n])*[=+\-@＝＋－＠])"""
    assert without_controls(text) == re.sub(within, r"\1", written[1:] if led else written)
    number = re.fullmatch(r"[+-]?[\d.]+(e[+-]?\d+)?", written, re.ASCII | re.IGNORECASE)
    assert number or not re.match(r"\s*[=+\-@＝＋－＠]|[\t\n]", written)


@pytest.mark.parametrize("name", ["jsonl", "parquet"])
def test_other_formats_keep_a_formula_as_it_was_answered(reader: TrialReader, name: str) -> None:
    data = io.BytesIO(exported(reader, name))
    table = pandas.read_parquet(data) if name == "parquet" else pandas.read_json(data, lines=True)
    assert '=HYPERLINK("x")' == table["response"][0]


def test_parquet_keeps_types(reader: TrialReader) -> None:
    table = pandas.read_parquet(io.BytesIO(exported(reader, "parquet")))
    assert [0.1 + 0.2] == [value for value in table["latency_s"] if value == value]
    assert [None, "0.05", "4000"] == [
        None if value is pandas.NA or value is None else value
        for value in table["level"].astype(object).where(table["level"].notna(), None)
    ]
    assert [True, None, None] == [None if value is pandas.NA else bool(value) for value in table["passed"]]


@pytest.mark.parametrize("name", ["jsonl", "csv", "parquet"])
def test_a_table_in_pieces_is_the_same_as_at_once(
    reader: TrialReader, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    whole = exported(reader, name)
    monkeypatch.setattr("evalkit.record.trials._PIECE", 1)
    monkeypatch.setattr("evalkit.report.export._ROWS", 1)
    assert name == "parquet" or len(list(EXPORTS[name](reader))) >= 3
    pieces = exported(reader, name)
    if name == "parquet":
        one, other = (pandas.read_parquet(io.BytesIO(data)) for data in (whole, pieces))
        pandas.testing.assert_frame_equal(one, other)
    else:
        assert whole == pieces
