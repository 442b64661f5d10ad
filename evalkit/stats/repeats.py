"""What repeats of the same items say: pass^k, pass@k, agreement.

Counts are pairs (passes, repeats), one per item. The item, never the repeat, is what was drawn independently.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from math import comb, sqrt
from typing import TypeAlias

Counts: TypeAlias = Sequence[tuple[int, int]]
"""(passes, repeats) of each item; 0 ≤ passes ≤ repeats."""


def pass_hat_k(counts: Counts, k: int, *, weights: Sequence[int] | None = None) -> float:
    """The chance that k repeats of an item all pass: the mean over items of C(c, k) / C(n, k).

    Args:
        counts: At least one item.
        k: From 1 to the least number of repeats.
        weights: How many items have each of these counts; one each when None.

    Returns:
        0–1. Unbiased. With k = 1 the mean of the items' pass rates.

    Raises:
        ValueError: If there is no item, a count is out of range, or an item has fewer than k repeats.

    Source:
        Yao et al. 2024 (tau-bench), arXiv 2406.12045.

    >>> pass_hat_k([(2, 4), (4, 4)], 2)
    0.5833333333333334
    """
    return _mean(_values(counts, k, _all_pass), weights)


def pass_hat_k_error(
    counts: Counts, k: int, *, weights: Sequence[int] | None = None, clusters: Sequence[Hashable] | None = None
) -> float | None:
    """Standard error of pass_hat_k, clustered by item, or by what items have in common.

    Args:
        counts: As in pass_hat_k.
        k: As in pass_hat_k.
        weights: As in pass_hat_k.
        clusters: The cluster of each entry of `counts`; each item is its own when None.

    Returns:
        In pass-rate units; None with a single cluster, where it cannot be known.

    Raises:
        ValueError: As pass_hat_k.

    Source:
        As ClusterMoments.variance_of_pass_rate, with C(c, k) / C(n, k) in the place of a pass.
    """
    values = _values(counts, k, _all_pass)
    mean = _mean(values, weights)
    heads = weights or [1] * len(values)
    if clusters is None:
        n_clusters = sum(heads)
        squares = sum(n * (value - mean) ** 2 for value, n in zip(values, heads, strict=True))
    else:
        off: dict[Hashable, float] = {}
        for cluster, value, n in zip(clusters, values, heads, strict=True):
            off[cluster] = off.get(cluster, 0.0) + n * (value - mean)
        n_clusters = len(off)
        squares = sum(part * part for part in off.values())
    if n_clusters < 2:
        return None
    return sqrt(n_clusters / (n_clusters - 1) * squares) / sum(heads)


def pass_at_k(counts: Counts, k: int) -> float:
    """The chance that at least one of k repeats of an item passes: the mean over items of 1 − C(n−c, k) / C(n, k).

    Args:
        counts: At least one item.
        k: From 1 to the least number of repeats.

    Raises:
        ValueError: As pass_hat_k.

    Source:
        Chen et al. 2021 (HumanEval), arXiv 2107.03374, equation 1.

    >>> pass_at_k([(10, 200)], 1)
    0.05
    """
    return _mean(_values(counts, k, _any_pass), None)


def agreement(counts: Counts, *, weights: Sequence[int] | None = None) -> float:
    """How alike repeats are: the mean over items of the share of pairs of repeats with the same outcome.

    Args:
        counts: At least one item, each with two repeats or more.
        weights: As in pass_hat_k.

    Returns:
        1 when every item always passes or always fails; about 0.5 when each repeat is a coin toss.

    Raises:
        ValueError: If there is no item, a count is out of range, or an item has fewer than two repeats.
    """
    return _mean(_values(counts, 2, _pairs_alike), weights)


@lru_cache(maxsize=4096)
def _all_pass(passes: int, repeats: int, k: int) -> float:
    return comb(passes, k) / comb(repeats, k)


@lru_cache(maxsize=4096)
def _any_pass(passes: int, repeats: int, k: int) -> float:
    total = comb(repeats, k)
    return (total - comb(repeats - passes, k)) / total


@lru_cache(maxsize=4096)
def _pairs_alike(passes: int, repeats: int, k: int) -> float:
    return (comb(passes, k) + comb(repeats - passes, k)) / comb(repeats, k)


def _values(counts: Counts, k: int, value: Callable[[int, int, int], float]) -> list[float]:
    if not counts:
        raise ValueError("found no item, expected at least one")
    for passes, repeats in counts:
        if not 1 <= k <= repeats:
            raise ValueError(f"found k = {k} with an item of {repeats} repeats, expected k from 1 to that number")
        if not 0 <= passes <= repeats:
            raise ValueError(f"found {passes} passes in {repeats} repeats, expected 0 ≤ passes ≤ repeats")
    return [value(passes, repeats, k) for passes, repeats in counts]


def _mean(values: Sequence[float], weights: Sequence[int] | None) -> float:
    if weights is None:
        return sum(values) / len(values)
    return sum(value * n for value, n in zip(values, weights, strict=True)) / sum(weights)
