"""Pure statistics: numbers in, numbers out. Nothing here knows of suites, models or files."""

from evalkit.stats.binomial import binomial_probabilities
from evalkit.stats.clusters import ClusterMoments, clustered_interval, effective_trials
from evalkit.stats.interval import Interval, clopper_pearson
from evalkit.stats.percentile import percentile
from evalkit.stats.repeats import agreement, pass_at_k, pass_hat_k, pass_hat_k_error

__all__ = [
    "ClusterMoments",
    "Interval",
    "agreement",
    "binomial_probabilities",
    "clopper_pearson",
    "clustered_interval",
    "effective_trials",
    "pass_at_k",
    "pass_hat_k",
    "pass_hat_k_error",
    "percentile",
]
