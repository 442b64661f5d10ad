from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.suite.classification import (
    DOMAINS,
    MAX_RULES,
    Condition,
    Domain,
    Feature,
    Measure,
    classification,
    decidable,
    first_rule,
)
from evalkit.trial import rng_for

seeds, rules = st.integers(0, 9999), st.integers(1, MAX_RULES)


def drawn(seed: int, n: int) -> dict[str, Any]:
    return classification({"rules": [n]}).draw(rng_for(seed), n)


def stated(record: str, item: dict[str, Any]) -> dict[str, str]:
    """The record's values by the names of attributes, read from its text."""
    domain = next(each for each in DOMAINS if f"The {each.thing}:" in item["problem"])
    found = {}
    for attribute in domain.attributes:
        pattern = re.escape(attribute.sentence).replace(re.escape("{}"), "(.+?)")
        match = re.search(pattern, record) or re.search(rf"(?m)^{attribute.name}: (.+)$", record)
        assert match is not None
        found[attribute.name] = match[1]
    return found


def fits(condition: str, values: dict[str, str]) -> bool:
    if condition == "Otherwise":
        return True
    name, _, asked = condition.removeprefix("If ").removeprefix("the ").partition(" is ")
    number = re.search(r"\d+", asked)
    if number is None:
        return values[name] in asked.split(" or ")
    value = int(re.findall(r"\d+", values[name])[0])
    return value < int(number[0]) if asked.startswith("below") else value >= int(number[0])


@given(seed=seeds, n=rules)
def test_the_class_follows_from_the_text(seed: int, n: int) -> None:
    item = drawn(seed, n)
    numbered = re.findall(r"(?m)^(\d+)\. (.+): (\S+)$", item["problem"])
    assert n + 1 == len(numbered)
    values = stated(item["problem"].rpartition(":\n\n")[2], item)
    place, label = next(
        (int(place), label)
        for place, text, label in numbered
        if all(fits(condition, values) for condition in text.split(" and the "))
    )
    assert item["answer"] == label
    assert item["decides"] == (0 if place == n + 1 else place)


@given(seed=seeds, n=rules)
def test_classes_are_different_and_hold_the_answer(seed: int, n: int) -> None:
    item = drawn(seed, n)
    assert item["answer"] in item["classes"]
    assert len(set(item["classes"])) == len(item["classes"])


def test_no_class_is_a_word_of_a_record() -> None:
    for domain in DOMAINS:
        words = {word for each in domain.attributes for word in re.findall(r"\w+", each.sentence.lower())}
        words |= {value for each in domain.attributes for value in getattr(each, "values", ())}
        assert not words & set(domain.classes), domain.thing


def test_every_rule_is_the_deciding_one_now_and_then() -> None:
    assert {0, 1, 2, 3, 4} == {drawn(seed, 4)["decides"] for seed in range(200)}


@given(seed=seeds, n=rules)
def test_no_rule_repeats_another_and_no_unit_is_singular(seed: int, n: int) -> None:
    problem = drawn(seed, n)["problem"]
    conditions = [
        frozenset(text.removeprefix("If ").split(" and ")) for text in re.findall(r"(?m)^\d+\. (.+): \S+$", problem)
    ]
    assert len(set(conditions)) == len(conditions)
    assert not re.search(r"\b1 (?:months|weeks|years|hours|days|points|euros|pounds|dollars|degrees)\b", problem)


WEIGHT, PACKING = Measure("weight", "{}", "kg", 1, 40), Feature("packaging", "{}", ("box", "crate", "tube"))
THING = Domain("thing", (WEIGHT, PACKING), ("a", "b"))
LIGHT, HEAVY = Condition(WEIGHT, most=9), Condition(WEIGHT, least=10)
BOX, OTHERS = Condition(PACKING, among=("box",)), Condition(PACKING, among=("crate", "tube"))


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([(LIGHT,), (BOX,)], True),
        ([(LIGHT,), (LIGHT,)], False),
        ([(LIGHT,), (LIGHT, BOX)], False),
        ([(LIGHT, BOX), (LIGHT,)], True),
        ([(LIGHT,), (Condition(WEIGHT, most=8),)], False),
        ([(LIGHT,), (Condition(WEIGHT, most=10),)], True),
        ([(LIGHT,), (HEAVY,)], False),
        ([(LIGHT, BOX), (LIGHT, OTHERS), (Condition(WEIGHT, most=5),)], False),
        ([(LIGHT, BOX), (HEAVY, BOX), (OTHERS,)], False),
        ([(LIGHT, BOX), (HEAVY, BOX), (Condition(PACKING, among=("tube",)),)], True),
    ],
)
def test_rules_are_decidable_when_the_last_and_what_is_behind_it_decide_something(
    rules: list[tuple[Condition, ...]], expected: bool
) -> None:
    assert expected == decidable(THING, [(conditions, "a") for conditions in rules])
    records: list[dict[str, int | str]] = [
        {"weight": weight, "packaging": value} for weight in range(1, 41) for value in PACKING.values
    ]
    places = {first_rule([(conditions, "a") for conditions in rules], record) for record in records}
    assert expected == (places >= {len(rules) - 1, len(rules)})
