from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import EXIT_INFRASTRUCTURE, EXIT_USAGE, RecordError
from evalkit.record import Baseline, BaselineCondition, BaselineTask, read_baseline, write_baseline


def condition(name: str = "clean", **changes: Any) -> BaselineCondition:
    given = {"condition": name, "measure": "pass", "trials": 3, "passes": 1, "void": 1, "pass_rate": 0.5,
             "low": 0.01, "high": 0.99, "items": 0, "outcomes": "10-"}  # fmt: skip
    return BaselineCondition(**(given | changes))


def task(name: str = "add", *conditions: BaselineCondition, **changes: Any) -> BaselineTask:
    given = {"task": name, "threshold": 0.9, "verdict": "edge", "defined": {"prompt": "0123456789ab"},
             "items": [["i0", "i1", "i2"]], "conditions": list(conditions or [condition()])}  # fmt: skip
    return BaselineTask(**(given | changes))


def baseline(*tasks: BaselineTask, **changes: Any) -> Baseline:
    given = {"evalkit": "1.0", "suite": "sums", "sha256": "ab" * 32, "defined": {"threshold": "0123456789ab"},
             "files": {"items.jsonl": "cd" * 32}, "model": "openai/x", "options": {"temperature": 0},
             "served_model": ["x-1"], "seed": 0, "confidence": 0.95, "started": "2026-11-22T03:15:00Z",
             "tasks": list(tasks or [task()])}  # fmt: skip
    return Baseline(**(given | changes))


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    score = condition("noise@0.05", measure="score", passes=0, outcomes=[0.5, None, 1.0])
    written = baseline(task("add", condition(), score), task("größer", items=[["é", "\u2028", '"']]))
    write_baseline(tmp_path / "b.json", written)
    assert written == read_baseline(tmp_path / "b.json")
    (tmp_path / "b.json").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "b.json").read_bytes())  # as some editors begin it
    assert written == read_baseline(tmp_path / "b.json")
    assert ["b.json"] == [path.name for path in tmp_path.iterdir()]


def test_a_baseline_that_is_written_again_is_the_same_file(tmp_path: Path) -> None:
    """So that a repository shows a change only where something changed."""
    for name in ("a.json", "b.json"):
        write_baseline(tmp_path / name, baseline())
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_every_condition_has_a_line_of_its_own(tmp_path: Path) -> None:
    write_baseline(tmp_path / "b.json", baseline(task("add", condition(), condition("noise@0.05"))))
    lines = (tmp_path / "b.json").read_text(encoding="utf-8").splitlines()
    assert 2 == sum('"outcomes"' in line for line in lines)
    assert 1 == sum('"i0"' in line for line in lines)


def test_what_items_brought_is_found_by_item_in_the_order_in_which_they_came() -> None:
    known = baseline(task("add", condition(outcomes="10-1"), items=[["i0", "i1", "i0", "i2", "i3"]]))
    assert {"i0": [1.0, None], "i1": [0.0], "i2": [1.0]} == known.before("add", "clean", "pass")


@pytest.mark.parametrize("key", [("add", "noise@1", "pass"), ("other", "clean", "pass"), ("add", "clean", "score")])
def test_what_was_not_measured_or_otherwise_has_no_outcomes(key: tuple[str, str, Any]) -> None:
    assert {} == baseline().before(*key)


def test_a_baseline_of_a_whole_suite_is_fit_for_a_repository(tmp_path: Path) -> None:
    """Five tasks of eight conditions and 300 items each, whose ids are hashes."""
    rng = random.Random(1)
    tasks = []
    for number in range(5):
        items = [f"{rng.getrandbits(48):012x}" for _ in range(300)]
        rows = [condition(f"noise@0.0{level}", outcomes="".join(rng.choice("01") for _ in items)) for level in range(8)]
        tasks.append(task(f"task{number}", *rows, items=[items]))
    write_baseline(tmp_path / "b.json", baseline(*tasks))
    assert 20_000 < (tmp_path / "b.json").stat().st_size < 60_000


# --- what cannot be read


def changed(tmp_path: Path, change: Any) -> Path:
    path = tmp_path / "b.json"
    write_baseline(path, baseline())
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def _outcomes(value: Any, **given: Any) -> None:
    value["tasks"][0]["conditions"][0].update(given)


BROKEN = {
    "format": lambda value: value.update(format=2),
    "modle": lambda value: value.update(modle="x"),
    "seed": lambda value: value.pop("seed"),
    "tasks.0.conditions.0.outcomes": lambda value: _outcomes(value, outcomes="1x"),
    "has no list of items": lambda value: _outcomes(value, items=1),
    "has more outcomes than items": lambda value: _outcomes(value, outcomes="1111"),
    "less than or equal to 1": lambda value: _outcomes(value, measure="score", outcomes=[1.5]),
    "another kind than its measure, score": lambda value: _outcomes(value, measure="score"),
    "another kind than its measure, pass": lambda value: _outcomes(value, outcomes=[0.5]),
}


@pytest.mark.parametrize("said", BROKEN)
def test_a_broken_baseline_is_refused_with_the_place(tmp_path: Path, said: str) -> None:
    path = changed(tmp_path, BROKEN[said])
    with pytest.raises(RecordError, match=r"^[^\n]*$") as caught:
        read_baseline(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert said in message
    assert message.endswith("expected what evalkit gate RUN --save-baseline writes")
    assert EXIT_USAGE == caught.value.exit_code


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "Invalid JSON"), (b"<<<<<<< HEAD", "Invalid JSON"), (b"\xff", "cannot be read"), (b"[]", "object")],
)
def test_what_is_no_baseline_at_all_is_refused_in_a_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=said) as caught:
        read_baseline(path)
    assert 1 == len(str(caught.value).splitlines())


def test_a_missing_baseline_is_answered_with_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no such baseline; make one of a run with: evalkit gate RUN --save-baseline"):
        read_baseline(tmp_path / "b.json")


def test_a_disk_that_refuses_is_no_fault_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be written") as caught:
        write_baseline(tmp_path / "nowhere" / "b.json", baseline())
    assert EXIT_INFRASTRUCTURE == caught.value.exit_code
