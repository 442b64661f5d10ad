"""What will go wrong with a suite that is well formed: conditions that cannot be made, verdicts that cannot come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from evalkit.errors import Problem
from evalkit.plan import Plan, Scope, items_available, make_plan
from evalkit.suite import Suite, Task, sample_items
from evalkit.verdict import Terms, decidability, task_decidability

FindingKind: TypeAlias = Literal["error", "warning", "note"]

_TRIED = 3
"""Items that each condition is tried on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something to know before a run is paid for."""

    kind: FindingKind
    """An error keeps the suite from running, a warning from a verdict; a note informs."""
    problem: Problem


def lint(suite: Suite) -> list[Finding]:
    """Look a loaded suite over with the decider that will judge it.

    Args:
        suite: Loaded, so well formed.

    Returns:
        Findings in the order of the file; errors where a condition cannot be made for an item.
    """
    plan = make_plan(suite, Scope())
    findings: list[Finding] = []
    for task in suite.tasks:
        terms = [each for each in plan.terms if each.task == task.name]
        findings += _impossible(suite, task, plan, terms)
        findings += _undecidable(suite, task, terms)
    return findings


def _finding(suite: Suite, task: Task, kind: FindingKind, message: str) -> Finding:
    problem = Problem(path=Path(suite.path), line=task.line, key=f"tasks.{task.name}", message=message)
    return Finding(kind=kind, problem=problem)


def _impossible(suite: Suite, task: Task, plan: Plan, terms: list[Terms]) -> Iterator[Finding]:
    """Try every condition on some items."""
    items = sample_items(task)[:_TRIED]
    plain = [plan.prompt(terms[0], item).messages for item in items]
    for each in terms:
        try:
            made = [plan.prompt(each, item).messages for item in items]
        except ValueError as error:
            yield _finding(suite, task, "error", f"{each.condition} cannot be made: {error}")
            continue
        if each.perturbation == "noise" and made == plain:
            hint = "say `on: prompt`" if task.noise_on == "item" else "all its words are protected"
            yield _finding(suite, task, "warning", f"{each.condition} changes nothing in its first items; {hint}")


def _undecidable(suite: Suite, task: Task, terms: list[Terms]) -> Iterator[Finding]:
    counting = [each for each in terms if each.counts]
    for each in counting:
        least = decidability(each).least_units
        if least is None:
            message = f"{each.condition}: no number of passes is shown to be above a threshold of {each.threshold:g}"
            yield _finding(suite, task, "warning", f"{message}; it can never be called usable")
        elif each.units < least:
            yield _finding(suite, task, "warning", _too_few(task, each, least))
    if all(decidability(each).enough for each in counting):
        chances = task_decidability(terms).chances
        said = ", ".join(f"{chance:.0%} at {rate:g}" for rate, chance in chances.items())
        message = (
            f"{counting[0].units} trials a condition settle all {len(counting)} counting conditions with a chance of "
            f"about {said} (true pass rate)"
        )
        yield _finding(suite, task, "note", message)


def _too_few(task: Task, terms: Terms, least: int) -> str:
    shortest = f"at threshold {terms.threshold:g} the shortest way to usable is {least} passes in a row"
    available = items_available(task, None)
    if available is not None and available < least:
        remedy = "it can never be called usable. Add items, or say `claim: set`"
        return f"{terms.condition}: {shortest}; this task has {available} items: {remedy}"
    remedy = "allow more with --fixed or --max-calls"
    return f"{terms.condition}: {shortest}; a run asks {terms.units} by default: {remedy}"
