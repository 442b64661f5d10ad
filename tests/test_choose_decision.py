from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.choose.decision import choose, exhaustive, notes, undominated
from evalkit.findings.choose import Candidate, Limits
from tests.choices import candidate, choice, measured


def chosen(candidates: tuple[Candidate, ...]) -> list[str]:
    return [each.model for each in candidates if each.status == "chosen"]


def test_the_first_usable_one_is_chosen_and_the_others_stay_as_they_are() -> None:
    found = choose([candidate("a", "edge", 180), candidate("b", "usable", 200), candidate("c", "usable")], Limits())
    assert ["edge", "chosen", "usable"] == [each.status for each in found]


def test_where_latency_is_preferred_the_quickest_is_chosen_by_p95_then_p50() -> None:
    ones = [candidate(name, "usable", 200, p95_s=p95) for name, p95 in (("a", 3.0), ("b", 2.0), ("c", 2.0))]
    assert ones[2].latency is not None
    ones[2] = replace(ones[2], latency=replace(ones[2].latency, p50_s=0.5))
    assert ["c"] == chosen(choose(ones, Limits(prefer="latency")))


@pytest.mark.parametrize("status", ["unusable", "edge", "too dear", "too slow", "failed", "not asked"])
def test_nobody_is_chosen_who_is_not_shown_usable(status: Any) -> None:
    assert [] == chosen(choose([candidate("a", status, 200)], Limits()))


def costed(model: str, cost: float | None, p95_s: float, passes: int | None) -> Candidate:
    return candidate(model, "usable", passes, cost_per_1k=cost, p95_s=p95_s)


def test_dominated_is_who_is_worse_in_one_thing_and_better_in_none() -> None:
    made = [costed("a", 1, 2, 190), costed("b", 2, 1, 190), costed("c", 2, 2, 190), costed("d", 3, 3, 200)]
    assert {"a", "b", "d"} == undominated(made)


def test_two_that_are_alike_are_both_undominated() -> None:
    assert {"a", "b"} == undominated([costed("a", 1, 1, 190), costed("b", 1, 1, 190)])


def test_who_was_not_measured_is_neither_dominated_nor_dominates() -> None:
    assert {"a"} == undominated([costed("a", 1, 2, 190), costed("b", None, 1, 190), costed("c", 0, 0, None)])


def test_who_was_not_asked_for_every_task_may_have_its_worst_yet_to_come() -> None:
    whole = costed("a", 1, 1, 190)
    half = replace(whole, results=measured("a", {"title": 190, "sort": None}))
    assert {"a"} == undominated([whole, costed("b", 9, 9, 100)])
    assert {"b"} == undominated([half, costed("b", 9, 9, 100)])


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(150, 153)), min_size=1, max_size=6))
def test_somebody_is_always_undominated_and_every_other_is_beaten_by_one_of_them(
    figures: list[tuple[int, int, int]],
) -> None:
    made = [costed(f"m{at}", cost, seconds, passes) for at, (cost, seconds, passes) in enumerate(figures)]
    best = [figure for figure, each in zip(figures, made, strict=True) if each.model in undominated(made)]
    assert best
    for cost, seconds, passes in set(figures) - set(best):
        assert any(c <= cost and s <= seconds and p >= passes for c, s, p in best)


def test_asking_everybody_everything_costs_what_each_ones_calls_cost() -> None:
    """One took 0.1 USD for 400 calls; the other was not asked, and is expected to take 0.001 USD a call."""
    found = exhaustive([candidate("a", "unusable", 100), candidate("b", "not asked")], 2_000, [None, 0.001])
    assert 4_000 == found.calls
    assert pytest.approx(2_000 * (0.1 / 400 + 0.001)) == found.cost_usd
    assert None is exhaustive([candidate("b", "not asked")], 2_000, [None]).cost_usd


@pytest.mark.parametrize(("expected", "first"), [(0.0001, 0.0005), (0.001, 0.000125)])
def test_answers_that_were_shorter_than_expected_do_not_look_like_money_saved(expected: float, first: float) -> None:
    """One took 0.1 USD for 400 calls: half of what was expected, or twice."""
    found = exhaustive([candidate("a", "unusable", 100), candidate("b", "not asked")], 1, [first, expected])
    assert found.cost_usd is not None
    assert pytest.approx(0.1 / 400 + expected * min(0.1 / 400 / first, 1)) == found.cost_usd


@pytest.mark.parametrize(
    ("said", "candidates"),
    [
        ("e could not be decided and may be usable and cheaper", [candidate("e", "edge", 180)]),
        ("e could not be asked and may be usable and cheaper", [candidate("e", "failed")]),
        ("", [candidate("e", "unusable", 100)]),
    ],
)
def test_a_cheaper_one_that_was_not_decided_is_spoken_of(said: str, candidates: list[Candidate]) -> None:
    made = choice(*candidates, candidate("b", "chosen", 200, cost_per_1k=0.5))
    assert said in " ".join(notes(made))
    assert bool(said) == bool([*notes(made)])


def test_one_that_turned_out_dearer_than_the_next_is_expected_to_be_is_spoken_of() -> None:
    made = choice(candidate("b", "chosen", 200, cost_per_1k=2.0), candidate("c", "not asked", expected_per_1k=1.0))
    assert ["b took more than was expected (2.00 USD for 1,000 answers): c may be cheaper"] == [*notes(made)]


def test_whether_one_of_unknown_price_is_cheaper_nobody_says() -> None:
    made = choice(candidate("b", "chosen", 200, cost_per_1k=2.0), candidate("c", "not asked", expected_per_1k=None))
    assert ["what c would cost is not known; whether one of them is cheaper nobody can say"] == [*notes(made)]
