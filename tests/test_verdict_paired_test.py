from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from math import exp, inf
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from evalkit.stats import LEAST_TRIALS, ScoreBound, alternatives
from evalkit.verdict import PairedTerms, PairedTest, make_test
from evalkit.verdict.paired_test import N_MAX
from evalkit.verdict.sequential_test import boundaries

Pair: TypeAlias = tuple[float | None, float | None]
WORSE, BETTER, ALIKE = (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)


def fed(pairs: Iterable[Pair], **changes: Any) -> PairedTest:
    test = PairedTest(PairedTerms(**({"tolerance": 0.02, "alpha": 0.025, "n_compared": 1} | changes)))
    for before, after in pairs:
        test.observe(before, after)
    return test


passes = st.sampled_from([0.0, 1.0])
scores = st.floats(0, 1)
few = settings(max_examples=settings().max_examples // 3)
"""Every interval is found by bisection."""
tolerances = st.sampled_from([0.0, 0.02, 0.1, 0.5])


def patterns(outcome: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Pair]]:
    """Some pairs again and again, so that there is something to be shown."""
    pattern = st.lists(st.tuples(outcome, outcome), min_size=1, max_size=4)
    return st.builds(lambda pairs, times: pairs * times, pattern, st.sampled_from([1, 15]))


# --- the test


@few
@given(patterns(st.one_of(passes, scores, st.none())), tolerances, st.integers(1, 20))
def test_there_is_a_verdict_exactly_when_the_interval_excludes_the_tolerated_loss(
    pairs: list[Pair], tolerance: float, n_compared: int
) -> None:
    result = fed(pairs, tolerance=tolerance, n_compared=n_compared).result()
    assert (result.regression == "regressed") == (result.high < -tolerance)
    assert (result.regression == "held") == (result.low > -tolerance)
    assert -1 <= result.low <= result.high <= 1


@few
@given(patterns(scores), tolerances)
def test_the_evidence_is_that_of_a_mean_score_above_one_half_and_half_the_tolerance(
    pairs: list[Pair], tolerance: float
) -> None:
    """By the other implementation of the same bets, which the interval is made of."""
    regressed, held = ScoreBound(0.025 / 3, N_MAX), ScoreBound(0.025, N_MAX)
    for before, after in pairs:
        assert before is not None
        assert after is not None
        regressed.add((before - after + 1) / 2)
        held.add((after - before + 1) / 2)
    expected = [exp(side.log_evidence((1 + sign * tolerance) / 2)) for side, sign in ((regressed, 1), (held, -1))]
    found = fed(pairs, tolerance=tolerance, n_compared=3).result()
    assert pytest.approx(expected, rel=1e-6, abs=1e-9) == list(found.evidence)
    assert (120.0, 40.0) == pytest.approx(found.needed)


@given(st.lists(st.sampled_from([WORSE, BETTER, ALIKE, (0.0, 0.0)]), max_size=60))
def test_without_a_tolerance_it_is_a_sequential_test_of_mcnemars_hypothesis(pairs: list[Pair]) -> None:
    """Pairs that are alike tell nothing; the others are coins."""
    worse, better = pairs.count(WORSE), pairs.count(BETTER)
    rates = alternatives(0.5, 0.025, N_MAX)

    def evidence(hits: int, misses: int) -> float:
        return float(sum((2 * q) ** hits * (2 * (1 - q)) ** misses for q in rates) / len(rates))

    expected = (evidence(worse, better), evidence(better, worse))
    assert pytest.approx(expected) == fed(pairs, tolerance=0.0).result().evidence


def test_identical_outcomes_are_shown_to_have_held_after_as_many_pairs_as_the_bets_need() -> None:
    rates, threshold = alternatives(0.49, 0.025, N_MAX), 0.49
    needed = 1
    while sum((0.5 * q / threshold + 0.5 * (1 - q) / (1 - threshold)) ** needed for q in rates) / len(rates) < 40:
        needed += 1
    assert 268 == needed
    test = fed([ALIKE] * (needed - 1))
    assert "unclear" == test.regression
    test.observe(*ALIKE)
    assert ("held", needed) == (test.regression, test.decided_at)


