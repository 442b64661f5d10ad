from __future__ import annotations

from itertools import permutations, product

from hypothesis import given
from hypothesis import strategies as st

from evalkit.suite.in_context import Puzzle
from evalkit.suite.mappings import CONNECTIVES, MODIFIERS, ORDERS, cipher, grammar
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
