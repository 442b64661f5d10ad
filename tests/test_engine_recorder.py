from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine.recorder import Recorder
from evalkit.errors import RecordError
from evalkit.record import TrialRow, TrialWriter
from tests.runs import rows_of

ASK: Any = None
"""Who waits for the trial: nothing that a recorder looks at."""


def _row(position: int, **given: Any) -> TrialRow:
    known: dict[str, Any] = {
        "task": "t",
        "condition": "clean",
        "item": "i",
        "item_group": None,
        "level": None,
        "variant": None,
    }
    return TrialRow(position=position, repeat=0, request_hash="h", response="r", **known, **given)


def test_what_has_ended_is_on_the_disk_after_a_commit(tmp_path: Path) -> None:
    recorder = Recorder(TrialWriter(tmp_path))
    recorder.ended(ASK, _row(0))
    assert (1, False) == (len(recorder), recorder.idle)
    assert [(ASK, _row(0))] == asyncio.run(recorder.commit())
    assert [_row(0)] == rows_of(tmp_path)
    assert (0, True) == (len(recorder), recorder.idle)


def test_a_score_goes_with_the_next_commit(tmp_path: Path) -> None:
    recorder = Recorder(TrialWriter(tmp_path))
    recorder.ended(ASK, _row(0))
    asyncio.run(recorder.commit())
    recorder.scored(_row(0, passed=True, score=1.0, constraints="{}"))
    assert not recorder.idle
    assert [] == asyncio.run(recorder.commit())
    assert [True] == [row.passed for row in rows_of(tmp_path)]


def test_with_nothing_to_commit_nothing_is_written(tmp_path: Path) -> None:
    writer = TrialWriter(tmp_path)
    writer.close()  # which makes every further write an error
    assert [] == asyncio.run(Recorder(writer).commit())


def test_a_commit_that_failed_is_made_again_in_the_end(tmp_path: Path) -> None:
    """The disk may have room by then."""
    writer = TrialWriter(tmp_path)
    recorder = Recorder(writer)
    recorder.ended(ASK, _row(0, passed=True, score=1.0, constraints="x" * 100_000))
    writer._connection.execute("PRAGMA max_page_count = 4")
    with pytest.raises(RecordError, match="database or disk is full"):
        asyncio.run(recorder.commit())
    recorder.ended(ASK, _row(1))
    recorder.scored(_row(0, passed=False, score=0.0, constraints="{}"))
    writer._connection.execute("PRAGMA max_page_count = 1000000")
    recorder.save_rest()
    assert [(0, False), (1, None)] == [(row.position, row.passed) for row in rows_of(tmp_path)]


def test_the_rest_waits_for_a_commit_that_is_under_way(tmp_path: Path) -> None:
    writer = TrialWriter(tmp_path)
    recorder = Recorder(writer)

    async def cancelled() -> None:
        recorder.ended(ASK, _row(0))
        commit = asyncio.create_task(recorder.commit())
        await asyncio.sleep(0)
        commit.cancel()
        recorder.ended(ASK, _row(1))
        recorder.save_rest()

    asyncio.run(cancelled())
    assert [0, 1] == [row.position for row in rows_of(tmp_path)]
