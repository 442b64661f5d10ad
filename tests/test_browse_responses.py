from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.browse.known_suite import KnownSuite
from evalkit.browse.responses import ResponseShown, response_shown
from evalkit.engine import Measured
from evalkit.score import judge
from evalkit.trial import Response
from tests.browsed import HOSTILE, SUITE, desk_run
from tests.runs import rows_of

EXTRACTING = SUITE.replace(
    "constraints: [one_line, words: {max: 6}",
    "extract: {after: 'Title:'}\n"
    "    constraints: [one_line, {words: 2, name: short}, {json: object, extract: tool_calls}",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    return desk_run(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def extracting(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    return desk_run(tmp_path_factory.mktemp("extracting"), EXTRACTING)


def _shown(run: Measured, text: str | None, *, item: str = "c0", **given: Any) -> ResponseShown:
    """How a response to an item under `clean` is shown, judged as it would be."""
    known = KnownSuite(run.run)
    row = next(row for row in rows_of(run.folder) if (row.condition, row.item) == ("clean", item))
    found = known.item(row)
    assert known.plan is not None
    assert found is not None
    calls = tuple(json.loads(given.get("tool_calls") or "[]"))
    scored = judge(known.plan.suite.task(row.task).bind(found), Response(text=text or "", tool_calls=calls))
    row = replace(row, response=text, **given).scored(scored)
    return response_shown(row if text is not None else replace(row, constraints=None), known)


def _parts(shown: ResponseShown) -> list[tuple[str, tuple[str, ...]]]:
    assert shown.parts is not None
    assert all((part.kind == "offending") == bool(part.constraints) for part in shown.parts)
    return [(part.text, part.constraints) for part in shown.parts]


def test_what_breaks_a_constraint_is_marked_and_the_rest_is_plain(run: Measured) -> None:
    assert [("Broken lamp", ())] == _parts(_shown(run, "Broken lamp"))
    shown = _shown(run, "  A terrible lamp\nthat was very bad and broke")
    assert [
        ("  A ", ()),
        ("terrible", ("avoids",)),
        (" lamp\n", ()),
        ("that was ", ("one_line",)),
        ("very ", ("one_line", "avoids")),
        ("bad", ("one_line", "words", "avoids")),
        (" and broke", ("one_line", "words")),
    ] == _parts(shown)


def test_hostile_text_is_printable_and_whole(run: Measured) -> None:
    row = next(row for row in rows_of(run.folder) if (row.condition, row.item) == ("clean", "c0"))
    assert HOSTILE == row.response
    parts = _parts(response_shown(row, KnownSuite(run.run)))
    assert [("lamp <script>alert(1)</script> \\u202e\\x1b[31m ", ()), ("terrible", ("avoids",))] == parts


def test_constraints_say_what_was_found_and_what_was_wanted(run: Measured) -> None:
    shown = _shown(run, "A very bad terrible day, one two three")
    told = {each.name: (each.holds, each.says, each.wanted) for each in shown.constraints}
    assert {
        "answered": (True, "", None),
        "one_line": (True, "1 line", "one_line"),
        "words": (False, "8 words", 'words: {"max": 6}'),
        "mentions": (False, 'lacks "lamp"', 'mentions: [["lamp"]]'),
        "avoids": (False, 'has "terrible", "very bad"', 'avoids: ["terrible", "very bad"]'),
    } == told
    assert ["answered", "one_line", "words", "mentions", "avoids"] == [each.name for each in shown.constraints]
    assert "The model gave an answer, and a whole one." == shown.constraints[0].about
    assert "The response is one line." == shown.constraints[1].about


def test_an_empty_answer_says_so(run: Measured) -> None:
    shown = _shown(run, "")
    assert [] == _parts(shown)
    assert ("answered", False, "empty") == (
        shown.constraints[0].name,
        shown.constraints[0].holds,
        shown.constraints[0].says,
    )


def test_a_void_trial_has_no_response(run: Measured) -> None:
    assert (None, (), ()) == (lambda shown: (shown.parts, shown.extracted, shown.constraints))(_shown(run, None))


def test_what_was_extracted_is_shown_and_marked_where_it_stands(extracting: Measured) -> None:
    shown = _shown(extracting, "Title: Lamp in two pieces", tool_calls='[{"name": "x", "arguments": {}}]')
    assert [("Title: Lamp in ", ()), ("two pieces", ("short",))] == _parts(shown)
    assert [
        ("Lamp in two pieces", ("one_line", "short", "mentions", "avoids")),
        ('[{"name": "x", "arguments": {}}]', ("json",)),
    ] == [(each.text, each.constraints) for each in shown.extracted]


def test_what_is_not_there_to_extract_is_shown_as_nothing(extracting: Measured) -> None:
    shown = _shown(extracting, "Lamp in two pieces")
    assert [("Lamp in two pieces", ())] == _parts(shown)
    assert [(None, ("one_line", "short", "json", "mentions", "avoids"))] == [
        (each.text, each.constraints) for each in shown.extracted
    ]
    assert "nothing to extract" in {each.name: each.says for each in shown.constraints}["short"]


def test_what_stands_in_two_places_is_not_marked_in_one_of_them(extracting: Measured) -> None:
    shown = _shown(extracting, "One two three. Title: One two three.")
    assert [("One two three. Title: One two three.", ())] == _parts(shown)


def test_without_the_suite_the_response_and_the_checks_are_shown_all_the_same(run: Measured, tmp_path: Path) -> None:
    row = next(row for row in rows_of(run.folder) if (row.condition, row.item) == ("clean", "c0"))
    gone = run.run.suite.model_copy(update={"path": str(tmp_path / "desk.yaml")})
    shown = response_shown(row, KnownSuite(run.run.model_copy(update={"suite": gone})))
    assert 1 == len(_parts(shown))
    avoids = shown.constraints[-1]
    assert ("avoids", False, None, None) == (avoids.name, avoids.holds, avoids.wanted, avoids.about)


def test_thousands_of_marks_are_cut_quickly(run: Measured) -> None:
    shown = _shown(run, "terrible " * 2_000)
    assert 4_000 == len(_parts(shown))
