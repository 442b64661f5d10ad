from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.compare.measures import Rules, compare_paired, compare_unpaired
from evalkit.compare.pairing import Unit, pair_up
from evalkit.findings.compare import Compared
from evalkit.stats import clopper_pearson, mcnemar_exact
from evalkit.verdict import Outcome

FIXED = Rules(alpha=0.025, fixed_a=True, fixed_b=True)
ANY_TIME = Rules(alpha=0.025, fixed_a=True, fixed_b=False)


def unit(place: int, passed: bool | None, *, cluster: str | None = None, score: float | None = None) -> Unit:
    known = score if score is not None else None if passed is None else float(passed)
    outcome = Outcome(position=place, cluster=cluster or f"i{place}", asks=(passed,), score=known, constraints={})
    return Unit(item=f"i{place}", before=0, outcome=outcome, cluster=cluster, response=None)


def units(passes: Sequence[bool | None], *, group_of: int = 0) -> list[Unit]:
    """Units of items in groups of a size; 0: each alone."""
    return [
        unit(place, passed, cluster=f"g{place // group_of}" if group_of else None)
        for place, passed in enumerate(passes)
    ]


def runs(*, both: int = 0, only_a: int = 0, only_b: int = 0, neither: int = 0) -> tuple[list[bool], list[bool]]:
    a = [True] * both + [True] * only_a + [False] * (only_b + neither)
    b = [True] * both + [False] * only_a + [True] * only_b + [False] * neither
    return a, b


def paired(a: Sequence[bool | None], b: Sequence[bool | None], rules: Rules = FIXED, *, group_of: int = 0) -> Compared:
    pairs = pair_up(units(a, group_of=group_of), units(b, group_of=group_of))
    return compare_paired(pairs, lambda each: each.passed, rules, passes=True)


def test_pairs_are_counted_by_how_they_ended() -> None:
    compared = paired(*runs(both=50, only_a=20, only_b=5, neither=25))
    counts = compared.pairs
    assert counts is not None
    assert (100, 0, 50, 20, 5, 25) == (
        counts.pairs,
        counts.void,
        counts.both,
        counts.only_a,
        counts.only_b,
        counts.neither,
    )
    assert (0.7, 0.55) == (compared.difference.a, compared.difference.b)


def test_a_fixed_comparison_has_the_exact_p_and_an_interval_around_the_difference() -> None:
    difference = paired(*runs(both=50, only_a=20, only_b=5, neither=25)).difference
    assert mcnemar_exact(20, 5) == difference.p
    assert None is difference.evidence
    assert difference.low < -0.15 < difference.high < 0
    assert "worse" == difference.shown


def test_the_other_way_round_everything_is_mirrored() -> None:
    a, b = runs(both=50, only_a=20, only_b=5, neither=25)
    one, other = paired(a, b).difference, paired(b, a).difference
    assert (one.low, one.high, one.p) == pytest.approx((-other.high, -other.low, other.p))
    assert "better" == other.shown


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 30))
def test_what_is_shown_is_what_both_the_test_and_the_interval_say(only_a: int, only_b: int, both: int) -> None:
    difference = paired(*runs(both=both + 1, only_a=only_a, only_b=only_b)).difference
    excludes = difference.low > 0 or difference.high < 0
    assert excludes == (difference.shown != "none")
    assert difference.p is not None
    assert not excludes or difference.p <= 0.05
    assert difference.value is not None
    assert difference.low <= difference.value + 1e-9
    assert difference.high >= difference.value - 1e-9


def test_groups_count_once() -> None:
    """Twenty pairs of four stories tell less than twenty of their own."""
    a, b = runs(both=60, only_a=20)
    alone, together = paired(a, b).difference, paired(a, b, group_of=5).difference
    assert (mcnemar_exact(20, 0), None) == (alone.p, together.p)
    assert together.high > alone.high
    assert (alone.a, alone.b) == (together.a, together.b)


@pytest.mark.parametrize("rules", [FIXED, ANY_TIME])
def test_a_group_shows_no_more_than_an_item(rules: Rules) -> None:
    """Twenty items that fall together are one thing that happened."""
    a, b = runs(both=60, only_a=20)
    assert "worse" == paired(a, b, rules).difference.shown
    assert "none" == paired(a, b, rules, group_of=20).difference.shown


def test_of_runs_that_stopped_by_what_they_found_the_first_of_a_group_counts() -> None:
    a, b = runs(both=60, only_a=60)
    assert paired(a[::3], b[::3], ANY_TIME).difference == paired(a, b, ANY_TIME, group_of=3).difference


