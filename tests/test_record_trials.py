from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pandas
import pytest

from evalkit.errors import RecordError
from evalkit.record import COLUMNS, TrialReader, TrialRow, TrialWriter
from evalkit.score import Check, Scored
from evalkit.trial import Answer, Response

ROW = TrialRow(
    task="add",
    condition="noise@0.1",
    position=3,
    repeat=0,
    item="i3",
    item_group=None,
    level=0.1,
    variant=None,
    request_hash="a" * 64,
)
ANSWER = Answer(
    response=Response(
        text="zwölf ≠ 13\n\u202e",
        finish_reason="tool_calls",
        tool_calls=({"name": "look", "arguments": {"für": 1}},),
        tokens_in=12,
        tokens_out=3,
        tokens_cached=0,
        tokens_cache_write=4,
        tokens_reasoning=1,
        served_model="x-2026",
        fingerprint="fp_1",
        logprob=-0.25,
        target_logprob=-1.5,
        target_tokens=5,
    ),
    latency_s=1.5,
    attempts=2,
)
SCORED = Scored(
    passed=False,
    score=0.5,
    checks={"number": Check(passed=True, score=1.0), "words": Check(passed=False, score=0.0, found="20 words")},
)


def _commit(folder: Path, *rows: TrialRow) -> None:
    writer = TrialWriter(folder)
    writer.commit(rows, [])
    writer.close()


def _read(folder: Path) -> list[TrialRow]:
    with TrialReader(folder) as reader:
        return list(reader.rows())


def test_a_row_comes_back_as_it_was_written(tmp_path: Path) -> None:
    whole = replace(ROW.answered(ANSWER, cost_usd=0.001).scored(SCORED), item_group="g", variant="v", request="{}")
    assert [] == [
        field.name
        for field in fields(whole)
        if getattr(whole, field.name) is None and not field.name.startswith("void")
    ]
    _commit(tmp_path, whole)
    assert [whole] == _read(tmp_path)


@pytest.mark.parametrize("level", [None, 4000, 0.05, "soft"])
def test_a_level_keeps_its_type(tmp_path: Path, level: str | float | None) -> None:
    _commit(tmp_path, replace(ROW, level=level))
    (found,) = _read(tmp_path)
    assert (level, type(level)) == (found.level, type(found.level))


def test_an_answer_is_kept_whole() -> None:
    assert replace(ANSWER, attempts=0) == ROW.answered(ANSWER, cost_usd=None).as_answer()
    plain = Answer(response=Response(text=""), latency_s=0.0, attempts=0)
    assert plain == ROW.answered(plain, cost_usd=0.0).as_answer()


def test_what_was_found_is_kept_where_there_is_something_to_say() -> None:
    expected = (
        '{"number": {"passed": true, "score": 1.0}, "words": {"passed": false, "score": 0.0, "found": "20 words"}}'
    )
    scored = ROW.scored(SCORED)
    assert (expected, False, 0.5) == (scored.constraints, scored.passed, scored.score)


def test_a_score_completes_a_row_that_was_saved_without_one(tmp_path: Path) -> None:
    answered = ROW.answered(ANSWER, cost_usd=None)
    writer = TrialWriter(tmp_path)
    writer.commit([answered], [])
    with TrialReader(tmp_path) as reader:  # another process would see it now
        assert [answered] == list(reader.rows())
    writer.commit([], [answered.scored(SCORED)])
    writer.close()
    assert [answered.scored(SCORED)] == _read(tmp_path)


def test_a_trial_that_is_asked_again_takes_the_place_of_the_void_one(tmp_path: Path) -> None:
    _commit(tmp_path, replace(ROW, void_reason="timeout", attempts=3))
    _commit(tmp_path, ROW.answered(ANSWER, cost_usd=None))
    assert [ROW.answered(ANSWER, cost_usd=None)] == _read(tmp_path)


