"""What will go wrong with a suite that is well formed: conditions that cannot be made, verdicts that cannot come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from evalkit.errors import EvalkitError, Problem
from evalkit.perturb import Source
from evalkit.perturb.edits import Slips
from evalkit.perturb.noise import typed_text
from evalkit.perturb.spans import protected_values
from evalkit.plan import Plan, Scope, make_plan
from evalkit.suite import Suite, Task, sample_items
from evalkit.trial import Item, Messages, rng_for
from evalkit.verdict import Terms, decidability, task_decidability

FindingKind: TypeAlias = Literal["error", "warning", "note"]

_NAMED = 5
_TOLD_PASS_RATES = (0.97, 0.98, 0.99)
_TRIED = 3
"""Items that noise is tried on."""


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
    unreached = list(undecidable(plan))
    for task in suite.tasks:
        terms = [each for each in plan.terms if each.task == task.name]
        findings += _impossible(suite, task, plan, terms)
        findings += _doubles(suite, task, plan, terms[0])
        wanting = [each for each in unreached if each.problem.key == f"tasks.{task.name}"]
        findings += wanting
        if not wanting:
            counting = [each for each in terms if each.counts]
            findings.append(_finding(suite, task, "note", _chances(counting)))
    return findings


def _finding(suite: Suite, task: Task, kind: FindingKind, message: str) -> Finding:
    problem = Problem(path=Path(suite.path), line=task.line, key=f"tasks.{task.name}", message=message)
    return Finding(kind=kind, problem=problem)


def _impossible(suite: Suite, task: Task, plan: Plan, terms: list[Terms]) -> Iterator[Finding]:
    """Try every condition; a run tries all its items before the first call."""
    items = sample_items(task)[:_TRIED]
    plain = [plan.prompt(terms[0], item).messages for item in items]
    for each in terms:
        # Noise may leave a short item as it is; the others can be made, or not, for the first.
        tried = items if each.perturbation == "noise" else items[:1]
        try:
            made = [plan.prompt(each, item).messages for item in tried]
        except EvalkitError as error:
            yield _finding(suite, task, "error", str(error))
            continue
        # A short text gets a slip in some items only, and may get none in the first.
        if each.perturbation == "noise" and made == plain and not any(_typed(task, item) for item in items):
            hint = "say `on: prompt`" if task.noise_on == "item" else "all its words are protected"
            yield _finding(suite, task, "warning", f"{each.condition} changes nothing in its first items; {hint}")


def _typed(task: Task, item: Item) -> int:
    """How many characters of an item's prompt noise may touch."""
    source = Source(seed=0, item=item, prompt=task.prompt, protect=task.protect, noise_on=task.noise_on)
    values = protected_values(task.protect, item.fields)
    texts = (typed_text(source, index, values) for index in range(len(task.prompt)))
    return sum(Slips(text, touchable, rng_for("check")).n_eligible for text, touchable in texts)


def _doubles(suite: Suite, task: Task, plan: Plan, plain: Terms) -> Iterator[Finding]:
    """Items that ask exactly the same: they are one question, and count as two."""
    if not isinstance(task.supply, tuple):
        return
    asked: dict[Messages, list[str]] = {}
    for item in task.supply:
        asked.setdefault(plan.prompt(plain, item).messages, []).append(item.id)
    for same in asked.values():
        if len(same) > 1:
            named = ", ".join(repr(item) for item in same[:_NAMED])
            more = f" and {len(same) - _NAMED} more" if len(same) > _NAMED else ""
            yield _finding(suite, task, "warning", f"the items {named}{more} ask exactly the same")


def undecidable(plan: Plan) -> Iterator[Finding]:
    """Conditions of a plan that count and can never be called usable as it stands: warnings."""
    for name in dict.fromkeys(terms.task for terms in plan.terms):
        task = plan.suite.task(name)
        wanting: dict[str, list[str]] = {}
        for each in plan.terms:
            message = (
                _too_few(each, grouped=task.grouped, limit=plan.limit)
                if each.task == name and each.counts and each.units
                else None
            )
            if message is not None:
                wanting.setdefault(message, []).append(each.condition)
        for message, conditions in wanting.items():
            yield _finding(plan.suite, task, "warning", f"{', '.join(conditions)}: {message}")


def _chances(counting: list[Terms]) -> str:
    """How likely verdicts are, for how many calls, and what void trials would make of that, in words."""
    can = task_decidability(counting)
    parts = [(decidability(each), each.repeats) for each in counting]
    said = [
        f"{100 * can.chances[rate]:.0f} % likely at a true pass rate of {rate:g} (about {calls:,} calls)"
        for rate in _TOLD_PASS_RATES
        for calls in [round(sum(part.expected_units[rate] * repeats for part, repeats in parts))]
    ]
    who = "the condition that counts" if len(counting) == 1 else f"all {len(counting)} conditions that count"
    few = min(each.units for each in counting)
    items = f", with items for {few} trials" if any(each.exhausted for each in counting) else ""
    told = f"a verdict on {who}{items}: {'; '.join(said)}"
    void = round(sum(part.with_void[1] * repeats for part, repeats in parts))
    if can.with_void[0] < can.chances[0.99] - 0.01 or void > 1.1 * can.expected_units[0.99]:
        told += f"; with 1 trial in 100 void, at 0.99 {100 * can.with_void[0]:.0f} % (about {void:,} calls)"
    return told


def _too_few(terms: Terms, *, grouped: bool, limit: int | None) -> str | None:
    """Why a condition can never be called usable as it stands; None when it can."""
    least = decidability(terms).least_units
    if least is None:
        return f"no number of passes shows a pass rate above a threshold of {terms.threshold:g}; it can never be usable"
    if terms.units >= least:
        return None
    shortest = f"at threshold {terms.threshold:g} the shortest way to usable is {least} passes in a row"
    trials = "1 trial" if terms.units == 1 else f"{terms.units} trials"
    if limit is not None and terms.units == limit:
        return f"{shortest}; --limit leaves {trials}: it can never be called usable"
    if terms.exhausted:
        there = "is 1 item" if terms.units == 1 else f"are {terms.units} items"
        apart = " of different groups" if grouped else ""
        return f"{shortest}; there {there}{apart} for it: it can never be called usable. Add items, or say `claim: set`"
    option = "--max-calls" if terms.test is not None else "--fixed (and --max-calls)"
    return f"{shortest}; its budget is {trials}: it can never be called usable. Allow more with {option}"
