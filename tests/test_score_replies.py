from __future__ import annotations

from typing import Any

import pytest

from evalkit.score import Check, Constraint, ConstraintError, read_constraint


def bound(entry: object, **fields: Any) -> Constraint:
    return read_constraint(entry).bind(fields, {})


@pytest.mark.parametrize(
    "text",
    [
        "Could you send us your order number?",
        "Please reply with the order number. Thank you.",
        "Sorry to hear that.\n\nWhat is the order number?",
        "To start the return I need your order number.",
        "Let us know:\n- your order number, please\n- a photo",
        "Reply with your order numbers and we will look.",
        "Please send us:\n- your order number\n- a photo",
        "Please send us:\n\n1. A photo\n2. Your order number",
        "Your order number, please.",
        "To begin, tell us the order number.",
        "What is your order number, and could you send a photo?",
        "May I have your order number, so we can look?",
        "I need the order number (please don't send the card's).",
        "Please don't forget to include your order number.",
        "If you send us your order number, we'll look.",
    ],
)
def test_a_question_or_a_request_asks(text: str) -> None:
    assert Check(passed=True, score=1.0) == bound({"asks": [["order number", "order reference"]]}).check(text)


@pytest.mark.parametrize(
    "text",
    [
        "We found your order number.",
        "Thank you for the order number. Could you wait?",
        "",
        "Please wait.",
        "We do not need your order number.",
        "No need to send the order number.",
        "You can find your order number in the email.",
        "I can see your order number.",
        "We will add the order number.",
        "Your order number is A-1042; could you send a photo?",
        "You don't have to send the order number.",
        "Please do not send your order number.",
        "Please send a photo:\n- we have your order number",
    ],
)
def test_naming_a_thing_does_not_ask_for_it(text: str) -> None:
    expected = Check(passed=False, score=0.0, found='does not ask for "order number"')
    assert expected == bound({"asks": ["order number"]}).check(text)


def test_everything_must_be_asked_for() -> None:
    check = bound({"asks": ["order number", "photo"]}).check("Please send a photo.")
    assert (False, 0.5) == (check.passed, check.score)


def test_an_item_may_have_nothing_to_ask() -> None:
    assert bound({"asks": "{missing}"}, missing=[]).check("It is on its way.").passed


@pytest.mark.parametrize(
    "text",
    [
        "We will refund the full price to your card today.",
        "We'll refund you in full.",
        "I've issued a refund.",
        "You will get a full refund within five days.",
        "You'll receive your refund next week.",
        "A refund has been issued.",
        "The refund is on its way to you.",
        "We can offer you a refund of 20 euros.",
        "I am happy to refund the fee.",
        "Sorry, we cannot repair it, but we will refund you.",
        "We are refunding the price now.",
        "Your refund will be processed tomorrow.",
        "Yes, full refund for you.",
        "They can have a refund.",
        "We confirm the refund.",
        "No problem, we will refund it at no cost.",
        "No. We will refund you.",
        "The answer is no. We will refund you the price today.",
        "Your order of 3 May was lost and we will refund you.",
        "Instead of a replacement we will refund you.",
        "Because it did not arrive we will issue a refund.",
        "We are sorry that it did not arrive and we will refund you.",
        "Subject: Your order\nWe will refund you today.",
        "I am sorry about the delay and have issued a refund.",
        "We received your return and have refunded you.",
        "Your refund request has been approved.",
        "I'd be happy to refund you.",
        "Refund approved.",
    ],
)
def test_a_promise_is_found(text: str) -> None:
    check = bound({"no_promise": ["refund"]}).check(text)
    assert (False, 0.5) == (check.passed, check.score)
    assert check.found.startswith("promises: ")


@pytest.mark.parametrize(
    "text",
    [
        "We cannot refund it after 30 days.",
        "We can't offer a refund, but you will get store credit.",
        "Unfortunately a refund is not possible.",
        "Refunds are only possible within 30 days.",
        "If the test finds a fault, we will refund you.",
        "I understand that you would like a refund.",
        "We have received your request for a refund.",
        "Would you like to know about our refund rules?",
        "Our refund policy is on the website.",
        "Refunds aren't possible, since it is a sale.",
        "Refunds are given when the parcel was reported.",
        "We will send you a new lamp.",
        "You asked for a refund; we will repair the lamp.",
        "Before we can refund you, we need a photo.",
        "Our refunds department will contact you.",
        "We will pass this to the refunds team.",
        "I have passed your refund claim to the team.",
        "Your refund claim is being reviewed.",
        "We are still waiting for approval of the refund.",
        "Nobody will get a refund.",
        "We will investigate before any refund.",
        "I'd be happy to explain the refund policy.",
        "You may not get a refund.",
        "Subject to a check, we will refund you.",
        "",
    ],
)
def test_a_refusal_a_condition_or_a_rule_is_no_promise(text: str) -> None:
    assert Check(passed=True, score=1.0) == bound({"no_promise": ["refund"]}).check(text)


def test_things_may_be_phrases_and_there_may_be_none() -> None:
    assert not bound({"no_promise": ["money back"]}).check("You will get your money back.").passed
    assert bound({"no_promise": "{forbidden}"}, forbidden=[]).check("We will refund everything.").passed


@pytest.mark.parametrize("entry", [{"no_promise": "refund"}, {"no_promise": ["?"]}, {"asks": [[]]}])
def test_what_names_nothing_is_refused(entry: object) -> None:
    with pytest.raises(ConstraintError, match="expected"):
        read_constraint(entry)


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece", ["we will refund ", "we", "refund ", "can't ", "? ", "will not, but ", "and have ", "you ", "- "]
)
def test_a_long_answer_is_read_in_time(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    assert 0 <= bound({"no_promise": ["refund"]}).check(text).score <= 1
    assert 0 <= bound({"asks": ["refund"]}).check(text).score <= 1
