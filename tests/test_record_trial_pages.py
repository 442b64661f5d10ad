from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.errors import RecordError
from evalkit.findings.trials import TrialFilter
from evalkit.record import TrialPages, TrialWriter
from tests.browsed import checks, record, row

KEYS = [("t", "clean"), ("t", "noise@0.1"), ("u", "clean")]


def _items(pages: TrialPages, offset: int = 0, limit: int = 50, /, **wanted: str) -> list[str]:
    return [trial.item for trial in pages.page(TrialFilter(**wanted), offset, limit).trials]  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return record(
        tmp_path,
        row(position=0, item="a"),
        row(position=1, item="b", passed=False, score=0.5, constraints=checks("words"), response="Far TOO Länge"),
        row(position=2, item="c", passed=False, score=0.0, constraints=checks("words", "title"), response="no"),
        row(condition="noise@0.1", position=0, item="b", response=None, void_reason="timeout", constraints=None,
            passed=None, score=None),
        row(condition="noise@0.1", position=1, item="c", passed=False, finish_reason="length", score=0.0,
            constraints=checks(whole=False)),
        row(condition="noise@0.1", position=2, item="a", passed=None, score=None, constraints=None),
        row(task="u", position=0, repeat=0, item="a"),
        row(task="u", position=0, repeat=1, item="a", passed=False, constraints=checks("words")),
        row(task="u", position=1, repeat=0, item="z"),
    )  # fmt: skip


def test_pages_hold_trials_in_the_order_of_the_plan(folder: Path) -> None:
    with TrialPages(folder, [KEYS[2], KEYS[1], KEYS[0]]) as pages:
        assert ["a", "a", "z", "b", "c", "a", "a", "b", "c"] == _items(pages)
        assert ["c", "a"] == _items(pages, 4, 2)
        assert [] == _items(pages, 9)
        page = pages.page(TrialFilter(), 7, 50)
        assert (9, 7, 2) == (page.total, page.offset, len(page.trials))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"task": "t"}, ["a", "b", "c", "b", "c", "a"]),
        ({"condition": "clean"}, ["a", "b", "c", "a", "a", "z"]),
        ({"task": "u", "condition": "clean"}, ["a", "a", "z"]),
        ({"task": "u", "condition": "noise@0.1"}, []),
        ({"outcome": "pass"}, ["a", "a", "z"]),
        ({"outcome": "fail"}, ["b", "c", "c", "a"]),
        ({"outcome": "void"}, ["b"]),
        ({"outcome": "unscored"}, ["a"]),
        ({"constraint": "words"}, ["b", "c", "a"]),
        ({"constraint": "words", "task": "t"}, ["b", "c"]),
        ({"constraint": "answered"}, []),
        ({"reason": "truncated"}, ["c"]),
        ({"reason": "timeout"}, ["b"]),
        ({"item": "c", "outcome": "fail"}, ["c", "c"]),
        ({"text": "too lÄNGE"}, ["b"]),
        ({"text": "Z"}, ["z"]),
        ({"text": "%"}, []),
        ({"text": "'); DROP TABLE marks; --"}, []),
    ],
)
def test_a_filter_finds_its_trials_and_counts_them(folder: Path, wanted: dict[str, str], found: list[str]) -> None:
    with TrialPages(folder, KEYS) as pages:
        assert found == _items(pages, **wanted)
        assert len(found) == pages.page(TrialFilter(**wanted), 0, 0).total  # type: ignore[arg-type]
        assert found[1:2] == _items(pages, 1, 1, **wanted)


def test_a_summary_says_what_is_broken_in_the_order_of_the_suite_and_how_an_answer_ended(folder: Path) -> None:
    with TrialPages(folder, KEYS) as pages:
        broken, whole, truncated, void, unscored = (
            pages.summary(key)
            for key in [("t", "clean", 2, 0), ("t", "clean", 0, 0), *(("t", "noise@0.1", n, 0) for n in (1, 0, 2))]
        )
        assert broken is not None
        assert whole is not None
        assert truncated is not None
        assert void is not None
        assert ("t/clean/2/0", ("words", "title"), None, "no") == (
            broken.id,
            broken.failed,
            broken.reason,
            broken.excerpt,
        )
        assert ("pass", (), None) == (whole.outcome, whole.failed, whole.reason)
        assert ("fail", (), "truncated") == (truncated.outcome, truncated.failed, truncated.reason)
        assert ("void", "timeout", None, None) == (void.outcome, void.reason, void.excerpt, void.score)
        assert unscored is not None
        assert ("unscored", None) == (unscored.outcome, unscored.score)
        assert pages.summary(("t", "clean", 9, 0)) is None
        assert pages.summary(("v", "clean", 0, 0)) is None


