from __future__ import annotations

import pytest

from evalkit.score.lexicons import lexicons


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I am absolutely furious", ["absolutely", "furious"]),
        ("They disappointed and annoy us", ["disappointed", "annoy"]),
        ("We are fed up", ["fed up"]),
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
    ],
)
def test_factual_titles_are_not_emotional(text: str) -> None:
    assert [] == list(lexicons()["emotional"].hits(text))
