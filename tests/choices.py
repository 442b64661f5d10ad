"""Candidates with given figures, and models with given abilities, for whoever tests how one is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from evalkit.findings.choose import Candidate, Choice, Exhaustive, Latency, Limits, Status
from evalkit.verdict import ConditionResult, ConstraintResult, SuiteResult, Totals
from tests.results import result

MODELS = """
import asyncio
import os
import re
import signal

from evalkit.errors import FatalTransportError


def _said(text, **more):
    return {"text": text, "usage": {"prompt_tokens": 10, "completion_tokens": 2}}


def _sum(messages):
    return sum(map(int, re.findall("[0-9]+", messages[-1]["content"])[:2]))


async def good(messages, options):
    return _said(str(_sum(messages)))


better = good


async def bad(messages, options):
    return _said("no")


bad2 = bad


async def slow(messages, options):
    await asyncio.sleep(0.03)
    return _said(str(_sum(messages)))


async def refused(messages, options):
    raise FatalTransportError("auth", "the key was refused")


_signals = [signal.SIGINT]


async def impatient(messages, options):
    if _signals:
        os.kill(os.getpid(), _signals.pop())
        await asyncio.sleep(0.01)
    return _said(str(_sum(messages)))
"""
"""Functions of `python:models.py:NAME`."""


def write_models(folder: Path, **usd_per_million: float) -> None:
    """Write them, with the prices of some."""
    (folder / "models.py").write_text(MODELS, encoding="utf-8")
    lines = [
        f'["python:models.py:{name}"]\ninput = {price}\noutput = {price}\n' for name, price in usd_per_million.items()
    ]
    (folder / "prices.toml").write_text("\n".join(lines), encoding="utf-8")


def broken(condition: ConditionResult, **broke: int) -> ConditionResult:
    """A condition with constraints that broke so often."""
    trials = condition.trials
    constraints = tuple(
        ConstraintResult(constraint=name, trials=trials, passes=trials - n, pass_rate=1 - n / trials, low=0.0, high=1.0)
        for name, n in broke.items()
    )
    return replace(condition, constraints=constraints)


def measured(
    model: str,
    tasks: Mapping[str, int | Sequence[ConditionResult] | None],
    *,
    calls: int = 400,
    cost_usd: float | None = 0.1,
) -> SuiteResult:
    """Results that took something."""
    totals = Totals(calls=calls, void=0, cost_usd=cost_usd, seconds=1.0)
    return replace(result(model, tasks), totals=totals)


def candidate(model: str, status: Status, passes: int | None = None, **given: Any) -> Candidate:
    """One with so many passes of 200 in its only task; a cost and a latency unless others are given."""
    results = None if passes is None else measured(model, {"title": passes})
    seconds = given.pop("p95_s", 1.0)
    latency = Latency(p50_s=seconds / 2, p95_s=seconds, calls=200) if results is not None else None
    whole: dict[str, Any] = {"results": results, "latency": latency, "expected_per_1k": 0.5, "cost_per_1k": None}
    return Candidate(model=model, status=status, **{**whole, **given})


def choice(*candidates: Candidate, **given: Any) -> Choice:
    whole: dict[str, Any] = {
        "suite": "support",
        "limits": Limits(),
        "alpha": 0.025,
        "exhaustive": Exhaustive(calls=10_000, cost_usd=4.0),
        "raced": True,
    }
    return Choice(candidates=candidates, **{**whole, **given})
