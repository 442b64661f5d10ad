from __future__ import annotations

from math import ceil, log2

from hypothesis import given
from hypothesis import strategies as st

from evalkit.verdict import Verdict
from evalkit.verdict.ladder import next_level


def walked(truth: list[Verdict], *, strict: bool = False) -> list[int]:
    """Which levels are tested, in order, when each turns out as it is."""
    found: list[Verdict | None] = [None] * len(truth)
    tested = []
    while (level := next_level(found, strict=strict)) is not None:
        assert found[level] is None
        found[level] = truth[level]
        tested.append(level)
    return tested


@st.composite
def monotone(draw: st.DrawFn) -> list[Verdict]:
    """Usable levels, then some at the edge, then unusable ones."""
    counts = draw(st.tuples(*[st.integers(0, 20)] * 3))
    kinds: list[Verdict] = ["usable", "edge", "unusable"]
    return [kind for kind, count in zip(kinds, counts, strict=True) for _ in range(count)]


verdicts: st.SearchStrategy[Verdict] = st.sampled_from(["usable", "edge", "unusable"])


@given(truth=monotone())
def test_bisection_brackets_what_no_further_test_could_narrow(truth: list[Verdict]) -> None:
    tested = walked(truth)
    usable = [level for level, verdict in enumerate(truth) if verdict == "usable"]
    unusable = [level for level, verdict in enumerate(truth) if verdict == "unusable"]
    assert usable[-1:] == sorted(level for level in tested if truth[level] == "usable")[-1:]
    assert unusable[:1] == sorted(level for level in tested if truth[level] == "unusable")[:1]


@given(truth=monotone())
def test_bisection_tests_each_end_a_logarithm_of_times(truth: list[Verdict]) -> None:
    assert len(walked(truth)) <= 2 * ceil(log2(len(truth) + 1))


@given(truth=st.lists(verdicts, max_size=40))
def test_bisection_ends_even_where_harder_levels_are_easier(truth: list[Verdict]) -> None:
    assert len(walked(truth)) <= len(truth)


@given(truth=st.lists(verdicts, max_size=40))
def test_the_strict_way_skips_no_level_and_ends_at_the_first_that_is_not_usable(truth: list[Verdict]) -> None:
    first = next((level for level, verdict in enumerate(truth) if verdict != "usable"), len(truth) - 1)
    assert list(range(first + 1)) == walked(truth, strict=True)


def test_the_hardest_usable_level_is_looked_for_first() -> None:
    truth: list[Verdict] = ["usable", "usable", "usable", "edge", "edge", "unusable", "unusable", "unusable"]
    tested = walked(truth)
    assert 2 in tested
    assert 5 in tested
    assert tested.index(2) < tested.index(5)


def test_no_levels_need_no_test() -> None:
    assert next_level([], strict=False) is None
    assert next_level([], strict=True) is None
