from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import pytest

from evalkit.report.law import count, law_lines, power_of_ten
from evalkit.report.layout import WIDTH
from evalkit.scale.law import Law, find_law
from evalkit.scale.loss_points import LossPoint
from tests.scaling import ladder, points_of, scattered


def law_of(points: Sequence[LossPoint], budget_flops: float | None = None) -> Law:
    return find_law(points, budget_flops=budget_flops, n_resampled=100)


@cache
def undertrained() -> Law:
    return law_of(ladder(noise=0.005))


def told(law: Law) -> str:
    """On one line, so that it does not matter where it is broken."""
    return " ".join(" ".join(law_lines(law)).split())


def test_a_law_is_told_in_lines_of_eighty_columns() -> None:
    long = [replace(each, model=f"{each.model} {'x' * 90}\x1b[31m") for each in ladder(noise=0.05)]
    for law in (undertrained(), law_of(long), law_of(points_of(scattered(7, noise=0.1)), 1e30)):
        lines = law_lines(law)
        assert WIDTH >= max(len(line) for line in lines)
        assert "\x1b" not in "".join(lines)


def test_each_number_has_its_interval_and_its_meaning() -> None:
    lines = law_lines(undertrained())
    assert "loss = E + A / parameters^α + B / tokens^β" == lines[0]
    rows = [line.split() for line in lines if line.startswith(("  E ", "  A ", "  α ", "  B ", "  β "))]
    assert ["E", "A", "α", "B", "β"] == [row[0] for row in rows]
    assert ["how", "fast", "size", "removes", "it"] == rows[2][3:]
    low, high = (float(each) for each in rows[2][2].split("–"))
    assert low <= 0.5 <= high


def test_an_undertrained_large_model_that_loses_is_told() -> None:
    text = told(undertrained())
    assert (
        "the smaller tiny/314320 (310K parameters, 20M tokens) beats tiny/1.00814e+06 (1M parameters, 11M tokens) for "
        "about the same compute (loss 0.271 against 0.301): the larger one saw 11 tokens per parameter, the smaller "
        "one 64"
    ) in text
    assert "best measured for at most 6.7e13 FLOP: tiny/314320 (310K parameters, 20M tokens), loss 0.271" in text
    assert "of the measured sizes tiny/314320 (310K parameters) would make the most of 6.7e13 FLOP" in text
    assert "the largest, tiny/1.00814e+06 (1M parameters), would reach 0.3" in text


def test_the_winner_stands_first_and_so_does_its_loss() -> None:
    points = ladder(noise=0.005, sizes=(1000, 3000, 9000, 27000), tokens=(1e9, 5e8, 3e8, 1.6e8))
    text = told(law_of(points, 2.6e13))
    assert "the larger tiny/27000 (27K parameters, 160M tokens) beats tiny/9000 (9K parameters, 300M tokens)" in text
    winner, loser = (min(each.loss for each in points if each.params == params) for params in (27000, 9000))
    assert f"(loss {winner:.3g} against {loser:.3g})" in text


def test_what_is_too_close_to_call_is_told_so() -> None:
    assert "are too close to call for about the same compute" in told(law_of(ladder(noise=0.1)))


def test_of_many_pairs_the_first_are_told() -> None:
    points = [
        LossPoint(model=f"m{n}", params=n * 1e6, tokens=1e12 / n + n, loss=3 + 1 / n + 0.1 * (n % 3))
        for n in range(1, 9)
    ]
    assert "and 4 more pairs of about this budget" in told(law_of(points, 6e18))


def test_the_best_size_beyond_the_table_is_told_so() -> None:
    assert "– beyond what was measured" in told(undertrained())
    within = told(law_of(points_of(scattered(40, noise=0.005)), 1e21))
    assert "beyond what was measured" not in within
    assert "best for 1e21 FLOP: 3B (2.5B–3.4B) parameters on 56B (49B–67B) tokens, 19 (14–27) tokens per" in within


def test_checkpoints_are_told_not_to_be_runs_that_ended_there() -> None:
    warning = "points of one model are taken as if training had ended there"
    assert warning in told(undertrained())
    assert warning not in told(law_of(points_of(scattered(12, noise=0.01))))


def test_the_check_says_on_which_side_the_law_errs() -> None:
    limit = sorted(each.flops for each in ladder())[-6]
    worse = [replace(each, loss=each.loss * (1.2 if each.flops >= limit else 1.0)) for each in ladder(noise=0.001)]
    text = told(law_of(worse))
    assert "check: a law without the 6 points of the most compute" in text
    assert "% too low over all" in text


def test_what_is_not_known_is_told_and_has_no_number() -> None:
    law = law_of(ladder(noise=0.01, sizes=(1e5,), tokens=(1e9,), checkpoints=12))
    lines = law_lines(law)
    assert "  A        –                 –  how much a lack of size costs" in lines
    text = told(law)
    assert "not known: only one size was measured: what size does needs three or more" in text
    assert "so nothing is predicted beyond the sizes and tokens that were measured" in text
    assert "the best size for 6e14 FLOP is not known: only one size was measured" in text


def test_a_number_in_doubt_has_a_question_mark() -> None:
    rows = law_lines(law_of(points_of(scattered(6, noise=0.02, seed=3))))
    assert any(line.startswith("  E ") and " ? " in line for line in rows)


def test_a_point_that_lies_far_off_is_named() -> None:
    points = points_of(scattered(40, noise=0.002))
    points[11] = replace(points[11], loss=points[11].loss * 1.3)
    text = told(law_of(points))
    assert "far off: m11 (" in text
    assert "% above it" in text


def test_a_point_far_below_does_not_lie_more_than_all_of_it_below() -> None:
    points = points_of(scattered(40, noise=0.002))
    points[11] = replace(points[11], loss=points[11].loss / 4)
    (percent,) = re.findall(r"far off: m11 .*? lies\s+([\d.]+)\s+%\s+below", told(law_of(points)))
    assert float(percent) == pytest.approx(75, abs=3)


def test_a_budget_below_every_point_has_no_measured_best() -> None:
    assert "no measured model took 1e3 FLOP or less" in told(law_of(ladder(noise=0.01), 1e3))


def test_points_that_err_together_are_told() -> None:
    law = replace(undertrained(), block=4)
    assert "neighbouring checkpoints err together, so intervals come from blocks of 4" in told(law)


@pytest.mark.parametrize(
    ("number", "shown"),
    [(87024, "87K"), (70e6, "70M"), (999_999, "1M"), (3.456, "3.5"), (0, "0"), (1.04e12, "1T"), (2e17, "2e17")],
)
def test_counts_have_two_digits(number: float, shown: str) -> None:
    assert shown == count(number)


def test_intervals_are_rounded_outwards() -> None:
    """What is shown never claims more than was found."""
    found = undertrained().parameters[2]
    assert found.estimate is not None
    odd = replace(found, estimate=replace(found.estimate, value=0.5, low=0.49999, high=0.50001))
    law = replace(undertrained(), parameters=(odd,))
    assert "0.499–0.501" in told(law)
    exact = replace(odd, estimate=replace(found.estimate, value=0.29, low=0.29, high=0.29))
    assert "0.29–0.29" in told(replace(law, parameters=(exact,)))


def test_operations_are_powers_of_ten() -> None:
    assert ["5.8e23", "1e22", "3e-7"] == [power_of_ten(each) for each in (5.76e23, 1e22, 3e-7)]
