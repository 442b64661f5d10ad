from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.suite.generators import GENERATORS, GeneratorError, generator
from evalkit.trial import rng_for

OPERATIONS = {"addition": lambda a, b: a + b, "subtraction": lambda a, b: a - b, "multiplication": lambda a, b: a * b}


@given(name=st.sampled_from(sorted(OPERATIONS)), digits=st.integers(1, 30), seed=st.integers(0, 99))
def test_answers_are_right_and_numbers_have_their_digits(name: str, digits: int, seed: int) -> None:
    item = generator(name, {"digits": [digits]}).draw(rng_for(seed), digits)
    assert OPERATIONS[name](item["a"], item["b"]) == item["answer"]
    assert (digits, digits, digits) == (len(str(item["a"])), len(str(item["b"])), item["digits"])
    assert item["answer"] >= 0


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_says_how_many_items_it_has(name: str) -> None:
    made = generator(name, {"digits": [1]})
    seen = {made.draw(rng_for(seed), 1)["id"] for seed in range(2000)}
    assert made.size(1) == len(seen)


def test_larger_populations_are_counted_not_listed() -> None:
    assert 8100 == generator("addition", {"digits": 2}).size(2)
    assert 90 * 91 // 2 == generator("subtraction", {"digits": 2}).size(2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"digits": []}, "found \\[\\]"),
        ({"digits": [0]}, "found \\[0\\]"),
        ({"digits": [2, 1]}, "ascending"),
        ({"digits": [1, 1]}, "each once"),
        ({"digits": "3"}, "found '3'"),
        ({"digits": [True]}, "found \\[True\\]"),
        ({"digts": [1]}, 'Did you mean "digits"'),
    ],
)
def test_wrong_arguments_are_explained(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(GeneratorError, match=message):
        generator("addition", arguments)


def test_an_unknown_generator_gets_the_nearest_name() -> None:
    with pytest.raises(GeneratorError, match='Did you mean "multiplication"'):
        generator("multiplikation", {})