def test_rows_come_in_plan_order_whatever_the_order_of_writing(tmp_path: Path) -> None:
    keys = [("b", "clean", 0, 0), ("a", "x", 10, 0), ("a", "x", 9, 1), ("a", "x", 9, 0), ("a", "clean", 2, 0)]
    _commit(
        tmp_path,
        *(replace(ROW, task=task, condition=cond, position=at, repeat=repeat) for task, cond, at, repeat in keys),
    )
    assert sorted(keys) == [row.key for row in _read(tmp_path)]
    with TrialReader(tmp_path) as reader:
        assert ["b"] == [row.task for row in reader.rows(task="b")]


def test_a_trial_is_found_by_its_place(tmp_path: Path) -> None:
    _commit(tmp_path, ROW)
    with TrialReader(tmp_path) as reader:
        assert ROW == reader.row(ROW.key)
        assert reader.row(("add", "noise@0.1", 4, 0)) is None


def _answer(
    reader: TrialReader, *, digit: str = "a", repeat: int = 0, item: str = "i3", same: bool = True
) -> str | None:
    found = reader.answer(digit * 64, repeat, task="add", item=item, same_item=same)
    return None if found is None else found.item


def test_an_answer_is_found_by_request_and_repeat_unless_it_is_void(tmp_path: Path) -> None:
    void = replace(ROW, position=4, request_hash="b" * 64, void_reason="timeout")
    _commit(tmp_path, ROW.answered(ANSWER, cost_usd=None), void)
    with TrialReader(tmp_path) as reader:
        assert "i3" == _answer(reader)
        assert _answer(reader, repeat=1) is None
        assert _answer(reader, digit="b") is None


def test_an_answer_about_another_item_is_found_only_where_it_will_do_and_second(tmp_path: Path) -> None:
    _commit(tmp_path, *(replace(ROW, position=n, item=f"i{n}").answered(ANSWER, cost_usd=None) for n in range(3)))
    with TrialReader(tmp_path) as reader:
        for same in (True, False):
            assert ["i1", "i2"] == [_answer(reader, item=item, same=same) for item in ("i1", "i2")]
        assert _answer(reader, item="i9") is None
        assert _answer(reader, item="i9", same=False) in {"i0", "i1", "i2"}


def test_a_commit_is_all_or_nothing(tmp_path: Path) -> None:
    writer = TrialWriter(tmp_path)
    unfit = replace(ROW, position=4, response=object())  # type: ignore[arg-type]  # SQLite cannot hold it
    with pytest.raises(RecordError, match=r"trials\.db: cannot be written: .*then --resume it") as caught:
        writer.commit([ROW, unfit], [])
    assert 4 == caught.value.exit_code
    writer.commit([replace(ROW, position=5)], [])
    writer.close()
    assert [5] == [row.position for row in _read(tmp_path)]


def test_when_a_run_ends_one_file_remains(tmp_path: Path) -> None:
    writer = TrialWriter(tmp_path)
    writer.commit([ROW], [])
    assert {"trials.db", "trials.db-wal", "trials.db-shm"} == {path.name for path in tmp_path.iterdir()}
    writer.close()
    assert ["trials.db"] == [path.name for path in tmp_path.iterdir()]


