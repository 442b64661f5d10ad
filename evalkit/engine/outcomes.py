"""From recorded trials to outcomes and results: everything that a report claims comes through here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType

from evalkit.errors import RecordError
from evalkit.record import RunFile, TrialReader, TrialRow
from evalkit.stats import percentile
from evalkit.verdict import (
    Comparison,
    Decider,
    FixedDecider,
    GateDecider,
    Key,
    Outcome,
    SequentialDecider,
    ServedCounts,
    Spend,
    SuiteResult,
    TaskEntry,
    Terms,
    Totals,
    summarise,
)

_UNIT_OF = attrgetter("task", "condition", "position")


def outcome_of(rows: Sequence[TrialRow]) -> Outcome:
    """What one unit brought.

    Args:
        rows: Its trials in the order of their repeats, scored or void; at least one.
    """
    observed = [row for row in rows if row.void_reason is None]
    losses = [(-row.target_logprob, row.target_tokens) for row in observed if row.target_logprob is not None]
    first = rows[0]
    return Outcome(
        position=first.position,
        cluster=first.item_group or first.item,
        asks=tuple([row.passed for row in rows]),
        score=sum([row.score or 0.0 for row in observed]) / len(observed) if observed else None,
        constraints=observed[0].held if len(observed) == 1 else _held_always(observed),
        variant=first.variant,
        item=first.item,
        target_loss=sum(loss for loss, _ in losses) if losses else 0.0,
        target_tokens=sum(n_tokens or 0 for _, n_tokens in losses) if losses else 0,
    )


def _held_always(rows: Iterable[TrialRow]) -> Mapping[str, bool]:
    """Whether each constraint held in all of them."""
    held: dict[str, bool] = {}
    for row in rows:
        for name, holds in row.held.items():
            held[name] = held.get(name, True) and holds
    return held


def is_complete(rows: Sequence[TrialRow], terms: Terms) -> bool:
    """Whether a unit has all its asks, scored or void: k of them, or fewer when a failed one ended it."""
    for row in rows:  # no generator: this is asked of every unit of a run
        if row.passed is None and row.void_reason is None:
            return False
    return len(rows) == terms.repeats or (terms.curtail and rows[-1].passed is not True)


def complete_units(rows: Iterable[TrialRow], terms: Mapping[Key, Terms]) -> Iterator[tuple[Key, list[TrialRow]]]:
    """The trials of each unit that stand without a gap from the start of its condition, as a decider sees them.

    Args:
        rows: By task, condition, plan position and repeat.
        terms: Of every condition.
    """
    following = dict.fromkeys(terms, 0)
    for (task, condition, position), unit in groupby(rows, key=_UNIT_OF):
        members, key = list(unit), (task, condition)
        if position == following[key] and is_complete(members, terms[key]):
            following[key] += 1
            yield key, members


_TOKENS = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write", "tokens_reasoning")
_tokens_of = attrgetter(*_TOKENS)


@dataclass(kw_only=True)
class _Spending:
    """Adds up what a task's trials took."""

    costs: list[float | None] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    tokens: dict[str, int] = field(default_factory=dict)
    void: int = 0
    calls: int = 0

    def add(self, row: TrialRow) -> None:
        void, called = row.void_reason is not None, row.attempts > 0
        self.void += void
        self.calls += called
        if void or not called:
            return
        self.costs.append(row.cost_usd)
        if row.latency_s is not None:
            self.latencies.append(row.latency_s)
        for name, count in zip(_TOKENS, _tokens_of(row), strict=True):
            if count is not None:
                self.tokens[name] = self.tokens.get(name, 0) + count

    @property
    def known_usd(self) -> float:
        return sum(cost for cost in self.costs if cost is not None)

    @property
    def cost_usd(self) -> float | None:
        """Unknown as soon as one price is unknown."""
        return self.known_usd if self.costs and None not in self.costs else None

    def spend(self) -> Spend:
        return Spend(
            cost_usd=self.cost_usd,
            known_usd=self.known_usd,
            unpriced=self.costs.count(None),
            latency_p50_s=percentile(self.latencies, 0.5) if self.latencies else None,
            latency_p95_s=percentile(self.latencies, 0.95) if self.latencies else None,
            **self.tokens,
        )


def decider_of(run: RunFile, compared: Mapping[Key, Comparison] = MappingProxyType({})) -> Decider:
    """What judges a run, before it has seen anything.

    Args:
        run: Its terms.
        compared: Its conditions' tests against a baseline, which matter to when a gate is decided only: no verdict
            hangs on them.
    """
    if any(terms.test is None for terms in run.terms):
        return FixedDecider(run.terms)
    if run.scope.until == "gate":
        return GateDecider(run.terms, compared, seed=run.seed, in_rounds=run.batch)
    return SequentialDecider(
        run.terms,
        until=run.scope.until,
        precision=run.precision,
        explore=run.scope.explore,
        strict=run.strict,
        seed=run.seed,
        in_rounds=run.batch,
        comparisons=compared,
    )


def measure(run: RunFile, reader: TrialReader | None) -> SuiteResult:
    """The results of a run, recomputed from its trials.

    Args:
        run: Its terms, and the seconds it took.
        reader: Its trials; None: before there are any.

    Raises:
        RecordError: If the two do not belong together.
    """
    terms = {each.key: each for each in run.terms}
    decider = decider_of(run)
    spendings = {task: _Spending() for task, _ in terms}
    served, configured = ServedCounts(), ServedCounts()

    def counted(rows: Iterable[TrialRow]) -> Iterator[TrialRow]:
        for row in rows:
            if (row.task, row.condition) not in terms:
                raise RecordError(f"trials.db has trials of {row.task}, {row.condition}, which run.json does not know")
            spendings[row.task].add(row)
            for counts, name in ((served, row.served_model), (configured, row.fingerprint)):
                if name is not None:
                    counts.add(name, task=row.task, condition=row.condition, position=row.position)
            yield row

    for key, unit in complete_units(counted(() if reader is None else reader.rows()), terms):
        decider.observe(key, outcome_of(unit))
    if run.finished is None or run.stopped is not None:
        decider.stop("gate-decided" if run.stopped == "gate" else run.stopped or "interrupted")
    entries = [
        TaskEntry(
            task=task,
            threshold=run.thresholds[task],
            terms=tuple(each for each in terms.values() if each.task == task),
            spend=spending.spend(),
            strict=run.strict,
        )
        for task, spending in spendings.items()
    ]
    result = summarise(
        decider,
        entries,
        suite=run.suite.name,
        model=run.model,
        served_model=[each.name for each in served.served()],
        totals=_totals(spendings.values(), run.totals.seconds),
    )
    return replace(result, served=served.served(), configured=configured.served())


def _totals(spendings: Iterable[_Spending], seconds: float) -> Totals:
    made = [spending for spending in spendings if spending.calls]
    costs = [spending.cost_usd for spending in made]
    return Totals(
        calls=sum(spending.calls for spending in made),
        void=sum(spending.void for spending in spendings),
        cost_usd=None if None in costs or not costs else sum(cost for cost in costs if cost is not None),
        seconds=seconds,
    )
