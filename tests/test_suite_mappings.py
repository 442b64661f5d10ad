from __future__ import annotations

from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.suite.in_context import Puzzle
from evalkit.suite.mappings import CONNECTIVES, MODIFIERS, ORDERS, READINGS, cipher, grammar
from evalkit.trial import rng_for

seeds, examples = st.integers(0, 9999), st.integers(2, 12)


def cipher_answers(puzzle: Puzzle) -> set[str | None]:
    """What every order says about the query, by solving for the letters; None where a letter is unknown."""
    answers: set[str | None] = set()
    for ordered in ORDERS.values():
        pairs = {pair for word, made in puzzle.shown for pair in zip(ordered(word), made.split(), strict=True)}
        known = dict(pairs)
        if len(known) == len(pairs) == len(set(known.values())):
            letters = [known.get(letter) for letter in ordered(puzzle.query)]
            answers.add(None if None in letters else " ".join(map(str, letters)))
    return answers


@given(seed=seeds, n=examples)
def test_all_ciphers_that_fit_agree(seed: int, n: int) -> None:
    puzzle = cipher(rng_for(seed), n)
    assert {puzzle.answer} == cipher_answers(puzzle)


def said(phrase: str, roles: dict[str, str], meanings: dict[str, str]) -> list[str]:
    """What a phrase says, its nouns unread, word by word."""
    parts: list[list[str]] = []
    joint = ""
    for word in phrase.split():
        role = roles.get(word, "noun")
        if role == "noun":
            parts.append([word])
        elif role == "modifier":
            parts[-1] = MODIFIERS[meanings[word]](parts[-1][0])
        else:
            joint = meanings[word]
    return parts[0] if len(parts) == 1 else CONNECTIVES[joint](parts[0], parts[1])


def grammar_answers(puzzle: Puzzle) -> set[str | None]:
    function_words = [part.split(":")[0] for part in puzzle.rule.split(", ")]
    first, second, joint = function_words
    roles = {first: "modifier", second: "modifier", joint: "joint"}
    answers: set[str | None] = set()
    for (one, other), between in product(permutations(MODIFIERS, 2), CONNECTIVES):
        meanings = {first: one, second: other, joint: between}
        pairs = set()
        fits = True
        for phrase, made in puzzle.shown:
            words, symbols = said(phrase, roles, meanings), made.split()
            fits = fits and len(words) == len(symbols)
            pairs |= set(zip(words, symbols, strict=False))
        marks = {pair for pair in pairs if set(pair) & set("()+")}
        known = dict(pairs)
        if fits and all(a == b for a, b in marks) and len(known) == len(pairs) == len(set(known.values())):
            words = [known.get(word, word) for word in said(puzzle.query, roles, meanings)]
            answers.add(None if any(word.isalpha() for word in words) else " ".join(words))
    return answers


@given(seed=seeds, n=examples)
def test_all_grammars_that_fit_agree(seed: int, n: int) -> None:
    puzzle = grammar(rng_for(seed), n)
    assert {puzzle.answer} == grammar_answers(puzzle)


def other_orders(word: str) -> dict[str, str]:
    """Orders outside the family that somebody might see in two examples."""
    half = len(word) // 2
    pairs = [word[place : place + 2] for place in range(0, len(word), 2)]
    return {
        "pairs": "".join(pair[::-1] for pair in pairs),
        "odd": word[::2] + word[1::2],
        "even": word[1::2] + word[::2],
        "rest": word[0] + word[1:][::-1],
        "front": word[:-1][::-1] + word[-1],
        "two": word[2:] + word[:2],
        "last two": word[-2:] + word[:-2],
        "swap": word[1] + word[0] + word[2:],
        "end": word[:-2] + word[-1] + word[-2],
        "halves": word[half:] + word[:half],
    }


@given(seed=st.integers(0, 9999))
def test_no_common_order_gives_another_answer_after_two_examples(seed: int) -> None:
    puzzle = cipher(rng_for(seed), 2)
    for name in other_orders("abcd"):
        pairs = {
            pair for word, made in puzzle.shown for pair in zip(other_orders(word)[name], made.split(), strict=True)
        }
        known = dict(pairs)
        if len(known) == len(pairs) == len(set(known.values())):
            assert puzzle.answer == " ".join(known[letter] for letter in other_orders(puzzle.query)[name])


@pytest.mark.parametrize(
    ("reading", "word"),
    [
        ("first two letters last", "cdeab"),
        ("last two letters first", "deabc"),
        ("first two swapped", "bacde"),
        ("last two swapped", "abced"),
        ("neighbours swapped", "badce"),
        ("odd places, then even ones", "acebd"),
        ("even places, then odd ones", "bdace"),
        ("first kept, rest backwards", "aedcb"),
        ("last kept, rest backwards", "dcbae"),
        ("halves swapped", "cdeab"),
        ("larger half last", "deabc"),
        ("from both ends inwards", "aebdc"),
    ],
)
def test_readings_do_what_they_say(reading: str, word: str) -> None:
    assert word == READINGS[reading]("abcde")
