from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.perturb.edits import FIRST_LETTER, SHARES, Edit, Kind, Slips, apply
from evalkit.perturb.keyboard import NEIGHBOURS
from evalkit.perturb.letters import VOWELS, sounding_like

TEXT = (
    "Last Tuesday I bought a kettle from your shop, and it leaks. I can't use it: the water runs over the table, my"
    " papers get wet, and everybody complains! Would you please tell me what to do about this; should I send it back,"
    " or will somebody come and look at it? Kind regards, Maren Holloway"
)


def slips(text: str, seed: int = 0, closed: str = "") -> Slips:
    touchable = bytearray(b"\1" * len(text))
    if closed:
        start = text.index(closed)
        touchable[start : start + len(closed)] = bytes(len(closed))
    return Slips(text, touchable, random.Random(seed))


def corpus(n_texts: int = 300, share: float = 0.1) -> list[Edit]:
    drawn: list[Edit] = []
    for seed in range(n_texts):
        hand = slips(TEXT, seed)
        drawn += hand.draw(round(share * hand.n_eligible))
    return drawn


CORPUS = corpus()
SHARES_WITHOUT_ACCENTS = {kind: share / (1 - SHARES["accent"]) for kind, share in SHARES.items() if kind != "accent"}
"""The text above has none."""


def of_kind(kind: Kind, text: str, n_seeds: int = 400) -> set[str]:
    """Every text that one slip of a kind makes."""
    found: set[str] = set()
    for seed in range(n_seeds):
        found |= {apply(text, [edit]) for edit in slips(text, seed).draw(1) if edit.kind == kind}
    return found


# Of 28,047 real misspellings, and of those of a second corpus: per cent that are one slip of a kind away from the word.
PUBLISHED: dict[Kind, tuple[float, float]] = {
    "deletion": (15.6, 27.6),
    "insertion": (10.6, 15.7),
    "doubling": (3.6, 7.3),
    "transposition": (28.9, 15.3),
    "neighbour": (3.5, 5.0),
    "substitution": (15.5, 11.2),
}


def test_shares_sum_to_one() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)


def test_generated_slips_are_mixed_as_real_misspellings_are() -> None:
    """Between the two corpora, which differ by up to 19 points; at most 1.5 points outside."""
    counts = Counter(edit.kind for edit in CORPUS if edit.kind in PUBLISHED)
    first, second = (sum(shares) for shares in zip(*PUBLISHED.values(), strict=True))
    for kind, (one, other) in PUBLISHED.items():
        low, high = sorted((one / first, other / second))
        assert low - 0.015 <= counts[kind] / counts.total() <= high + 0.015, kind


def test_kinds_come_in_their_shares() -> None:
    counts = Counter(edit.kind for edit in CORPUS)
    assert len(CORPUS) > 6000
    off = {kind: counts[kind] / len(CORPUS) - share for kind, share in SHARES_WITHOUT_ACCENTS.items()}
    # 6,900 draws: five standard deviations are at most 2.9 points.
    assert {} == {kind: round(by, 3) for kind, by in off.items() if abs(by) > 0.02}


def test_kinds_keep_their_shares_where_slips_are_dense() -> None:
    drawn = corpus(n_texts=100, share=0.3)
    counts = Counter(edit.kind for edit in drawn)
    shares = SHARES_WITHOUT_ACCENTS
    assert {} == {kind: counts[kind] for kind in shares if abs(counts[kind] / len(drawn) - shares[kind]) > 0.02}


