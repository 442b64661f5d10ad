from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from evalkit.engine.imported import check_asked
from evalkit.engine.importing import ImportOptions, import_trials
from evalkit.engine.rescore import rescore
from evalkit.errors import RecordError
from evalkit.plan import Scope
from tests.runs import Scripted, carry_out, make_suite


def test_an_imported_run_cannot_be_gone_on_with_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "trials.csv").write_text("item,passed\na,1\nb,1\n")
    (run,) = import_trials(tmp_path / "trials.csv", tmp_path / "run", ImportOptions(threshold=0.9)).runs
    with pytest.raises(RecordError, match=r"run: was imported from .*/trials\.csv, and has no suite to ask"):
        check_asked(run.folder, run.run)


def test_a_run_that_was_made_of_stored_responses_cannot_be_gone_on_with_or_scored_again(tmp_path: Path) -> None:
    suite = make_suite(tmp_path, n_items=2)
    first = carry_out(suite, Scripted(), tmp_path / "runs", scope=Scope())
    again = asyncio.run(rescore(first.folder, suite, Scripted(), out=tmp_path / "again").carry_out())
    with pytest.raises(RecordError, match=r"was made of stored responses, and asks for none; .*--reuse") as caught:
        check_asked(again.folder, again.run)
    assert str(caught.value).startswith(f"{again.folder}: ")


def test_a_run_that_was_asked_is_let_through(tmp_path: Path) -> None:
    run = carry_out(make_suite(tmp_path, n_items=2), Scripted(), tmp_path)
    check_asked(run.folder, run.run)
