from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.perturb.spans import fold, identifiers, number_words, occurrences, protected, protected_values, quoted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order A-1042, please", ["A-1042,"]),
        ("write to jo.b@example.org now", ["jo.b@example.org"]),
        ("see https://example.org/a?b or www.example.org", ["https://example.org/a?b", "www.example.org"]),
        ("12 of 1 000 at 3.50", ["12", "1", "000", "3.50"]),
        ("file_name and /etc/hosts and #tag", ["file_name", "/etc/hosts", "#tag"]),
        ("It ends. Then: nothing, e.g. this", ["e.g."]),
        ("at 10:30 sharp", ["10:30"]),
        ("no such thing here!", []),
    ],
)
def test_identifiers_are_whole_words_with_a_telltale_character(text: str, expected: list[str]) -> None:
    assert expected == [text[start:end] for start, end in identifiers(text)]


def test_numbers_in_words_are_found_as_words() -> None:
    text = "Two of twenty-one, half of ONE stone"
    assert ["Two", "twenty", "one", "half", "ONE"] == [text[start:end] for start, end in number_words(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('the "Brivo Quick" kettle', ['"Brivo Quick"']),
        ("the “Brivo” and «Brivo» and „Brivo“", ["“Brivo”", "«Brivo»", "„Brivo“"]),
        ("he said 'Joe's Diner' but I can't and won't", ["'Joe's Diner'"]),
        ("he said ‘Joe’s Diner’ but I can’t", ["‘Joe’s Diner’"]),
        ("the dogs' beds and the cats' bowls", []),
        ('"' + "long " * 30 + '"', []),
        ('an open " mark\nand another " one', []),
    ],
)
def test_quoted_names_are_found_and_apostrophes_are_not(text: str, expected: list[str]) -> None:
    assert expected == [text[start:end] for start, end in quoted(text, 0, len(text))]


def test_quotes_are_looked_for_between_the_offsets_only() -> None:
    assert [(6, 9)] == quoted('"ab" c"d" "e', 6, 11)


def test_whole_words_leave_out_longer_ones() -> None:
    assert [(0, 3), (13, 16)] == list(occurrences("cat cats bob cat", "cat", whole_word=True))


def test_overlapping_places_are_all_found() -> None:
    assert [(0, 2), (1, 3)] == list(occurrences("aaa", "aa", whole_word=False))


@given(st.text())
@settings(deadline=None)
def test_folding_keeps_every_offset(text: str) -> None:
    assert len(text) == len(fold(text))


def test_folding_is_lower_case_also_where_lower_case_is_longer() -> None:
    assert "İxy" == fold("İXY")


def test_protect_names_fields_or_is_literal() -> None:
    fields = {"labels": ["Late", "Damaged", "late"], "n": 7, "empty": " "}
    assert ["late", "damaged", "7", "acme ltd"] == protected_values(("labels", "n", "empty", "Acme Ltd"), fields)


def test_protected_values_are_found_inside_words_but_short_ones_are_not() -> None:
    text = "Reddish red: a B and c"
    assert [(0, 3), (8, 11), (15, 16)] == sorted(protected(text, ["red", "b"]))


def test_hostile_text_takes_linear_time() -> None:
    text = "'" * 30_000 + '"' * 30_000 + "x" * 30_000 + ".a" * 15_000
    started = time.process_time()
    protected(text, ["zz"])
    quoted(text, 0, len(text))
    assert time.process_time() - started < 1