def test_groups_count_every_broken_constraint_and_endings_and_void_trials_apart(folder: Path) -> None:
    with TrialPages(folder, KEYS) as pages:
        groups = pages.groups()
    told = [(group.condition, group.kind, group.name, group.trials, group.of) for group in groups]
    assert [
        ("clean", "constraint", "words", 2, 3),
        ("clean", "constraint", "title", 1, 3),
        ("noise@0.1", "ending", "truncated", 1, 3),
        ("noise@0.1", "void", "timeout", 1, 3),
        ("clean", "constraint", "words", 1, 3),
    ] == told
    assert ("t/clean/1/0", "t/clean/2/0") == groups[0].examples
    assert ["breaks words", "the answer was cut off at the length limit", "no answer: timeout"] == [
        groups[n].says for n in (0, 2, 3)
    ]


def test_trials_that_only_say_that_they_failed_are_a_group_of_their_own(tmp_path: Path) -> None:
    record(tmp_path, row(passed=False, constraints="{}", response=None, finish_reason=None))
    with TrialPages(tmp_path, KEYS) as pages:
        (group,) = pages.groups()
    assert ("other", 1, ("t/clean/0/0",)) == (group.kind, group.trials, group.examples)


@pytest.mark.parametrize(
    ("finish", "reason"),
    [("content_filter", "filtered"), ("refusal", "refused"), ("context_overflow", "too-long"), ("stop", "empty")],
)
def test_each_ending_has_its_word(tmp_path: Path, finish: str, reason: str) -> None:
    record(tmp_path, row(passed=False, finish_reason=finish, constraints=checks(whole=False), response=""))
    with TrialPages(tmp_path, KEYS) as pages:
        assert [("ending", reason)] == [(group.kind, group.name) for group in pages.groups()]


def test_neighbours_are_the_same_item_in_the_same_task(folder: Path) -> None:
    with TrialPages(folder, KEYS) as pages:
        beside, more = pages.neighbours(("t", "clean", 1, 0), 10)
        assert (["t/noise@0.1/0/0"], 0) == ([each.id for each in beside], more)
        beside, more = pages.neighbours(("u", "clean", 0, 0), 10)
        assert (["u/clean/0/1"], 0) == ([each.id for each in beside], more)
        assert ([], 1) == pages.neighbours(("t", "clean", 0, 0), 0)
        assert ([], 0) == pages.neighbours(("t", "clean", 77, 0), 10)


def test_flaky_items_passed_some_asks_and_failed_others_and_void_ones_say_nothing(tmp_path: Path) -> None:
    failed = {"passed": False, "constraints": checks("words")}
    record(
        tmp_path,
        *(row(item="steady", position=0, repeat=n) for n in range(3)),
        *(row(item="mostly", position=1, repeat=n, **(failed if n == 0 else {})) for n in range(4)),
        *(row(item="even", position=2, repeat=n, **(failed if n == 0 else {})) for n in range(2)),
        row(item="void", position=3, repeat=0),
        row(item="void", position=3, repeat=1, passed=None, constraints=None, void_reason="timeout"),
    )
    with TrialPages(tmp_path, KEYS) as pages:
        found = pages.flaky(10)
        assert [("even", 2, 1), ("mostly", 4, 3)] == [(each.item, each.asks, each.passes) for each in found]
        assert ("t/clean/2/0", "t/clean/2/1") == found[0].trials
        assert ["even"] == [each.item for each in pages.flaky(1)]


