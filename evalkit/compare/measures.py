"""How far two runs lie apart in one respect, with an interval that holds.

Theory of operation. Where both runs had their number of trials fixed beforehand, the mean difference of the items that
both have is bounded as a mean of so many values (`mean_lower_bound`). An item is one value, or a group of items that
stand or fall together; the values come in the order of the hash of its name, which knows nothing of what they are.
Whether more pairs flip one way than the other is tested exactly (McNemar).

Where a run stopped by what it found, none of this holds: among the runs that stopped just then, the extreme ones are
more common. There the interval, and the evidence, are those of a test that holds wherever one stops (`PairedTest`). Of
a group that takes the first pair only: it cannot wait for the others.

A void side counts as whatever speaks most against the end of the interval that is asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from evalkit.compare.pairing import Unit, UnitPair
from evalkit.findings.compare import Compared, Difference, PairCounts, Shown
from evalkit.stats import ClusterMoments, ScoreBound, clustered_interval, mcnemar_exact, mean_lower_bound
from evalkit.verdict import PairedTerms, PairedTest
from evalkit.verdict.paired_test import N_MAX

_T = TypeVar("_T")
Aspect: TypeAlias = Callable[[Unit], float | None]
"""What is compared of a unit, 0–1; None when void."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """How differences are bounded."""

    alpha: float
    """Chance that one end of an interval is wrong; above 0, at most 0.25."""
    fixed_a: bool
    """Whether the number of trials of A was fixed beforehand."""
    fixed_b: bool

    @property
    def fixed(self) -> bool:
        """Whether that of both was."""
        return self.fixed_a and self.fixed_b


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cluster:
    """Pairs that stand or fall together; most often one."""

    a: float | None
    """Mean of the pairs without a void side."""
    b: float | None
    least: float
    """Mean of B minus A, had the void sides been what makes it least."""
    most: float


def compare_paired(pairs: Sequence[UnitPair], aspect: Aspect, rules: Rules, *, passes: bool) -> Compared:
    """Compare units with their counterparts.

    Args:
        pairs: In plan order.
        aspect: What is compared.
        rules: How.
        passes: Whether that is 0 or 1 for every unit.
    """
    values = [(aspect(a), aspect(b)) for a, b in pairs]
    groups = _grouped([a.cluster or b.cluster or a.name for a, b in pairs], values)
    difference = _fixed(groups, rules.alpha, passes) if rules.fixed else _any_time(_firsts(groups), rules.alpha)
    observed = [(a, b) for a, b in values if a is not None and b is not None]
    counts = PairCounts(
        pairs=len(values),
        void=len(values) - len(observed),
        both=sum(a == 1 and b == 1 for a, b in observed),
        only_a=sum(a == 1 and b < 1 for a, b in observed),
        only_b=sum(a < 1 and b == 1 for a, b in observed),
        neither=sum(a < 1 and b < 1 for a, b in observed),
    )
    return Compared(trials_a=len(values), trials_b=len(values), pairs=counts, difference=difference)


_Values: TypeAlias = Sequence[tuple[float | None, float | None]]


def _fixed(groups: Mapping[str, _Values], alpha: float, passes: bool) -> Difference:
    clusters = [_cluster(groups[name]) for name in sorted(groups, key=_rank)]
    alone = all(len(members) == 1 for members in groups.values())
    low = 2 * mean_lower_bound([(1 + each.least) / 2 for each in clusters], alpha) - 1
    high = 1 - 2 * mean_lower_bound([(1 - each.most) / 2 for each in clusters], alpha)
    # Of groups as many could get worse as better and the mean be another: McNemar's test is of pairs.
    p = _p_value(clusters) if passes and alone else None
    if p is not None and p > 2 * alpha:  # the verdict needs both, and the interval must agree with it
        low, high = min(low, 0.0), max(high, 0.0)
    observed = [(each.a, each.b) for each in clusters if each.a is not None and each.b is not None]
    return Difference(
        a=_mean([a for a, _ in observed]),
        b=_mean([b for _, b in observed]),
        low=low,
        high=high,
        shown=_shown(low, high),
        p=p,
    )


def _grouped(names: Iterable[str], values: Iterable[_T]) -> dict[str, list[_T]]:
    """Values that stand or fall together, by a name of theirs; groups and members in the order that they came in."""
    members: dict[str, list[_T]] = {}
    for name, value in zip(names, values, strict=True):
        members.setdefault(name, []).append(value)
    return members


def _firsts(groups: Mapping[str, Sequence[_T]]) -> list[_T]:
    return [members[0] for members in groups.values()]


def _rank(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()


def _cluster(values: _Values) -> _Cluster:
    observed = [(a, b) for a, b in values if a is not None and b is not None]
    return _Cluster(
        a=_mean([a for a, _ in observed]),
        b=_mean([b for _, b in observed]),
        least=sum((0.0 if b is None else b) - (1.0 if a is None else a) for a, b in values) / len(values),
        most=sum((1.0 if b is None else b) - (0.0 if a is None else a) for a, b in values) / len(values),
    )


def _p_value(clusters: Iterable[_Cluster]) -> float:
    """Of clusters of one pair each; void ones count as if they spoke against."""
    worse = better = void = 0
    for each in clusters:
        worse += each.most < 0
        better += each.least > 0
        void += each.least <= 0 <= each.most and each.least < each.most
    fewer, more = sorted((worse, better))
    # With enough void ones it could be as even as it gets, and then nothing is surprising.
    return mcnemar_exact(min(fewer + void, more), more)


def _any_time(values: _Values, alpha: float) -> Difference:
    test = PairedTest(PairedTerms(tolerance=0.0, alpha=alpha, n_compared=1))
    for a, b in values:
        test.observe(a, b)
    result = test.result()
    shown: dict[str, Shown] = {"regressed": "worse", "held": "better", "unclear": "none"}
    return Difference(
        a=result.rate_before,
        b=result.rate_after,
        low=result.low,
        high=result.high,
        shown=shown[result.regression],
        evidence=sum(result.evidence) / 2,
    )


def compare_unpaired(a: Sequence[Unit], b: Sequence[Unit], aspect: Aspect, rules: Rules, *, passes: bool) -> Compared:
    """Compare all units of A with all of B; the interval holds however the two hang together.

    Args:
        a: In plan order.
        b: Likewise.
        aspect: What is compared.
        rules: How; each run has half the error rate.
        passes: Whether the aspect is 0 or 1 for every unit.
    """
    low_a, high_a = _ends(a, aspect, rules.alpha / 2, fixed=rules.fixed_a, passes=passes)
    low_b, high_b = _ends(b, aspect, rules.alpha / 2, fixed=rules.fixed_b, passes=passes)
    low, high = low_b - high_a, high_b - low_a
    rates = [_mean([value for unit in units if (value := aspect(unit)) is not None]) for units in (a, b)]
    difference = Difference(a=rates[0], b=rates[1], low=low, high=high, shown=_shown(low, high))
    return Compared(trials_a=len(a), trials_b=len(b), pairs=None, difference=difference)


def _ends(units: Sequence[Unit], aspect: Aspect, alpha: float, *, fixed: bool, passes: bool) -> tuple[float, float]:
    """Between what the rate, or mean, of a run lies; its low end as if void units were 0, its high end as if 1."""
    if not units:
        return 0.0, 1.0
    least = [0.0 if (value := aspect(unit)) is None else value for unit in units]
    most = [1.0 if (value := aspect(unit)) is None else value for unit in units]
    names = [unit.cluster or unit.name for unit in units]
    low, high = _grouped(names, least), _grouped(names, most)
    if not fixed:
        return _running(_firsts(low), alpha), 1 - _running([1 - value for value in _firsts(high)], alpha)
    if not passes:
        return mean_lower_bound(_means(low), alpha), 1 - mean_lower_bound([1 - value for value in _means(high)], alpha)
    ends = [clustered_interval(_moments(groups), alpha_low=alpha, alpha_high=alpha) for groups in (low, high)]
    return ends[0].low, ends[1].high


def _running(values: Iterable[float], alpha: float) -> float:
    bound = ScoreBound(alpha, N_MAX)
    for value in values:
        bound.add(value)
    return bound.bound()


def _means(groups: Mapping[str, Sequence[float]]) -> list[float]:
    """Of each group, by the hash of their names."""
    return [sum(groups[name]) / len(groups[name]) for name in sorted(groups, key=_rank)]


def _moments(groups: Mapping[str, Sequence[float]]) -> ClusterMoments:
    return ClusterMoments.of((round(sum(members)), len(members)) for members in groups.values())


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _shown(low: float, high: float) -> Shown:
    if low > 0:
        return "better"
    return "worse" if high < 0 else "none"
