from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.suite import Task
from evalkit.suite.draws import GeneratorError
from evalkit.suite.generators import generator
from evalkit.trial import Item, rng_for
from tests.shipped import shipped_suite

seeds, examples = st.integers(0, 9999), st.integers(2, 40)
names = st.sampled_from(["mapping", "rule"])


def drawn(name: str, seed: int, n: int) -> dict[str, Any]:
    return generator(name, {"examples": [n]}).draw(rng_for(seed), n)


@given(name=names, seed=seeds, n=examples)
def test_a_problem_shows_each_example_and_then_another_case(name: str, seed: int, n: int) -> None:
    item = drawn(name, seed, n)
    *shown, gap, last = item["problem"].split("\n")
    assert [f"{given} -> {made}" for given, made in item["shown"]] == shown
    assert ("", f"{item['query']} -> ?") == (gap, last)
    assert n == len({given for given, _ in item["shown"]})
    assert item["query"] not in {given for given, _ in item["shown"]}


def test_levels_go_from_many_examples_to_few() -> None:
    assert [32, 16, 8, 4, 2] == generator("rule", {"examples": [32, 16, 8, 4, 2]}).levels()
    with pytest.raises(GeneratorError, match="descending"):
        generator("rule", {"examples": [2, 4]})


def test_both_families_of_each_come() -> None:
    assert {"cipher", "grammar"} == {drawn("mapping", seed, 4)["family"] for seed in range(30)}
    assert {"numbers", "words"} == {drawn("rule", seed, 4)["family"] for seed in range(30)}


@cache
def task(name: str) -> Task:
    return shipped_suite("in-context").task(name)


@given(name=names, seed=seeds, n=st.integers(2, 8))
def test_who_obeys_the_opposite_is_never_right(name: str, seed: int, n: int) -> None:
    drawn_item = drawn(name, seed, n)
    item = Item(id=drawn_item["id"], fields=drawn_item)
    (bound,) = task(name).bind(item)
    (wishes,) = task(name).opposites(item).values()
    answer = drawn_item["answer"]
    if name == "mapping":
        replies = [wish.split('"')[1] for wish in wishes]
    else:
        assert ("write the last number or letter of the result once more at its end",) == wishes
        is_word = drawn_item["family"] == "words"
        replies = [answer[0] + answer[0][-1] if is_word else ", ".join(map(str, [*answer, answer[-1]]))]
    assert not any(bound.constraint.check(reply).passed for reply in replies)
