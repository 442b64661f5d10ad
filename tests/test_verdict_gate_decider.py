from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.simulations import outcome as unit
from benchmarks.simulations import terms as benchmark_terms
from evalkit.verdict import Comparison, GateDecider, Key, Outcome, PairedTerms, Terms

Answers = Callable[[Key, int], Outcome]
A, B = ("a", "clean"), ("b", "clean")
N_ITEMS = 400


def terms(task: str, **changes: Any) -> Terms:
    threshold = changes.pop("threshold", 0.8)
    return replace(benchmark_terms("clean", threshold=threshold), task=task, **changes)


def passed_before(rate: float = 0.95, *, n_items: int = N_ITEMS) -> dict[str, list[float | None]]:
    """A baseline whose fails are spread evenly."""
    return {f"i{n}": [float(int(n * (1 - rate)) == int((n + 1) * (1 - rate)))] for n in range(n_items)}


def compared(
    before: Mapping[str, Sequence[float | None]], *, units: int = 2000, strict: bool = False, tolerance: float = 0.02
) -> Comparison:
    given = PairedTerms(tolerance=tolerance, alpha=0.025, n_compared=2)
    return Comparison(given, before, units=units, strict=strict)


def rates(a: float, b: float) -> Answers:
    rng, shares = random.Random(5), {A: a, B: b}
    return lambda key, position: unit(position, rng.random() < shares[key], item=f"i{position}")


def carry_out(decider: GateDecider, answers: Answers) -> Counter[Key]:
    """Ask one unit after the other until nothing is wanted."""
    asked: Counter[Key] = Counter()
    while (key := decider.next()) is not None:
        decider.observe(key, answers(key, asked[key]))
        asked[key] += 1
    return asked


def gate(answers: Answers, *, strict: bool = False, **changes: Any) -> tuple[GateDecider, Counter[Key]]:
    """Two tasks against a baseline at 95 %."""
    comparisons = {key: compared(passed_before(), strict=strict) for key in (A, B)}
    decider = GateDecider([terms("a", **changes), terms("b", **changes)], comparisons)
    return decider, carry_out(decider, answers)


# --- when the gate is decided


def test_a_gate_without_a_baseline_ends_when_every_task_has_its_verdict() -> None:
    decider = GateDecider([terms("a"), terms("b")], {})
    asked = carry_out(decider, rates(1.0, 1.0))
    assert ("usable", "usable", False, True) == (decider.verdict(A), decider.verdict(B), decider.failed, decider.ended)
    assert asked == Counter({A: 23, B: 23})  # so many passes in a row show 80 %


def test_the_first_task_that_is_unusable_decides_the_gate_and_the_others_are_left() -> None:
    decider = GateDecider([terms("a"), terms("b")], {})
    asked = carry_out(decider, rates(0.9, 0.2))
    assert ("unusable", True, True) == (decider.verdict(B), decider.failed, decider.ended)
    assert asked[A] < asked[B]
    assert ("edge", "gate-decided") == (decider.result(A).verdict, decider.result(A).reason)


def test_once_a_condition_stays_at_the_edge_the_others_are_asked_only_whether_they_fail() -> None:
    """That they are usable could not make the gate pass any more."""
    decider = GateDecider([replace(terms("a"), units=12), terms("b")], {})
    for position in range(12):
        decider.observe(A, unit(position, position < 10, item=f"i{position}"))
    for position in range(16):
        decider.observe(B, unit(position, True, item=f"i{position}"))
    assert ("edge", "edge", True) == (decider.verdict(A), decider.verdict(B), decider.ended)
    assert ("budget", "gate-decided") == (decider.result(A).reason, decider.result(B).reason)


def test_beside_a_condition_at_the_edge_one_that_may_fail_is_asked_until_it_does() -> None:
    decider = GateDecider([replace(terms("a"), units=12), terms("b")], {})
    for position in range(12):
        decider.observe(A, unit(position, position < 10, item=f"i{position}"))
    asked = carry_out(decider, rates(0.8, 0.6))
    assert ({B}, "unusable", True) == (set(asked), decider.verdict(B), decider.failed)


def test_the_first_condition_that_has_regressed_decides_the_gate() -> None:
    decider, asked = gate(rates(0.95, 0.75), threshold=0.5)
    assert (True, False) == (decider.failed, decider.verdict(B) == "unusable")
    assert asked[B] > asked[A]
    assert asked.total() < 150


def test_the_condition_that_looks_worst_is_asked_first_whether_by_the_threshold_or_by_the_baseline() -> None:
    by_baseline, by_threshold = gate(rates(0.95, 0.8), threshold=0.1)[1], gate(rates(0.95, 0.6), threshold=0.9)[1]
    assert by_baseline[B] > 2 * by_baseline[A]
    assert by_threshold[B] > by_threshold[A]


def test_a_comparison_is_given_up_when_what_is_left_could_hardly_show_that_it_got_worse() -> None:
    decider, asked = gate(rates(0.95, 0.95), threshold=0.5)
    assert (False, True) == (decider.failed, decider.ended)
    assert all(20 < number < N_ITEMS for number in asked.values())


def test_a_strict_gate_goes_on_until_it_is_shown_that_nothing_got_worse() -> None:
    before = passed_before()

    def same(_: Key, position: int) -> Outcome:
        return unit(position, before[f"i{position}"] == [1.0], item=f"i{position}")

    lenient, strict = gate(same, threshold=0.5)[1], gate(same, strict=True, threshold=0.5)[1]
    assert all(268 == number for number in strict.values())  # identical outcomes are shown to have held
    assert all(number < 150 for number in lenient.values())


