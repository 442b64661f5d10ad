"""Rules that only examples reveal.

A family holds every rule that may be behind the examples. An item is kept only where all rules of its family that fit
all its examples agree on the answer, so that there is one, however few the examples are.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeAlias

from evalkit.suite.draws import pick, refuse_unknown, whole_numbers

Answer: TypeAlias = str | list[str] | list[int]

MAX_EXAMPLES = 64
QUERIES = 12
"""How many queries are tried on some examples before other examples are drawn."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Puzzle:
    """Examples of a rule, and one more case."""

    shown: list[tuple[str, str]]
    """What goes in and what comes out."""
    query: str
    answer: Answer
    family: str
    rule: str
    """In words, for people."""


Family: TypeAlias = Callable[[random.Random, int], Puzzle]
"""Draws a puzzle with so many examples."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InContext:
    """Puzzles of some families with a number of examples."""

    families: tuple[Family, ...]
    examples: tuple[int, ...]
    axis: str = "examples"

    def levels(self) -> list[int]:
        """Numbers of examples, from many to few."""
        return list(self.examples)

    def size(self, level: int) -> None:
        """Unknown: there are far more puzzles than anybody will ask."""
        return

    def draw(self, rng: random.Random, level: int) -> dict[str, Any]:
        """Fields `problem` (examples and query), `shown`, `query`, `examples`, `family`, `rule`, `answer`."""
        puzzle = pick(rng, self.families)(rng, level)
        shown = "\n".join(f"{given} -> {made}" for given, made in puzzle.shown)
        problem = f"{shown}\n\n{puzzle.query} -> ?"
        return {
            "id": sha256(problem.encode()).hexdigest()[:12],
            "problem": problem,
            "shown": [list(pair) for pair in puzzle.shown],
            "query": puzzle.query,
            self.axis: level,
            "family": puzzle.family,
            "rule": puzzle.rule,
            "answer": puzzle.answer,
        }


def in_context(*families: Family) -> Callable[[Mapping[str, Any]], InContext]:
    """What makes a generator of puzzles of some families from a suite's argument `examples`."""

    def make(arguments: Mapping[str, Any]) -> InContext:
        refuse_unknown(arguments, ["examples"])
        examples = whole_numbers(
            arguments, "examples", default=[32, 16, 8, 4, 2], within=(2, MAX_EXAMPLES), descending=True
        )
        return InContext(families=families, examples=examples)

    return make
