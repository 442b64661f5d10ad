from __future__ import annotations

import json
import time

import pytest

from evalkit.score import ConstraintError, read_extract
from evalkit.score.extract import Nothing


def take(entry: object, text: str) -> str | Nothing:
    return read_extract(entry).take(text)


@pytest.mark.parametrize(
    ("entry", "text", "expected"),
    [
        ("whole", "  all \n", "all"),
        ({"after": "the answer is"}, "The answer is 4. No: THE ANSWER IS 5.", "5."),
        ({"after": "answer:", "which": "first"}, "answer: 4\nanswer: 5", "4\nanswer: 5"),
        ({"after": "answer:", "line": True}, "answer: 4\nbecause", "4"),
        ({"before": "---"}, "4\n---\nnotes\n---", "4"),
        ({"before": "---", "which": "last"}, "4\n---\nnotes\n---", "4\n---\nnotes"),
        ("first_number", "−1,200 and 3", "-1,200"),
        ("last_number", "2 + 2 = 4.", "4"),
        ({"strip": ".*"}, " **yes**. ", "yes"),
        ("fenced", "Here:\n```python\nx = 1\n```\nDone\n```\ny\n```", "x = 1"),
        ("fenced", "  ~~~~\n```\n~~~\n  ~~~~", "```\n~~~"),
        ("fenced", "```json\n{}", "{}"),
        ("json", 'As [1] says:\n```json\n{"a": 1}\n```', '{"a": 1}'),
        ("json", '```\nnone here\n```\nbut {"a": 1} here', '{"a": 1}'),
        ("json", 'It is {"a": 1}.', '{"a": 1}'),
        ([{"after": "answer:"}, "last_number"], "7 steps. answer: 4", "4"),
    ],
)
def test_an_extractor_takes_the_answer(entry: object, text: str, expected: str) -> None:
    assert expected == take(entry, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(B)", "B"),
        ("b.", "B"),
        ("**B**", "B"),
        ("B) Paris", "B"),
        ("B\nBecause it is", "B"),
        ("answer: B", "B"),
        ("Answer: (a)", "A"),
        ("the answer is a good one; I choose B", "B"),
        ("The answer is A because", "A"),
        ("Not (A). The answer is **C**.", "C"),
        ("answer is A. No, the answer is D", "D"),
        ("The correct choice is b", "B"),
        ("I think B", "B"),
        ("I choose A.", "A"),
        ("[C] fits", "C"),
        ("so (c), that is (C)", "C"),
        ("Answer: B, I think, and a good one", "B"),
    ],
)
def test_the_letter_of_a_choice_is_read(text: str, expected: str) -> None:
    assert expected == take("choice", text)


@pytest.mark.parametrize(
    "text",
    [
        "A dog",
        "C or D",
        "(A) or (B)",
        "(a)/(b)",
        "Answer: A or B",
        "answer: B, C",
        "Option A is wrong. Option C is right",
        "Choice A is not B",
        "",
        "i.e.",
    ],
)
def test_a_letter_is_never_guessed(text: str) -> None:
    assert Nothing(sought="single choice letter") == take("choice", text)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("last_number", "nothing to extract: no number"),
        ("fenced", "nothing to extract: no fenced block"),
        ("json", "nothing to extract: no JSON object or array"),
        ({"after": "answer:"}, 'nothing to extract: no "answer:"'),
        ({"before": "---"}, 'nothing to extract: no "---"'),
        ([{"after": "x"}, "whole"], 'nothing to extract: no "x"'),
    ],
)
def test_what_is_not_there_is_named(entry: object, expected: str) -> None:
    found = take(entry, "nope")
    assert isinstance(found, Nothing)
    assert expected == found.reason


