from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

from evalkit.report.notebook import notebook
from evalkit.verdict import Served, SuiteResult
from tests.results import condition, result

EVIL = "<script>alert(1)</script>\" onload='x' & \u202e\x1b[31m</td>"


class Piece(HTMLParser):
    """The elements, attributes, cells and text of a piece of HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.rows: list[list[str]] = []
        self.text = ""
        self._inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "tr":
            self.rows.append([])
        self._inside = tag in {"td", "th"}
        if self._inside:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._inside:
            self.rows[-1][-1] += data


def shown(found: SuiteResult, *, ended: bool = True) -> Piece:
    return Piece(notebook(found, folder="runs/x", ended=ended))


def several() -> SuiteResult:
    noisy = [condition(199), condition(150, "noise@0.05")]
    return result("tiny/80k", {"title": 199, "routing": noisy, "reply": 181, "extra": None})


def test_each_task_has_a_row_with_verdict_margin_weakest_condition_and_interval() -> None:
    piece = shown(several())
    assert [
        ["verdict", "task", "margin", "weakest condition", "pass %", "between", "needs"],
        ["✓ usable", "title", "≥+7.2", "clean", "99.5", "97.2–100.0", "90.0"],
        ["✗ unusable", "routing", "≤−9.1", "noise@0.05", "75.0", "68.4–80.9", "90.0"],
        ["? edge", "reply", "–", "clean", "90.5", "85.5–94.2", "90.0"],
        ["? edge", "extra", "–", "not measured", "–", "–", "90.0"],
    ] == piece.rows
    assert "support with tiny/80k: ✗ unusable (1 unusable, 2 edge, 1 usable of 4 tasks)" in piece.text


def test_whatever_things_are_called_it_is_text() -> None:
    found = result(EVIL, {EVIL: [condition(100, EVIL)]}, suite=EVIL)
    served = tuple(Served(name=f"{EVIL}{n}", trials=3, since="2026") for n in range(2))
    piece = Piece(notebook(replace(found, served=served), folder=EVIL, ended=False))
    allowed = {"div", "p", "strong", "code", "small", "table", "thead", "tbody", "tr", "th", "td"}
    assert (set(), {"scope", "style"}) == (piece.tags - allowed, piece.attributes)
    assert 5 <= piece.text.count("<script>alert(1)</script>")
    assert [] == re.findall("[\u202e\x1b]", piece.text)


def test_it_brings_no_colour_of_its_own() -> None:
    assert {"color:inherit"} == set(
        re.findall(r"[\w-]*color:[^;\"]*|background[^;\"]*", notebook(several(), folder="x"))
    )


def test_a_task_that_is_judged_by_scores_says_so() -> None:
    found = result("m", {"title": 199})
    (task,) = found.tasks
    scored = replace(task.conditions[0], measure="score", mean_score=0.654)
    piece = shown(replace(found, tasks=(replace(task, weakest=scored, conditions=(scored,)),)))
    assert "65.4 (score)" in piece.rows[1]


def test_a_run_that_has_not_ended_says_so() -> None:
    said = "This run has not come to its end. Go on with evalkit.resume: runs/x"
    assert [False, True] == [said in shown(several(), ended=ended).text for ended in (True, False)]
