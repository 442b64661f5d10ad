"""Invented languages that turn words into symbols: a cipher, and a small grammar."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import permutations
from typing import TypeAlias, TypeVar

from evalkit.suite.draws import between, pick, picks
from evalkit.suite.in_context import QUERIES, Puzzle

T = TypeVar("T")

Symbols: TypeAlias = list[str]
Lexicon: TypeAlias = dict[str, str]

_SYMBOLS = ("●", "▲", "■", "◆", "★", "○", "△", "□", "◇", "☆")
_CONSONANTS = "bdfgklmnprstvz"
_VOWELS = "aeiou"

ORDERS: Mapping[str, Callable[[str], str]] = {
    "in order": lambda word: word,
    "backwards": lambda word: word[::-1],
    "first letter last": lambda word: word[1:] + word[:1],
    "last letter first": lambda word: word[-1:] + word[:-1],
    "ends swapped": lambda word: word[-1] + word[1:-1] + word[0],
}
"""Orders in which a cipher takes a word's letters."""

READINGS: Mapping[str, Callable[[str], str]] = {
    **ORDERS,
    "first two letters last": lambda word: word[2:] + word[:2],
    "last two letters first": lambda word: word[-2:] + word[:-2],
    "first two swapped": lambda word: word[1::-1] + word[2:],
    "last two swapped": lambda word: word[:-2] + word[:-3:-1],
    "neighbours swapped": lambda word: "".join(word[place : place + 2][::-1] for place in range(0, len(word), 2)),
    "odd places, then even ones": lambda word: word[::2] + word[1::2],
    "even places, then odd ones": lambda word: word[1::2] + word[::2],
    "first kept, rest backwards": lambda word: word[0] + word[:0:-1],
    "last kept, rest backwards": lambda word: word[-2::-1] + word[-1],
    "halves swapped": lambda word: word[len(word) // 2 :] + word[: len(word) // 2],
    "larger half last": lambda word: word[(len(word) + 1) // 2 :] + word[: (len(word) + 1) // 2],
    "from both ends inwards": lambda word: "".join(map("".join, zip(word, word[::-1], strict=True)))[: len(word)],
}
"""Orders that somebody might see in examples; where one fits and gives another answer, an item is not kept."""

MODIFIERS: Mapping[str, Callable[[str], Symbols]] = {
    "twice": lambda word: [word, word],
    "three times": lambda word: [word, word, word],
    "in brackets": lambda word: ["(", word, ")"],
    "plus before": lambda word: ["+", word],
    "plus after": lambda word: [word, "+"],
}
"""What a second word does to the word before it."""

CONNECTIVES: Mapping[str, Callable[[Symbols, Symbols], Symbols]] = {
    "one after the other": lambda left, right: left + right,
    "the other way round": lambda left, right: right + left,
    "first again at the end": lambda left, right: left + right + left,
    "second two times": lambda left, right: left + right + right,
}
"""What a word between two parts does with them."""

_MARKS = frozenset("()+")


def bound(lexicon: Lexicon, words: Sequence[str], symbols: Sequence[str]) -> bool:
    """Learn what words stand for, one symbol each; False when that contradicts what is known or two words share one."""
    for word, symbol in zip(words, symbols, strict=True):
        if word in _MARKS or symbol in _MARKS:
            if word != symbol:
                return False
        elif word not in lexicon:
            if symbol in lexicon.values():
                return False
            lexicon[word] = symbol
        elif lexicon[word] != symbol:
            return False
    return True


def _invented(rng: random.Random, consonants: Sequence[str], vowels: Sequence[str], length: int) -> str:
    return "".join(pick(rng, vowels if place % 2 else consonants) for place in range(length))


def _cipher_word(rng: random.Random, consonants: Sequence[str], vowels: Sequence[str]) -> str:
    return _invented(rng, consonants, vowels, between(rng, 4, 6))


def cipher(rng: random.Random, n: int) -> Puzzle:
    """Each letter has a symbol of its own, and the letters are taken in one of a few orders."""
    while True:
        consonants, vowels = picks(rng, _CONSONANTS, 4), picks(rng, _VOWELS, 2)
        lexicon = dict(zip([*consonants, *vowels], picks(rng, _SYMBOLS, 6), strict=True))
        order = pick(rng, list(ORDERS))
        words = _different(partial(_cipher_word, rng, consonants, vowels), n)
        shown = [(word, [lexicon[letter] for letter in ORDERS[order](word)]) for word in words]
        fitting = ciphers(shown)
        for _ in range(QUERIES):
            query = _cipher_word(rng, consonants, vowels)
            answers = {_read(known, READINGS[name](query)) for name, known in fitting}
            if query not in words and len(answers) == 1 and None not in answers:
                answer = [lexicon[letter] for letter in ORDERS[order](query)]
                return _puzzle(shown, query, answer, "cipher", order)


def ciphers(shown: Sequence[tuple[str, Symbols]]) -> list[tuple[str, Lexicon]]:
    """Every reading that fits all examples, with the symbols that the letters then have."""
    fitting = []
    for name, ordered in READINGS.items():
        lexicon: Lexicon = {}
        if all(bound(lexicon, list(ordered(word)), symbols) for word, symbols in shown):
            fitting.append((name, lexicon))
    return fitting


def _read(lexicon: Lexicon, words: Sequence[str]) -> tuple[str, ...] | None:
    """What words stand for; None when that is not known of all of them."""
    if all(word in lexicon or word in _MARKS for word in words):
        return tuple(lexicon.get(word, word) for word in words)
    return None


Grammar: TypeAlias = tuple[tuple[str, str], str]
"""The meanings of both modifiers and of the connective."""

GRAMMARS: tuple[Grammar, ...] = tuple(
    (pair, connective) for pair in permutations(MODIFIERS, 2) for connective in CONNECTIVES
)

Phrase: TypeAlias = tuple[tuple[str, int], ...]
"""One or two parts: a word, and its modifier (0 for the first one, 1 for the second, -1 for none)."""


def meaning(place: int, phrase: Phrase) -> Symbols:
    """What a phrase says in the grammar at a place of `GRAMMARS`, with its words in place of their symbols."""
    pattern = _patterns(tuple(kind for _, kind in phrase))[place]
    return _filled(pattern, phrase)


@cache
def _patterns(kinds: tuple[int, ...]) -> list[Symbols]:
    """What phrases with such modifiers say in each grammar, `0` and `1` for the words of their parts."""
    patterns = []
    for modifiers, connective in GRAMMARS:
        parts = [[str(part)] if kind < 0 else MODIFIERS[modifiers[kind]](str(part)) for part, kind in enumerate(kinds)]
        patterns.append(parts[0] if len(parts) == 1 else CONNECTIVES[connective](parts[0], parts[1]))
    return patterns


def _filled(pattern: Symbols, phrase: Phrase) -> Symbols:
    return [part if part in _MARKS else phrase[int(part)][0] for part in pattern]


def grammars(shown: Sequence[tuple[Phrase, Symbols]]) -> Iterator[tuple[int, Lexicon]]:
    """The place of every grammar that fits all examples, with the symbols that the words then have."""
    # The longest say most, so that most grammars are ruled out at once.
    shown = sorted(shown, key=lambda example: -len(example[1]))
    tables = [_patterns(tuple(kind for _, kind in phrase)) for phrase, _ in shown]
    for place in range(len(GRAMMARS)):
        lexicon: Lexicon = {}
        for table, (phrase, symbols) in zip(tables, shown, strict=True):
            pattern = table[place]
            if len(pattern) != len(symbols) or not bound(lexicon, _filled(pattern, phrase), symbols):
                break
        else:
            yield place, lexicon


def grammar(rng: random.Random, n: int) -> Puzzle:
    """Words have a symbol each; a word behind one changes it, a word between two parts joins them."""
    while True:
        words = _different(lambda: _invented(rng, _CONSONANTS, _VOWELS, 3), 7)
        nouns, names = words[:4], words[4:]
        lexicon = dict(zip(nouns, picks(rng, _SYMBOLS, 4), strict=True))
        true = between(rng, 0, len(GRAMMARS) - 1)
        phrases = _different(partial(_phrase, rng, nouns, two=0.5 if n > 4 else 0.8), n)
        shown = [(phrase, _spoken(lexicon, true, phrase)) for phrase in phrases]
        fitting = list(grammars(shown))
        for _ in range(QUERIES):
            query = _phrase(rng, nouns, two=0.8)
            answers = {_read(known, meaning(each, query)) for each, known in fitting}
            if query not in phrases and query != ((query[0][0], -1),) and len(answers) == 1 and None not in answers:
                written = [(_written(phrase, names), symbols) for phrase, symbols in shown]
                (first, second), connective = GRAMMARS[true]
                rule = f"{names[0]}: {first}, {names[1]}: {second}, {names[2]}: {connective}"
                answer = _spoken(lexicon, true, query)
                return _puzzle(written, _written(query, names), answer, "grammar", rule)


def _phrase(rng: random.Random, nouns: Sequence[str], *, two: float) -> Phrase:
    n = 2 if rng.random() < two else 1
    return tuple((noun, between(rng, -1, 1)) for noun in picks(rng, nouns, n))


def _spoken(lexicon: Lexicon, place: int, phrase: Phrase) -> Symbols:
    return [lexicon.get(word, word) for word in meaning(place, phrase)]


def _written(phrase: Phrase, names: Sequence[str]) -> str:
    parts = [word if kind < 0 else f"{word} {names[kind]}" for word, kind in phrase]
    return f" {names[2]} ".join(parts)


def _different(draw: Callable[[], T], n: int) -> list[T]:
    drawn: dict[T, None] = {}
    while len(drawn) < n:
        drawn[draw()] = None
    return list(drawn)


def _puzzle(shown: Sequence[tuple[str, Symbols]], query: str, answer: Symbols, family: str, rule: str) -> Puzzle:
    pairs = [(given, " ".join(made)) for given, made in shown]
    return Puzzle(shown=pairs, query=query, answer=" ".join(answer), family=family, rule=rule)
