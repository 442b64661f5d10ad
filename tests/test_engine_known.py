from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.engine.known import KnownAnswers, shared_key
from evalkit.record import TrialReader, TrialRow, TrialWriter


def _row(item: str = "i0", position: int = 0, **given: Any) -> TrialRow:
    row = TrialRow(
        task="add",
        condition="clean",
        position=position,
        repeat=0,
        item=item,
        item_group=None,
        level=None,
        variant=None,
        request_hash="same",
        response="4",
        attempts=1,
        latency_s=1.0,
        cost_usd=0.25,
        passed=True,
        score=1.0,
        constraints="{}",
    )
    return replace(row, **given)


def _void(item: str = "i0", position: int = 0, **given: Any) -> TrialRow:
    nothing: dict[str, Any] = {"response": None, "passed": None, "score": None, "constraints": None}
    return _row(item, position, **{"void_reason": "timeout", "cost_usd": None, **nothing, **given})


def _recorded(folder: Path, rows: Sequence[TrialRow]) -> Path:
    folder.mkdir()
    writer = TrialWriter(folder)
    writer.commit(rows, [])
    writer.close()
    return folder


@contextmanager
def _known(folder: Path, own: Sequence[TrialRow], *reused: Sequence[TrialRow]) -> Iterator[KnownAnswers]:
    with ExitStack() as stack:
        first, *others = [
            stack.enter_context(TrialReader(_recorded(folder / f"run{n}", rows)))
            for n, rows in enumerate((own, *reused))
        ]
        yield KnownAnswers(first, others)


def _answered(row: TrialRow | None) -> str | None:
    return None if row is None else row.response


@pytest.mark.parametrize(
    ("same", "other"),
    [
        (True, {"condition": "repeat@3", "position": 7, "level": 3}),
        (True, {"response": "5", "attempts": 0}),
        (False, {"request_hash": "other"}),
        (False, {"repeat": 1}),
        (False, {"task": "sub"}),
        (False, {"item": "i1"}),
    ],
)
def test_trials_are_one_call_when_they_ask_the_same_about_an_item_the_same_time_round(
    same: bool, other: dict[str, Any]
) -> None:
    assert same is (shared_key(_row()) == shared_key(replace(_row(), **other)))


# --- what this run has


def test_a_trial_is_known_unless_it_is_void(tmp_path: Path) -> None:
    answered, void = _row("i0", 0), _void("i1", 1)
    with _known(tmp_path, [answered, void]) as known:
        assert answered == known.trial(answered.key)
        assert known.trial(void.key) is None
        assert known.trial(("add", "clean", 2, 0)) is None
        assert [answered, void] == list(known.rows())


def test_an_answer_of_this_run_serves_the_same_item_only(tmp_path: Path) -> None:
    with _known(tmp_path, [_row("i0", response="first")]) as known:
        assert "first" == _answered(known.answer(_row("i0", 5, condition="repeat@3")))
        assert known.answer(_row("i1")) is None
        assert known.answer(_row("i0", task="sub")) is None
        assert known.answer(_row("i0", repeat=1)) is None
        assert known.answer(_row("i0", request_hash="other")) is None


def test_a_void_trial_answers_nothing(tmp_path: Path) -> None:
    with _known(tmp_path, [_void("i0")], [_void("i0")]) as known:
        assert known.answer(_row("i0")) is None


def test_what_was_spent_are_the_known_costs_of_answers_that_were_asked_for(tmp_path: Path) -> None:
    rows = [
        _row(position=0, cost_usd=0.5),
        _row(position=1, cost_usd=0.25, repeat=1),
        _row(position=2, cost_usd=0.0, attempts=0),  # known already, so not paid for
        _row(position=3, cost_usd=None),
        _void(position=4),
    ]
    with _known(tmp_path, rows, [_row(cost_usd=8.0)]) as known:
        assert (0.75, 2) == known.spent()


def test_a_run_without_a_trial_has_spent_nothing(tmp_path: Path) -> None:
    with _known(tmp_path, []) as known:
        assert (0, 0) == known.spent()


# --- what is lent


def test_an_answer_of_another_run_serves_an_item_of_another_name(tmp_path: Path) -> None:
    with _known(tmp_path, [], [_row("old", response="lent")]) as known:
        assert "lent" == _answered(known.answer(_row("new")))


def test_this_runs_own_answer_goes_before_one_that_is_lent(tmp_path: Path) -> None:
    with _known(tmp_path, [_row(response="own")], [_row(response="lent")]) as known:
        assert "own" == _answered(known.answer(_row()))


def test_the_first_run_that_knows_an_answer_lends_it(tmp_path: Path) -> None:
    with _known(tmp_path, [], [], [_row(response="second")], [_row(response="third")]) as known:
        assert "second" == _answered(known.answer(_row()))


def test_a_lent_answer_serves_one_item_and_that_one_again_and_again(tmp_path: Path) -> None:
    """Two items that happen to ask the same are two observations."""
    with _known(tmp_path, [], [_row("old")]) as known:
        assert known.answer(_row("a")) is not None
        assert known.answer(_row("a", 4, condition="repeat@3")) is not None
        assert known.answer(_row("b")) is None
        assert known.answer(_row("a", task="sub")) is None


def test_each_run_lends_its_own_answer(tmp_path: Path) -> None:
    with _known(tmp_path, [], [_row("old", response="first")], [_row("old", response="second")]) as known:
        assert ["first", "second", None] == [_answered(known.answer(_row(item))) for item in "abc"]


def test_of_answers_to_the_same_request_an_item_gets_that_of_its_own_name(tmp_path: Path) -> None:
    others = [_row("a", 0, response="of a"), _row("b", 1, response="of b")]
    with _known(tmp_path, [], others) as known:
        assert ["of b", "of a"] == [_answered(known.answer(_row(item))) for item in "ba"]


def test_what_was_lent_before_a_run_was_stopped_stays_lent_to_the_same_item(tmp_path: Path) -> None:
    taken = _row("a", attempts=0, cost_usd=0.0, latency_s=None)
    with _known(tmp_path, [taken], [_row("old")]) as known:
        assert known.answer(_row("b")) is None
        assert known.answer(_row("a")) is not None


def test_a_trial_that_was_asked_for_took_nothing_from_another_run(tmp_path: Path) -> None:
    with _known(tmp_path, [_row("a"), _void("c", 1, attempts=0)], [_row("old", response="lent")]) as known:
        assert "lent" == _answered(known.answer(_row("b")))