def test_a_strict_gate_gives_up_what_the_pairs_that_are_left_cannot_show() -> None:
    comparison = compared(passed_before(n_items=40), strict=True)
    decider = GateDecider([terms("a", threshold=0.1)], {A: comparison})
    assert carry_out(decider, rates(0.95, 0.95))[A] < 40
    assert ("unclear", False) == (comparison.test.regression, comparison.hopeful)


def test_conditions_that_do_not_count_are_never_asked() -> None:
    other = replace(terms("a"), condition="noise@0.1", counts=False)
    decider = GateDecider([terms("a"), other], {})
    assert {A} == set(carry_out(decider, lambda key, position: unit(position, True)))
    assert "task-decided" == decider.result(other.key).reason


def test_a_condition_without_units_is_never_asked() -> None:
    decider = GateDecider([terms("a", units=0), terms("b")], {})
    assert {B} == set(carry_out(decider, lambda key, position: unit(position, True)))


def test_a_stopped_gate_starts_nothing_and_says_why() -> None:
    decider = GateDecider([terms("a")], {})
    decider.stop("cost")
    assert (None, "cost") == (decider.next(), decider.result(A).reason)


# --- pairs


def test_units_without_a_counterpart_tell_the_comparison_nothing() -> None:
    comparison = compared({"i1": [1.0], "i2": [None]})
    for item in ("i0", "i1", "i2", "i3"):
        comparison.observe(item, 0.0)
    result = comparison.test.result()
    assert (2, 1, 1) == (result.pairs, result.void, result.worse)


def test_an_item_that_comes_again_is_paired_with_the_same_time_before() -> None:
    comparison = compared({"i1": [1.0, 0.0], "i2": [1.0]})
    for item, after in (("i1", 1.0), ("i2", 1.0), ("i1", 1.0), ("i1", 0.0)):
        comparison.observe(item, after)
    result = comparison.test.result()
    assert (3, 0, 1) == (result.pairs, result.worse, result.better)


def test_of_units_that_stand_or_fall_together_only_the_first_pair_counts() -> None:
    comparison = compared({f"i{n}": [1.0] for n in range(4)})
    comparison.observe("without a counterpart", 0.0)
    for item, cluster in (("i0", "a"), ("i1", "a"), ("i2", "b"), ("i3", None)):
        comparison.observe(item, 0.0, cluster=cluster)
    assert (3, 3) == (comparison.test.pairs, comparison.test.result().worse)


def test_a_comparison_hopes_for_no_more_pairs_than_units_are_planned() -> None:
    assert compared({"i0": [1.0]}, units=1).hopeful
    assert not compared({"i0": [1.0]}, units=0).hopeful
    assert not compared({}, units=5).hopeful


def test_a_comparison_that_was_given_up_is_not_taken_up_again() -> None:
    comparison = compared(passed_before(n_items=60), units=60)
    for n in range(40):
        comparison.observe(f"i{n}", 1.0)
    assert not comparison.hopeful
    for n in range(40, 60):
        comparison.observe(f"i{n}", 0.0)
    assert not comparison.hopeful


# --- in flight, and again


def test_few_are_in_flight_when_a_claim_is_near() -> None:
    decider = GateDecider([terms("a", threshold=0.1)], {A: compared(passed_before())})
    started = 0
    while decider.next() is not None:
        started += 1
    assert 1 <= started <= 10


def test_in_rounds_as_many_go_out_as_a_claim_may_take() -> None:
    """Were only a share of them asked, each round of hours would bring a little."""

    def first_round(*, in_rounds: bool) -> int:
        decider = GateDecider([terms("a", threshold=0.5)], {A: compared(passed_before())}, in_rounds=in_rounds)
        for position in range(60):
            decider.observe(A, unit(position, position % 8 != 0, item=f"i{position}"))
        started = 0
        while decider.next() is not None:
            started += 1
        return started

    assert first_round(in_rounds=True) > 2 * first_round(in_rounds=False) > 0


def test_while_a_condition_may_be_about_to_fail_the_gate_no_other_is_asked_beside_it() -> None:
    decider = GateDecider([terms("a", threshold=0.1), terms("b", threshold=0.1)],
                          {key: compared(passed_before()) for key in (A, B)})  # fmt: skip
    for position in range(12):
        decider.observe(A, unit(position, True, item=f"i{position}"))
        decider.observe(B, unit(position, position > 9, item=f"i{position}"))
    assert decider.failed
    near = GateDecider([terms("a", threshold=0.1), terms("b", threshold=0.1)],
                       {key: compared(passed_before()) for key in (A, B)})  # fmt: skip
    for position in range(12):
        near.observe(A, unit(position, True, item=f"i{position}"))
        near.observe(B, unit(position, position > 4, item=f"i{position}"))
    keys = []
    while (key := near.next()) is not None:
        keys.append(key)
    assert {B} == set(keys)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_gate_that_is_taken_up_again_ends_as_if_it_had_never_stopped(seed: int) -> None:
    rng = random.Random(seed)
    answers = {key: [rng.random() < rate for _ in range(2000)] for key, rate in ((A, 0.95), (B, 0.9))}

    def answer(key: Key, position: int) -> Outcome:
        return unit(position, answers[key][position], item=f"i{position}")

    first, asked = gate(answer, threshold=0.5)
    again = GateDecider([terms("a", threshold=0.5), terms("b", threshold=0.5)],
                        {key: compared(passed_before()) for key in (A, B)})  # fmt: skip
    for key in (B, A):  # a record gives one condition after the other
        for position in range(asked[key]):
            again.observe(key, answer(key, position))
    assert (True, None) == (again.ended, again.next())
    assert [first.result(key) for key in (A, B)] == [again.result(key) for key in (A, B)]
