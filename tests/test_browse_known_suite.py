from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.browse.known_suite import KnownSuite, Suites
from evalkit.engine import Measured
from evalkit.engine.importing import ImportOptions, import_trials
from evalkit.engine.stored import stored_suite
from evalkit.plan import Scope
from evalkit.record import RunFile
from evalkit.suite import Suite, load_suite
from tests.browsed import SUITE, desk_run, write_desk
from tests.runs import Scripted, carry_out, rows_of

GENERATED = """
suite: sums
threshold: 0.9
tasks:
  add:
    prompt: "What is {a} + {b}?"
    items: {generate: addition, digits: [1, 2]}
    difficulty: {field: digits, require: 1}
    constraints: [{number: "{answer}"}]
"""
HARMFUL = "from pathlib import Path\nPath('executed').touch()\ndef items():\n    return [{'id': 'x'}]\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    return desk_run(tmp_path_factory.mktemp("desk"))


def test_items_of_a_list_are_found_by_their_id(run: Measured) -> None:
    known = KnownSuite(run.run)
    rows = rows_of(run.folder)
    assert [row.item for row in rows] == [item.id for row in rows if (item := known.item(row)) is not None]
    assert known.note is None


def test_items_of_a_generator_are_drawn_again_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "sums.yaml").write_text(GENERATED)
    run = carry_out(load_suite(tmp_path / "sums.yaml"), Scripted(), tmp_path, scope=Scope(fixed=8))
    rows = rows_of(run.folder)
    assert 16 == len(rows)
    known = KnownSuite(run.run)
    assert known.item(rows[5]) is known.item(rows[5])  # who asks again has not to wait for it again
    for order in (rows, rows[::-1], [*rows[3:], *rows[:3]]):
        items = [known.item(row) for row in order]
        assert [row.item for row in order] == [item.id for item in items if item is not None]


def test_runs_of_the_same_suite_read_it_once(run: Measured, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def stored(run: RunFile, *, allow_code: bool) -> Suite:
        read.append(run.suite.path)
        return stored_suite(run, allow_code=allow_code)

    monkeypatch.setattr("evalkit.browse.known_suite.stored_suite", stored)
    suites: Suites = {}
    first, second = KnownSuite(run.run, suites), KnownSuite(run.run, suites)
    assert first.plan is not None
    assert second.plan is not None
    assert first.plan.suite is second.plan.suite
    assert 1 == len(read)
    other = run.run.model_copy(update={"suite": run.run.suite.model_copy(update={"files": {"gone.jsonl": "0"}})})
    assert KnownSuite(other, suites).plan is None  # it is not taken for the one that it was not made of
    assert 2 == len(read)


def test_of_an_imported_run_is_said_that_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("item,passed\na,1\n")
    (run,) = import_trials(tmp_path / "table.csv", tmp_path / "run", ImportOptions(threshold=0.9)).runs
    known = KnownSuite(run.run)
    assert (None, None) == (known.plan, known.item(rows_of(run.folder)[0]))
    assert "The trials were imported from table.csv; what was asked is not recorded." == known.note


def _spoiled(run: Measured, folder: Path, how: str) -> RunFile:
    """The run as it were if its suite had lain in another folder, whose items are not what they were."""
    path = write_desk(folder)
    items = folder / "items.jsonl"
    if how == "missing":
        items.unlink()
    elif how == "changed":
        items.write_text(items.read_text().replace("Monday", "Sunday"))
    else:
        items.write_text("no JSON")
    return run.run.model_copy(update={"suite": run.run.suite.model_copy(update={"path": str(path)})})


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("missing", "no such file"),
        ("changed", "items.jsonl changed since the run was made"),
        ("broken", "is not JSON"),
    ],
)
def test_why_a_suite_cannot_be_read_any_more_is_said(run: Measured, tmp_path: Path, how: str, told: str) -> None:
    known = KnownSuite(_spoiled(run, tmp_path, how))
    assert known.plan is None
    assert known.note is not None
    assert known.note.startswith("What was asked cannot be shown, since the suite cannot be read: ")
    assert told in known.note


@pytest.mark.parametrize(
    "change",
    [("items: items.jsonl", "items: {python: 'make.py:items'}"), ("one_line,", "one_line, {python: 'make.py:items'},")],
    ids=["items", "constraint"],
)
def test_python_of_a_suite_is_never_executed(
    run: Measured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: tuple[str, str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_desk(tmp_path)
    (tmp_path / "make.py").write_text(HARMFUL)
    text = SUITE.replace(*change)
    assert text != SUITE
    stored = run.run.suite.model_copy(update={"text": text, "path": str(path)})
    known = KnownSuite(run.run.model_copy(update={"suite": stored}))
    assert known.plan is None
    assert known.note is not None
    assert known.note.endswith(". Looking at trials never runs a suite's Python.")
    assert not (tmp_path / "executed").exists()


def test_another_version_says_that_it_may_make_other_prompts(run: Measured) -> None:
    known = KnownSuite(run.run.model_copy(update={"evalkit": "0.0.1"}))
    assert known.plan is not None
    assert "The run was made by evalkit 0.0.1; this version may make other prompts." == known.note


def test_a_condition_that_the_run_does_not_know_has_no_item(run: Measured) -> None:
    row = rows_of(run.folder)[0]
    known = KnownSuite(
        run.run.model_copy(update={"terms": [each for each in run.run.terms if each.key != row.key[:2]]})
    )
    assert (None, None) == (known.terms(row), known.item(row))
