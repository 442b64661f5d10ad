from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.score.normal import Ignored, normalised, without_accents

ALL: tuple[Ignored, ...] = ("case", "accents", "punctuation", "spaces")


@pytest.mark.parametrize(
    ("one", "other", "ignore"),
    [
        ("café", "cafe\u0301", ()),
        ("Ａ１", "A1", ()),
        ("ﬁne", "fine", ()),
        (" ends ", "ends", ()),
        ("STRASSE", "straße", ("case",)),
        ("ΣΊΣΥΦΟΣ", "σίσυφος", ("case",)),
        ("Łódź", "Lodz", ("accents",)),
        ("Ærø", "AEro", ("accents",)),
        ("Đorđe", "Dorde", ("accents",)),
        ("¿Qué?", "Qué", ("punctuation",)),
        ("e-mail", "email", ("punctuation",)),
        ("12 345", "12\u00a0345", ("spaces",)),
        ("你好，世界", "你好世界", ("punctuation",)),
        ("¡Hola, Señor!", "hola senor", ALL),
    ],
)
def test_differences_that_do_not_matter_vanish(one: str, other: str, ignore: tuple[Ignored, ...]) -> None:
    assert normalised(one, ignore) == normalised(other, ignore)


@pytest.mark.parametrize(("one", "other"), [("a", "A"), ("e", "é"), ("a b", "ab"), ("a.", "a")])
def test_differences_matter_unless_they_are_named(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


@given(st.text(max_size=40))
def test_a_normal_text_is_its_own_normal_form(text: str) -> None:
    assert normalised(normalised(text, ALL), ALL) == normalised(text, ALL)


@given(st.text(st.characters(max_codepoint=127), max_size=40))
def test_plain_letters_have_no_accents(text: str) -> None:
    assert text == without_accents(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [("A\u20111042", "A-1042"), ("I’m", "I'm"), ("2026\u201103–31", "2026-03-31"), ("−3", "-3"), ("“yes”", '"yes"')],
)
def test_typeset_marks_are_those_of_a_typewriter(one: str, other: str) -> None:
    assert normalised(one) == other


@pytest.mark.parametrize(("one", "other"), [("10²", "102"), ("①02", "102"), ("½", "1/2")])
def test_superscripts_circles_and_fractions_keep_their_value(one: str, other: str) -> None:
    assert normalised(one) != other


def test_a_stroke_and_a_mark_both_go() -> None:
    assert "o" == normalised("ǿ", ["accents"]) == normalised("ø", ["accents"])


def test_marks_without_end_are_read_in_time() -> None:
    assert len(normalised("a" + "\u0301\u0316" * 100_000)) < 100