def test_while_a_run_goes_on_every_commit_is_forced_to_the_disk(tmp_path: Path) -> None:
    writer = TrialWriter(tmp_path)
    settings = [writer._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    writer.close()
    assert ["wal", 2] == settings


def test_what_another_writer_left_behind_unfolded_is_read(tmp_path: Path) -> None:
    (tmp_path / "killed").mkdir()
    writer = TrialWriter(tmp_path / "killed")
    writer.commit([ROW], [])
    (tmp_path / "copy").mkdir()
    for path in (tmp_path / "killed").iterdir():  # as the disk looks when the process is killed now
        (tmp_path / "copy" / path.name).write_bytes(path.read_bytes())
    writer.close()
    assert [ROW] == _read(tmp_path / "copy")
    _commit(tmp_path / "copy", replace(ROW, position=4))
    assert [3, 4] == [row.position for row in _read(tmp_path / "copy")]
    assert ["trials.db"] == [path.name for path in (tmp_path / "copy").iterdir()]


def test_a_table_has_the_columns_of_a_row(tmp_path: Path) -> None:
    _commit(tmp_path, ROW, replace(ROW.answered(ANSWER, cost_usd=None).scored(SCORED), position=4))
    with TrialReader(tmp_path) as reader:
        frame = reader.frame()
    assert list(COLUMNS) == list(frame.columns)
    assert [pandas.NA, False] == list(frame["passed"])


def test_whole_numbers_of_a_table_stay_whole_where_some_are_missing(tmp_path: Path) -> None:
    _commit(tmp_path, replace(ROW, level=None), replace(ROW, position=4, level=4000, tokens_in=7, attempts=1))
    with TrialReader(tmp_path) as reader:
        frame = reader.frame()
    names = ["position", "repeat", "tokens_in", "tokens_out", "tokens_cached"]
    names += ["tokens_cache_write", "tokens_reasoning", "target_tokens", "attempts"]
    assert ["Int64"] * len(names) == [str(frame[name].dtype) for name in names]
    assert [pandas.NA, 7] == list(frame["tokens_in"])
    assert [None, 4000] == list(frame["level"])


def test_a_table_of_no_trials_has_its_columns(tmp_path: Path) -> None:
    TrialWriter(tmp_path).close()
    with TrialReader(tmp_path) as reader:
        frame = reader.frame()
    assert (0, list(COLUMNS)) == (len(frame), list(frame.columns))


def test_what_another_version_recorded_is_refused_and_said_why(tmp_path: Path) -> None:
    _commit(tmp_path)
    with closing(sqlite3.connect(tmp_path / "trials.db")) as connection:
        connection.execute("ALTER TABLE trials DROP COLUMN target_tokens")
    with pytest.raises(RecordError, match="no such column: target_tokens; another version of evalkit made this run"):
        TrialReader(tmp_path)


@pytest.mark.parametrize(
    ("message", "content"),
    [
        ("no trials.db; expected the folder of a run", None),
        ("cannot be read as a run's trials: file is not a database", b"no database " * 100),
        ("cannot be read as a run's trials: no such table", b""),
    ],
)
def test_what_is_no_record_is_refused(tmp_path: Path, message: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "trials.db").write_bytes(content)
    with pytest.raises(RecordError, match=message) as caught:
        TrialReader(tmp_path)
    assert 2 == caught.value.exit_code


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("constraints", "{no"),
        ("constraints", '{"words": 1}'),
        ("tool_calls", "no"),
        ("score", "high"),
        ("passed", 7),
        ("tokens_in", "many"),
        ("finish_reason", "never"),
        ("response", b"\xff"),
    ],
)
def test_a_value_that_is_never_written_is_named_with_its_trial(tmp_path: Path, column: str, value: object) -> None:
    _commit(tmp_path, ROW.answered(ANSWER, cost_usd=None).scored(SCORED))
    with sqlite3.connect(tmp_path / "trials.db") as connection:
        connection.execute(f"UPDATE trials SET {column} = ?", (value,))
    connection.close()
    with TrialReader(tmp_path) as reader:
        for read in (lambda: list(reader.rows()), reader.frame, lambda: reader.row(ROW.key), lambda: _answer(reader)):
            with pytest.raises(RecordError, match=r"trials\.db: cannot be read as .*: trial add, noise@0\.1, 3, 0: "):
                read()


def test_a_record_with_overwritten_bytes_is_refused(tmp_path: Path) -> None:
    _commit(tmp_path, *(replace(ROW, position=at, response="x" * 900) for at in range(200)))
    data = bytearray((tmp_path / "trials.db").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 20_000] = b"\xff" * 20_000
    (tmp_path / "trials.db").write_bytes(data)
    with TrialReader(tmp_path) as reader, pytest.raises(RecordError, match=r"trials\.db: cannot be read") as caught:
        list(reader.rows())
    assert 2 == caught.value.exit_code


