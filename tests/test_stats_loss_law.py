from __future__ import annotations

from math import exp, log
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from evalkit.stats.loss_law import HUBER, LossLaw, LossTable, fit_loss_law, resampled_laws, residuals
from tests.scaling import PUBLISHED, scattered, table_of

NUMBERS = ("floor", "a", "alpha", "b", "beta")


def numbers(law: LossLaw) -> list[float]:
    return [getattr(law, name) for name in NUMBERS]


def huber(law: LossLaw, table: LossTable) -> float:
    """The objective, written without the code under test: a sum, not a mean."""
    total = 0.0
    for params, tokens, found in zip(table.x, table.y, table.log_losses, strict=True):
        size, length = params + table.middle[0], tokens + table.middle[1]
        parts = [log(law.floor), log(law.a) - law.alpha * size, log(law.b) - law.beta * length]
        off = abs(np.logaddexp.reduce(parts) - found)
        total += off * off / 2 if off <= HUBER else HUBER * (off - HUBER / 2)
    return total


# --- the best fit


def test_losses_without_noise_give_back_the_published_law() -> None:
    """Besiroglu et al. 2024, table 1: what a replication of Hoffmann et al. 2022 found."""
    assert numbers(PUBLISHED) == pytest.approx(numbers(fit_loss_law(table_of(scattered(50)))), rel=1e-6)


def test_noise_moves_the_published_law_by_little() -> None:
    found = fit_loss_law(table_of(scattered(245, noise=0.005)))
    assert [1.8172, 0.3478, 0.3658] == pytest.approx([found.floor, found.alpha, found.beta], rel=0.06)


def test_no_other_law_has_a_lower_objective() -> None:
    """Another optimiser, started from the law that made the losses and from what was found, gets no lower."""
    table = table_of(scattered(40, noise=0.02))
    found = fit_loss_law(table)

    def objective(point: list[float]) -> float:
        floor, size, alpha, tokens, beta = (float(value) for value in point)
        a, b = size + alpha * table.middle[0], tokens + beta * table.middle[1]
        return huber(LossLaw(floor=exp(floor), a=exp(a), alpha=alpha, b=exp(b), beta=beta), table)

    lowest = []
    for law in (found, PUBLISHED):
        size, tokens = (
            log(coefficient) - exponent * middle
            for coefficient, exponent, middle in zip((law.a, law.b), (law.alpha, law.beta), table.middle, strict=True)
        )
        start = [log(law.floor), size, law.alpha, tokens, law.beta]
        lowest.append(minimize(objective, start, method="Nelder-Mead", options={"maxiter": 400, "fatol": 1e-12}).fun)
    assert huber(found, table) <= min(lowest) * (1 + 1e-6)


def test_a_run_that_went_wrong_does_not_bend_the_law() -> None:
    params, tokens, losses = scattered(50)
    losses[7] *= 1.5
    assert numbers(PUBLISHED) == pytest.approx(numbers(fit_loss_law(LossTable.of(params, tokens, losses))), rel=1e-3)


@settings(max_examples=10)
@given(st.floats(1e-4, 1e4), st.floats(1e-3, 1e3))
def test_units_change_the_coefficients_only(of_loss: float, of_tokens: float) -> None:
    params, tokens, losses = scattered(30, noise=0.01)
    plain = fit_loss_law(LossTable.of(params, tokens, losses))
    other = fit_loss_law(
        LossTable.of(params, [each * of_tokens for each in tokens], [each * of_loss for each in losses])
    )
    assert [plain.alpha, plain.beta] == pytest.approx([other.alpha, other.beta], rel=1e-3)
    assert plain.floor * of_loss == pytest.approx(other.floor, rel=1e-3)


def test_a_term_that_is_left_out_is_not_there() -> None:
    law = LossLaw(floor=1.0, a=0.0, alpha=0.0, b=50.0, beta=0.3)
    params, tokens, _ = scattered(20)
    found = fit_loss_law(
        table_of((params, tokens, [law.loss(n, d) for n, d in zip(params, tokens, strict=True)])), without="params"
    )
    assert numbers(law) == pytest.approx(numbers(found), rel=1e-4)


def test_losses_below_any_power_law_have_no_floor() -> None:
    """E would have to be below 0; a tiny number in its place would look like a finding."""
    law = LossLaw(floor=0.0, a=40.0, alpha=0.35, b=200.0, beta=0.37)
    params, tokens, _ = scattered(30)
    losses = [law.loss(n, d) for n, d in zip(params, tokens, strict=True)]
    below = [each - 0.3 * min(losses) for each in losses]
    assert 0.0 == fit_loss_law(table_of((params, tokens, below))).floor


def test_a_residual_says_how_far_a_loss_lies_above_the_law() -> None:
    params, tokens, losses = scattered(20)
    losses[3] *= 1.1
    off = residuals(table_of((params, tokens, losses)), PUBLISHED)
    assert [0.0, log(1.1), 0.0] == pytest.approx(off[2:5], abs=1e-9)


