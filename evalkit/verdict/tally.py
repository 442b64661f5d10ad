"""Running counts of a condition: constant time a unit, memory in clusters and constraints, never in units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from evalkit.stats import ClusterMoments, Interval, agreement, clustered_interval, pass_hat_k, pass_hat_k_error
from evalkit.verdict.conjunction import ConjunctionCounts
from evalkit.verdict.results import RepeatResult
from evalkit.verdict.running import RunningCounts
from evalkit.verdict.terms import Outcome, Terms

CONTRADICTING = "conflict "
"""What a variant's name begins with that contradicts a constraint; the constraint's name follows."""


class PassCounts:
    """Passes, fails and voids of units, with the sums over clusters that intervals need.

    With s passes, n observed and v void units in a cluster, six sums of products give the moments for all three
    readings of a void unit: left out, failed, passed.
    """

    __slots__ = (
        *("_clusters", "_nn", "_nv", "_observed", "_sn", "_ss", "_sv", "_vv"),
        *("alpha_high", "alpha_low", "passes", "trials", "void"),
    )

    def __init__(self, *, alpha_low: float, alpha_high: float, clustered: bool) -> None:
        self.alpha_low, self.alpha_high = alpha_low, alpha_high
        self.passes = 0
        self.trials = 0
        self.void = 0
        self._clusters: dict[str, list[int]] | None = {} if clustered else None
        """Passes, observed and void units of each cluster; None when each unit is its own."""
        self._observed = 0
        """Clusters with an observed unit."""
        self._ss = self._sn = self._nn = self._sv = self._nv = self._vv = 0

    def add(self, passed: bool | None, cluster: str, n: int = 1) -> None:
        """Count units that ended alike; None is void."""
        if self._clusters is not None:
            counts = self._clusters.setdefault(cluster, [0, 0, 0])
            for _ in range(n):
                self._add_to_cluster(counts, passed)
        if passed is None:
            self.void += n
        else:
            self.trials += n
            self.passes += passed * n

    def _add_to_cluster(self, counts: list[int], passed: bool | None) -> None:
        s, n, v = counts
        if passed is None:
            self._sv += s
            self._nv += n
            self._vv += 2 * v + 1
            counts[2] = v + 1
            return
        self._observed += n == 0
        self._nn += 2 * n + 1
        self._nv += v
        counts[1] = n + 1
        if passed:
            self._ss += 2 * s + 1
            self._sn += s + n + 1
            self._sv += v
            counts[0] = s + 1
        else:
            self._sn += s

    def all_void(self, *, alpha_high: float) -> PassCounts:
        """New counts in which every unit so far is void, with an error rate of its own for the high end."""
        clustered = self._clusters is not None
        void = PassCounts(alpha_low=self.alpha_low, alpha_high=alpha_high, clustered=clustered)
        void.void = self.trials + self.void
        if self._clusters is not None:
            void._clusters = {name: [0, 0, n + v] for name, (_, n, v) in self._clusters.items()}
            void._vv = self._nn + 2 * self._nv + self._vv
        return void

    def moments(self, void_as: bool | None) -> ClusterMoments:
        """What intervals need, with void units read as passed, failed, or (None) left out."""
        passes = self.passes + (self.void if void_as else 0)
        trials = self.trials + (0 if void_as is None else self.void)
        if self._clusters is None:
            return ClusterMoments.independent(passes, trials)
        ss, sn, nn = self._ss, self._sn, self._nn
        if void_as is not None:
            sn += self._sv
            nn += 2 * self._nv + self._vv
        if void_as:
            ss += 2 * self._sv + self._vv
            sn += self._nv + self._vv
        return ClusterMoments(
            n_clusters=self._observed if void_as is None else len(self._clusters),
            n_trials=trials,
            n_passes=passes,
            passes_squared=ss,
            passes_by_trials=sn,
            trials_squared=nn,
        )

    def interval(self) -> Interval:
        """Bound the pass rate, whatever the void units would have brought."""
        if not self.void:
            return self.observed_interval()
        failed, passed = self._interval(False), self._interval(True)
        # Within clusters, one more pass can widen the interval: the outer ends hold for both readings.
        return Interval(low=min(failed.low, passed.low), high=max(failed.high, passed.high))

    def observed_interval(self) -> Interval:
        """Bound the pass rate as if the void units had never been asked."""
        return self._interval(None)

    def _interval(self, void_as: bool | None) -> Interval:
        return clustered_interval(self.moments(void_as), alpha_low=self.alpha_low, alpha_high=self.alpha_high)


AnyCounts = TypeVar("AnyCounts", PassCounts, RunningCounts)


class VariantCounts(Generic[AnyCounts]):
    """Units of one form of the prompt."""

    __slots__ = ("constraint", "lost", "units")

    def __init__(self, variant: str, units: AnyCounts) -> None:
        self.units: AnyCounts = units
        self.constraint = variant.removeprefix(CONTRADICTING) if variant.startswith(CONTRADICTING) else None
        """The constraint that the variant contradicts."""
        self.lost = 0
        """Units in which it did not hold."""

    def add(self, outcome: Outcome) -> None:
        """Count one unit."""
        self.units.add(outcome.passed, outcome.cluster)
        if outcome.passed is not None and self.constraint is not None:
            self.lost += not outcome.constraints.get(self.constraint, True)


class Tally(Generic[AnyCounts]):
    """All that a condition's outcomes have brought so far.

    Args:
        terms: Of the condition.
        new_counts: Makes counts of nothing yet, from the error rate of their high end.
    """

    def __init__(self, terms: Terms, new_counts: Callable[[float], AnyCounts]) -> None:
        self._terms = terms
        self._new_counts: Callable[[float], AnyCounts] = new_counts
        self.units: AnyCounts = new_counts(terms.alpha_high)
        self._constraints: dict[str, AnyCounts] = {}
        self._links = ConjunctionCounts(terms)
        self._held: Mapping[str, bool] = {}
        """What the last units told of their constraints, all of them in these very words, since most units do."""
        self._cluster = ""
        self._whole = False
        self._alike = 0
        """How many of them are not counted yet."""
        self.variants: dict[str, VariantCounts[AnyCounts]] = {}
        self._score_sum = 0.0
        self._n_scores = 0
        self._target_loss = 0.0
        self._target_tokens = 0
        self._complete: Counter[tuple[str, int]] = Counter()
        """How many units with every ask observed, by cluster and number of passes."""

    @property
    def seen(self) -> int:
        """Units taken in, void ones included; the position of the next."""
        return self.units.trials + self.units.void

    @property
    def constraints(self) -> Mapping[str, AnyCounts]:
        """In the order in which they were first seen. A unit that did not check a constraint is void for it."""
        self._count_constraints()
        return self._constraints

    @property
    def links(self) -> ConjunctionCounts:
        """Which constraints broke together, in units that have every ask."""
        self._count_constraints()
        return self._links

    @property
    def mean_score(self) -> float | None:
        """Of the observed units."""
        return self._score_sum / self._n_scores if self._n_scores else None

    @property
    def mean_loss(self) -> float | None:
        """Nats per token of the right answer, of all asks that say it."""
        return self._target_loss / self._target_tokens if self._target_tokens else None

    def observe(self, outcome: Outcome) -> None:
        """Take in the next unit.

        Raises:
            ValueError: If it is not the next one of the plan, or has passed with fewer asks than planned.
        """
        terms = self._terms
        if outcome.position != self.seen:
            raise ValueError(f"{terms.key}: found the outcome of unit {outcome.position}, expected unit {self.seen}")
        passed = outcome.passed
        if passed and len(outcome.asks) != terms.repeats:
            raise ValueError(f"{terms.key}: found a pass after {len(outcome.asks)} asks, expected {terms.repeats}")
        whole = None not in outcome.asks and len(outcome.asks) == terms.repeats
        self._observe_constraints(outcome, whole=whole)
        self.units.add(passed, outcome.cluster)
        if outcome.variant is not None:
            if outcome.variant not in self.variants:
                self.variants[outcome.variant] = VariantCounts(outcome.variant, self._new_counts(terms.alpha))
            self.variants[outcome.variant].add(outcome)
        if passed is not None and outcome.score is not None:
            self._score_sum += outcome.score
            self._n_scores += 1
        self._target_loss += outcome.target_loss
        self._target_tokens += outcome.target_tokens
        if terms.repeats > 1 and whole:
            self._complete[outcome.cluster if terms.clustered else "", sum(map(bool, outcome.asks))] += 1

    @staticmethod
    def _told(outcome: Outcome, *, whole: bool) -> Mapping[str, bool]:
        """What a unit tells of its constraints: one that held so far may not have in an ask that is missing.

        Args:
            outcome: Of the unit.
            whole: Whether every ask was made and observed.
        """
        if whole:
            return outcome.constraints
        if outcome.passed is None:
            return {}
        return {name: held for name, held in outcome.constraints.items() if not held}

    def _observe_constraints(self, outcome: Outcome, *, whole: bool) -> None:
        held = self._told(outcome, whole=whole)
        cluster = outcome.cluster if self._terms.clustered else ""
        if held is not self._held or cluster != self._cluster:
            self._count_constraints()
            self._held, self._cluster, self._whole = held, cluster, whole
            for name in held:
                if name not in self._constraints:
                    # No verdict hangs on a constraint: both ends have the same error rate.
                    self._constraints[name] = self.units.all_void(alpha_high=self._terms.alpha)
        self._alike += 1

    def _count_constraints(self) -> None:
        n, self._alike = self._alike, 0
        if n:
            for name, counts in self._constraints.items():
                counts.add(self._held.get(name), self._cluster, n)
        if n and self._whole:
            self._links.add(self._held, n)

    def repeat_result(self) -> RepeatResult | None:
        """What repeats of the same items showed; None when no unit was observed."""
        if not self.units.trials:
            return None
        k = self._terms.repeats
        rates: tuple[float, ...] | None = None
        errors: tuple[float, ...] | None = None
        alike: float | None = None
        # A curtailed unit has all its asks only when none before the last failed: such units are no sample of items.
        if self._complete and not self._terms.curtail:
            clusters = [cluster for cluster, _ in self._complete]
            counts = [(passes, k) for _, passes in self._complete]
            weights = list(self._complete.values())
            groups = clusters if self._terms.clustered else None
            steps = range(1, k + 1)
            rates = tuple(pass_hat_k(counts, step, weights=weights) for step in steps)
            found = [pass_hat_k_error(counts, step, weights=weights, clusters=groups) for step in steps]
            errors = tuple(error for error in found if error is not None) or None
            alike = agreement(counts, weights=weights)
        return RepeatResult(
            k=k,
            items=self.units.trials,
            pass_hat_k=rates,
            standard_error=errors,
            consistent=self.units.passes / self.units.trials,
            agreement=alike,
        )
