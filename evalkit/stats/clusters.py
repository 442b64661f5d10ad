"""Trials that stand or fall together: how many independent ones they are worth.

Everything needed of the clusters is six sums, so a caller can keep them up to date trial by trial and never has to
hold the outcomes. The sums are whole numbers, hence exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evalkit.stats.interval import Interval, clopper_pearson


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterMoments:
    """Sums over clusters g, with s_g passes among n_g ≥ 1 trials each."""

    n_clusters: int
    n_trials: int
    """Σ n_g."""
    n_passes: int
    """Σ s_g."""
    passes_squared: int
    """Σ s_g²."""
    passes_by_trials: int
    """Σ s_g n_g."""
    trials_squared: int
    """Σ n_g²."""

    @classmethod
    def of(cls, clusters: Iterable[tuple[int, int]]) -> ClusterMoments:
        """Sum up (passes, trials) of each cluster.

        Raises:
            ValueError: If a cluster has no trial, or a count is out of range.
        """
        pairs = list(clusters)
        for passes, trials in pairs:
            if not (0 <= passes <= trials and trials > 0):
                raise ValueError(
                    f"found a cluster of {passes} passes in {trials} trials, expected from 0 passes to all, and a trial"
                )
        return cls(
            n_clusters=len(pairs),
            n_trials=sum(trials for _, trials in pairs),
            n_passes=sum(passes for passes, _ in pairs),
            passes_squared=sum(passes * passes for passes, _ in pairs),
            passes_by_trials=sum(passes * trials for passes, trials in pairs),
            trials_squared=sum(trials * trials for _, trials in pairs),
        )

    @classmethod
    def independent(cls, n_passes: int, n_trials: int) -> ClusterMoments:
        """The sums where each trial is a cluster of its own."""
        return cls(
            n_clusters=n_trials,
            n_trials=n_trials,
            n_passes=n_passes,
            passes_squared=n_passes,
            passes_by_trials=n_passes,
            trials_squared=n_trials,
        )

    @property
    def pass_rate(self) -> float:
        """Share of trials that passed."""
        return self.n_passes / self.n_trials

    @property
    def variance_of_pass_rate(self) -> float:
        """Cluster-robust variance of the pass rate, G/(G−1) · Σ (s_g − p n_g)² / n².

        Needs two clusters.

        Source:
            Liang and Zeger 1986, Biometrika 73:13, for a mean; Miller 2024, arXiv 2411.00640, without the
            small-sample factor.
        """
        n, s = self.n_trials, self.n_passes
        squares = self.passes_squared * n * n - 2 * s * n * self.passes_by_trials + s * s * self.trials_squared
        return self.n_clusters * squares / ((self.n_clusters - 1) * n**4)


def effective_trials(moments: ClusterMoments) -> float:
    """How many independent trials would tell as much about the pass rate.

    The smaller of p(1−p) over the cluster-robust variance, and the effective number of clusters (Σ n_g)² / Σ n_g².
    The second is the number of clusters where all have one size, and less where a few hold most trials. It is needed
    because a variance estimated from few clusters, or from almost no fails, is often far too small.

    Args:
        moments: Of at least one trial.

    Returns:
        From 1 to n_trials: deviations from the mean sum to 0, so their variance is at most p(1−p). Without a pass,
        without a fail, or where all clusters have the same rate, the data say nothing about the spread: the
        effective number of clusters. Clusters of one trial each: n_trials.

    Raises:
        ValueError: If there is no trial.

    Source:
        p(1−p) over the variance: Korn and Graubard 1998, Survey Methodology 24:193. Effective number of clusters:
        Kish 1965, Survey Sampling.

    >>> round(effective_trials(ClusterMoments.of([(5, 5)] * 19 + [(0, 5)])), 9)
    19.0
    """
    if moments.n_trials < 1:
        raise ValueError("found no trial, expected at least one")
    if moments.n_clusters == 1:
        return 1.0
    most = moments.n_trials**2 / moments.trials_squared
    if moments.n_clusters == moments.n_trials:
        return most
    variance = moments.variance_of_pass_rate
    if variance == 0:
        return most
    p = moments.pass_rate
    return min(p * (1 - p) / variance, most)


def clustered_interval(moments: ClusterMoments, *, alpha_low: float, alpha_high: float) -> Interval:
    """Bound a pass rate from trials that come in clusters, their number fixed beforehand.

    Clopper–Pearson at `effective_trials`; with clusters of one trial each, Clopper–Pearson itself.

    Args:
        moments: Of at least one trial.
        alpha_low: As in clopper_pearson.
        alpha_high: As in clopper_pearson.

    Raises:
        ValueError: If there is no trial, or an error rate is out of range.

    Assumes:
        Independence between clusters. With few clusters or a high correlation it covers more than promised; that is
        the price for not covering less.
    """
    n_trials = effective_trials(moments)
    return clopper_pearson(n_trials * moments.pass_rate, n_trials, alpha_low=alpha_low, alpha_high=alpha_high)
