from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.score import Check, Constraint, ConstraintError, read_constraint
from evalkit.score.lists import comparable, elements


def bound(entry: object, **fields: Any) -> Constraint:
    return read_constraint(entry).bind(fields, {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pears", ["pears"]),
        ("pears, figs", ["pears", "figs"]),
        ("pears, figs, and plums.", ["pears", "figs", "plums"]),
        ("pears and figs", ["pears", "figs"]),
        ("pears; figs; 1,5 kg of plums", ["pears", "figs", "1,5 kg of plums"]),
        ("- pears\n- figs\n", ["pears", "figs"]),
        ("1. pears\n2) figs\n(3) plums", ["pears", "figs", "plums"]),
        ("pears\n\nfigs", ["pears", "figs"]),
        ('["pears", 3, null, true, 1.50]', ["pears", "3", "null", "true", "1.5"]),
        ("[pears, figs]", ["pears", "figs"]),
        ("3,5,8", ["3,5,8"]),
        ("3, 5, 8", ["3", "5", "8"]),
        ("`pears`, **figs**", ["pears", "figs"]),
        *((nothing, []) for nothing in ("", "none", "None.", "[]", "-", "nothing")),
    ],
)
def test_elements_are_found_however_the_list_is_written(text: str, expected: list[str]) -> None:
    assert expected == elements(text)


@given(st.lists(st.text("abcdefg", min_size=1, max_size=5), min_size=2, max_size=8))
def test_a_list_of_lines_and_one_with_commas_are_the_same(words: list[str]) -> None:
    words = [f"x{word}" for word in words]
    assert words == elements("\n".join(f"- {word}" for word in words)) == elements(", ".join(words))


@pytest.mark.parametrize(("one", "other"), [("3", "3.0"), ("1,250", "1250"), ("Figs", "figs "), ("é", "e\u0301")])
def test_one_element_may_be_written_in_several_ways(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


@pytest.mark.parametrize(("one", "other"), [("A-1", "A-2"), ("3", "3 kg"), ("1", "1e3")])
def test_different_elements_stay_different(one: str, other: str) -> None:
    assert comparable(one) != comparable(other)


def test_a_list_has_its_elements_in_place() -> None:
    given_list = bound({"list": "{answer}"}, answer=[3, 5, 8])
    assert Check(passed=True, score=1.0) == given_list.check("3, 5, 8")
    assert Check(passed=False, score=1 / 3, found="3 elements, 1 of 3 in place") == given_list.check("3, 8, 5")
    assert Check(passed=False, score=3 / 4, found="4 elements, 3 of 3 in place") == given_list.check("3, 5, 8, 9")
    assert Check(passed=False, score=0.0, found="0 elements, 0 of 3 in place") == given_list.check("none")


def test_a_set_has_its_elements_in_any_order() -> None:
    given_set = bound({"set": ["figs", "pears"]})
    assert given_set.check("pears, Figs, pears").passed
    assert Check(passed=False, score=1 / 3, found='lacks "pears"; has "plums"') == given_set.check("figs, plums")
    assert bound({"set": []}).check("none").passed
    assert not bound({"set": []}).check("figs").passed


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=10))
def test_sorted_numbers_are_in_order(numbers: list[int]) -> None:
    written = "\n".join(map(str, sorted(numbers)))
    assert bound("sorted").check(written if len(numbers) > 1 else f"[{numbers[0]}]").passed
    assert bound({"sorted": "descending"}).check(", ".join(map(str, sorted(numbers, reverse=True)))).passed


def test_order_is_by_size_for_numbers_and_by_the_alphabet_for_texts() -> None:
    assert bound("sorted").check("9, 10").passed
    assert bound("sorted").check("Figs, pears").passed
    assert Check(passed=False, score=0.5, found="1 of 2 pairs in order") == bound("sorted").check("1, 3, 2")
    assert Check(passed=False, score=0.0, found="no list") == bound("sorted").check("none")


def test_a_shuffled_list_is_rarely_sorted() -> None:
    words = [f"w{number}" for number in range(20)]
    random.Random(1).shuffle(words)
    assert not bound("sorted").check(", ".join(words)).passed


@pytest.mark.parametrize("value", ["a", {"value": "a"}, [None], [True]])
def test_what_is_no_list_is_refused(value: object) -> None:
    with pytest.raises(ConstraintError, match="expected"):
        read_constraint({"list": value})
