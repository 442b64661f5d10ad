from __future__ import annotations

import numpy as np
import pytest

from evalkit.stats.decline import Rate, declines, rises


def rate(passes: float, trials: float = 100, error: float | None = None) -> Rate:
    return Rate(passes=passes, trials=trials, error=error)


def test_a_single_comparison_is_fisher_s_exact_test() -> None:
    """Fisher 1935: the lady tasting tea, 3 of 4 right on either side: one-sided p = 17/70."""
    found = declines([rate(3, 4), rate(1, 4)], alpha=0.5)
    assert [pytest.approx(17 / 70)] == [each.p for each in found]


def test_a_fall_is_found_wherever_the_higher_rate_stands() -> None:
    found = declines([rate(50), rate(90), rate(88), rate(60)])
    assert [(1, 3), (2, 3)] == [(each.earlier, each.later) for each in found]


def test_a_small_fall_is_no_fall() -> None:
    assert [] == declines([rate(50), rate(48), rate(90), rate(86)])


def test_many_pairs_need_more() -> None:
    """A fall that would be named alone is not among ten sizes: one of 45 pairs looks like that by chance."""
    pair = [rate(62), rate(48)]
    assert 1 == len(declines(pair))
    assert [] == declines([rate(50), rate(51), rate(53), rate(54), rate(55), *pair, rate(56), rate(57), rate(58)])


def test_standard_errors_go_before_counts() -> None:
    """Pythia 70m on LAMBADA: .2534 at step 53k, .1846 at 143k, standard errors .0061 and .0054."""
    sure = declines([rate(25.34, error=0.0061), rate(18.46, error=0.0054)])
    unsure = declines([rate(25.34, error=0.05), rate(18.46, error=0.05)])
    assert (1, 0) == (len(sure), len(unsure))
    assert sure[0].p < 1e-10


def test_a_rate_without_any_error_that_falls_has_surely_fallen() -> None:
    assert [0.0] == [each.p for each in declines([rate(2, error=0.0), rate(1, error=0.0)])]


def test_a_rise_is_a_fall_of_the_fails() -> None:
    assert [(0, 1)] == [(each.earlier, each.later) for each in rises([rate(50), rate(90)])]
    assert [] == rises([rate(90), rate(50)])


def test_rates_that_do_not_fall_are_seldom_said_to() -> None:
    rng = np.random.default_rng(5)
    wrong = sum(bool(declines([rate(float(k)) for k in rng.binomial(100, 0.4, size=6)])) for _ in range(200))
    assert wrong <= 16  # 10 expected at most: P(more than 16 of 200 at 5 %) is 2 %


def test_a_rate_with_an_error_and_one_without_are_counted() -> None:
    assert [pytest.approx(17 / 70)] == [each.p for each in declines([rate(3, 4, 0.01), rate(1, 4)], alpha=0.5)]


def test_a_thousand_rates_are_compared_at_once() -> None:
    """Half a million pairs; one by one they took a minute."""
    found = declines([rate(50 + index % 2) for index in range(998)] + [rate(99), rate(1)])
    assert (998, 999) == (found[0].earlier, found[0].later)
    assert {999} == {each.later for each in found}
