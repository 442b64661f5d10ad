from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.engine.table import KEYS, Reading, TableTrial, read_table
from evalkit.errors import EvalkitError, SuiteError
from evalkit.trial import Condition


def read(folder: Path, text: str, *, name: str = "trials.csv", **said: Any) -> list[TableTrial]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_table(path, Reading(**{"columns": {}, "task": "t", **said}))


def one(folder: Path, fields: dict[str, Any], **said: Any) -> TableTrial:
    (trial,) = read(folder, json.dumps(fields), name="trials.jsonl", **said)
    return trial


def test_columns_of_a_keys_own_name_are_found(tmp_path: Path) -> None:
    header = "model,task,item,condition,level,repeat,passed,score,response,group"
    (trial,) = read(tmp_path, f'{header}\nm,sum,q1,noise,0.1,3,yes,0.75,"a, b",story 1\n')
    assert trial == TableTrial(
        line=2,
        model="m",
        task="sum",
        condition=Condition(perturbation="noise", level=0.1),
        item="q1",
        group="story 1",
        repeat="3",
        passed=True,
        score=0.75,
        response="a, b",
    )


def test_what_no_column_says_is_told_or_plain(tmp_path: Path) -> None:
    (trial,) = read(tmp_path, "q,ok\nq1,no\n", columns={"item": "q", "passed": "ok"})
    assert ("imported", "t", "clean", None, None, None) == (
        trial.model,
        trial.task,
        trial.condition.id,
        trial.group,
        trial.repeat,
        trial.response,
    )
    assert (False, 0.0) == (trial.passed, trial.score)
    assert "x" == read(tmp_path, "item,passed\nq1,1\n", model="x")[0].model


def test_an_empty_column_name_leaves_a_column_aside(tmp_path: Path) -> None:
    (trial,) = read(tmp_path, "item,passed,score\nq1,1,87.5\n", columns={"score": ""})
    assert 1.0 == trial.score


@pytest.mark.parametrize("value", [True, "TRUE", "yes", " Pass ", 1, "1", 1.0])
def test_passes_are_written_in_many_ways(tmp_path: Path, value: Any) -> None:
    assert (True, 1.0) == (lambda trial: (trial.passed, trial.score))(one(tmp_path, {"item": "q", "passed": value}))


@pytest.mark.parametrize("value", [False, "False", "no", "FAIL", 0, "0", 0.0])
def test_fails_are_written_in_many_ways(tmp_path: Path, value: Any) -> None:
    assert (False, 0.0) == (lambda trial: (trial.passed, trial.score))(one(tmp_path, {"item": "q", "passed": value}))


@pytest.mark.parametrize("fields", [{}, {"passed": None}, {"passed": "  "}, {"passed": float("nan")}])
def test_an_empty_outcome_is_void_and_has_no_score_or_response(tmp_path: Path, fields: dict[str, Any]) -> None:
    rows = [{"item": "q", "response": "x", **fields}, {"item": "r", "response": "x", "passed": 1}]
    trials = read(tmp_path, "\n".join(map(json.dumps, rows)), name="trials.jsonl")
    assert [(None, None, None), (True, 1.0, "x")] == [(each.passed, each.score, each.response) for each in trials]


@pytest.mark.parametrize(("score", "passed"), [("0.8", True), ("0.79", False), ("1", True), ("", None)])
def test_a_score_passes_from_the_least_that_is_said(tmp_path: Path, score: str, passed: bool | None) -> None:
    (trial,) = read(tmp_path, f"item,mark\nq,{score}\n", columns={"score": "mark"}, pass_score=0.8)
    assert (passed, float(score) if score else None) == (trial.passed, trial.score)


@pytest.mark.parametrize(
    ("condition", "level", "expected"),
    [
        ("", "", "clean"),
        ("clean", "", "clean"),
        ("noise", "0.10", "noise@0.1"),
        ("noise@0.1", "", "noise@0.1"),
        ("noise@0.1", "0.10", "noise@0.1"),
        ("context", "4000.0", "context@4000"),
        ("conflict", "soft", "conflict@soft"),
        ("paraphrase", "", "paraphrase"),
        ("noise", "1e999", "noise@1e999"),
        ("context", "1e20", "context@1e+20"),
    ],
)
def test_conditions_get_their_ids(tmp_path: Path, condition: str, level: str, expected: str) -> None:
    (trial,) = read(tmp_path, f"item,passed,condition,level\nq,1,{condition},{level}\n")
    assert expected == trial.condition.id


def test_whole_numbers_that_a_missing_one_made_floats_are_whole_again(tmp_path: Path) -> None:
    pandas.DataFrame({"item": [1.0, 2.0], "repeat": [0, 1], "passed": [1.0, None]}).to_parquet(
        tmp_path / "trials.parquet"
    )
    trials = read_table(tmp_path / "trials.parquet", Reading(columns={}, task="t"))
    assert [("1", "0", True), ("2", "1", None)] == [(each.item, each.repeat, each.passed) for each in trials]


