from __future__ import annotations

import string

import pytest

from evalkit.perturb.keyboard import NEIGHBOURS
from evalkit.perturb.letters import VOWELS, sounding_like

PAIRS = {
    (letter, new)
    for letter in string.ascii_lowercase
    for following in ["", *string.ascii_lowercase]
    for new in sounding_like(letter, following)
}


def test_no_letter_is_written_for_itself_nor_for_one_that_its_key_touches() -> None:
    """Those are slips of other kinds, with shares of their own."""
    assert [] == [(letter, new) for letter, new in PAIRS if new in letter + NEIGHBOURS[letter]]


def test_every_vowel_is_mistaken_for_others() -> None:
    assert {} == {vowel: new for vowel in VOWELS if not set(new := sounding_like(vowel, "")) & set(VOWELS)}


@pytest.mark.parametrize(
    ("letter", "following", "alike"),
    [("c", "e", "s"), ("c", "a", "k"), ("s", "i", "c"), ("s", "", ""), ("g", "o", ""), ("d", "", "t"), ("w", "e", "")],
)
def test_consonants_are_mistaken_where_they_sound_alike(letter: str, following: str, alike: str) -> None:
    """ "hac" for "has" does not look typed; "desided" does."""
    assert alike == sounding_like(letter, following)


def test_letters_are_plain_lower_case() -> None:
    assert {new for _, new in PAIRS} <= set(string.ascii_lowercase)
