"""Why a condition is at the edge, and what to do about it, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from evalkit.adapter import Quote
from evalkit.plain import one_line
from evalkit.record.run_file import Origin, RunFile, is_held
from evalkit.verdict import ConditionResult, TaskResult, least_units

_DECIDED = {"task-decided": "the task was decided before", "gate-decided": "the gate was decided before"}
_GOES_ON = "the run goes on"
_WAS_STOPPED = "the run was stopped; resume it"
_OUT_OF_SIGHT = 10_000
"""Trials beyond which nobody would go on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """Where results come from."""

    folder: str
    seed: int
    confidence: float
    """Of each verdict, both sides together."""
    origin: Origin = "asked"
    limited: bool = False
    """Whether only some of the items were to be asked."""
    ended: bool = True
    """Whether the run has come to its end."""
    going_on: bool = False
    """Whether somebody works on the run at this moment; one that is neither ended nor worked on was stopped."""
    prices: tuple[Quote, ...] = ()
    """What costs were reckoned by."""

    @classmethod
    def of(cls, run: RunFile, folder: Path) -> Self:
        """Of the results of a run that lies in a folder."""
        return cls(
            folder=str(folder),
            seed=run.seed,
            confidence=run.confidence,
            origin=run.origin,
            limited=run.scope.limit is not None,
            ended=run.finished is not None,
            going_on=run.finished is None and is_held(folder),
            prices=tuple(run.prices),
        )


def why(task: TaskResult, provenance: Provenance) -> Iterator[str]:
    """Why a task's conditions are at the edge, and what would settle the weakest."""
    names: dict[str, list[str]] = {}
    for condition in task.conditions:
        if condition.counts and condition.reason is not None:
            names.setdefault(_reason(condition, provenance), []).append(one_line(condition.condition, 20))
    for reason, conditions in names.items():
        yield f"edge at {', '.join(conditions)}: {reason}"
    weakest = task.weakest
    if task.verdict == "edge" and weakest is not None and weakest.reason in {"budget", "items", "futility"}:
        yield from _further(weakest, "calls" if provenance.origin == "asked" else "trials")


def why_stopped(condition: ConditionResult, provenance: Provenance) -> str:
    """Why a condition, whether it counts or not, got no more trials."""
    if condition.verdict != "edge":
        return "its verdict was safe"
    if condition.reason is not None:
        return _reason(condition, provenance)
    if provenance.going_on:
        return _GOES_ON
    if condition.trials + condition.void == 0:
        return "not asked"
    return "not settled" if provenance.ended else _WAS_STOPPED


def _reason(condition: ConditionResult, provenance: Provenance) -> str:
    """One reason, with its remedy if there is one."""
    reason = condition.reason
    if reason == "interrupted":
        return _GOES_ON if provenance.going_on else _WAS_STOPPED
    if condition.trials + condition.void == 0 and reason == "cost":
        return "not asked: no call fitted into the money allowed; resume with a larger --max-cost"
    if condition.trials + condition.void == 0:
        return f"not asked: {_DECIDED[reason]}" if reason in _DECIDED else "not asked"
    if reason == "budget" and condition.evidence is None:
        least = least_units(condition.threshold, (1 - provenance.confidence) / 2)
        shortest = "no number of passes" if least is None else f"nothing short of {least} passes in a row"
        more = "; plan more with --fixed" if provenance.origin == "asked" else ""
        too_few = least is None or condition.trials < least
        return f"not settled by its trials{more}" + (f"; {shortest} would show it usable" if too_few else "")
    told = {
        "futility": "too close to the threshold to tell with the calls that were left",
        "budget": "not settled within its budget of calls",
        "cost": "the money allowed was spent",
        "items": "too few items to settle it",
        "void": "trials without an answer could change the verdict",
        **_DECIDED,
    }[reason or "task-decided"]
    remedies = {
        "budget": "; resume with a larger --max-calls",
        "cost": "; resume with a larger --max-cost",
        "items": "; add items, or say `claim: set` (the verdict is then about these items only)",
    }
    if provenance.limited:
        remedies["items"] = " with the --limit that was set"
    return told + (remedies.get(reason or "", "") if provenance.origin == "asked" else "")


def _further(condition: ConditionResult, units: str) -> Iterator[str]:
    """How much more would settle a condition, to the precision that can be known."""
    needed, name = condition.calls_to_decide, one_line(condition.condition, 20)
    if needed is None or needed > _OUT_OF_SIGHT:
        yield f"at this pass rate {name} would take more than {_OUT_OF_SIGHT:,} further {units}"
    else:
        yield f"at this pass rate {name} would take about {float(f'{needed:.2g}'):,.0f} further {units} to settle"
