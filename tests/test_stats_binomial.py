from __future__ import annotations

import pytest
from scipy.stats import binom

from evalkit.stats import binomial_probabilities


@pytest.mark.parametrize("n_trials", [0, 1, 2, 40, 2000])
@pytest.mark.parametrize("p", [0.0, 0.001, 0.5, 0.95, 1.0])
def test_agrees_with_scipy(n_trials: int, p: float) -> None:
    expected = binom.pmf(range(n_trials + 1), n_trials, p)
    assert pytest.approx(expected, rel=1e-9, abs=1e-300) == binomial_probabilities(n_trials, p)


def test_many_trials_lose_no_precision() -> None:
    assert pytest.approx(1, rel=1e-9) == sum(binomial_probabilities(100_000, 0.97))


@pytest.mark.parametrize(("n_trials", "p"), [(-1, 0.5), (5, -0.1), (5, 1.1), (5, float("nan"))])
def test_arguments_out_of_range_are_refused(n_trials: int, p: float) -> None:
    with pytest.raises(ValueError, match="expected at least 0 trials and a rate from 0 to 1"):
        binomial_probabilities(n_trials, p)
