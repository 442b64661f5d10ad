from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.score.sentences import clauses, sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("One", ["One"]),
        ("One. Two! Three? Four…", ["One.", "Two!", "Three?", "Four…"]),
        ("Mr. Okafor paid 3.50 on 3.4. to Acme Ltd. in May.", ["Mr. Okafor paid 3.50 on 3.4.", "to Acme Ltd. in May."]),
        ("See no. 5, e.g. the lamp. Fine.", ["See no. 5, e.g. the lamp.", "Fine."]),
        ("J. Doe and I. Then we left.", ["J. Doe and I.", "Then we left."]),
        ('He said "No!" Then he left.', ['He said "No!"', "Then he left."]),
        ("Really?! Yes...", ["Really?!", "Yes..."]),
        ("Hello Ms Haddad\n\nIt is late", ["Hello Ms Haddad", "It is late"]),
        ("We need:\n- the number\n- a photo", ["We need:", "- the number", "- a photo"]),
        ("a line\nthat goes on", ["a line\nthat goes on"]),
        ("--- ... !!!", []),
        ("The answer is no. We wait.", ["The answer is no.", "We wait."]),
        ("He left at 5 p.m. Then he ate.", ["He left at 5 p.m.", "Then he ate."]),
        ("We open at 9 a.m. and close at 5 p.m. Fridays", ["We open at 9 a.m. and close at 5 p.m. Fridays"]),
        ("It is option B. Please pick.", ["It is option B.", "Please pick."]),
        ("1. First\n2. Second", ["1. First", "2. Second"]),
        ("The answer is\n42.", ["The answer is\n42."]),
        ("See Fig. 3. It works.", ["See Fig. 3.", "It works."]),
        ("**It is late.** _We wait._ Good", ["**It is late.**", "_We wait._", "Good"]),
        ("at shop.example you find it", ["at shop.example you find it"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert expected == sentences(text)


@given(st.text(max_size=200))
def test_no_letter_or_digit_is_lost(text: str) -> None:
    def characters(part: str) -> list[str]:
        return [char for char in part if char.isalnum()]

    assert characters(text) == [char for sentence in sentences(text) for char in characters(sentence)]


@pytest.mark.parametrize("mark", [".", "!", " ", ",", "\n ", '."', ", and "])
def test_a_run_of_marks_is_read_once(mark: str) -> None:
    text = f"a{mark * (200_000 // len(mark))}b"
    start = time.process_time()
    assert len(sentences(text)) <= len(text)
    assert len(clauses(text)) <= len(text)
    assert time.process_time() - start < 5


@pytest.mark.slow
@pytest.mark.parametrize("piece", [". ", "a.", "\n", "\n- ", "e.g.", "!", "a. "])
def test_a_megabyte_is_read_in_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    assert len(sentences(text)) <= len(text)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("It is late; we look", ["It is late", "we look"]),
        ("We cannot, however we try", ["We cannot", "we try"]),
        ("A well-known lamp - broken", ["A well-known lamp", "broken"]),
        ("It was lost and we will look", ["It was lost", "we will look"]),
        ("Instead of a lamp we'll send a bulb", ["Instead of a lamp", "we'll send a bulb"]),
        ("It is late and your order has gone", ["It is late", "your order has gone"]),
        ("You and I. May I have it, if we have it", ["You and I. May I have it, if we have it"]),
        ("Plain", ["Plain"]),
    ],
)
def test_clauses_are_divided_by_contrast_and_marks(sentence: str, expected: list[str]) -> None:
    assert expected == clauses(sentence)
