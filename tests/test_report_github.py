from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.errors import RecordError
from evalkit.report import github_annotations, task_lines, workspace_path, write_step_summary
from evalkit.report.github import SUMMARY_LIMIT
from tests.gate_results import EDGE, HELD, REGRESSED, UNCLEAR, UNUSABLE, USABLE, cond, gate, mixed
from tests.runs import suite_text


def test_what_fails_the_gate_is_an_error_at_the_line_of_its_task() -> None:
    lines = github_annotations(mixed(), "suites/support.yaml", {"ticket-title": 14, "routing": 30}).splitlines()
    assert (
        "::error file=suites/support.yaml,line=14,title=support%3A ticket-title got worse::ticket-title got worse by "
        "more than 2 points: noise@0.05 changed by −46.3 to −19.2 points (165 pairs). Model: openai/y." == lines[0]
    )
    assert (
        "::error file=suites/support.yaml,line=30,title=support%3A routing is unusable::routing is unusable: clean "
        "passes 52.8–66.9 %25, needs 90.0 %25. Model: openai/y." == lines[1]
    )


@pytest.mark.parametrize(
    ("strict", "edge_passes", "expected"),
    [
        (False, False, ["error", "notice"]),
        (False, True, ["warning", "notice"]),
        (True, False, ["error", "error"]),
        (True, True, ["warning", "warning"]),
    ],
)
def test_the_level_is_what_it_means_for_the_gate(strict: bool, edge_passes: bool, expected: list[str]) -> None:
    found = gate({"a": [(cond(EDGE), HELD)], "b": [(cond(USABLE), UNCLEAR)]}, strict=strict, edge_passes=edge_passes)
    lines = github_annotations(found, "s.yaml", {}).splitlines()
    assert expected == [line.removeprefix("::").partition(" ")[0] for line in lines]


def test_a_gate_that_found_nothing_says_nothing() -> None:
    assert "" == github_annotations(gate({"a": [(cond(USABLE), HELD)]}), "s.yaml", {"a": 3})


def test_a_suite_outside_the_repository_has_no_file_to_point_to() -> None:
    (line,) = github_annotations(gate({"a": [(cond(UNUSABLE), HELD)]}), "", {"a": 3}).splitlines()
    assert line.startswith("::error title=support%3A a is unusable::")


@pytest.mark.parametrize(("n_tasks", "last"), [(10, "t9 is unusable"), (12, "support%3A 3 more")])
def test_no_more_are_made_than_are_shown(n_tasks: int, last: str) -> None:
    found = gate({f"t{n}": [(cond(UNUSABLE), None)] for n in range(n_tasks)}, baseline=None)
    lines = github_annotations(found, "s.yaml", {}).splitlines()
    assert 10 == len(lines)
    assert last in lines[-1]


@given(st.text(max_size=30))
def test_no_name_makes_a_command_or_a_property(text: str) -> None:
    evil = f"{text}\r\n::set-env name=X,y=1::a%0A"
    found = gate({evil: [(cond(UNUSABLE, evil), REGRESSED)]}, suite=evil, model=evil)
    lines = github_annotations(found, f"{evil}.yaml", {}).split("\n")[:-1]
    assert 2 == len(lines)
    for line in lines:
        head, _, message = line.removeprefix("::error ").partition("::")
        assert ["file", "line", "title"] == [part.partition("=")[0] for part in head.split(",")]
        assert "\r" not in message
        assert "%0A" not in message.replace("%250A", "")


def test_the_line_of_a_task_is_where_its_name_stands(tmp_path: Path) -> None:
    text = "# first\nsuite: s\ntasks:\n  a:\n    prompt: x\n\n  b c:\n    prompt: y\n"
    assert {"a": 4, "b c": 7} == task_lines(tmp_path / "s.yaml", text)
    assert {"add": 5} == task_lines(tmp_path / "s.yaml", suite_text())


def test_a_path_is_told_from_the_folder_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    environ = {"GITHUB_WORKSPACE": str(tmp_path)}
    assert "inner/s.yaml" == workspace_path(Path("s.yaml"), environ)
    assert "s.yaml" == workspace_path(Path("../s.yaml"), environ)
    assert "" == workspace_path(Path("../../s.yaml"), environ)
    assert "s.yaml" == workspace_path(Path("s.yaml"), {})


def test_the_summary_of_a_step_is_added_to(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n", encoding="utf-8")
    assert write_step_summary("näher\n", {"GITHUB_STEP_SUMMARY": str(path)})
    assert "before\nnäher\n" == path.read_text(encoding="utf-8")


def test_outside_of_github_there_is_no_summary() -> None:
    assert [False, False] == [write_step_summary("x", environ) for environ in ({}, {"GITHUB_STEP_SUMMARY": ""})]


def test_a_summary_that_would_be_dropped_for_its_length_is_left_as_it_is(tmp_path: Path) -> None:
    environ = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    assert write_step_summary("x" * (SUMMARY_LIMIT - 1), environ)
    assert not write_step_summary("ä", environ)
    assert write_step_summary("y", environ)
    assert SUMMARY_LIMIT == (tmp_path / "summary.md").stat().st_size


def test_a_summary_that_cannot_be_written_is_a_matter_of_the_machine(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"GITHUB_STEP_SUMMARY\): cannot be written") as caught:
        write_step_summary("x", {"GITHUB_STEP_SUMMARY": str(tmp_path)})
    assert 4 == caught.value.exit_code
