from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.score import ANSWERED
from evalkit.verdict import Conjunction, Outcome
from evalkit.verdict.conjunction import ConjunctionCounts
from evalkit.verdict.tally import PassCounts, Tally
from tests.conjunctions import conjunction, found, terms

UNITS = [*["b"] * 15, *["ab"] * 5, *["a"] * 5, *["c"] * 3, *[""] * 72]
"""a breaks in 10, b in 20 and c in 3 of 100 units; 72 break nothing."""


def test_the_joint_rate_stands_beside_the_product_of_the_parts() -> None:
    made, product = found(UNITS), 0.9 * 0.8 * 0.97
    assert pytest.approx((0.72, product, 0.72 / product)) == (made.joint, made.product, made.ratio)


def test_the_constraint_that_breaks_most_often_is_the_limiting_one() -> None:
    assert (("b",), 0.8) == (found(UNITS).limiting, found(UNITS).limiting_rate)


def test_constraints_with_the_same_lowest_rate_are_all_named() -> None:
    assert ("a", "c") == found(["a", "c", "", ""]).limiting


def test_where_nothing_broke_nothing_limits() -> None:
    assert ((), 1, 1) == (found(["", ""]).limiting, found(["", ""]).limiting_rate, found(["", ""]).ratio)


def test_a_constraint_that_never_held_leaves_no_ratio() -> None:
    assert (0, 0, None) == (found(["a", "ab"]).joint, found(["a", "ab"]).product, found(["a", "ab"]).ratio)


def test_if_a_constraint_never_broke_what_it_alone_broke_would_pass() -> None:
    """Mending the weakest constraint brings back only the trials in which the others held."""
    assert {"a": 0.77, "b": 0.87, "c": 0.75} == {link.constraint: link.if_fixed for link in found(UNITS).links}


@given(st.lists(st.sets(st.sampled_from("abcd")).map("".join), min_size=1, max_size=40))
def test_no_task_passes_more_often_than_its_weakest_part_or_less_than_their_breaks_add_up_to(units: list[str]) -> None:
    made = found(units, names="abcd")
    least = 1 - sum(1 - link.rate for link in made.links)
    assert least - 1e-9 <= made.joint <= made.limiting_rate
    for link in made.links:
        assert made.joint <= link.if_fixed <= 1
        assert link.if_fixed <= min([1.0, *(each.rate for each in made.links if each is not link)]) + 1e-9


def test_that_constraints_break_together_is_said_only_where_it_is_shown() -> None:
    together, chance = ["ab", ""] * 10, ["a", "b", "", "ab"] * 10
    assert ("together", None) == (found(together).dependence, found(chance).dependence)
    assert "apart" == found(["a", "b"] * 10).dependence
    assert None is found(["ab", ""] * 3).dependence


@pytest.mark.parametrize("names", ["a", ""])
def test_a_single_constraint_is_no_conjunction(names: str) -> None:
    assert None is conjunction(["", ""], names=names)


def test_giving_an_answer_is_a_link_but_makes_no_conjunction_of_one_constraint() -> None:
    one, two = ConjunctionCounts(terms()), ConjunctionCounts(terms())
    one.add({ANSWERED: True, "a": True})
    two.add({ANSWERED: False, "a": True, "b": True})
    made = two.conjunction()
    assert None is one.conjunction()
    assert made is not None
    assert (ANSWERED,) == made.limiting


def test_without_a_unit_there_is_nothing_to_say() -> None:
    assert None is conjunction([])


def test_where_asking_ends_at_the_first_failure_there_is_nothing_to_say() -> None:
    """Units that have all their asks are then those that passed: rates would all be 1."""
    assert None is conjunction(UNITS, of=terms("repeat@3", curtail=True))


def test_the_published_shape() -> None:
    expected = {
        "condition": "noise@0.05",
        "trials": 4,
        "joint": 0.25,
        "product": 0.375,
        "ratio": 0.666667,
        "parts": {"a": 0.5, "b": 0.75},
        "limiting": ["a"],
        "limiting_rate": 0.5,
        "if_fixed": {"a": 0.75, "b": 0.5},
        "dependence": None,
        "evidence": {"together": 1.0, "apart": 1.60523, "needed": 40.0},
    }
    made = found(["a", "b", "", "a"], names="ab", condition="noise@0.05").as_json()
    assert json.dumps(expected) == json.dumps(made)


# --- of a run's outcomes


def of_asks(*units: tuple[tuple[bool | None, ...], str]) -> Conjunction | None:
    """Of units asked three times: whether each ask passed, and the constraints that broke in some ask."""
    asked = replace(terms("repeat@3"), repeats=3)
    tally = Tally(asked, lambda alpha_high: PassCounts(alpha_low=0.025, alpha_high=alpha_high, clustered=False))
    for asks, broken in units:
        held = {} if set(asks) == {None} else {name: name not in broken for name in "abc"}
        tally.observe(Outcome(position=tally.seen, cluster="", asks=asks, score=None, constraints=held))
    return tally.links.conjunction()


def test_a_constraint_holds_in_an_item_when_it_holds_in_every_ask() -> None:
    made = of_asks(((True,) * 3, ""), ((True, False, True), "a"), ((False,) * 3, "ab"))
    assert made is not None
    assert (3, ("a",)) == (made.trials, made.limiting)
    assert pytest.approx(1 / 3) == made.joint


def test_units_that_lack_an_answer_are_left_out() -> None:
    """What held so far may not have held in the ask that is missing."""
    made = of_asks(((True,) * 3, ""), ((False, None, True), "a"), ((None,) * 3, ""))
    assert made is not None
    assert (1, 1) == (made.trials, made.joint)
    assert None is of_asks(((None,) * 3, ""))
