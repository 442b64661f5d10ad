from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.score.lists import ListOf
from evalkit.suite.hidden_rules import (
    NUMBER_CHANGES,
    NUMBER_SHAPES,
    WORD_CHANGES,
    WORD_SHAPES,
    applied,
    fitting,
    numbers,
    words,
)
from evalkit.suite.in_context import Puzzle
from evalkit.trial import rng_for

seeds, examples = st.integers(0, 9999), st.integers(2, 12)


def answers(
    puzzle: Puzzle,
    shapes: Mapping[str, Callable[..., Any]],
    changes: Mapping[str, Callable[..., Any]],
    read: Callable[[str], list[Any]],
    write: Callable[[list[Any]], str],
) -> set[str]:
    """What every rule of the family that makes the examples makes of the query."""
    found = set()
    for shape in shapes.values():
        for change in changes.values():

            def rule(text: str, shape: Any = shape, change: Any = change) -> str:
                return write([change(part, place) for place, part in enumerate(shape(read(text)))])

            if all(rule(given) == made for given, made in puzzle.shown):
                found.add(rule(puzzle.query))
    return found


def parsed(text: str) -> list[int]:
    return [int(part) for part in text.split(", ")]


def joined(parts: list[int]) -> str:
    return ", ".join(map(str, parts))


@given(seed=seeds, n=examples)
def test_all_rules_on_numbers_that_fit_agree(seed: int, n: int) -> None:
    puzzle = numbers(rng_for(seed), n)
    assert isinstance(puzzle.answer, list)
    assert {joined(list(map(int, puzzle.answer)))} == answers(puzzle, NUMBER_SHAPES, NUMBER_CHANGES, parsed, joined)


@given(seed=seeds, n=examples)
def test_all_rules_on_words_that_fit_agree(seed: int, n: int) -> None:
    puzzle = words(rng_for(seed), n)
    assert set(puzzle.answer) == answers(puzzle, WORD_SHAPES, WORD_CHANGES, list, "".join)


@given(seed=seeds, n=examples)
def test_the_answer_passes_as_the_examples_are_written(seed: int, n: int) -> None:
    puzzle = numbers(rng_for(seed), n)
    written = ", ".join(map(str, puzzle.answer))
    assert ListOf(value=tuple(map(str, puzzle.answer))).check(written).passed
    word = words(rng_for(seed), n).answer
    assert ListOf(value=tuple(map(str, word))).check(str(word[0])).passed


@pytest.mark.parametrize(
    ("shape", "change", "result"),
    [
        ("backwards", "plus 1", [4, 9, 6]),
        ("running totals", "as they are", [5, 13, 16]),
        ("distances of neighbours", "times 2", [6, 10]),
        ("even ones", "squared", [64]),
        ("all", "plus its place", [6, 10, 6]),
        ("count", "times 10", [30]),
    ],
)
def test_rules_do_what_they_say(shape: str, change: str, result: list[int]) -> None:
    assert result == applied(NUMBER_SHAPES[shape], NUMBER_CHANGES[change], [5, 8, 3])


def test_every_rule_is_found_from_its_own_example() -> None:
    given = [13, 6, 9, 20, 4]
    for shape, shaped in NUMBER_SHAPES.items():
        for change, changed in NUMBER_CHANGES.items():
            found = fitting(NUMBER_SHAPES, NUMBER_CHANGES, [(given, applied(shaped, changed, given))])
            assert (shape, change) in found
