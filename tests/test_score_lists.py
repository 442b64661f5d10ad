from __future__ import annotations

import random
import time
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
        ("3,5,8", ["3", "5", "8"]),
        ("3,5 and 8", ["3", "5", "8"]),
        ("**3,5,8**", ["3", "5", "8"]),
        ("10,2", ["10", "2"]),
        ("3 -2 1", ["3", "-2", "1"]),
        ("3,5 and 8,2", ["3,5", "8,2"]),
        ("1,250,300", ["1,250,300"]),
        ("1,250 and 3", ["1,250", "3"]),
        ("1.250,50", ["1.250,50"]),
        ("1\u00a0250, 3", ["1\u00a0250", "3"]),
        ("0.5, .5", ["0.5", ".5"]),
        ("5 + 3\n2", ["5 + 3", "2"]),
        ("Tom - Jerry\nX", ["Tom - Jerry", "X"]),
        ("- pears", ["pears"]),
        ("– pears", ["pears"]),
        ("•pears\n•figs", ["pears", "figs"]),
        ("a) pears\nb) figs", ["pears", "figs"]),
        ("1. pears, 2. figs", ["pears", "figs"]),
        ("1) pears, 2) figs and 3) plums", ["pears", "figs", "plums"]),
        ("pears, figs,", ["pears", "figs"]),
        ("pears and figs,", ["pears", "figs"]),
        ("pears,\nfigs,\n", ["pears", "figs"]),
        ('"salt and pepper", figs', ["salt and pepper", "figs"]),
        ('"salt and pepper"', ["salt and pepper"]),
        ("figs and 'salt, and pepper'", ["figs", "salt, and pepper"]),
        ('"pears, figs"', ["pears", "figs"]),
        ("Tom's pears and Ann's figs", ["Tom's pears", "Ann's figs"]),
        ('```json\n["pears", "figs"]\n```', ["pears", "figs"]),
        ("```\npears\nfigs\n```", ["pears", "figs"]),
        ("3, 5, 8", ["3", "5", "8"]),
        ("`pears`, **figs**", ["pears", "figs"]),
        *((nothing, []) for nothing in ("", "none", "None.", "[]", "-", "nothing")),
        *((nothing, []) for nothing in ("- none", "[none]", "–", "{}", "()", "(none)", "```json\n[]\n```")),
    ],
)
def test_elements_are_found_however_the_list_is_written(text: str, expected: list[str]) -> None:
    assert expected == elements(text)


@given(st.lists(st.text("abcdefg", min_size=1, max_size=5), min_size=2, max_size=8))
def test_a_list_of_lines_and_one_with_commas_are_the_same(words: list[str]) -> None:
    words = [f"x{word}" for word in words]
    assert words == elements("\n".join(f"- {word}" for word in words)) == elements(", ".join(words))


@pytest.mark.parametrize(
    ("one", "other"),
    [("3", "3.0"), ("1,250", "1250"), ("Figs", "figs "), ("é", "e\u0301"), ("-0", "0.0"), ("−3", "-3.00")],
)
def test_one_element_may_be_written_in_several_ways(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A-1", "A-2"),
        ("3", "3 kg"),
        ("1", "1e3"),
        ("€5", "5"),
        ("<5", ">5"),
        ("-5", "5"),
        ("1" * 40 + "2", "1" * 40 + "3"),
    ],
)
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
    assert bound({"sorted": "descending"}).check(str(sorted(numbers, reverse=True))).passed


@pytest.mark.parametrize("text", ["3,2,1", "10,2", "3 2 1", "3, 2, 1", "3,2 and 1"])
def test_numbers_with_little_between_them_are_several(text: str) -> None:
    assert not bound("sorted").check(text).passed
    assert bound({"sorted": "descending"}).check(text).passed


@pytest.mark.parametrize("text", ["- pears", "1. pears", '["pears"]', "```json\n[5]\n```"])
def test_a_list_may_have_one_element(text: str) -> None:
    assert bound("sorted").check(text).passed


@pytest.mark.parametrize("text", ["pears", "I cannot sort this", "5", "1,250", "none", "[]"])
def test_what_has_no_separators_is_no_list(text: str) -> None:
    assert Check(passed=False, score=0.0, found="no list") == bound("sorted").check(text)


def test_a_number_of_any_length_is_compared_by_its_digits() -> None:
    digits = "1" * 1_000_001
    assert digits == comparable(digits)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "a" + " " * 200_000 + "b",
        "a" + "\u00a0" * 200_000 + "b",
        "a" + " " * 200_000 + "b\nc",
        "[" + "\n" * 200_000 + "x",
        "“" * 200_000,
        "'a " * 60_000,
        "1," * 100_000 + "x",
        "1 " * 100_000,
        "a and " * 30_000,
        "- " * 100_000,
    ],
    ids=range(10),
)
def test_a_long_text_takes_time_in_proportion(text: str) -> None:
    start = time.process_time()
    for entry in ("sorted", {"list": ["a"]}, {"set": ["a"]}):
        bound(entry).check(text)
    # A quadratic pattern would take minutes.
    assert time.process_time() - start < 5


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
