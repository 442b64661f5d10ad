"""What becomes of a candidate once its run is judged: verdict first, then the limits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor
from shlex import quote

from evalkit.choose.judged import Judged
from evalkit.findings.choose import Candidate, Limits, Status
from evalkit.plain import one_line, usd
from evalkit.verdict import ConditionResult, SuiteResult, Verdict

_NAME = 20
_SHOWN = 2
"""Conditions that a note names."""
_UNDECIDED = {
    "futility": "too close to a threshold for the calls that were left",
    "budget": "not settled within its budget of calls",
    "cost": "the money allowed was spent",
    "items": "there are too few items to settle it; add some, or say `claim: set`",
    "void": "calls without an answer could change the verdict",
    "interrupted": "its run was stopped",
}
"""By the reason of a condition."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alone:
    """What a finished run says without regard to the other candidates."""

    results: SuiteResult
    confidence: float
    """Of each verdict that a new run needs, to be sure enough among the candidates, and itself one more of them."""
    n_named: int
    tasks: tuple[str, ...]
    """That every candidate is to be usable on."""


def candidate_of(
    model: str, judged: Judged, limits: Limits, *, expected_per_1k: float | None, alone: Alone | None = None
) -> Candidate:
    """A model whose run is judged.

    Args:
        model: As the user named it.
        judged: Its run.
        limits: What it may take.
        expected_per_1k: As of `Candidate`.
        alone: What its run says by itself; None where it was made for this choice.
    """
    cost = 0.0 if expected_per_1k == 0 else judged.cost_per_1k
    status, note = _standing(judged, limits, cost)
    next_step = _next_step(judged) if status == "edge" else None
    if status == "edge" and alone is not None:
        lacking = _lacking(judged.results, alone)
        if lacking:
            note = _not_sure(lacking, alone.n_named)
        if lacking or set(alone.tasks) - {task.task for task in judged.results.tasks}:
            next_step = _once_more(judged, alone)
    return Candidate(
        model=model,
        status=status,
        expected_per_1k=expected_per_1k,
        size=None if judged.run.size is None else judged.run.size.params,
        results=judged.results,
        cost_per_1k=cost,
        latency=judged.latency,
        run=str(judged.folder),
        note=note,
        next_step=next_step,
    )


def _standing(judged: Judged, limits: Limits, cost: float | None) -> tuple[Status, str | None]:
    if judged.results.verdict == "unusable":
        return "unusable", None
    if limits.max_cost_per_1k is not None and (cost is None or cost > limits.max_cost_per_1k):
        if cost is None:
            return (
                "too dear",
                f"what it costs is not known, so nobody can say that it is at most {usd(limits.max_cost_per_1k)}",
            )
        return "too dear", f"1,000 answers cost {usd(cost)}, at most {usd(limits.max_cost_per_1k)} is allowed"
    latency = judged.latency
    if limits.max_p95_s is not None and (latency is None or latency.p95_s > limits.max_p95_s):
        if latency is None:
            return "too slow", f"no call was timed, so nobody can say that 95 % take {limits.max_p95_s:g} s at most"
        told = f"95 % of {latency.calls:,} calls took up to {latency.p95_s:.2g} s"
        return "too slow", f"{told}, at most {limits.max_p95_s:g} s is allowed"
    return judged.results.verdict, _why_undecided(judged.results) if judged.results.verdict == "edge" else None


def _why_undecided(results: SuiteResult) -> str | None:
    told = {condition.reason: _UNDECIDED.get(condition.reason or "") for _, condition in _undecided(results)}
    return "; ".join(dict.fromkeys(reason for reason in told.values() if reason)) or None


def _next_step(judged: Judged) -> str | None:
    """The command that goes on with a run at the edge, where more calls can settle it."""
    reasons = {condition.reason for _, condition in _undecided(judged.results)}
    budget = judged.run.scope
    resume = f"evalkit run --resume {quote(str(judged.folder))}"
    if judged.run.suite.text == "" or reasons & {"items"}:
        return None
    if reasons & {"budget", "futility"}:
        return f"{resume} --max-calls {4 * budget.max_calls}"
    if "cost" in reasons:
        return f"{resume} --max-cost {4 * budget.max_cost:g}"
    return resume if reasons & {"interrupted", "void"} else None


def _once_more(judged: Judged, alone: Alone) -> str | None:
    """A run that goes on from where another one was content; it takes over every answer."""
    run = judged.run
    if not run.suite.text:
        return None
    words = ["evalkit", "run", run.suite.path, "--model", run.model, "--seed", str(run.seed)]
    for name, value in run.options.items():
        words += ["-M", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    if run.scope.tasks:
        words += ["--tasks", ",".join(alone.tasks)]
    words += ["--until", "verdict", "--confidence", f"{alone.confidence:.6g}", "--reuse", str(judged.folder)]
    return " ".join(map(quote, words))


def _lacking(results: SuiteResult, alone: Alone) -> list[str]:
    """Conditions whose verdict is sure enough for one model, but not among several; none if others are open anyway."""
    decided = {
        (task.task, condition.condition): condition.verdict
        for task in alone.results.tasks
        for condition in task.conditions
        if condition.verdict != "edge"
    }
    found = []
    for task, condition in _undecided(results):
        verdict = decided.get((task, condition.condition))
        if verdict is None:
            return []
        where = f"{one_line(task, _NAME)} {one_line(condition.condition, _NAME)}"
        found.append(f"{where} would be {verdict}{_evidence(condition, verdict)}")
    return found


def _not_sure(lacking: Sequence[str], n_named: int) -> str:
    more = f" and {len(lacking) - _SHOWN} more" if len(lacking) > _SHOWN else ""
    return f"sure enough alone, but not among {n_named}: {', '.join(lacking[:_SHOWN])}{more}"


def _evidence(condition: ConditionResult, verdict: Verdict) -> str:
    """How far the test has come; rounded down, what it needs up."""
    found = condition.evidence
    if found is None:
        return ""
    has, needs = (found.usable, found.needed[0]) if verdict == "usable" else (found.unusable, found.needed[1])
    return f" (has evidence {floor(has):,}, needs {ceil(round(needs, 6)):,})"


def _undecided(results: SuiteResult) -> Iterator[tuple[str, ConditionResult]]:
    for task in results.tasks:
        for condition in task.conditions:
            if condition.counts and condition.verdict == "edge":
                yield task.task, condition
