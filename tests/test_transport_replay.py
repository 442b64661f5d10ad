from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapter import ReplyError
from evalkit.errors import AdapterError
from evalkit.transport.function import Program
from evalkit.transport.replay import replay_program
from evalkit.trial import Call


def _recording(tmp_path: Path, *rows: dict[str, Any] | str) -> Program:
    path = tmp_path / "recorded.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return replay_program(path)


def _answer(program: Program, *, task: str = "t", item: str = "1", condition: str = "clean", repeat: int = 0) -> Any:
    return program(Call(task=task, item=item, condition=condition, repeat=repeat, messages=()))


def test_an_item_alone_matches_every_trial_of_it(tmp_path: Path) -> None:
    program = _recording(tmp_path, {"item": "1", "response": "a", "logprob": -1.5})
    assert _answer(program, task="any", condition="noise@0.1", repeat=7) == {"text": "a", "logprob": -1.5}


def test_the_row_that_says_most_wins(tmp_path: Path) -> None:
    program = _recording(
        tmp_path,
        {"item": "1", "response": "item"},
        {"item": "1", "repeat": 1, "response": "repeat"},
        {"item": "1", "condition": "clean", "response": "condition"},
        {"item": "1", "task": "t", "response": "task"},
        {"item": "1", "condition": "clean", "repeat": 1, "response": "condition and repeat"},
        {"item": "1", "task": "t", "condition": "clean", "repeat": 1, "response": "all"},
    )

    def said(**trial: Any) -> str:
        text: str = _answer(program, **trial)["text"]
        return text

    assert said(repeat=1) == "all"
    assert said(repeat=0) == "task"
    assert said(task="other") == "condition"
    assert said(task="other", repeat=1) == "condition and repeat"
    assert said(task="other", condition="noise@0.1", repeat=1) == "repeat"
    assert said(task="other", condition="noise@0.1") == "item"


def test_a_trial_without_a_row_has_no_observation(tmp_path: Path) -> None:
    program = _recording(tmp_path, {"item": "1", "task": "t", "response": "a"})
    with pytest.raises(ReplyError, match="found no row for task 'other', item '1'") as caught:
        _answer(program, task="other")
    assert caught.value.reason == "not-recorded"


def test_numbers_as_items_and_nulls_are_understood(tmp_path: Path) -> None:
    program = _recording(tmp_path, {"item": 1, "task": None, "response": "a"}, "")
    assert _answer(program)["text"] == "a"


def test_the_same_row_twice_is_no_contradiction(tmp_path: Path) -> None:
    assert _answer(_recording(tmp_path, *[{"item": "1", "response": "a"}] * 2))["text"] == "a"


def test_two_responses_for_one_trial_are_refused_with_their_lines(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"recorded\.jsonl:3: found another response .* than in line 1"):
        _recording(
            tmp_path,
            {"item": "1", "repeat": 0, "response": "a"},
            {"item": "1", "repeat": 1, "response": "b"},
            {"item": 1, "repeat": 0, "response": "c"},
        )


@pytest.mark.parametrize(
    ("message", "row"),
    [
        ("item: Field required", {"response": "a"}),
        (r'conditon: no such key\. Did you mean "condition"\?', {"item": "1", "response": "a", "conditon": "clean"}),
        ("response: Input should be a valid string", {"item": "1", "response": 42}),
        ("repeat: Input should be greater than or equal to 0", {"item": "1", "response": "a", "repeat": -1}),
        ("repeat: Input should be a valid integer", {"item": "1", "response": "a", "repeat": "1"}),
        (r'found \[1\], expected an object such as {"item"', "[1]"),
        (r"found \[\], expected an object", "[]"),
        ("found no JSON", "{"),
        ("found no JSON", "[" * 100_000),
    ],
)
def test_a_bad_row_is_named_with_its_line(tmp_path: Path, message: str, row: dict[str, Any] | str) -> None:
    with pytest.raises(AdapterError, match=rf"recorded\.jsonl:2: .*{message}"):
        _recording(tmp_path, {"item": "0", "response": "a"}, row)


def test_bad_rows_are_shown_together_but_not_by_the_thousand(tmp_path: Path) -> None:
    with pytest.raises(AdapterError) as caught:
        _recording(tmp_path, *["{"] * 1000)
    assert len(str(caught.value).splitlines()) == 20


def test_a_missing_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"none\.jsonl: found no readable recording"):
        replay_program(tmp_path / "none.jsonl")


def test_a_recording_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "binary.jsonl"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(AdapterError, match=r"binary\.jsonl: found no readable recording"):
        replay_program(path)


def test_a_byte_order_mark_is_no_part_of_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "marked.jsonl"
    path.write_text('{"item": "1", "response": "a"}\n', encoding="utf-8-sig")
    assert _answer(replay_program(path))["text"] == "a"