WRONG = [
    ("passed", "found 'maybe', expected true or false", {"passed": "maybe"}),
    ("passed", "found 2, expected true or false", {"passed": 2}),
    ("passed", r"found \[\], expected true or false", {"passed": []}),
    ("passed", "found 1 beside the score nothing", {"score": None}),
    ("passed", "found nothing beside the score 0.5", {"passed": "", "score": 0.5}),
    ("score", "found 87.5, expected a number from 0 to 1; divide", {"score": 87.5}),
    ("score", "found True, expected", {"score": True}),
    ("score", "found 'good', expected", {"score": "good"}),
    ("item", "found nothing, expected the question", {"item": " "}),
    ("item", r"found \['a'\], expected a text or a number", {"item": ["a"]}),
    ("item", r"found 'a\\x1b\[31m', expected a name of one line", {"item": "a\x1b[31m"}),
    ("item", r"found 'a\\nb', expected a name of one line", {"item": "a\nb"}),
    ("item", r"found '\\ud800', expected a name", {"item": "\ud800"}),
    ("repeat", "found nothing, expected which time", {"repeat": ""}),
    ("group", "found nothing, expected what items stand", {"group": None}),
    ("task", "found a text of 201 characters, expected a name of at most 200", {"task": "x" * 201}),
    ("condition", "found nothing beside level 0.1", {"condition": "", "level": 0.1}),
    ("level", "found 0.2 beside the condition noise@0.1, expected 0.1", {"condition": "noise@0.1", "level": 0.2}),
    ("level", "found 3 beside the condition clean, expected nothing", {"condition": "clean", "level": 3}),
    ("condition", "found repeat, expected repeat@ and the number", {"condition": "repeat"}),
    ("response", "found 5, expected the text", {"response": 5}),
    ("response", r"found '\\ud800', expected the text", {"response": "\ud800"}),
]


@pytest.mark.parametrize(("key", "message", "fields"), WRONG)
def test_a_wrong_cell_is_named_with_its_row_and_column(
    tmp_path: Path, key: str, message: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(EvalkitError, match=rf"trials.jsonl:1: {key}: {message}"):
        one(tmp_path, {"item": "q", "passed": 1, **fields})


def test_the_first_wrong_rows_are_named_and_the_others_counted(tmp_path: Path) -> None:
    with pytest.raises(EvalkitError) as raised:
        read(tmp_path, "item,passed\n" + "q,maybe\n" * 1012)
    lines = str(raised.value).splitlines()
    assert (11, "… and 1,002 more like these") == (len(lines), lines[-1])
    assert lines[9].startswith(f"{tmp_path}/trials.csv:11: passed: found 'maybe'")


@pytest.mark.parametrize(
    ("message", "header", "said"),
    [
        ("--map itm: no such key. Did you mean \"item\"?", "item,passed", {"columns": {"itm": "item"}}),
        ("no column 'questoin' for item. Did you mean \"question\"?", "question,passed",
         {"columns": {"item": "questoin"}}),
        ("no column says which item a trial is about; name it with --map item=COLUMN", "id,passed", {}),
        ("no column says what passed; name it with --map passed=COLUMN", "item,ok", {}),
        ("no --pass-score which 'score' is enough", "item,score", {}),
        ("found --pass-score beside the column 'passed'", "item,passed,score", {"pass_score": 0.5}),
        ("found --model beside the column 'model'", "item,passed,model", {"model": "x"}),
        ("found the column 'level' for level and none for condition", "item,passed,level", {}),
    ],
)  # fmt: skip
def test_columns_that_leave_something_open_are_refused(
    tmp_path: Path, message: str, header: str, said: dict[str, Any]
) -> None:
    with pytest.raises(EvalkitError) as raised:
        read(tmp_path, f"{header}\n{','.join('1' for _ in header.split(','))}\n", **said)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", b"item\n", "found the ending '.tsv', expected trials in one of .csv, .jsonl, .parquet"),
        ("a.csv", b"item,passed\n", "has no items"),
        ("a.csv", b"item,passed\nq\n", "a.csv:2: found 1 cells, expected 2"),
        ("a.csv", b'item,passed\nq,"1\n', "is not CSV"),
        ("a.csv", b"item,passed\n\xff,1\n", "a.csv:2: found byte 0xff, which is not UTF-8"),
        ("a.jsonl", b'{"item": \n', "a.jsonl:1: is not JSON"),
        ("a.jsonl", b"[1]\n", "expected one JSON object a line"),
        ("a.parquet", b"PAR1", "is not Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(EvalkitError) as raised:
        read_table(tmp_path / name, Reading(columns={}, task="t"))
    assert message in str(raised.value)


_JSON = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2)


@given(row=st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, _JSON)))
def test_whatever_a_row_holds_it_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, row: dict[str, Any]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        trial = one(folder, row, pass_score=None if "passed" in row else 0.5)
    except SuiteError:
        raise AssertionError("every line is JSON") from None
    except EvalkitError:
        return
    assert (trial.passed is None) == (trial.score is None)
    assert trial.item
