from __future__ import annotations

import pytest

from evalkit.score.lexicons import lexicons


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I am absolutely furious", ["absolutely", "furious"]),
        ("They disappointed and annoy us", ["disappointed", "annoy"]),
        ("We are fed up", ["fed up"]),
        ("Ruined holiday, heartless staff, an abysmal shambles", ["ruined", "heartless", "abysmal", "shambles"]),
        ("Frantic customer panicked: outrageously unfair", ["frantic", "panicked", "outrageously", "unfair"]),
        (
            "Infuriatingly shoddy rubbish, hopeless garbage",
            ["infuriatingly", "shoddy", "rubbish", "hopeless", "garbage"],
        ),
        ("Inexcusable scandal, joke of a firm", ["inexcusable", "scandal", "joke of a"]),
        ("Sick of being ripped off", ["ripped off", "sick of"]),
        ("REFUND my lamp", ["REFUND"]),
        ("FURIOUS", ["furious"]),
        ("No reply!!! None!", ["!!!", "!"]),
    ],
)
def test_strong_feeling_is_found_in_words_capitals_and_marks(text: str, expected: list[str]) -> None:
    assert expected == list(lexicons()["emotional"].hits(text))


@pytest.mark.parametrize(
    "text",
    [
        "Refund request for order A-1042: two broken desk lamps",
        "HTTPS error in the PDF export, ORDER-1042, USB and SATA ports, XKCDQ",
        "Fumes and an electric shock from the lamp",
        "Email resent; customer wants a replacement",
        "Account locked after password reset, urgent",
        "URGENT: locate missing suitcase",
        "Worried customer reports scam call and cheated transfer",
    ],
)
def test_factual_titles_are_not_emotional(text: str) -> None:
    assert [] == list(lexicons()["emotional"].hits(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I promise it will arrive", ["I promise"]),
        ("Rest assured, it is definitely coming", ["assured", "definitely", "rest assured"]),
        ("We guarantee it. It comes without fail!", ["we guarantee", "without fail"]),
        ("It is guaranteed. It's 100% guaranteed", ["100% guaranteed", "it is guaranteed"]),
        ("You have our word", ["have our word"]),
        ("It comes without a doubt", ["without a doubt"]),
        ("We cannot promise a day, but it will come for sure", ["for sure"]),
    ],
)
def test_guarantees_are_found(text: str, expected: list[str]) -> None:
    assert expected == list(lexicons()["promises"].hits(text))


@pytest.mark.parametrize(
    "text",
    [
        "We can't promise a day",
        "There is no guarantee",
        "Your guarantee covers the price promise",
        "We will send it on Monday",
        "NOT GUARANTEED!!!",
        "Crowns are guaranteed for 2 years",
        "Sure, on Monday",
    ],
)
def test_plain_words_and_refusals_guarantee_nothing(text: str) -> None:
    assert [] == list(lexicons()["promises"].hits(text))