def test_a_record_of_other_columns_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "trials.db") as connection:
        connection.execute("CREATE TABLE trials (task, condition)")
    connection.close()
    with pytest.raises(RecordError, match="no such column"):
        TrialReader(tmp_path)


def test_a_record_that_cannot_be_written_is_the_machines_fault(tmp_path: Path) -> None:
    (tmp_path / "trials.db").mkdir()
    with pytest.raises(RecordError, match="Free some space or check the folder") as caught:
        TrialWriter(tmp_path)
    assert 4 == caught.value.exit_code


def test_a_reader_does_not_keep_a_run_from_ending(tmp_path: Path) -> None:
    writer = TrialWriter(tmp_path)
    writer.commit([ROW], [])
    with TrialReader(tmp_path) as reader:
        writer.close()
        assert [ROW] == list(reader.rows())
    assert [ROW] == _read(tmp_path)


def test_deeply_nested_tool_calls_are_read_back(tmp_path: Path) -> None:
    """One runaway answer must not make the others unreadable."""
    deep: Any = 1
    for _ in range(400):
        deep = {"a": deep}
    response = Response(text="", finish_reason="tool_calls", tool_calls=({"name": "f", "arguments": deep},))
    row = ROW.answered(Answer(response=response, latency_s=0.1, attempts=1), cost_usd=None)
    _commit(tmp_path, row)
    with TrialReader(tmp_path) as reader:
        assert [row] == list(reader.rows())


# --- a file that is gone while it is written


def test_a_deleted_file_is_noticed_and_everything_is_saved_where_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    writer = TrialWriter(folder)
    writer.commit([replace(ROW, position=0)], [])
    shutil.rmtree(folder)
    place = re.escape(str(folder / "trials.db"))
    with pytest.raises(
        RecordError, match=f"{place}: was deleted or moved .* saved in {place}: go on with --resume"
    ) as caught:
        writer.commit([replace(ROW, position=1)], [])
    assert 4 == caught.value.exit_code
    writer.commit([replace(ROW, position=2)], [])  # what else was answered
    writer.close()
    with TrialReader(folder) as reader:
        assert [0, 1, 2] == [row.position for row in reader.rows()]


def test_a_file_that_another_has_replaced_is_saved_beside_it(tmp_path: Path) -> None:
    writer = TrialWriter(tmp_path)
    writer.commit([replace(ROW, position=0)], [])
    for path in tmp_path.iterdir():
        path.unlink()
    (tmp_path / "trials.db").write_bytes(b"")
    with pytest.raises(RecordError, match=r"saved in .*rescued-trials\.db: rename it to trials\.db to go on"):
        writer.close()
    (tmp_path / "trials.db").unlink()
    (tmp_path / "rescued-trials.db").rename(tmp_path / "trials.db")
    with TrialReader(tmp_path) as reader:
        assert [0] == [row.position for row in reader.rows()]


def test_a_deleted_file_that_cannot_be_saved_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    writer = TrialWriter(folder)
    shutil.rmtree(folder)
    folder.write_text("not a folder", encoding="utf-8")
    with pytest.raises(RecordError, match="was deleted or moved while the run went on, and cannot be saved"):
        writer.close()


def test_what_calls_have_cost_is_added_up_as_far_as_it_is_known(tmp_path: Path) -> None:
    writer = TrialWriter(tmp_path)
    costs = [(0.25, 1), (0.5, 2), (None, 1), (0.0, 0)]
    writer.commit([replace(ROW, position=n, cost_usd=usd, attempts=made) for n, (usd, made) in enumerate(costs)], [])
    with TrialReader(tmp_path) as reader:
        assert (0.75, 2) == reader.spent()
    writer.close()
