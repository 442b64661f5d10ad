"""Rules on lists of numbers and on words: which parts are kept, in which order, and what is done to each of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import TypeAlias, TypeVar

from evalkit.suite.draws import below, between, pick
from evalkit.suite.in_context import QUERIES, Puzzle

T = TypeVar("T", int, str)

Shape: TypeAlias = Callable[[Sequence[T]], list[T]]
Change: TypeAlias = Callable[[T, int], T]
"""What becomes of a part, given its place from 0."""
Rule: TypeAlias = tuple[str, str]
"""The names of a shape and of a change."""

_LARGEST = 20

NUMBER_SHAPES: Mapping[str, Shape[int]] = {
    "all": list,
    "backwards": lambda parts: list(parts[::-1]),
    "ascending": sorted,
    "descending": lambda parts: sorted(parts, reverse=True),
    "first to the end": lambda parts: [*parts[1:], parts[0]],
    "last to the front": lambda parts: [parts[-1], *parts[:-1]],
    "ends swapped": lambda parts: [parts[-1], *parts[1:-1], parts[0]],
    "without the first": lambda parts: list(parts[1:]),
    "without the last": lambda parts: list(parts[:-1]),
    "without both ends": lambda parts: list(parts[1:-1]),
    "first three": lambda parts: list(parts[:3]),
    "last three": lambda parts: list(parts[-3:]),
    "every second, from the first": lambda parts: list(parts[::2]),
    "every second, from the second": lambda parts: list(parts[1::2]),
    "even ones": lambda parts: [part for part in parts if part % 2 == 0],
    "odd ones": lambda parts: [part for part in parts if part % 2],
    "above ten": lambda parts: [part for part in parts if part > 10],
    "up to ten": lambda parts: [part for part in parts if part <= 10],
    "without the smallest": lambda parts: [part for part in parts if part != min(parts)],
    "without the largest": lambda parts: [part for part in parts if part != max(parts)],
    "running totals": lambda parts: list(accumulate(parts)),
    "sums of neighbours": lambda parts: [one + other for one, other in pairwise(parts)],
    "distances of neighbours": lambda parts: [abs(one - other) for one, other in pairwise(parts)],
    "each twice": lambda parts: [part for part in parts for _ in range(2)],
    "smallest and largest": lambda parts: [min(parts), max(parts)],
    "sum": lambda parts: [sum(parts)],
    "count": lambda parts: [len(parts)],
    "largest so far": lambda parts: list(accumulate(parts, max)),
}

NUMBER_CHANGES: Mapping[str, Change[int]] = {
    "as they are": lambda part, _: part,
    "plus 1": lambda part, _: part + 1,
    "plus 2": lambda part, _: part + 2,
    "plus 3": lambda part, _: part + 3,
    "plus 5": lambda part, _: part + 5,
    "plus 10": lambda part, _: part + 10,
    "times 2": lambda part, _: part * 2,
    "times 3": lambda part, _: part * 3,
    "times 10": lambda part, _: part * 10,
    "doubled plus 1": lambda part, _: part * 2 + 1,
    "squared": lambda part, _: part * part,
    "last digit": lambda part, _: part % 10,
    "plus its place": lambda part, place: part + place + 1,
    "times its place": lambda part, place: part * (place + 1),
    "halved, rounded down": lambda part, _: part // 2,
}

_VOWELS = "aeiou"
_CONSONANTS = "bdfgklmnprstv"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_NO_ANSWER = "none"
"""An answer that would be read as an empty list."""


def _turned(letters: str, by: int) -> Change[str]:
    """Each of some letters becomes the one so many places on, in a circle."""
    table = {letter: letters[(place + by) % len(letters)] for place, letter in enumerate(letters)}
    return lambda part, _: table.get(part, part)


WORD_SHAPES: Mapping[str, Shape[str]] = {
    "all": list,
    "backwards": lambda parts: list(parts[::-1]),
    "by the alphabet": sorted,
    "first to the end": lambda parts: [*parts[1:], parts[0]],
    "last to the front": lambda parts: [parts[-1], *parts[:-1]],
    "ends swapped": lambda parts: [parts[-1], *parts[1:-1], parts[0]],
    "without the first": lambda parts: list(parts[1:]),
    "without the last": lambda parts: list(parts[:-1]),
    "without both ends": lambda parts: list(parts[1:-1]),
    "first three": lambda parts: list(parts[:3]),
    "last three": lambda parts: list(parts[-3:]),
    "every second, from the first": lambda parts: list(parts[::2]),
    "every second, from the second": lambda parts: list(parts[1::2]),
    "consonants": lambda parts: [part for part in parts if part not in _VOWELS],
    "vowels": lambda parts: [part for part in parts if part in _VOWELS],
    "first one doubled": lambda parts: [parts[0], *parts],
    "last one doubled": lambda parts: [*parts, parts[-1]],
    "written twice": lambda parts: [*parts, *parts],
    "there and back": lambda parts: [*parts, *parts[::-1]],
}

WORD_CHANGES: Mapping[str, Change[str]] = {
    "as they are": lambda part, _: part,
    "next letter": _turned(_LETTERS, 1),
    "letter before": _turned(_LETTERS, -1),
    "two letters on": _turned(_LETTERS, 2),
    "next vowel": _turned(_VOWELS, 1),
    "vowel before": _turned(_VOWELS, -1),
    "vowels become o": lambda part, _: "o" if part in _VOWELS else part,
    "vowels become y": lambda part, _: "y" if part in _VOWELS else part,
    "each twice": lambda part, _: part * 2,
    "consonants become x": lambda part, _: part if part in _VOWELS else "x",
    "vowels twice": lambda part, _: part * 2 if part in _VOWELS else part,
}


def applied(shape: Shape[T], change: Change[T], parts: Sequence[T]) -> list[T]:
    """What a rule makes of some parts."""
    return [change(part, place) for place, part in enumerate(shape(parts))]


def fitting(
    shapes: Mapping[str, Shape[T]], changes: Mapping[str, Change[T]], shown: Sequence[tuple[Sequence[T], list[T]]]
) -> list[Rule]:
    """Every rule that makes of all examples what was made of them, which must be something."""
    given, made = shown[0]
    found = []
    for shape, shaped_by in shapes.items():
        shaped = shaped_by(given)
        if len(shaped) != len(made):
            continue
        for change, changed_by in changes.items():
            # Most rules already fail on the first part.
            if changed_by(shaped[0], 0) == made[0] and all(
                applied(shaped_by, changed_by, other) == result for other, result in shown
            ):
                found.append((shape, change))
    return found


def _drawn(
    rng: random.Random,
    shapes: Mapping[str, Shape[T]],
    changes: Mapping[str, Change[T]],
    parts: Callable[[], list[T]],
    n: int,
) -> tuple[list[tuple[tuple[T, ...], list[T]]], list[T], list[T], Rule]:
    """Examples, a query with its only answer, and the rule."""
    while True:
        rule = pick(rng, list(shapes)), pick(rng, list(changes))
        if rule == ("all", "as they are"):
            continue
        shape, change = shapes[rule[0]], changes[rule[1]]
        examples: dict[tuple[T, ...], list[T]] = {}
        while len(examples) < n:
            given = parts()
            made = applied(shape, change, given)
            if made:
                examples[tuple(given)] = made
        shown = list(examples.items())
        rules = fitting(shapes, changes, shown)
        for _ in range(QUERIES):
            query = parts()
            answer = applied(shape, change, query)
            alike = all(applied(shapes[one], changes[other], query) == answer for one, other in rules)
            if answer and alike and tuple(query) not in examples:
                return shown, query, answer, rule


def numbers(rng: random.Random, n: int) -> Puzzle:
    """A rule on lists of four to six numbers."""
    shown, query, answer, rule = _drawn(
        rng,
        NUMBER_SHAPES,
        NUMBER_CHANGES,
        lambda: [1 + int(rng.random() * _LARGEST) for _ in range(between(rng, 4, 6))],
        n,
    )
    pairs = [(", ".join(map(str, given)), ", ".join(map(str, made))) for given, made in shown]
    return Puzzle(shown=pairs, query=", ".join(map(str, query)), answer=answer, family="numbers", rule=", ".join(rule))


def words(rng: random.Random, n: int) -> Puzzle:
    """A rule on the letters of invented words."""
    answer = list(_NO_ANSWER)
    while "".join(answer) == _NO_ANSWER:
        shown, query, answer, rule = _drawn(rng, WORD_SHAPES, WORD_CHANGES, lambda: _word(rng), n)
    pairs = [("".join(given), "".join(made)) for given, made in shown]
    return Puzzle(shown=pairs, query="".join(query), answer=["".join(answer)], family="words", rule=", ".join(rule))


def _word(rng: random.Random) -> list[str]:
    kinds = (_CONSONANTS, _VOWELS) if below(rng, 2) else (_VOWELS, _CONSONANTS)
    return [pick(rng, kinds[place % 2]) for place in range(between(rng, 5, 7))]
