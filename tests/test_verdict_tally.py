from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats import ClusterMoments, agreement, pass_hat_k, pass_hat_k_error
from evalkit.verdict import Outcome, Terms
from evalkit.verdict.tally import PassCounts, Tally

units = st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from([True, True, False, None])), max_size=40)


def tally(**changes: Any) -> Tally[PassCounts]:
    terms: dict[str, Any] = {
        "task": "t",
        "condition": "repeat@3",
        "perturbation": "repeat",
        "level": 3,
        "counts": False,
        "threshold": 0.9,
        "alpha": 0.025,
        "n_counting": 1,
        "units": 10,
        "exhausted": False,
    }
    given = Terms(**(terms | changes))
    return Tally(
        given, lambda alpha_high: PassCounts(alpha_low=given.alpha, alpha_high=alpha_high, clustered=given.clustered)
    )


def feed(
    into: Tally[PassCounts], asks: Sequence[tuple[bool | None, ...]], clusters: str = "abcdefgh"
) -> Tally[PassCounts]:
    for cluster, each in zip(clusters, asks, strict=False):
        into.observe(Outcome(position=into.seen, cluster=cluster, asks=each, score=None, constraints={}))
    return into


def checks(into: Tally[PassCounts], held: Sequence[Mapping[str, bool] | None]) -> Tally[PassCounts]:
    for each in held:
        asks = (None if each is None else all(each.values()),)
        into.observe(
            Outcome(position=into.seen, cluster=f"{into.seen % 2}", asks=asks, score=None, constraints=each or {})
        )
    return into


def counted(
    outcomes: Sequence[tuple[str, bool | None]], *, clustered: bool = True, alpha_high: float = 0.025
) -> PassCounts:
    counts = PassCounts(alpha_low=0.025, alpha_high=alpha_high, clustered=clustered)
    for cluster, passed in outcomes:
        counts.add(passed, cluster)
    return counts


@given(units, st.sampled_from([None, False, True]))
def test_running_moments_are_those_of_all_units_at_once(
    outcomes: list[tuple[str, bool | None]], void_as: bool | None
) -> None:
    groups: dict[str, list[bool]] = defaultdict(list)
    for cluster, passed in outcomes:
        read = void_as if passed is None else passed
        if read is not None:
            groups[cluster].append(read)
    expected = ClusterMoments.of((sum(group), len(group)) for group in groups.values())
    assert expected == counted(outcomes).moments(void_as)


@given(units)
def test_units_that_turn_void_leave_the_clusters_as_they_are(outcomes: list[tuple[str, bool | None]]) -> None:
    void = counted([(cluster, None) for cluster, _ in outcomes])
    found = counted(outcomes).all_void(alpha_high=0.01)
    assert (void.trials, void.void) == (found.trials, found.void)
    assert (0.025, 0.01) == (found.alpha_low, found.alpha_high)
    for void_as in (None, False, True):
        assert void.moments(void_as) == found.moments(void_as)


def test_without_clusters_each_unit_is_its_own() -> None:
    counts = counted([("a", True), ("a", False), ("a", None)], clustered=False)
    assert ClusterMoments.independent(1, 2) == counts.moments(None)
    assert ClusterMoments.independent(1, 3) == counts.moments(False)
    assert ClusterMoments.independent(2, 3) == counts.moments(True)


def test_the_interval_holds_whatever_void_units_would_have_brought() -> None:
    with_void, failed, passed = (
        counted([("a", True)] * 8 + [("b", read)] * 2, clustered=False, alpha_high=0.005).interval()
        for read in (None, False, True)
    )
    assert (failed.low, passed.high) == (with_void.low, with_void.high)


@given(units.filter(lambda outcomes: any(passed is not None for _, passed in outcomes)))
def test_within_clusters_the_interval_holds_both_readings_of_void_units(
    outcomes: list[tuple[str, bool | None]],
) -> None:
    found = counted(outcomes).interval()
    for reading in (False, True):
        read = counted([(name, reading if passed is None else passed) for name, passed in outcomes]).interval()
        assert found.low <= read.low
        assert found.high >= read.high


