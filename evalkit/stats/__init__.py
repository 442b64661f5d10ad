"""Pure statistics: numbers in, numbers out. Nothing here knows of suites, models or files."""

from evalkit.stats.betting import ScoreBound
from evalkit.stats.binomial import binomial_probabilities
from evalkit.stats.boundary import LEAST_TRIALS, Boundary, optimistic_rate, within_reach
from evalkit.stats.bounded_mean import mean_lower_bound
from evalkit.stats.clusters import ClusterMoments, clustered_interval, effective_trials
from evalkit.stats.crossing import Crossing, Scale, curve_through, fit_crossing, reach
from evalkit.stats.dependence import Dependence
from evalkit.stats.evidence import Bet, alternatives, kl
from evalkit.stats.interval import Interval, clopper_pearson
from evalkit.stats.mcnemar import mcnemar_exact
from evalkit.stats.multiple import e_bh
from evalkit.stats.percentile import percentile
from evalkit.stats.recursion import Prospect, crossing_chance, prospect
from evalkit.stats.repeats import agreement, pass_at_k, pass_hat_k, pass_hat_k_error
from evalkit.stats.sequence import RunningBound

__all__ = [
    "LEAST_TRIALS",
    "Bet",
    "Boundary",
    "ClusterMoments",
    "Crossing",
    "Dependence",
    "Interval",
    "Prospect",
    "RunningBound",
    "Scale",
    "ScoreBound",
    "agreement",
    "alternatives",
    "binomial_probabilities",
    "clopper_pearson",
    "clustered_interval",
    "crossing_chance",
    "curve_through",
    "e_bh",
    "effective_trials",
    "fit_crossing",
    "kl",
    "mcnemar_exact",
    "mean_lower_bound",
    "optimistic_rate",
    "pass_at_k",
    "pass_hat_k",
    "pass_hat_k_error",
    "percentile",
    "prospect",
    "reach",
    "within_reach",
]
