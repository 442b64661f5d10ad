from __future__ import annotations

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
        ("Plain", ["Plain"]),
    ],
)
def test_clauses_are_divided_by_contrast_and_marks(sentence: str, expected: list[str]) -> None:
    assert expected == clauses(sentence)
