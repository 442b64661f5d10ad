"""Who was measured, when, and what it took."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalkit.plain import counted, one_line
from evalkit.report.figure import Column, Table
from evalkit.report.money import cost_told, money_notes
from evalkit.report.page.runs import RunReport

_NAME = 80
_STOPPED = {
    "interrupted": "it was interrupted, and can be resumed",
    "cost": "the money allowed was spent",
    "gate": "the gate was decided",
}
_SPENT = (
    Column(name="Model"),
    Column(name="Task"),
    Column(name="Observed", kind="count"),
    Column(name="No answer", kind="count"),
    Column(name="Cost", kind="usd"),
    Column(name="Half answered within", kind="seconds"),
    Column(name="95 % answered within", kind="seconds"),
    Column(name="Tokens in", kind="count"),
    Column(name="Of these cached", kind="count"),
    Column(name="Tokens out", kind="count"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFacts:
    """One run in a few lines."""

    label: str
    line: str
    """When it was measured, calls and cost."""
    details: tuple[tuple[str, str], ...]
    """Further facts: what, and how much."""
    notes: tuple[str, ...]


def run_facts(label: str, run: RunReport) -> RunFacts:
    """What is to be known of a run.

    Args:
        label: What the page calls its model.
        run: The run.
    """
    totals = run.result.totals
    void = f", {totals.void:,} without an answer" if totals.void else ""
    line = f"measured {_when(run.started)} · {counted(totals.calls, 'call')}{void} · {cost_told(run.result)}"
    notes = tuple(money_notes(run.result, run.provenance.prices))
    return RunFacts(label=label, line=line, details=tuple(_details(run)), notes=notes)


def together(runs: Sequence[RunReport]) -> str:
    """When several models were measured, and what all of it took, in a line."""
    totals = [run.result.totals for run in runs]
    days = sorted({run.started[:10] for run in runs})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    calls = counted(sum(each.calls for each in totals), "call")
    cost = cost_told(*(run.result for run in runs))
    return f"{counted(len(runs), 'model')}, measured {when} · in all {calls} · {cost}"


def _details(run: RunReport) -> Iterator[tuple[str, str]]:
    result, provenance = run.result, run.provenance
    yield "Model", one_line(run.model or result.model, _NAME)
    if result.served_model:
        yield "Served by", one_line(", ".join(result.served_model), 200)
    until = f"to {_when(run.finished)}" if run.finished else "and going on" if provenance.going_on else "to a stop"
    yield "Measured", f"{_when(run.started)} {until}"
    if run.stopped is not None and not provenance.going_on:
        yield "Ended early", _STOPPED[run.stopped]
    if provenance.origin != "asked":
        yield "Answers", "imported from a table" if provenance.origin == "imported" else "stored ones, scored again"
    yield "Took", f"{result.totals.seconds:,.1f} s"
    yield "Settings", one_line(json.dumps(dict(run.options), ensure_ascii=False), 200) if run.options else "none"
    yield "Confidence of each verdict", f"{100 * provenance.confidence:g} %"
    yield "Seed", str(provenance.seed)
    yield "Suite's file", f"SHA-256 {run.sha256[:16]}…"
    yield "Folder", one_line(provenance.folder, 200)
    yield "evalkit", one_line(run.evalkit, 40)


def spent(runs: Sequence[tuple[str, RunReport]]) -> Table:
    """What every task of every run took.

    Args:
        runs: Each with what the page calls its model.
    """
    rows = [
        (
            label,
            one_line(task.task, _NAME),
            sum(condition.trials for condition in task.conditions),
            sum(condition.void for condition in task.conditions),
            task.spend.cost_usd,
            task.spend.latency_p50_s,
            task.spend.latency_p95_s,
            task.spend.tokens_in,
            task.spend.tokens_cached,
            task.spend.tokens_out,
        )
        for label, run in runs
        for task in run.result.tasks
    ]
    return Table(columns=_SPENT, rows=tuple(rows))


def _when(moment: str) -> str:
    """A moment to the minute, as it is recorded: UTC."""
    return f"{moment[:10]} {moment[11:16]} UTC"