# --- the optimum


def test_the_optimum_is_that_of_the_published_formulae() -> None:
    """Hoffmann et al. 2022, equation 4."""
    law, flops = PUBLISHED, 5.76e23
    a = law.beta / (law.alpha + law.beta)
    balance = (law.alpha * law.a / (law.beta * law.b)) ** (1 / (law.alpha + law.beta))
    expected = [balance * (flops / 6) ** a, (flops / 6) ** (1 - a) / balance]
    assert expected == pytest.approx(law.optimum(flops))
    assert [7.2249e10, 1.32874e12] == pytest.approx(law.optimum(flops), rel=1e-4)


@given(st.floats(1e10, 1e26), st.floats(0.5, 2.0))
def test_no_other_size_for_the_same_compute_has_a_lower_loss(flops: float, factor: float) -> None:
    params, tokens = PUBLISHED.optimum(flops)
    assert flops == pytest.approx(6 * params * tokens)
    assert PUBLISHED.loss(params, tokens) <= PUBLISHED.loss(params * factor, tokens / factor) * (1 + 1e-12)


def test_without_a_term_there_is_no_optimum() -> None:
    with pytest.raises(ValueError, match="A = 0 and B = 3, expected both above 0"):
        LossLaw(floor=1, a=0, alpha=0, b=3, beta=0.3).optimum(1e20)


# --- resampled tables


def drawn(n_points: int, *, n_laws: int, seed: int = 0) -> list[LossLaw]:
    table = table_of(scattered(n_points, noise=0.01))
    rng = np.random.default_rng(seed)
    return resampled_laws(table, fit_loss_law(table), blocks=range(n_points), n_laws=n_laws, rng=rng)


def test_resampled_laws_lie_around_the_best_one() -> None:
    exponents = [law.alpha for law in drawn(40, n_laws=200)]
    assert 200 == len(exponents)
    assert np.quantile(exponents, 0.025) < 0.3478 < np.quantile(exponents, 0.975)
    assert 0.01 < np.std(exponents) < 0.1


def test_the_same_seed_draws_the_same_tables() -> None:
    assert drawn(20, n_laws=5) == drawn(20, n_laws=5)
    assert drawn(20, n_laws=5) != drawn(20, n_laws=5, seed=1)


def test_points_of_one_block_are_drawn_together() -> None:
    """One block is the table itself, so each of its laws is the best one."""
    table = table_of(scattered(30, noise=0.01))
    law = fit_loss_law(table)
    (found,) = resampled_laws(table, law, blocks=[0] * 30, n_laws=1, rng=np.random.default_rng(0))
    assert numbers(law) == pytest.approx(numbers(found), rel=1e-2)


def test_each_resampled_fit_reaches_its_own_bottom() -> None:
    """A small table may have two valleys; stopping early, or in the wrong one, makes intervals of nothing."""
    n = 12
    params, tokens, losses = scattered(n, noise=0.01, seed=4)
    table = table_of((params, tokens, losses))
    law = fit_loss_law(table)
    laws = resampled_laws(table, law, blocks=range(n), n_laws=15, rng=np.random.default_rng(0))
    counts = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=15)
    worse = 0
    for found, times in zip(laws, counts, strict=True):
        rows = np.repeat(np.arange(n), times)
        again = LossTable.of(*([column[row] for row in rows] for column in (params, tokens, losses)))
        best = huber_or_less(fit_loss_law(again), again)
        worse += huber_or_less(found, again) > best + 0.01 * best + 1e-9
    assert worse <= 1


def huber_or_less(law: LossLaw, table: LossTable) -> float:
    """The objective of a law that may have no floor."""
    off = np.abs(residuals(table, law))
    return float(np.where(off <= HUBER, off**2 / 2, HUBER * (off - HUBER / 2)).sum())


def test_a_thousand_fits_take_seconds() -> None:
    """Loosely: `benchmarks/scaling_law.py` measures it."""
    table = table_of(scattered(60, noise=0.01))
    law = fit_loss_law(table)
    begun = process_time()
    resampled_laws(table, law, blocks=range(60), n_laws=250, rng=np.random.default_rng(0))
    assert process_time() - begun < 2.5


# --- what is refused


@pytest.mark.parametrize(
    ("params", "tokens", "losses", "message"),
    [
        ([1.0] * 5, [1.0] * 5, [1.0] * 5, "found 5 / 5 / 5 parameters / tokens / losses, .* at least 6"),
        ([1.0] * 7, [1.0] * 6, [1.0] * 7, "found 7 / 6 / 7"),
        ([1.0] * 6, [1.0] * 6, [1.0] * 5 + [0.0], "not above 0 and finite"),
        ([1.0] * 5 + [float("nan")], [1.0] * 6, [1.0] * 6, "not above 0 and finite"),
    ],
)
def test_bad_numbers_are_refused(params: list[float], tokens: list[float], losses: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LossTable.of(params, tokens, losses)
