from __future__ import annotations

import pytest

from evalkit.score import Constraint, ConstraintError, read_constraint

TITLE = "Replacement for a cracked kettle, order TA-4470815"


def bound(entry: object = "no_preamble") -> Constraint:
    return read_constraint(entry).bind({}, {})


WRAPPED = {
    "A good title would be: {}": "announcement",
    "A suitable ticket title for this complaint is: {}": "announcement",
    "Based on the complaint: {}": "announcement",
    "Here is the title: {}": "announcement",
    "Here's one: {}": "announcement",
    "Here’s a short title:\n\n{}": "announcement",
    "Below is the title.\n{}": "announcement",
    "The title: {}": "label",
    "Title - {}": "label",
    "Title: {}": "label",
    "[Title] {}": "label",
    "Subject: {}": "label",
    "Subject line: {}": "label",
    "Ticket #1: {}": "label",
    "Customer Support Ticket: {}": "label",
    "Suggested title: {}": "label",
    "Support ticket title: {}": "label",
    "Answer: {}": "label",
    "Sure! {}": "courtesy",
    "Sure thing: {}": "courtesy",
    "Certainly, {}": "courtesy",
    "Of course. {}": "courtesy",
    "Got it. {}": "courtesy",
    "Understood. {}": "courtesy",
    "Alright, {}": "courtesy",
    "My suggestion: {}": "label",
    "I'd suggest: {}": "announcement",
    "Given the complaint, {}": "announcement",
    "Option 1: {}": "label",
    "Your email: {}": "label",
    "1. {}": "markdown",
    '"{}".': "quotes",
    "{}\n\n*(2 words)*": "remark",
    "{}\n\nWord count: 2": "remark",
    "{}\n\n**Note:** the order number was kept.": "remark",
    "{}\n\nHope this helps!": "remark",
    "{}\n\nPlease let me know if you need changes.": "remark",
    "# {}": "markdown",
    "**{}**": "markdown",
    "- {}": "markdown",
    "> {}": "markdown",
    "`{}`": "markdown",
    "```\n{}\n```": "markdown",
    '"{}"': "quotes",
    "“{}”": "quotes",
    "«{}»": "quotes",
    "'{}'": "quotes",
    "{} (5 words)": "remark",
    "{} [word count: 5]": "remark",
    "{}\n\nLet me know if you would like another one!": "remark",
    "{}\n\nI hope this helps.": "remark",
    "{}\n\nThis title keeps the request and drops the emotion.": "remark",
    "{}\nNote: the order number was kept.": "remark",
    "{}\n\nWould you like me to shorten it?": "remark",
}


@pytest.mark.parametrize(("wrapped", "kind"), WRAPPED.items())
def test_whatever_is_around_an_answer_is_found_and_named(wrapped: str, kind: str) -> None:
    text = wrapped.format(TITLE)
    assert not bound().check(text).passed
    assert bound({"no_preamble": {"allow": [kind]}}).check(text).passed


@pytest.mark.parametrize(
    "text",
    [
        TITLE,
        f"[Urgent] {TITLE}",
        'Locate "blue" suitcase',
        '"Blue" suitcase: locate "EW442"',
        "Ticket transfer failed (2 tickets)",
        "Subject access request: erase data",
        "Email address change not saved",
        "Title missing on certificate",
        "Answerphone: replacement wanted",
        "Surety bond: refund",
        "Great Western train refund",
        "Email: change of address",
        "Email - wrong address on file",
        "Label: wrong address",
        "Suggestion: a bike rack",
        "Given wrong size, replacement wanted",
        "My order confirmation email is missing an attachment: order A-1042",
        "Note: fragile item broken",
        "This reply was never received",
        "Labels: wrong address printed",
        "Reply-paid envelope missing",
        "Order 5 - kettle leaks",
        "Category 6 cable too short",
        "Invoice INV-20931: reissue in the right name",
        "Given up waiting",
        "Here comes trouble",
        "42",
        '{"order": null}',
        "a * b",
        "2 * 3 * 4",
    ],
)
def test_a_bare_answer_has_no_preamble(text: str) -> None:
    assert "" == bound().check(text).found


def test_a_reply_may_be_courteous_where_that_is_allowed() -> None:
    reply = "Of course, Ms Haddad. The hall is open until nine. Let me know if you need the key."
    assert not bound().check(reply).passed
    assert bound({"no_preamble": {"allow": ["courtesy", "remark"]}}).check(reply).passed


def test_the_score_falls_with_every_kind_of_wrapping() -> None:
    check = bound().check(f"Sure! Here is a title: **{TITLE}** (7 words)")
    assert (False, 1 / 4) == (check.passed, check.score)
    assert check.found.startswith("has an opening courtesy, an announcement, a closing remark")


@pytest.mark.parametrize("piece", ["a", " ", '"', "(", "[title", "title ", "(5 words)", "based on the ", "sure ", "*a"])
def test_a_megabyte_is_read_in_time(piece: str) -> None:
    assert bound().check(piece * (1_000_000 // len(piece))).score > 0


def test_an_unknown_wrapping_is_refused() -> None:
    with pytest.raises(ConstraintError, match="expected"):
        read_constraint({"no_preamble": {"allow": ["hello"]}})
