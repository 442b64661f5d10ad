from __future__ import annotations

import subprocess
import sys

import pytest

from evalkit.score import (
    ANSWERED,
    BoundConstraint,
    Check,
    ConstraintError,
    judge,
    name_constraints,
    read_constraint,
    read_extract,
    score,
)
from evalkit.score.extract import Extract
from evalkit.trial import Response


def bind(entry: object, extract: Extract | None = None) -> BoundConstraint:
    spec = read_constraint(entry)
    return BoundConstraint(name=spec.name, constraint=spec.bind({}, {}), extract=spec.extract or extract)


def test_a_response_passes_when_every_constraint_holds() -> None:
    scored = score([bind("one_line"), bind({"words": 2})], "two words\n")
    assert (True, 1.0, ["one_line", "words"]) == (scored.passed, scored.score, list(scored.checks))


def test_the_score_is_the_mean_of_the_constraints() -> None:
    scored = score([bind("one_line"), bind({"words": 2})], "now four words here")
    assert (False, 0.75) == (scored.passed, scored.score)
    assert Check(passed=False, score=0.5, found="4 words") == scored.checks["words"]


def test_each_constraint_reads_what_it_is_bound_to() -> None:
    task = read_extract({"after": "answer:"})
    bound = [bind({"number": 4}, task), bind({"words": 5, "extract": "whole"}, task)]
    scored = score(bound, "2 + 2 by hand. answer: 4")
    assert (True, "6 words") == (scored.checks["number"].passed, scored.checks["words"].found)


def test_nothing_to_extract_fails_every_constraint_that_reads_it() -> None:
    task = read_extract("last_number")
    scored = score([bind({"number": 4}, task), bind({"words": 5}, task)], "four")
    nothing = Check(passed=False, score=0.0, found="nothing to extract: no number")
    assert {"number": nothing, "words": nothing} == scored.checks
    assert (False, 0.0) == (scored.passed, scored.score)


def test_a_response_is_not_judged_without_constraints() -> None:
    with pytest.raises(ValueError, match="without constraints"):
        score([], "anything")


def test_importing_the_scorer_loads_nothing_heavy() -> None:
    heavy = "{'scipy', 'numpy', 'pandas', 'jsonschema', 'rapidfuzz', 'regex', 'referencing'}"
    code = f"import sys, evalkit.score; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()


@pytest.mark.parametrize(
    ("response", "found"),
    [
        (Response(text="A title", finish_reason="length"), "cut off at the length limit"),
        (Response(text="A title", finish_reason="content_filter"), "stopped by a content filter"),
        (Response(text="I cannot", finish_reason="refusal"), "refused"),
        (Response(text="", finish_reason="context_overflow"), "the prompt does not fit the model's context"),
        (Response(text=" \n"), "empty"),
    ],
)
def test_what_is_no_whole_answer_fails_though_it_breaks_no_constraint(response: Response, found: str) -> None:
    scored = judge([bind("one_line")], response)
    assert (False, 0.0, found) == (scored.passed, scored.score, scored.checks[ANSWERED].found)
    assert scored.checks["one_line"].passed


def test_a_tool_call_is_an_answer_without_text() -> None:
    response = Response(text="", finish_reason="tool_calls", tool_calls=({"name": "f", "arguments": {}},))
    assert judge([bind("one_line")], response).checks[ANSWERED].passed


def test_a_whole_answer_is_judged_by_its_constraints() -> None:
    strict = [bind("one_line")]
    assert judge(strict, Response(text="One line")).passed
    assert not judge(strict, Response(text="Two\nlines")).passed


def test_the_name_of_the_constraint_that_every_task_has_is_taken() -> None:
    with pytest.raises(ConstraintError, match="a constraint of every task"):
        name_constraints([read_constraint({"one_line": None, "name": "answered"})])


def test_half_a_character_in_json_can_be_written_down() -> None:
    """A model may spell one; the record must take the reason all the same."""
    path = read_extract(["json", {"path": "v"}])
    bound = [BoundConstraint(name="v", constraint=read_constraint({"exact": "x"}).bind({}, {}), extract=path)]
    found = score(bound, '{"v": "\\ud800"}').checks["v"].found
    assert found.encode("utf-8")


REFUND = {
    "type": "array",
    "minItems": 1,
    "maxItems": 1,
    "items": {"properties": {"name": {"const": "refund"}, "arguments": {"required": ["order"]}}},
}


@pytest.mark.parametrize(
    ("expected", "calls"),
    [
        (True, [{"name": "refund", "arguments": {"order": "A-1"}}]),
        (False, [{"name": "refund", "arguments": {}}]),
        (False, [{"name": "refund", "arguments": "order A-1"}, {"name": "close", "arguments": {}}]),
        (False, []),
    ],
)
def test_a_schema_judges_tool_calls(expected: bool, calls: list[dict[str, object]]) -> None:
    bound = [bind({"json_schema": REFUND, "extract": "tool_calls"})]
    response = Response(text="", tool_calls=tuple(calls), finish_reason="tool_calls")
    assert expected is judge(bound, response).passed


def test_a_missing_tool_call_is_said_to_be_missing() -> None:
    scored = judge([bind({"json": "array", "extract": "tool_calls"})], Response(text="I would refund it."))
    assert "nothing to extract: no tool call" == scored.checks["json"].found


def test_text_and_tool_calls_are_judged_side_by_side() -> None:
    bound = [bind({"json": "array", "extract": "tool_calls"}), bind({"words": 2})]
    response = Response(text="Just a moment", tool_calls=({"name": "refund", "arguments": {}},))
    checks = judge(bound, response).checks
    assert (True, False) == (checks["json"].passed, checks["words"].passed)
