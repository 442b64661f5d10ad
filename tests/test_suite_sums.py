from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.suite.generators import GeneratorError, generator
from evalkit.suite.sums import Sign, arithmetic, count_carries
from evalkit.trial import rng_for

OPERATIONS = {"addition": lambda a, b: a + b, "subtraction": lambda a, b: a - b, "multiplication": lambda a, b: a * b}


@given(name=st.sampled_from(sorted(OPERATIONS)), digits=st.integers(1, 30), seed=st.integers(0, 99))
def test_answers_are_right_and_numbers_have_their_digits(name: str, digits: int, seed: int) -> None:
    item = generator(name, {"digits": [digits]}).draw(rng_for(seed), digits)
    assert OPERATIONS[name](item["a"], item["b"]) == item["answer"]
    assert (digits, digits, digits) == (len(str(item["a"])), len(str(item["b"])), item["digits"])
    assert item["answer"] >= 0


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_generator_says_how_many_items_it_has(name: str) -> None:
    made = generator(name, {"digits": [1]})
    seen = {made.draw(rng_for(seed), 1)["id"] for seed in range(2000)}
    assert made.size(1) == len(seen)


def test_larger_populations_are_counted_not_listed() -> None:
    assert 8100 == generator("addition", {"digits": 2}).size(2)
    assert 90 * 91 // 2 == generator("subtraction", {"digits": 2}).size(2)


@given(a=st.integers(0, 10**9), b=st.integers(0, 10**9))
def test_carries_are_what_the_digit_sums_lose(a: int, b: int) -> None:
    """Each carry takes 10 from one place and gives 1 to the next, so that the sum of digits falls by 9."""

    def digits(number: int) -> int:
        return sum(map(int, str(number)))

    a, b = max(a, b), min(a, b)
    assert digits(a) + digits(b) - digits(a + b) == 9 * count_carries("+", a, b)
    assert digits(b) + digits(a - b) - digits(a) == 9 * count_carries("-", a, b)


@pytest.mark.parametrize("sign", ["+", "-"])
@pytest.mark.parametrize("digits", [1, 2])
def test_the_items_with_some_carries_are_all_of_them_and_equally_likely(sign: Sign, digits: int) -> None:
    low = 0 if digits == 1 else 10
    pairs = [(a, b) for a in range(low, 10**digits) for b in range(low, 10**digits) if sign == "+" or a >= b]
    counts = Counter(count_carries(sign, a, b) for a, b in pairs)
    for carries, size in counts.items():
        made = arithmetic(sign)({"digits": digits, "carries": [carries]})
        assert size == made.size(digits)
    made = arithmetic(sign)({"digits": digits, "carries": list(range(max(counts) + 1))})
    assert len(pairs) == made.size(digits)


def test_every_item_with_some_carries_is_drawn() -> None:
    made = arithmetic("-")({"digits": 1, "carries": 0})
    drawn = Counter(made.draw(rng_for(seed), 1)["id"] for seed in range(5500))
    assert 55 == len(drawn)
    assert max(drawn.values()) < 160


@given(sign=st.sampled_from(["+", "-"]), digits=st.integers(1, 12), seed=st.integers(0, 99), data=st.data())
def test_only_items_with_the_wanted_carries_are_drawn(sign: Sign, digits: int, seed: int, data: st.DataObject) -> None:
    carries = data.draw(st.integers(0, digits if sign == "+" else digits - 1))
    item = arithmetic(sign)({"digits": [digits], "carries": [carries]}).draw(rng_for(seed), digits)
    assert carries == item["carries"] == count_carries(sign, item["a"], item["b"])
    assert (digits, digits) == (len(str(item["a"])), len(str(item["b"])))
    assert item["answer"] == (item["a"] + item["b"] if sign == "+" else item["a"] - item["b"]) >= 0


def test_a_product_has_no_carries() -> None:
    assert "carries" not in arithmetic("*")({}).draw(rng_for(0), 1)
    with pytest.raises(GeneratorError, match='unknown argument "carries"'):
        arithmetic("*")({"carries": [0]})


@pytest.mark.parametrize(
    ("sign", "arguments", "message"),
    [
        ("+", {"digits": [2, 1]}, "ascending"),
        ("+", {"digits": [2], "carries": [3]}, "no addition of 2-digit numbers has 3 carries; expected 0 to 2"),
        ("-", {"digits": [1, 2], "carries": [1]}, "no subtraction of 1-digit numbers has 1 carries; expected 0$"),
        ("+", {"carries": []}, "carries: found"),
    ],
)
def test_wrong_arguments_are_explained(sign: Sign, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(GeneratorError, match=message):
        arithmetic(sign)(arguments)
