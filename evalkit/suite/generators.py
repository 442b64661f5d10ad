"""Functions that make items: endless supplies with known answers.

A generator draws one item at random from a population that its arguments describe, and says how many different items
that population has. Drawing is with replacement, so the population is known and never runs out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from evalkit.errors import did_you_mean
from evalkit.suite.classification import classification
from evalkit.suite.draws import GeneratorError
from evalkit.suite.hidden_rules import numbers, words
from evalkit.suite.in_context import in_context
from evalkit.suite.mappings import cipher, grammar
from evalkit.suite.reformatting import reformatting
from evalkit.suite.sums import arithmetic
from evalkit.suite.table_questions import Aggregation, Lookup, table_questions
from evalkit.suite.word_problems import word_problems

__all__ = ["GENERATORS", "Generator", "GeneratorError", "generator"]


class Generator(Protocol):
    """What a suite's `{generate: NAME, …}` names."""

    @property
    def axis(self) -> str:
        """The argument that makes items harder, and the field of the items that tells their level."""
        ...

    def levels(self) -> list[int]:
        """The values of the axis, from easy to hard."""
        ...

    def size(self, level: int) -> int | None:
        """How many different items there are at a level; None when they cannot be enumerated."""
        ...

    def draw(self, rng: random.Random, level: int) -> dict[str, Any]:
        """The fields of one item, `id` included."""
        ...


GENERATORS: dict[str, Callable[[Mapping[str, Any]], Generator]] = {
    "addition": arithmetic("+"),
    "subtraction": arithmetic("-"),
    "multiplication": arithmetic("*"),
    "word-problems": word_problems,
    "classification": classification,
    "lookup": table_questions(Lookup),
    "aggregation": table_questions(Aggregation),
    "reformatting": reformatting,
    "mapping": in_context(cipher, grammar),
    "rule": in_context(numbers, words),
}
"""Each makes a generator from a suite's arguments, or raises GeneratorError."""


def generator(name: str, arguments: Mapping[str, Any]) -> Generator:
    """The generator that a suite names.

    Raises:
        GeneratorError: If there is none of that name, or its arguments are wrong.
    """
    if name not in GENERATORS:
        raise GeneratorError(f'no generator "{name}". {did_you_mean(name, GENERATORS)}')
    return GENERATORS[name](arguments)