def test_without_a_tolerance_identical_outcomes_are_never_shown_to_have_held() -> None:
    result = fed([ALIKE] * 1000, tolerance=0.0).result()
    assert ("unclear", True) == (result.regression, -0.01 < result.low < 0)


def test_nothing_is_shown_before_the_least_number_of_pairs() -> None:
    test = fed([WORSE] * (LEAST_TRIALS - 1))
    assert ("unclear", -0.02) == (test.regression, test.result().high)
    test.observe(*WORSE)
    assert ("regressed", LEAST_TRIALS) == (test.regression, test.decided_at)


def test_a_verdict_stands_whatever_comes_after_it() -> None:
    test = fed([WORSE] * 30 + [BETTER] * 300)
    result = test.result()
    assert ("regressed", True) == (result.regression, result.high < -0.02)
    assert (30, 300, 330) == (result.worse, result.better, result.pairs)
    assert result.low <= result.high


@pytest.mark.parametrize("n_compared", [1, 5, 40])
def test_what_is_shown_to_have_regressed_is_corrected_for_the_number_compared_and_held_is_not(n_compared: int) -> None:
    """A gate that is to pass needs every condition to hold, and fails by any."""
    terms = PairedTerms(tolerance=0.02, alpha=0.025, n_compared=n_compared)
    assert 0.025 / n_compared == terms.alpha_regressed
    assert (n_compared / 0.025, 40) == pytest.approx(PairedTest(terms).result().needed)


# --- what a pair may bring


@few
@given(patterns(scores), st.data())
def test_a_pair_that_fell_further_speaks_more_for_regressed_and_less_for_held(
    pairs: list[Pair], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(pairs) - 1))
    before, after = pairs[place]
    assert after is not None
    lower = [*pairs[:place], (before, after * data.draw(st.floats(0, 1))), *pairs[place + 1 :]]
    first, second = fed(pairs).result(), fed(lower).result()
    slack = 1 + 1e-9
    assert first.evidence[0] <= second.evidence[0] * slack + 1e-12
    assert second.evidence[1] <= first.evidence[1] * slack + 1e-12


@few
@given(patterns(st.one_of(passes, st.none())), st.randoms(use_true_random=False))
def test_a_void_side_shows_no_more_than_anything_that_it_could_have_been(pairs: list[Pair], rng: random.Random) -> None:
    filled = [tuple(float(rng.random() < 0.5) if side is None else side for side in pair) for pair in pairs]
    void, known = fed(pairs).result(), fed(filled).result()  # type: ignore[arg-type]
    assert all(less <= more * (1 + 1e-9) for less, more in zip(void.evidence, known.evidence, strict=True))
    assert void.low <= known.low + 1e-9
    assert known.high - 1e-9 <= void.high
    assert sum(None in pair for pair in pairs) == void.void


def test_void_pairs_are_counted_and_left_out_of_the_rates() -> None:
    result = fed([WORSE, (1.0, None), (None, 0.0), (None, None), ALIKE]).result()
    assert (5, 3, 1, 0) == (result.pairs, result.void, result.worse, result.better)
    assert (1.0, 0.5, -0.5) == (result.rate_before, result.rate_after, result.difference)


def test_of_scores_a_pair_is_worse_when_it_is_lower() -> None:
    result = fed([(0.9, 0.8), (0.5, 0.5), (0.25, 0.75)]).result()
    assert (1, 1) == (result.worse, result.better)
    assert pytest.approx((0.55, 0.6833333)) == (result.rate_before, result.rate_after)


def test_nothing_observed_is_null_in_json_and_not_zero() -> None:
    told = fed([(1.0, None)]).result().as_json()
    assert (None, None, None) == (told["rate_before"], told["rate_after"], told["difference"])
    assert ["pairs", "void", "worse", "better", "rate_before", "rate_after", "difference", "low", "high", "regression",
            "decided_at", "evidence"] == list(told)  # fmt: skip
    assert ["regressed", "held", "needed"] == list(told["evidence"])


# --- what further pairs may bring