def test_first_letters_change_about_as_rarely_as_in_real_misspellings() -> None:
    letters = [edit for edit in CORPUS if edit.kind not in ("case", "punctuation", "spacing")]
    at_first = [edit for edit in letters if edit.start == 0 or not TEXT[edit.start - 1].isalpha()]
    assert len(at_first) / len(letters) == pytest.approx(FIRST_LETTER, abs=0.01)
    touched = [edit for edit in CORPUS if TEXT[edit.start].isalpha() and not TEXT[max(edit.start - 1, 0)].isalpha()]
    assert len(touched) / len(CORPUS) < 0.05


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("deletion", {"el", "dl", "de"}),
        ("doubling", {"ddel", "deel", "dell"}),
        ("transposition", {"edl", "dle"}),
        ("case", {"Del"}),
        ("spacing", {"d el", "de l"}),
        ("punctuation", set()),
    ],
)
def test_a_slip_of_each_kind_on_a_small_word(kind: Kind, expected: set[str]) -> None:
    assert expected == of_kind(kind, "del", 2000)


def inserted(edit: Edit) -> str:
    return edit.new.removesuffix(TEXT[edit.start]).lower()


def test_inserted_letters_are_those_that_fingers_and_ears_add() -> None:
    """A letter from anywhere in the text ("rohom") does not look typed."""
    added = [edit for edit in CORPUS if edit.kind == "insertion"]
    assert len(added) > 500
    strange = []
    for edit in added:
        near = "".join(NEIGHBOURS.get(letter, "") for letter in TEXT[edit.start - 1 : edit.start + 1].lower())
        if inserted(edit) not in near + VOWELS + TEXT[max(edit.start - 3, 0) : edit.start + 3].lower():
            strange.append(edit)
    assert [] == strange


def test_an_inserted_letter_doubles_none() -> None:
    added = [edit for edit in CORPUS if edit.kind == "insertion"]
    assert [] == [edit for edit in added if inserted(edit) in TEXT[edit.start - 1 : edit.start + 1].lower()]


def test_an_inserted_letter_is_a_capital_only_among_capitals() -> None:
    assert {True} == {text.isupper() for text in of_kind("insertion", "REFUND")}
    assert set() == {text for text in of_kind("insertion", "refund") if text != text.lower()}


def test_a_neighbouring_key_is_one() -> None:
    changed = [edit for edit in CORPUS if edit.kind == "neighbour"]
    assert changed
    assert [] == [edit for edit in changed if edit.new.lower() not in NEIGHBOURS[TEXT[edit.start].lower()]]


def test_another_substitution_is_a_letter_that_sounds_alike() -> None:
    changed = [edit for edit in CORPUS if edit.kind == "substitution"]
    assert changed
    text = TEXT.lower()
    alike = {edit: sounding_like(text[edit.start], text[edit.end : edit.end + 1]) for edit in changed}
    assert [] == [edit for edit in changed if edit.new.lower() not in alike[edit]]


def test_most_substitutions_exchange_vowels_as_in_real_misspellings() -> None:
    changed = [edit for edit in CORPUS if edit.kind == "substitution"]
    vowels = [edit for edit in changed if {TEXT[edit.start].lower(), edit.new.lower()} <= set("aeiouy")]
    # Real ones: 0.65; more here, since consonants confused in single syllables only are left out.
    assert 0.65 < len(vowels) / len(changed) < 0.9


def test_capitals_stay_where_they_were_when_letters_swap() -> None:
    assert "Hte" in of_kind("transposition", "The", 4000)


def test_punctuation_is_dropped_or_mistaken() -> None:
    assert {"yes no", "yes. no"} == of_kind("punctuation", "yes, no")
    assert {"cant"} == of_kind("punctuation", "can't")
    assert {"why", "why??"} == of_kind("punctuation", "why?")


def test_accents_are_dropped_where_there_are_some() -> None:
    assert {"cafe", "Zloty", "garcon"} <= {
        text for word in ("café", "Złoty", "garçon") for text in of_kind("accent", word, 2000)
    }
    drawn = [
        edit.kind for seed in range(100) for edit in slips("Où est l'hôtel près de la gare à Besançon", seed).draw(4)
    ]
    assert 0.01 <= drawn.count("accent") / len(drawn) <= 0.06


