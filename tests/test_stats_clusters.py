from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.stats import ClusterMoments, clopper_pearson, clustered_interval, effective_trials

clusters = st.lists(st.integers(1, 9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1)


@pytest.mark.slow
def test_the_variance_is_the_cluster_robust_one() -> None:
    groups = [(5, 5), (3, 4), (0, 2), (7, 9), (1, 1), (4, 6)]
    passed = np.concatenate([[1.0] * s + [0.0] * (n - s) for s, n in groups])
    group = np.repeat(range(len(groups)), [n for _, n in groups])
    # Not needed by whoever only collects the tests, which is every worker.
    from statsmodels.api import OLS

    fit = OLS(passed, np.ones_like(passed)).fit(cov_type="cluster", cov_kwds={"groups": group, "use_correction": False})
    expected = float(fit.bse[0]) ** 2 * len(groups) / (len(groups) - 1)
    assert pytest.approx(expected) == ClusterMoments.of(groups).variance_of_pass_rate


def test_clusters_that_pass_or_fail_as_one_are_worth_one_trial_each() -> None:
    moments = ClusterMoments.of([(5, 5)] * 19 + [(0, 5)])
    assert pytest.approx(19) == effective_trials(moments)


def test_fails_that_come_in_one_large_cluster_widen_the_interval() -> None:
    """Eleven trials' worth in twenty-one clusters: all ten fails have one source."""
    p = 100 / 110
    squares = (10 * p) ** 2 + 20 * (5 - 5 * p) ** 2
    expected = p * (1 - p) / (21 / 20 * squares / 110**2)
    assert pytest.approx(expected) == effective_trials(ClusterMoments.of([(0, 10)] + [(5, 5)] * 20))


@pytest.mark.parametrize("passes", [0, 4])
def test_without_a_pass_or_a_fail_each_cluster_counts_once(passes: int) -> None:
    assert effective_trials(ClusterMoments.of([(passes, 4)] * 12)) == 12


def test_clusters_of_one_rate_count_once_each() -> None:
    assert effective_trials(ClusterMoments.of([(1, 2)] * 12)) == 12


def test_spread_below_independence_gains_nothing() -> None:
    assert effective_trials(ClusterMoments.of([(4, 8), (5, 8)] * 6)) == 12


def test_a_few_large_clusters_count_for_little() -> None:
    """One story with 100 questions among 19 with one: the rate is that one story's rate, nearly."""
    moments = ClusterMoments.of([(100, 100)] + [(1, 1)] * 19)
    assert pytest.approx(119**2 / (100**2 + 19)) == effective_trials(moments)


def test_two_clusters_that_are_one_against_the_other_are_worth_one_trial() -> None:
    assert effective_trials(ClusterMoments.of([(0, 1000), (1000, 1000)])) == 1


def test_a_single_cluster_is_one_trial() -> None:
    assert effective_trials(ClusterMoments.of([(7, 9)])) == 1


def test_clusters_of_one_trial_each_give_clopper_pearson_itself() -> None:
    from statsmodels.stats.proportion import proportion_confint

    found = clustered_interval(ClusterMoments.independent(95, 100), alpha_low=0.025, alpha_high=0.025)
    expected = proportion_confint(95, 100, alpha=0.05, method="beta")
    assert pytest.approx(expected) == (found.low, found.high)


def test_independent_moments_are_those_of_singletons() -> None:
    assert ClusterMoments.of([(1, 1)] * 7 + [(0, 1)] * 3) == ClusterMoments.independent(7, 10)


@given(clusters)
def test_worth_is_from_one_to_the_number_of_clusters(groups: list[tuple[int, int]]) -> None:
    assert 1 - 1e-12 <= effective_trials(ClusterMoments.of(groups)) <= len(groups)


@given(clusters)
def test_the_interval_is_no_narrower_than_with_independent_trials(groups: list[tuple[int, int]]) -> None:
    moments = ClusterMoments.of(groups)
    found = clustered_interval(moments, alpha_low=0.025, alpha_high=0.025)
    plain = clopper_pearson(moments.n_passes, moments.n_trials, alpha_low=0.025, alpha_high=0.025)
    assert found.low <= plain.low + 1e-12
    assert found.high >= plain.high - 1e-12


@pytest.mark.parametrize("cluster", [(0, 0), (-1, 2), (3, 2)])
def test_impossible_clusters_are_refused(cluster: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="found a cluster of"):
        ClusterMoments.of([(1, 1), cluster])


def test_no_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="found no trial"):
        effective_trials(ClusterMoments.of([]))