def test_a_claim_is_hoped_for_until_it_is_shown_or_the_pairs_that_are_left_are_too_few() -> None:
    assert fed([]).hopeful(1, of="regressed")
    assert not fed([]).hopeful(0, of="regressed")
    alike = fed([ALIKE] * 200)
    assert not alike.hopeful(100, of="regressed")
    assert alike.hopeful(100, of="held")
    assert not alike.hopeful(30, of="held")
    shown = fed([WORSE] * 20)
    assert not shown.hopeful(1000, of="regressed")
    assert not shown.hopeful(1000, of="held")


def test_a_loss_beyond_the_tolerance_keeps_the_hope_to_show_it() -> None:
    falling = fed(([WORSE] + [ALIKE] * 9) * 5)
    assert ("unclear", True) == (falling.regression, falling.hopeful(300, of="regressed"))
    assert not falling.hopeful(300, of="held")
    assert falling.leans_regressed


@given(patterns(st.one_of(passes, st.none())))
def test_the_pairs_that_a_claim_may_take_are_at_least_one(pairs: list[Pair]) -> None:
    assert 1 <= fed(pairs).likely_further() <= inf


def test_the_nearer_a_claim_the_fewer_pairs_it_may_take() -> None:
    further = [fed([ALIKE] * number).likely_further() for number in (100, 200, 260)]
    assert further == sorted(further, reverse=True)
    assert 1 <= further[-1] < 20


def test_the_drawn_margin_is_what_is_left_of_the_tolerance() -> None:
    rng = random.Random(1)
    draws = [fed(([WORSE] + [ALIKE] * 9) * 30).drawn_margin(rng) for _ in range(20)]
    assert -0.08 == pytest.approx(sum(draws) / len(draws), abs=0.025)


# --- error rates

Drawn: TypeAlias = Callable[[random.Random], tuple[Sequence[float], Sequence[float]]]
N_RUNS, N_PAIRS, RATE = 250, 500, 0.9


def _independent(loss: float) -> Drawn:
    def draw(rng: random.Random) -> tuple[list[float], list[float]]:
        before = [float(rng.random() < RATE) for _ in range(N_PAIRS)]
        return before, [float(rng.random() < RATE - loss) for _ in before]

    return draw


def _correlated(loss: float) -> Drawn:
    """The same items stay right and wrong, but for the loss."""

    def draw(rng: random.Random) -> tuple[list[float], list[float]]:
        uniform = [rng.random() for _ in range(N_PAIRS)]
        return [float(each < RATE) for each in uniform], [float(each < RATE - loss) for each in uniform]

    return draw


def _stopped(loss: float) -> Drawn:
    """The baseline ended at its verdict, however lucky it was by then."""
    up, down = boundaries(0.85, make_test(0.85, 0.025, 0.025, 2000))

    def draw(rng: random.Random) -> tuple[list[float], list[float]]:
        before: list[float] = []
        while len(before) < N_PAIRS:
            before.append(float(rng.random() < RATE))
            n_passed = int(sum(before))
            if up.decided(n_passed, len(before)) or down.decided(len(before) - n_passed, len(before)):
                break
        return before, [float(rng.random() < RATE - loss) for _ in before]

    return draw


@pytest.mark.slow
@pytest.mark.parametrize("kind", [_independent, _correlated, _stopped])
@pytest.mark.parametrize(("claim", "loss"), [("regressed", 0.02), ("held", 0.0201)])
def test_a_claim_errs_no_more_often_than_promised(kind: Callable[[float], Drawn], claim: str, loss: float) -> None:
    """Where the loss is just the tolerated one, neither claim is true."""
    draw, rng, alpha = kind(loss), random.Random(7), 0.05
    wrong = 0
    for _ in range(N_RUNS):
        test = fed(zip(*draw(rng), strict=True), alpha=alpha)
        wrong += test.regression == claim
    assert wrong <= binom.ppf(0.999, N_RUNS, alpha)


@pytest.mark.slow
def test_a_loss_of_ten_points_is_found_against_a_baseline_of_five_hundred_in_most_cases() -> None:
    rng, found = random.Random(3), 0
    for _ in range(200):
        pairs = [(float(rng.random() < 0.95), float(rng.random() < 0.85)) for _ in range(500)]
        found += fed(pairs, n_compared=5).regression == "regressed"
    assert 150 <= found <= 185  # 84 % of 2,000