def test_marks_of_other_scripts_are_no_accents() -> None:
    kinds = {edit.kind for seed in range(200) for edit in slips("がぎぐげご यह किताब", seed).draw(3)}
    assert "accent" not in kinds


def test_spaces_are_dropped_or_doubled_and_words_split() -> None:
    assert {"asif", "as  if", "a s if", "as i f"} == of_kind("spacing", "as if", 4000)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60) | st.text("aAb c.,'\n7", max_size=40), st.integers())
@settings(deadline=None)
def test_every_slip_changes_its_place_and_no_place_is_touched_twice(text: str, seed: int) -> None:
    edits = slips(text, seed).draw(len(text))
    assert [] == [edit for edit in edits if edit.new == text[edit.start : edit.end]]
    touched = [at for edit in edits for at in range(edit.start, edit.end)]
    assert len(touched) == len(set(touched))


@given(st.text("abcXY z.,'\n", max_size=60), st.integers(), st.integers(0, 30), st.integers(0, 30))
@settings(deadline=None)
def test_a_longer_draw_starts_with_the_shorter_one(text: str, seed: int, n_few: int, n_more: int) -> None:
    few, many = slips(text, seed).draw(n_few), slips(text, seed).draw(n_few + n_more)
    assert few == many[: len(few)]


@given(st.text("ab c'.", min_size=1, max_size=40), st.integers())
@settings(deadline=None)
def test_no_word_vanishes(text: str, seed: int) -> None:
    """A word that goes would let its neighbours, or marks of quotation, meet."""
    pieces = [piece for piece in text.replace("'", " ").replace(".", " ").split() if piece]
    edits = [edit for edit in slips(text, seed).draw(len(text)) if edit.new == "" and text[edit.start].isalpha()]
    cut = apply(text, edits).replace("'", " ").replace(".", " ").split()
    assert len(pieces) == len(cut)


def test_what_is_closed_stays_and_keeps_its_spaces_and_marks() -> None:
    for seed in range(60):
        hand = slips("I want, please, the money back. now", seed, closed="the money")
        assert " the money " in apply("I want, please, the money back. now", hand.draw(20))


def test_a_closed_piece_of_a_word_stays() -> None:
    for seed in range(60):
        assert "red" in apply("scattered", slips("scattered", seed, closed="red").draw(9))


def test_eligible_are_letters_and_the_spaces_and_marks_between_them() -> None:
    # 6 letters, the space, the comma and the full stop; not the digits, nor the space and the mark next to them.
    assert 9 == slips("ab, cd ef. 12 34!", closed="12 34!").n_eligible


def test_a_text_without_letters_has_no_slips() -> None:
    assert (0, []) == (slips("12 + 34 = ?").n_eligible, slips("12 + 34 = ?").draw(5))


def test_drawing_ends_when_nothing_is_left_to_slip_on() -> None:
    edits = slips("abc").draw(1000)
    assert 1 <= len(edits) <= 3


def test_scripts_without_case_or_keyboard_get_the_other_slips() -> None:
    kinds = {edit.kind for seed in range(100) for edit in slips("これはペンですか", seed).draw(2)}
    assert {"deletion", "insertion", "doubling", "transposition", "substitution", "spacing"} == kinds


def test_letters_whose_other_case_is_longer_keep_theirs() -> None:
    assert [] == [edit for seed in range(200) for edit in slips("ßß", seed).draw(2) if edit.kind == "case"]


def test_edits_are_applied_in_place_whatever_their_order() -> None:
    edits = [Edit("case", 3, 4, "D"), Edit("transposition", 0, 2, "ba")]
    assert "bacD" == apply("abcd", edits)


@pytest.mark.parametrize("text", ["é" * 2_000 + "a" * 18_000, "é" * 10_000 + "a" * 10_000])
def test_a_long_text_of_one_letter_is_slipped_on_in_time(text: str) -> None:
    assert 1_000 <= len(slips(text).draw(2_000)) <= 2_000