@pytest.mark.parametrize(
    ("entry", "path", "message"),
    [
        ("lastnumber", (), 'unknown extractor "lastnumber". Did you mean "last_number"'),
        ("after", (), '"after" needs a text, as in {after: "…"}'),
        (3, (), "found 3, expected an extractor. Known: after, before"),
        ([], (), "found an empty list"),
        ({}, (), 'unknown extractor ""'),
        ({"behind": "x"}, (), 'unknown extractor "behind"'),
        (["whole", {"after": "x", "which": "middle"}], (1, "which"), "found \"middle\", expected 'first' or 'last'"),
        ({"after": "x", "lines": True}, ("lines",), 'unknown "lines". Did you mean "line"'),
        ({"after": "x", "line": 1}, ("line",), "found 1, expected true or false"),
        ({"after": ""}, ("after",), "found empty text"),
        ({"strip": 3}, ("strip",), "found 3, expected text"),
        ("tool_call", (), 'unknown extractor "tool_call". Did you mean "tool_calls"'),
        (["json", "tool_calls"], (1,), '"tool_calls" reads the response itself; put it first'),
        (["tool_calls", "jsn"], (1,), 'unknown extractor "jsn". Did you mean "json"'),
    ],
)
def test_a_wrong_extractor_is_refused_with_its_place(entry: object, path: tuple[object, ...], message: str) -> None:
    with pytest.raises(ConstraintError) as caught:
        read_extract(entry)
    assert path == caught.value.path
    assert message in str(caught.value)


@pytest.mark.parametrize("entry", ["first_number", "last_number", "choice", "json", "fenced", {"after": "answer"}])
@pytest.mark.parametrize("unit", ["1.", "[", '{"', "```\n", "answer a  ", "answer ", "-$", " ", "(", "9"])
def test_a_long_response_is_read_in_linear_time(entry: object, unit: str) -> None:
    extract = read_extract(entry)
    text = unit * (200_000 // len(unit))
    started = time.process_time()
    extract.take(text)
    assert time.process_time() - started < 3


REPLY = """Here:
```json
{"paid": {"value": 49.90, "currency": "EUR"}, "orders": ["A-1", "B-2"], "whole": 50.00, "note": null}
```"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("paid.currency", "EUR"),
        ("paid.value", "49.9"),
        ("paid", '{"value": 49.9, "currency": "EUR"}'),
        ("orders", '["A-1", "B-2"]'),
        ("orders[1]", "B-2"),
        ("whole", "50"),
        ("orders[-1]", "B-2"),
        ("note", "null"),
        ("paid.vat", Nothing(sought='"paid.vat"')),
        ("orders[2]", Nothing(sought='"orders[2]"')),
        ("orders.first", Nothing(sought='"orders.first"')),
        ("note.text", Nothing(sought='"note.text"')),
        ("paid.currency[0]", Nothing(sought='"paid.currency[0]"')),
    ],
)
def test_a_path_leads_to_a_value_inside_json(path: str, expected: str | Nothing) -> None:
    assert expected == read_extract({"path": path}).take(REPLY)


def test_a_path_needs_json() -> None:
    assert Nothing(sought="JSON") == read_extract({"path": "a"}).take("a is 3")
    assert Nothing(sought='"a"') == read_extract({"path": "a"}).take('"text"')


def test_a_path_may_begin_in_a_list() -> None:
    assert "5" == read_extract({"path": "[0].total"}).take('[{"total": 5}]')


@pytest.mark.parametrize("path", ["", "a..b", "a[", "a[x]", ".a"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ConstraintError, match="expected something like orders"):
        read_extract({"path": path})


@pytest.mark.parametrize("text", ["A is correct", "A because it is heavy", "I think A fits"])
def test_the_letter_a_is_an_option_before_a_verb(text: str) -> None:
    assert "A" == take("choice", text)


def test_the_article_is_no_option() -> None:
    assert isinstance(take("choice", "A kettle leaks"), Nothing)


CALLS = [{"name": "refund", "arguments": {"order": "ÄB-1", "amount": 12.5}}, {"name": "close", "arguments": {}}]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("tool_calls", json.dumps(CALLS, ensure_ascii=False)),
        (["tool_calls"], json.dumps(CALLS, ensure_ascii=False)),
        (["tool_calls", {"path": "[0].arguments.order"}], "ÄB-1"),
        (["tool_calls", {"path": "[1].name"}], "close"),
        ("whole", "I refund it."),
    ],
)
def test_tool_calls_are_read_as_json(entry: object, expected: str) -> None:
    assert expected == read_extract(entry).take("I refund it.", CALLS)


def test_a_response_without_tool_calls_has_nothing_to_read() -> None:
    found = read_extract(["tool_calls", {"path": "[0].name"}]).take('[{"name": "refund", "arguments": {}}]')
    assert Nothing(sought="tool call") == found


def test_arguments_that_are_no_json_stay_the_text_that_the_model_wrote() -> None:
    calls = [{"name": "refund", "arguments": '{"order": '}]
    assert calls == json.loads(str(read_extract("tool_calls").take("", calls)))