@pytest.mark.parametrize("common", [False, True])
def test_a_void_unit_read_the_other_way_can_move_an_end_further(common: bool) -> None:
    """Three stories fail, one passes (or the reverse): a fail that leans with the many makes them weigh more."""
    outcomes = [*((name, common) for name in "aaaaabbbbbcc"), *[("d", not common)] * 5]
    found = counted([*outcomes, ("b", None)]).interval()
    leaning, against = (counted([*outcomes, ("b", read)]).interval() for read in (common, not common))
    if common:
        assert found.low == leaning.low < against.low
    else:
        assert found.high == leaning.high > against.high


def test_outcomes_out_of_plan_order_are_refused() -> None:
    """Slow answers are often the wrong ones: to take what is there would favour the right ones."""
    with pytest.raises(ValueError, match="found the outcome of unit 1, expected unit 0"):
        tally().observe(Outcome(position=1, cluster="a", asks=(True,), score=1.0, constraints={}))


def test_a_pass_with_asks_left_out_is_refused() -> None:
    with pytest.raises(ValueError, match="found a pass after 2 asks, expected 3"):
        feed(tally(repeats=3), [(True, True)])


def test_the_mean_score_leaves_void_units_out() -> None:
    found = tally()
    for passed, score in [(True, 1.0), (None, None), (False, 0.5)]:
        found.observe(Outcome(position=found.seen, cluster="a", asks=(passed,), score=score, constraints={}))
    assert found.mean_score == 0.75


def test_without_a_score_there_is_no_mean() -> None:
    assert tally().mean_score is None


def test_the_mean_loss_is_that_of_a_token_and_not_of_an_answer() -> None:
    found = tally()
    for loss, n_tokens in [(1.0, 2), (0.0, 0), (2.0, 10)]:
        outcome = Outcome(position=found.seen, cluster="a", asks=(True,), score=1.0, constraints={})
        found.observe(replace(outcome, target_loss=loss, target_tokens=n_tokens))
    assert found.mean_loss == 0.25


def test_where_the_model_does_not_say_how_likely_the_answer_is_there_is_no_loss() -> None:
    assert feed(tally(), [(True,)]).mean_loss is None


@pytest.mark.parametrize("clustered", [False, True])
def test_a_unit_that_did_not_check_a_constraint_is_void_for_it(clustered: bool) -> None:
    found = checks(tally(clustered=clustered), [None, {"words": True}, {"words": False, "json": True}, None])
    words, json = found.constraints["words"], found.constraints["json"]
    assert (words.passes, words.trials, words.void) == (1, 2, 2)
    assert (json.passes, json.trials, json.void) == (1, 1, 3)
    assert json.moments(False).n_clusters == (2 if clustered else 4)


@pytest.mark.parametrize("clustered", [False, True])
@given(kinds=st.lists(st.integers(0, 3), max_size=20))
def test_units_that_say_it_in_the_same_words_count_as_those_that_say_the_same(
    clustered: bool, kinds: list[int]
) -> None:
    words: list[Mapping[str, bool] | None] = [{"a": True, "b": True}, {"a": True, "b": False}, {"c": False}, None]
    same = checks(tally(clustered=clustered), [words[kind] for kind in kinds])
    copies = checks(tally(clustered=clustered), [dict(held) if (held := words[kind]) else None for kind in kinds])
    found = [
        (
            {name: (counts.interval(), counts.passes, counts.void) for name, counts in each.constraints.items()},
            each.links.conjunction(),
        )
        for each in (same, copies)
    ]
    assert found[0] == found[1]


def test_constraints_stay_in_the_order_in_which_they_are_stated() -> None:
    found = checks(tally(), [{"words": True, "json": True, "avoids": False}])
    assert list(found.constraints) == ["words", "json", "avoids"]


def test_a_unit_with_a_void_ask_tells_nothing_of_its_constraints() -> None:
    found = tally(repeats=2)
    found.observe(Outcome(position=0, cluster="a", asks=(True, None), score=1.0, constraints={"words": True}))
    assert found.constraints == {}
    assert found.mean_score is None


