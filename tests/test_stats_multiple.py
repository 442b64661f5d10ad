from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats import e_bh

evidence = st.lists(st.one_of(st.floats(0, 1e4), st.sampled_from([20.0, 40.0, 80.0, inf])), max_size=25)
levels = st.floats(0.001, 0.999)


def test_a_published_example_is_reproduced() -> None:
    assert e_bh([100, 50, 1, 0.1], 0.05) == [0, 1]


def test_places_are_those_of_the_argument() -> None:
    assert e_bh([1, 100, 0.1, 50], 0.05) == [1, 3]


def test_one_that_is_too_weak_alone_is_carried_by_others() -> None:
    """Each of four needs 80 alone, and 20 once all have it."""
    assert [e_bh([20.1, 0, 0, 0], 0.05), e_bh([20.1] * 4, 0.05)] == [[], [0, 1, 2, 3]]


def test_as_much_as_is_needed_is_enough() -> None:
    assert [e_bh([8.0, 0], 0.25), e_bh([7.999, 0], 0.25)] == [[0], []]


@given(evidence, levels)
def test_all_rejected_have_what_their_number_asks_for_and_no_larger_number_would_do(
    values: list[float], level: float
) -> None:
    found = e_bh(values, level)
    ordered = sorted(values, reverse=True)
    assert sorted(found) == found
    assert ordered[: len(found)] == sorted((values[place] for place in found), reverse=True)
    assert all(values[place] >= len(values) / (level * len(found)) for place in found)
    assert not any(ordered[n - 1] >= len(values) / (level * n) for n in range(len(found) + 1, len(values) + 1))


@given(evidence, levels, st.integers(0, 24), st.floats(1, 1e4))
def test_more_evidence_never_saves_a_hypothesis(values: list[float], level: float, place: int, factor: float) -> None:
    more = [value * factor if n == place else value for n, value in enumerate(values)]
    assert set(e_bh(values, level)) <= set(e_bh(more, level))


@given(evidence, levels, levels)
def test_a_stricter_level_rejects_no_more(values: list[float], one: float, other: float) -> None:
    assert set(e_bh(values, min(one, other))) <= set(e_bh(values, max(one, other)))


def test_of_no_hypotheses_none_is_rejected() -> None:
    assert e_bh([], 0.05) == []


@pytest.mark.parametrize("level", [0, 1, -0.1, nan])
def test_a_level_out_of_range_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match=r"found level .*, expected one between 0 and 1"):
        e_bh([100], level)


@pytest.mark.parametrize("value", [-1.0, nan])
def test_what_is_no_evidence_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"found evidence .* at place 1, expected at least 0"):
        e_bh([100, value], 0.05)