def test_each_group_has_the_same_weight() -> None:
    a, b = [*units([True] * 3, group_of=3), unit(3, True)], [*units([False] * 3, group_of=3), unit(3, True)]
    difference = compare_paired(pair_up(a, b), lambda each: each.passed, FIXED, passes=True).difference
    assert (1.0, 0.5) == (difference.a, difference.b)


def test_void_sides_count_against_both_ends_and_are_counted() -> None:
    a, b = runs(both=100, only_a=20)
    without = paired(a, b)
    void = paired([*a, *[None] * 10], [*b, *[True] * 10])
    assert void.pairs is not None
    assert (130, 10) == (void.pairs.pairs, void.pairs.void)
    assert (without.difference.a, without.difference.b) == (void.difference.a, void.difference.b)
    # Each void one might have been a flip towards A's fail, B's pass.
    assert mcnemar_exact(20, 10) == void.difference.p
    assert void.difference.high > without.difference.high


def test_with_enough_void_sides_nothing_is_surprising() -> None:
    a, b = runs(both=50, only_a=6)
    assert 1.0 == paired([*a, *[None] * 9], [*b, *[True] * 9]).difference.p


def test_a_run_that_stopped_by_what_it_found_has_evidence_and_no_p() -> None:
    difference = paired(*runs(both=50, only_a=25, only_b=2), ANY_TIME).difference
    assert (None, "worse") == (difference.p, difference.shown)
    assert difference.evidence is not None
    assert difference.evidence > 20
    assert difference.high < 0


def test_without_a_common_item_nothing_is_known() -> None:
    for rules in (FIXED, ANY_TIME):
        difference = paired([], [], rules).difference
        assert (None, None, None, -1, 1, "none") == (
            difference.a,
            difference.b,
            difference.value,
            difference.low,
            difference.high,
            difference.shown,
        )


def test_scores_have_an_interval_and_no_p() -> None:
    a = [unit(place, True, score=0.9) for place in range(200)]
    b = [unit(place, True, score=0.7 + 0.001 * (place % 5)) for place in range(200)]
    difference = compare_paired(pair_up(a, b), lambda each: each.score, FIXED, passes=False).difference
    assert (None, "worse") == (difference.p, difference.shown)
    assert difference.low <= -0.198 <= difference.high


def test_unpaired_rates_are_bounded_each_with_half_the_error_rate() -> None:
    a, b = units([True] * 90 + [False] * 10), units([True] * 60 + [False] * 60)
    compared = compare_unpaired(a, b, lambda each: each.passed, FIXED, passes=True)
    end_a, end_b = (
        clopper_pearson(passes, n, alpha_low=0.0125, alpha_high=0.0125) for passes, n in ((90, 100), (60, 120))
    )
    assert (end_b.low - end_a.high, end_b.high - end_a.low) == pytest.approx(
        (compared.difference.low, compared.difference.high)
    )
    assert (100, 120, None, None) == (compared.trials_a, compared.trials_b, compared.pairs, compared.difference.p)


@pytest.mark.parametrize("rules", [FIXED, ANY_TIME])
@pytest.mark.parametrize("passes", [True, False])
def test_unpaired_void_units_widen_the_interval(rules: Rules, passes: bool) -> None:
    a, b = units([True] * 80), units([True, False] * 40)
    with_void = [*(unit(100 + place, None) for place in range(10)), *b]
    without = compare_unpaired(a, b, lambda each: each.passed, rules, passes=passes).difference
    void = compare_unpaired(a, with_void, lambda each: each.passed, rules, passes=passes).difference
    assert "worse" == without.shown
    assert without.b == void.b
    assert void.high - void.low > without.high - without.low


@pytest.mark.parametrize("rules", [FIXED, replace(ANY_TIME, fixed_a=False)])
def test_unpaired_groups_count_once(rules: Rules) -> None:
    passes = [*[True] * 50, *[False] * 50]
    alone, grouped = (
        compare_unpaired(
            units(passes, group_of=size), units(passes, group_of=size), lambda each: each.passed, rules, passes=True
        ).difference
        for size in (0, 5)
    )
    assert grouped.high > alone.high


def test_unpaired_with_nothing_on_a_side_nothing_is_known() -> None:
    difference = compare_unpaired([], units([True] * 9), lambda each: each.passed, FIXED, passes=True).difference
    assert (None, 1.0) == (difference.a, difference.high)
