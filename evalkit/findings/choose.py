"""What a choice between models says, as plain values; `as_json` gives the published shape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from evalkit.errors import EXIT_EDGE, EXIT_INFRASTRUCTURE, EXIT_INTERRUPTED, EXIT_UNUSABLE
from evalkit.plain import rounded
from evalkit.verdict import ConditionResult, SuiteResult, TaskResult, Verdict

Prefer: TypeAlias = Literal["cost", "latency"]

Status: TypeAlias = Literal["chosen", "usable", "unusable", "edge", "too dear", "too slow", "failed", "not asked"]
"""What became of a candidate.

- `usable`: it is, on every task, and within the limits; another one was chosen.
- `unusable`, `edge`: as its verdict says.
- `too dear`, `too slow`: beyond a limit that was set; whether it is usable does not matter then.
- `failed`: the infrastructure did, so nothing is known.
- `not asked`: the race was over before its turn.
"""

EXCLUDED: frozenset[Status] = frozenset({"unusable", "too dear", "too slow", "failed"})
"""Of candidates that cannot be chosen as things stand."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a candidate may take, and which usable one is wanted."""

    max_cost_per_1k: float | None = None
    """US dollars for 1,000 answers to items as they stand; None: any."""
    max_p95_s: float | None = None
    """Seconds within which 95 of 100 calls are to be answered; None: any."""
    prefer: Prefer = "cost"

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {"max_cost_per_1k": self.max_cost_per_1k, "max_p95_s": self.max_p95_s, "prefer": self.prefer}