@pytest.mark.parametrize("asks", [(False, None), (False,)])
def test_of_a_unit_with_missing_asks_the_constraints_that_broke_are_known_and_those_that_held_are_void(
    asks: tuple[bool | None, ...],
) -> None:
    """The ask that is missing might have broken them."""
    found = tally(repeats=2)
    for each, json in (((True, True), True), (asks, False)):
        held = {"words": True, "json": json}
        found.observe(Outcome(position=found.seen, cluster="a", asks=each, score=0.5, constraints=held))
    counts = {name: (of.passes, of.trials, of.void) for name, of in found.constraints.items()}
    assert {"words": (1, 1, 1), "json": (1, 2, 0)} == counts


def test_repeats_are_summed_up_by_item() -> None:
    asks = [(True, True, True), (True, False, True), (True, True, True), (False, False, False)]
    found = feed(tally(repeats=3), asks).repeat_result()
    counts = [(3, 3), (2, 3), (3, 3), (0, 3)]
    assert found is not None
    assert (found.k, found.items, found.consistent) == (3, 4, 0.5)
    assert pytest.approx([pass_hat_k(counts, k) for k in (1, 2, 3)]) == found.pass_hat_k
    assert pytest.approx([pass_hat_k_error(counts, k) for k in (1, 2, 3)]) == found.standard_error
    assert pytest.approx(agreement(counts)) == found.agreement


def test_repeats_of_clustered_items_have_clustered_errors() -> None:
    asks = [(True, True), (True, False), (True, True), (False, False)]
    found = feed(tally(repeats=2, clustered=True), asks, "aabb").repeat_result()
    counts = [(2, 2), (1, 2), (2, 2), (0, 2)]
    assert found is not None
    assert pytest.approx([pass_hat_k_error(counts, k, clusters="aabb") for k in (1, 2)]) == found.standard_error


def test_items_with_a_void_repeat_are_left_out_of_pass_hat_k_only() -> None:
    found = feed(tally(repeats=2), [(True, True), (True, True), (False, None), (True, None)]).repeat_result()
    assert found is not None
    assert (found.items, found.consistent) == (3, 2 / 3)
    assert found.pass_hat_k == (1.0, 1.0)


def test_curtailed_repeats_show_consistency_only() -> None:
    found = feed(tally(repeats=2, curtail=True), [(True, True), (False,), (True, False)]).repeat_result()
    assert found is not None
    assert found.consistent == 1 / 3
    assert (found.pass_hat_k, found.standard_error, found.agreement) == (None, None, None)


def test_a_single_item_has_no_standard_error() -> None:
    found = feed(tally(repeats=2), [(True, False)]).repeat_result()
    assert found is not None
    assert (found.pass_hat_k, found.standard_error) == ((0.5, 0.0), None)


def test_repeats_without_an_observation_are_not_measured() -> None:
    assert feed(tally(repeats=2), [(None, None)]).repeat_result() is None


def varied(outcomes: Sequence[tuple[str, bool | None, bool]]) -> Tally[PassCounts]:
    """Units with a form of the prompt each: whether they passed, and whether `words` held."""
    found = tally()
    for form, passed, words in outcomes:
        found.observe(
            Outcome(
                position=found.seen,
                cluster=f"{found.seen}",
                asks=(passed,),
                score=None,
                constraints={} if passed is None else {"words": words},
                variant=form,
            )
        )
    return found


def test_units_are_counted_by_the_form_of_their_prompt() -> None:
    found = varied([("paraphrase 1", True, True), ("paraphrase 2", False, True), ("paraphrase 1", None, True)])
    counts = {name: (each.units.trials, each.units.passes, each.units.void) for name, each in found.variants.items()}
    assert {"paraphrase 1": (1, 1, 1), "paraphrase 2": (1, 0, 0)} == counts
    assert {None} == {each.constraint for each in found.variants.values()}


def test_a_contradicted_constraint_is_lost_when_it_does_not_hold() -> None:
    """A fail by another constraint is no loss of this one."""
    found = varied(
        [("conflict words", False, False), ("conflict words", False, True), ("conflict words", True, True)]
    ).variants["conflict words"]
    assert ("words", 1, 3, 1) == (found.constraint, found.lost, found.units.trials, found.units.passes)


def test_without_forms_there_are_no_variants() -> None:
    assert {} == feed(tally(), [(True,)]).variants
