from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.engine.proposals import check_proposals, flaw, read_proposals, request_text
from evalkit.template import fields_of
from tests.shipped import SUITES, shipped_suite

PROMPT = 'Reply to {name} in at most 20 words, with twenty-five or two reasons as {{"a": {n}}}.\n'


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ('["a", "b\\n{x}"]', ["a", "b\n{x}"]),
        ('Sure [8 of them]:\n```json\n["a",\n "b"]\n```\nBye {x}.', ["a", "b"]),
        ('["a\nb", "c"]', ["a\nb", "c"]),
        ('{"variants": [{"manner": "terse", "text": "a b c d e f"}, 5]}', ["a b c d e f", 5]),
        ("Here:\n1. a {x}\n2) b\nb2\n 1. inner\n(3) \"c\"\n", ["a {x}", "b\nb2\n 1. inner", "c"]),
        ("- a\n- “b”\n", ["a", "b"]),
        ('["a", "b', []),
        ("I cannot do that.", []),
        ("", []),
        ("[" * 10_000, []),
        ("{" * 10_000 + '["a"]', []),
    ],
)  # fmt: skip
def test_a_list_is_read_however_it_is_written(reply: str, found: list[Any]) -> None:
    assert found == read_proposals(reply)


@given(st.text())
def test_any_reply_can_be_read(reply: str) -> None:
    check_proposals(read_proposals(reply), PROMPT, [], 3)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("x {name} {n}" + "x" * 1000, "has 1,012 characters, more than 10 times those of the prompt"),
        ('Answer {name}: 20 words, 25 or 2 reasons\x1b, {{"a": {n}}}', "has characters that nobody can see"),
        ("Answer {name}: 20 words, 25 or 2 reasons, {n", "a lone brace at '{n'"),
        ('Answer them: 20 words, 25 or 2 reasons, {{"a": {n}}}', "lacks {name}"),
        ('{name}, {name}: 20 words, 25 or 2 reasons, {{"a": {n}}}', "names {name} 2 times, the prompt 1 times"),
        ('{name} of {town}: 20 words, 25 or 2 reasons, {{"a": {n}}}', "names {town}, which the prompt does not"),
        ("Answer {name}: 20 words, 25 or 2 reasons, a: {n}", "has 0 literal braces, the prompt 2; they are written"),
        ('Answer {name}: 20 words, 20 or 2 reasons, {{"a": {n}}}', "lacks the number 25"),
        ('Answer {name}: a few words, both reasons, {{"a": {n}}}', "lacks the number 20, 25"),
        ('reply to {name} in at MOST 20 words with twenty five or two reasons as {{"a": {n}}}', "is the same as the"),
        ('Reply to {name} in at most 20 words, with twenty-five or two causes as {{"a": {n}}}.', "is nearly the same"),
        ('For {name}: 20 words, 25 or 2 reasons; {{"a": {n}}}!', "is the same as another variant"),
        ('Now answer {name}; take twenty words and both, or 25, reasons: {{"a": {n}}}', None),
    ],
)
def test_a_wording_that_will_not_do_is_told_why(text: str, reason: str | None) -> None:
    found = flaw(text, PROMPT, ['For {name}: 20 words, 25 or 2 reasons, {{"a": {n}}}'])
    assert found == reason or (reason is not None and (found or "").startswith(reason))


