"""What a run says of a candidate: its verdicts at a given error rate, its cost and its latency."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.adapter.quote import Tokens
from evalkit.choose.order import is_plain
from evalkit.engine import measure
from evalkit.findings.choose import Latency
from evalkit.record import RunFile, TrialReader, TrialRow, read_run_file
from evalkit.stats import RunningBound, percentile
from evalkit.verdict import SuiteResult, Terms

_BOUND_N_MAX = 500.0
"""Calls for which the bound of the share of slow ones is the tightest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One run, read for a choice."""

    folder: Path
    run: RunFile
    """Under the terms that it was judged by."""
    results: SuiteResult
    cost_per_1k: float | None
    latency: Latency | None


def judge(folder: Path, *, alpha: float, max_p95_s: float | None) -> Judged:
    """Read a run, and judge it with at most a given chance that a verdict is wrong.

    Any evidence of a test may be compared with any level, whatever the test was made for: so the bets stay, and what
    they have to reach rises. Where the run's own error rate is lower already, that holds.

    Args:
        folder: Of the run.
        alpha: Of one side of one verdict.
        max_p95_s: Seconds that calls are counted against.

    Raises:
        RecordError: If there is no such run.
    """
    run = read_run_file(folder)
    run = run.model_copy(update={"terms": [stricter(terms, alpha) for terms in run.terms]})
    with TrialReader(folder) as reader:
        results = measure(run, reader)
        use = _use(run, reader)
    return Judged(
        folder=folder,
        run=run,
        results=results,
        cost_per_1k=use.cost_per_1k(),
        latency=use.latency(alpha=alpha, max_p95_s=max_p95_s),
    )


def price_of(folder: Path, run: RunFile) -> tuple[float | None, float | None]:
    """What using a model took, as a choice reckons it: US dollars for 1,000 items as they stand, and 95 % of seconds.

    Args:
        folder: Of the run.
        run: Its file.

    Returns:
        Cost and the 95th percentile of seconds a call; None where it is not known.
    """
    with TrialReader(folder) as reader:
        use = _use(run, reader)
    latency = use.latency(alpha=0.5, max_p95_s=None)
    return use.cost_per_1k(), None if latency is None else latency.p95_s


def stricter(terms: Terms, alpha: float) -> Terms:
    """Terms whose error rates are at most these; the same where they are already.

    A test that was calibrated needs less evidence than any test may do with for an error rate of its own; it is held to
    what every test needs.
    """
    if terms.alpha <= alpha:
        return terms
    strict = replace(terms, alpha=alpha)
    if terms.test is None:
        return strict
    needed = (1 / strict.alpha, 1 / strict.alpha_high)
    return replace(strict, test=replace(terms.test, needed=needed, calibrated=None))


class _Use:
    """What a run's answers took, added up one by one: a run may be larger than memory.

    Args:
        run: Whose.
    """

    def __init__(self, run: RunFile) -> None:
        self._run = run
        self._plain = {terms.key for terms in run.terms if terms.counts and is_plain(terms.perturbation)}
        self._costs: dict[str, list[float | None]] = {}
        """By task, of answers to items as they stand."""
        self._seconds: list[float] = []
        """Of calls that were made."""

    def add(self, row: TrialRow) -> None:
        """Take in a trial."""
        if row.void_reason is not None:
            return
        called = row.attempts > 0
        if called and row.latency_s is not None:
            self._seconds.append(row.latency_s)
        if (row.task, row.condition) in self._plain and (called or len(self._run.prices) == 1):
            self._costs.setdefault(row.task, []).append(row.cost_usd if called else _reckoned(self._run, row))

    def cost_per_1k(self) -> float | None:
        """The mean cost of an answer, each task for the same share, times 1,000."""
        by_task = self._costs.values()
        known = [[cost for cost in costs if cost is not None] for costs in by_task]
        if not known or [len(costs) for costs in known] != [len(costs) for costs in by_task]:
            return None
        return 1_000 * sum(sum(costs) / len(costs) for costs in known) / len(known)

    def latency(self, *, alpha: float, max_p95_s: float | None) -> Latency | None:
        """The bound holds whenever a run stops, if calls take as long one after the other."""
        seconds = self._seconds
        if not seconds:
            return None
        slower = None if max_p95_s is None else sum(each > max_p95_s for each in seconds)
        return Latency(
            p50_s=percentile(seconds, 0.5),
            p95_s=percentile(seconds, 0.95),
            calls=len(seconds),
            slower=slower,
            slower_share_high=None if slower is None else _share_high(slower, len(seconds), alpha),
        )


def _use(run: RunFile, reader: TrialReader) -> _Use:
    use = _Use(run)
    for row in reader.rows():
        use.add(row)
    return use


def _reckoned(run: RunFile, row: TrialRow) -> float | None:
    """What an answer would have cost that was known already."""
    if row.tokens_in is None or row.tokens_out is None:
        return None
    cached = min(row.tokens_cached or 0, row.tokens_in)
    written = min(row.tokens_cache_write or 0, row.tokens_in - cached)
    return run.prices[0].usd(Tokens(row.tokens_in, row.tokens_out, cached, written))


def _share_high(slower: int, calls: int, alpha: float) -> float:
    """Upper bound of the share of slow calls, from their number when the run stopped."""
    if slower == calls:
        return 1.0
    quick = RunningBound(alpha, _BOUND_N_MAX)
    quick.add(calls - slower, calls, hit=True)
    return 1 - quick.bound()