def test_names_and_texts_from_outside_are_printable_and_found_by_what_is_shown(tmp_path: Path) -> None:
    odd = 'we"ird.\\na\u202eme $[0]'
    trial = row(task="t\u202e", item="\x1b[31mi", response="a\x00\u202eb\nc" + "x" * 500,
                passed=False, constraints=checks(odd), variant="paraphrase \u202e1")  # fmt: skip
    record(tmp_path, trial)
    with TrialPages(tmp_path, [(trial.task, trial.condition)]) as pages:
        (shown,) = pages.page(TrialFilter(), 0, 1).trials
        assert ("t\\u202e", "\\x1b[31mi", "paraphrase \\u202e1") == (shown.task, shown.item, shown.variant)
        assert ('we"ird.\\na\\u202eme $[0]',) == shown.failed
        assert f"a\\x00\\u202eb c{'x' * 105}…" == shown.excerpt
        wanted = TrialFilter(task=shown.task, item=shown.item, constraint=shown.failed[0], text="a\x00\u202eB")
        assert 1 == pages.page(wanted, 0, 1).total
        assert shown == pages.summary(trial.key)
        assert [shown.failed[0]] == [group.name for group in pages.groups()]


def test_what_a_running_run_commits_is_seen_and_its_end_is_not_held_up(tmp_path: Path) -> None:
    writer = TrialWriter(tmp_path)
    writer.commit([row(passed=None, score=None, constraints=None)], [])
    with TrialPages(tmp_path, KEYS) as pages:
        assert ["unscored"] == [trial.outcome for trial in pages.page(TrialFilter(), 0, 9).trials]
        assert 1 == pages.page(TrialFilter(outcome="unscored"), 0, 9).total
        writer.commit([row(position=1, item="b")], [row(passed=False, score=0.0, constraints=checks("words"))])
        assert (0, 2) == (pages.page(TrialFilter(outcome="unscored"), 0, 9).total, pages.total())
        assert ["words"] == [group.name for group in pages.groups()]
        writer.close()
        assert not (tmp_path / "trials.db-wal").exists()
        assert 2 == pages.total()


def test_threads_may_ask_at_the_same_time(folder: Path) -> None:
    found: list[int] = []
    with TrialPages(folder, KEYS) as pages:

        def ask() -> None:
            found.extend(pages.page(TrialFilter(outcome="fail"), 0, 9).total for _ in range(20))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [4] * 80 == found


def test_only_the_first_of_what_is_sought_is_given(folder: Path) -> None:
    with TrialPages(folder, KEYS) as pages:
        assert [("t", "clean", 1, 0), ("t", "clean", 2, 0)] == pages.keys(TrialFilter(outcome="fail"), 2)
        assert [("t", "clean", 0, 0)] == pages.keys(TrialFilter(), 1)


def test_many_searches_are_answered_right_though_few_are_kept(folder: Path) -> None:
    with TrialPages(folder, KEYS) as pages:
        texts = [f"no such text {n}" for n in range(20)]
        assert [0] * 20 == [pages.page(TrialFilter(text=text), 0, 1).total for text in texts]
        assert 1 == pages.page(TrialFilter(text="länge"), 0, 1).total


def test_no_trials_are_no_error(tmp_path: Path) -> None:
    with TrialPages(record(tmp_path), KEYS) as pages:
        assert (0, 0, [], []) == (pages.total(), pages.page(TrialFilter(), 0, 9).total, pages.groups(), pages.flaky(9))


def test_a_folder_without_trials_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"no trials\.db; expected the folder of a run"):
        TrialPages(tmp_path, KEYS)


@pytest.mark.parametrize("broken", ["no JSON", '{"words": {"passed": 0}'])
def test_a_damaged_record_is_named(tmp_path: Path, broken: str) -> None:
    record(tmp_path, row(passed=False), row(position=1))
    with closing(sqlite3.connect(tmp_path / "trials.db")) as database:
        database.execute("UPDATE trials SET constraints = ? WHERE position = 0", (broken,))
        database.commit()
    with TrialPages(tmp_path, KEYS) as pages, pytest.raises(RecordError, match=r"trials\.db: cannot be read as"):
        pages.total()


def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "trials.db").write_text("no database" * 100)
    with TrialPages(tmp_path, KEYS) as pages, pytest.raises(RecordError, match="cannot be read as a run's trials"):
        pages.total()


def test_a_record_that_comes_back_is_read_again(tmp_path: Path) -> None:
    record(tmp_path, row())
    with TrialPages(tmp_path, KEYS) as pages:
        assert 1 == pages.total()
        (tmp_path / "trials.db").rename(tmp_path / "away")
        with pytest.raises(RecordError):
            pages.total()
        record(tmp_path, row(), replace(row(), position=1))
        assert 2 == pages.total()