@pytest.mark.parametrize(
    ("prompt", "text", "kept"),
    [
        ("Give one hundred and three words.", "Words: exactly 100, and three of them.", True),
        ("Give 1,250.50 dollars to them.", "They should get $1250.5.", True),
        ("Use twelve points.", "A dozen points, please, and nothing else.", True),
        ("Write it once you have both of them.", "As soon as the pair is there, put it down.", True),
        ("Say it in one short sentence, if you can.", "Put it briefly, please.", False),
        ("Say it in one short sentence, if you can.", "A single sentence, and a short one, please.", True),
        ("All of them follow one rule; find it.", "There is a rule for all of these. Which?", True),
        ("Take the one that fits best, of 1 or 2.", "1 or 2: what is the better fit?", True),
        ("Take the one that fits best, of 1 or 2.", "2 or the other: what is the better fit?", False),
        ("Use twenty-one marks.", "Twenty marks, in all.", False),
        ("Keep it below -5 degrees.", "At most 5 degrees shall it be.", False),
        ("Use three hundred twenty-one marks.", "Marks to be used: 321.", True),
        ("Use three hundred twenty-one marks.", "Marks to be used: 320 and one more.", False),
    ],
)
def test_numbers_are_kept_in_digits_or_in_words(prompt: str, text: str, kept: bool) -> None:
    assert kept is (flaw(text, prompt, []) is None)


TABLE = "\n- kettles: whatever boils water\n- lamps: whatever gives light, with the bulbs that it takes\n\n{a}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"Which shelf, please?{TABLE}", None),
        (f"Name that shelf of it.{TABLE}", "is nearly the same as the prompt"),
        (f"Name the shelf  of it!{TABLE}", "is the same as the prompt"),
        (f"{TABLE}\nName the shelf of it.".strip(), None),
    ],
)
def test_what_two_wordings_share_does_not_make_them_near(text: str, reason: str | None) -> None:
    assert reason == flaw(text, f"Name the shelf of it.{TABLE}", [])


# To the models in the box, which read characters, a space makes another wording.
@pytest.mark.parametrize("name", [name for name in SUITES if name != "ladder"])
def test_the_variants_that_people_wrote_for_shipped_suites_would_do(name: str) -> None:
    for task in shipped_suite(name).tasks:
        variants = [variant[-1].content for variant in task.paraphrases]
        flaws = [flaw(text, task.prompt[-1].content, variants[:place]) for place, text in enumerate(variants)]
        assert [None] * len(variants) == flaws, task.name


def test_literal_braces_are_doubled_where_the_model_did_not() -> None:
    proposed = ['Now answer {name}; take twenty words and both, or 25, reasons: {"a": {n}}']
    assert (
        'Now answer {name}; take twenty words and both, or 25, reasons: {{"a": {n}}}\n',
    ) == check_proposals(proposed, PROMPT, [], 3).accepted  # fmt: skip


def test_as_many_are_kept_as_were_asked_for_and_each_only_once() -> None:
    proposed = ["Sum up {a}.", "sum up: {a}!", "Give me the gist of {a}", 7, "What does {a} say, in short?"]
    found = check_proposals(proposed, "Summarise {a}.", [], 2)
    assert ("Sum up {a}.", "Give me the gist of {a}") == found.accepted
    assert [
        ("sum up: {a}!", "is the same as another variant"),
        ("7", "is no text"),
        ("What does {a} say, in short?", "is more than the 2 asked for"),
    ] == [(each.text, each.reason) for each in found.rejected]


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_wording_ends_as_the_prompt_does(end: str) -> None:
    found = check_proposals(["  Sum it up. \r\n\t\r\n{a}\n\n"], f"Shorten {{a}}{end}", [], 1)
    assert (f"Sum it up.\n\n{{a}}{end}",) == found.accepted


@given(st.lists(st.text(st.sampled_from("{}ab x\n1\u2028\x1b"), max_size=30)))
def test_what_is_accepted_names_the_fields_of_the_prompt(proposed: list[str]) -> None:
    for text in check_proposals(proposed, "Do {a} and {b}: 1 {{x}}", [], 5).accepted:
        assert {"a", "b"} == fields_of(text)


def test_the_request_shows_the_prompt_and_what_there_is() -> None:
    asked = request_text("Sum up {a} for {b}.\n", ["Say {a} to {b} in short"], 4)
    assert "-----\nSum up {a} for {b}.\n-----" in asked
    assert json.dumps(["Say {a} to {b} in short"]) in asked
    assert "({a}, {b})" in asked
    assert "JSON array of 4 strings" in asked
    assert "Repeat none of these" not in request_text("Sum up {a}.", [], 4)