@dataclass(frozen=True, kw_only=True, slots=True)
class Latency:
    """How long answered calls took."""

    p50_s: float
    p95_s: float
    calls: int
    slower: int | None = None
    """Calls that took longer than `max_p95_s`; None without such a limit."""
    slower_share_high: float | None = None
    """Upper bound of the share of such calls, 0–1; errs with the chance that a verdict does."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "p50": rounded(self.p50_s),
            "p95": rounded(self.p95_s),
            "calls": self.calls,
            "slower": self.slower,
            "slower_share_high": rounded(self.slower_share_high),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Shortfall:
    """A task that keeps a candidate from being usable."""

    task: str
    verdict: Verdict
    weakest: ConditionResult | None
    """Where it falls short; None when nothing was measured."""

    @property
    def broken(self) -> tuple[str, int, int] | None:
        """The constraint that broke most often there, how often, and in how many trials; None when none did."""
        constraints = () if self.weakest is None else self.weakest.constraints
        worst = min(constraints, key=lambda each: each.pass_rate, default=None)
        if worst is None or worst.passes == worst.trials:
            return None
        return worst.constraint, worst.trials - worst.passes, worst.trials

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        weakest, broken = self.weakest, self.broken
        return {
            "task": self.task,
            "verdict": self.verdict,
            "condition": None if weakest is None else weakest.condition,
            "threshold": None if weakest is None else rounded(weakest.threshold),
            "low": None if weakest is None else rounded(weakest.low),
            "high": None if weakest is None else rounded(weakest.high),
            "constraint": None if broken is None else broken[0],
            "broke": None if broken is None else broken[1],
            "trials": None if broken is None else broken[2],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One model that could be chosen."""

    model: str
    status: Status
    expected_per_1k: float | None
    """US dollars for 1,000 calls of the suite, estimated before any was made; 0 when free, None when unknown."""
    size: float | None = None
    """Parameters; None when nobody says."""
    results: SuiteResult | None = None
    """At the error rate of one among all candidates; None when nothing was measured."""
    cost_per_1k: float | None = None
    """US dollars for 1,000 answers to items as they stand, each task for the same share of them; None when unknown."""
    latency: Latency | None = None
    """None when no call was answered."""
    run: str | None = None
    """The folder of its run."""
    note: str | None = None
    """What has to be known of its status, in a sentence without its full stop."""
    next_step: str | None = None
    """The command that would settle it; None when none would."""

    @property
    def shortfalls(self) -> tuple[Shortfall, ...]:
        """The tasks that keep it from being usable, the worst first."""
        if self.results is None or self.results.verdict == "usable":
            return ()
        found = [task for task in self.results.tasks if task.verdict == self.results.verdict]
        found.sort(key=lambda task: margin_of(task, unknown=1.0))
        return tuple(Shortfall(task=task.task, verdict=task.verdict, weakest=task.weakest) for task in found)

    @property
    def weakest(self) -> tuple[str, ConditionResult] | None:
        """The task and condition nearest to failing, or furthest below; None when nothing was measured."""
        if self.results is None:
            return None
        decisive = [task for task in self.results.tasks if task.verdict == self.results.verdict]
        return _weakest(decisive) or _weakest(self.results.tasks)

    @property
    def margin(self) -> float | None:
        """The margin seen at its weakest; not what is guaranteed."""
        return None if self.weakest is None else self.weakest[1].margin

    def as_json(self, *, undominated: bool) -> dict[str, Any]:
        """The published shape."""
        weakest, results = self.weakest, self.results
        return {
            "model": self.model,
            "size": rounded(self.size),
            "status": self.status,
            "verdict": None if results is None else results.verdict,
            "failed_on": [shortfall.as_json() for shortfall in self.shortfalls],
            "weakest": None if weakest is None else {"task": weakest[0], "condition": weakest[1].condition},
            "margin": rounded(self.margin),
            "margin_low": None if weakest is None else rounded(weakest[1].margin_low),
            "margin_high": None if weakest is None else rounded(weakest[1].margin_high),
            "expected_cost_per_1k": rounded(self.expected_per_1k),
            "cost_per_1k": rounded(self.cost_per_1k),
            "latency_s": None if self.latency is None else self.latency.as_json(),
            "calls": 0 if results is None else results.totals.calls,
            "cost_usd": None if results is None else rounded(results.totals.cost_usd),
            "undominated": undominated,
            "run": self.run,
            "note": self.note,
            "next": self.next_step,
            "tasks": [] if results is None else [_task_json(task) for task in results.tasks],
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Exhaustive:
    """What it would take to ask every candidate 1,000 units of every condition that counts."""

    calls: int
    cost_usd: float | None
    """None when a price is unknown."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {"calls": self.calls, "cost_usd": rounded(self.cost_usd)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """What would help with a task that nobody can be used for."""

    task: str
    help: str
    """In a few words, such as `validators`."""
    text: str
    """What to do, as a sentence without its full stop."""
    evidence: str
    """What it rests on, likewise."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {"task": self.task, "help": self.help, "text": self.text, "evidence": self.evidence}


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Who is chosen, and what is known of the others."""

    suite: str
    candidates: tuple[Candidate, ...]
    """The cheapest first, as far as prices are known."""
    limits: Limits
    alpha: float
    """Chance that a model is chosen that is not usable on every task, at most."""
    exhaustive: Exhaustive
    raced: bool
    """Whether the candidates were asked now, one after the other, or their runs were there already."""
    undominated: frozenset[str] = frozenset()
    """Models than which none is at once as cheap, as fast and as far above its thresholds, and better in one of these;
    by what was seen."""
    advice: tuple[Advice, ...] = ()
    notes: tuple[str, ...] = ()
    interrupted: bool = False

    @property
    def chosen(self) -> Candidate | None:
        """Who is; None when nobody can be."""
        return next((each for each in self.candidates if each.status == "chosen"), None)

    @property
    def runner_up(self) -> Candidate | None:
        """The next in the order that is wanted among those that are not excluded."""
        others = [each for each in self.candidates if each.status != "chosen" and each.status not in EXCLUDED]
        if self.limits.prefer == "latency":
            others.sort(key=lambda each: (each.status != "usable", speed(each)))
        return others[0] if others else None

    @property
    def calls(self) -> int:
        """Made for all candidates together."""
        return sum(each.results.totals.calls for each in self.candidates if each.results is not None)

    @property
    def cost_usd(self) -> float | None:
        """Of these; None when some of it is not known."""
        costs = [each.results.totals.cost_usd for each in self.candidates if each.results and each.results.totals.calls]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    def exit_code(self, *, edge: Literal["pass", "fail"]) -> int:
        """What the process ends with.

        Args:
            edge: Whether it passes that nobody can be chosen only because somebody is at the edge.
        """
        statuses = {each.status for each in self.candidates}
        if self.interrupted:
            return EXIT_INTERRUPTED
        if "chosen" in statuses:
            return 0
        if "failed" in statuses:
            return EXIT_INFRASTRUCTURE
        if statuses & {"edge", "not asked"}:
            return EXIT_EDGE if edge == "fail" else 0
        return EXIT_UNUSABLE

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        chosen, runner_up = self.chosen, self.runner_up
        return {
            "suite": self.suite,
            "chosen": None if chosen is None else chosen.model,
            "runner_up": None if runner_up is None else runner_up.model,
            "alpha": rounded(self.alpha),
            "limits": self.limits.as_json(),
            "interrupted": self.interrupted,
            "calls": self.calls,
            "cost_usd": rounded(self.cost_usd),
            "exhaustive": self.exhaustive.as_json(),
            "pareto": [each.model for each in self.candidates if each.model in self.undominated],
            "candidates": [each.as_json(undominated=each.model in self.undominated) for each in self.candidates],
            "advice": [each.as_json() for each in self.advice],
            "notes": list(self.notes),
        }


def margin_of(task: TaskResult, *, unknown: float) -> float:
    """The margin seen where a task is weakest; `unknown` when nothing was."""
    margin = None if task.weakest is None else task.weakest.margin
    return unknown if margin is None else margin


def speed(candidate: Candidate) -> tuple[float, float]:
    """What candidates are sorted by when latency is preferred: p95, then p50; one without comes last."""
    latency = candidate.latency
    return (float("inf"), float("inf")) if latency is None else (latency.p95_s, latency.p50_s)


def _weakest(tasks: Iterable[TaskResult]) -> tuple[str, ConditionResult] | None:
    """By the margin that is guaranteed: above the threshold the lower end, of an unusable task the upper one."""
    found = [
        (margin, task.task, task.weakest)
        for task in tasks
        if task.weakest is not None
        and (margin := task.weakest.margin_high if task.verdict == "unusable" else task.weakest.margin_low) is not None
    ]
    return min(found, key=lambda each: each[0])[1:] if found else None


def _task_json(task: TaskResult) -> dict[str, Any]:
    weakest = task.weakest
    return {
        "task": task.task,
        "verdict": task.verdict,
        "threshold": rounded(task.threshold),
        "weakest": None if weakest is None else weakest.condition,
        "low": None if weakest is None else rounded(weakest.low),
        "high": None if weakest is None else rounded(weakest.high),
    }
