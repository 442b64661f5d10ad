from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.suite.draws import GeneratorError, between, picks, refuse_unknown, shuffled, whole_numbers
from evalkit.trial import rng_for


@given(seed=st.integers(0, 999), low=st.integers(-50, 50), span=st.integers(0, 50))
def test_a_number_lies_between_its_ends(seed: int, low: int, span: int) -> None:
    assert low <= between(rng_for(seed), low, low + span) <= low + span


@given(seed=st.integers(0, 999), n=st.integers(0, 9))
def test_picks_are_different_and_at_most_all(seed: int, n: int) -> None:
    found = picks(rng_for(seed), range(6), n)
    assert min(n, 6) == len(found) == len(set(found))
    assert list(range(6)) == sorted(shuffled(rng_for(seed), range(6)))


def test_a_lone_number_is_a_list_of_one_and_nothing_is_the_default() -> None:
    assert (3,) == whole_numbers({"n": 3}, "n", default=[1], within=(1, 5))
    assert (1, 2) == whole_numbers({}, "n", default=[1, 2], within=(1, 5))
    assert (4, 2) == whole_numbers({"n": [4, 2]}, "n", default=[1], within=(1, 5), descending=True)


@pytest.mark.parametrize("wrong", [[2, 1], [1, 1], [6], [1.0], {"a": 1}])
def test_numbers_out_of_order_or_range_are_refused(wrong: Any) -> None:
    with pytest.raises(GeneratorError, match=r"n: found .*, expected numbers from 1 to 5, each once, ascending"):
        whole_numbers({"n": wrong}, "n", default=[1], within=(1, 5))


def test_an_unknown_argument_is_refused() -> None:
    refuse_unknown({"rows": 1}, ["rows"])
    with pytest.raises(GeneratorError, match=r'unknown argument "row"\. Did you mean "rows"'):
        refuse_unknown({"row": 1}, ["rows"])
