"""The report that a tired person understands at 80 columns, with or without colour."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from evalkit.plain import one_line, percent, points, printable
from evalkit.verdict import ConditionResult, SuiteResult, TaskResult, Verdict

Style = Callable[[str, str], str]
"""Colours a text: takes it and one of `good`, `bad`, `open`, `dim`, `strong`."""

WIDTH = 80
_BAR = 12
_NAME = 19
_SIGNS = {"usable": "✓", "edge": "?", "unusable": "✗"}
_COLOURS = {"usable": "good", "edge": "open", "unusable": "bad"}
_REASONS = {
    "futility": "too close to the threshold to tell with the calls that are left",
    "budget": "the calls planned for it did not settle it",
    "cost": "the money allowed was spent",
    "items": "the items ran out; add items, or say `claim: set`",
    "void": "trials without an answer could change the verdict",
    "task-decided": "the task was decided without it",
    "interrupted": "the run was stopped; resume it",
}


def plain_style(text: str, _: str) -> str:
    """No colour."""
    return text


def render(result: SuiteResult, *, style: Style = plain_style) -> str:
    """A run's results as text, at most 80 columns wide.

    Args:
        result: What was measured.
        style: Colours it; `plain_style` for logs and screen readers.
    """
    return "\n".join(_Terminal(style).suite(result)) + "\n"


@dataclass(frozen=True, slots=True)
class _Terminal:
    style: Style

    def suite(self, result: SuiteResult) -> Iterator[str]:
        head = f"{_name(result.suite, 30)} with {_name(result.model, 44)}"
        yield self.style(head, "strong")
        yield from _wrapped(_headline(result))
        for task in result.tasks:
            yield ""
            yield from self.task(task)
        yield ""
        yield self.style(_totals(result), "dim")

    def verdict(self, verdict: Verdict, *, width: int = 0) -> str:
        text = f"{_SIGNS[verdict]} {verdict}"
        return self.style(text, _COLOURS[verdict]) + " " * (width - len(text))

    def task(self, task: TaskResult) -> Iterator[str]:
        yield f"{self.style(_name(task.task, 40), 'strong')}  {self.verdict(task.verdict)}"
        header = (
            f"  {'condition':<{_NAME}} {'trials':>6} {'pass %':>6} {'interval':>10} {'margin':>6}  "
            f"{'0':<{_BAR - 3}}100  verdict"
        )
        yield self.style(header, "dim")
        for condition in task.conditions:
            yield self.condition(condition)
        if any(not condition.counts for condition in task.conditions):
            yield self.style("  (in brackets: explored, does not count for the verdict)", "dim")
        yield from self.why(task)
        yield from self.constraints(task)
        yield from self.levels(task)
        yield from self.repeats(task)

    def condition(self, condition: ConditionResult) -> str:
        name = condition.condition if condition.counts else f"({condition.condition})"
        interval = "–" if condition.low is None else f"{percent(condition.low)}–{percent(condition.high)}"
        cells = (
            f"  {_name(name, _NAME):<{_NAME}} {condition.trials:>6} {percent(condition.pass_rate):>6} {interval:>10} "
            f"{points(condition.margin):>6}  {_bar(condition)}  "
        )
        sign = _SIGNS[condition.verdict]
        return cells + self.style(f"{sign} {condition.verdict}", _COLOURS[condition.verdict])

    def why(self, task: TaskResult) -> Iterator[str]:
        open_conditions: dict[str, list[str]] = {}
        for condition in task.conditions:
            if condition.counts and condition.reason is not None:
                run = condition.trials + condition.void > 0
                why = _REASONS[condition.reason] if run or condition.reason == "interrupted" else "it was not run"
                open_conditions.setdefault(why, []).append(_name(condition.condition, 20))
        for why, names in open_conditions.items():
            yield from _wrapped(f"edge at {', '.join(names)}: {why}.", indent="  ")
        weakest = task.weakest
        if weakest is not None and weakest.calls_to_decide is not None and task.verdict == "edge":
            further = f"{weakest.calls_to_decide:,}"
            yield from _wrapped(f"At this pass rate {weakest.condition} needs about {further} more calls.", indent="  ")

    def constraints(self, task: TaskResult) -> Iterator[str]:
        if task.weakest is None or not task.weakest.constraints:
            return
        results = sorted(task.weakest.constraints, key=lambda constraint: constraint.pass_rate)
        broken = [result for result in results if result.pass_rate < 1]
        where = f"at {_name(task.weakest.condition, 20)}"
        if not broken:
            yield f"  every constraint held in every trial {where}"
            return
        yield f"  what breaks {where}, the weakest link first:"
        for result in results:
            interval = f"{percent(result.low)}–{percent(result.high)}"
            yield f"    {_name(result.constraint, 24):<24} holds {percent(result.pass_rate):>5} %  ({interval})"

    def levels(self, task: TaskResult) -> Iterator[str]:
        for critical in task.critical_levels:
            name = _name(critical.perturbation, 20)
            to = "not shown usable at any level" if critical.usable_to is None else f"usable to {critical.usable_to}"
            beyond = "" if critical.unusable_from is None else f", unusable from {critical.unusable_from}"
            yield f"  {name}: {to}{beyond}"

    def repeats(self, task: TaskResult) -> Iterator[str]:
        repeat = task.repeat
        if repeat is None:
            return
        always = f"{percent(repeat.consistent)} % of {repeat.items} items pass every time"
        agreement = "" if repeat.agreement is None else f"; two asks agree {percent(repeat.agreement)} %"
        yield f"  asked {repeat.k} times: {always}{agreement}"


def _name(text: str, width: int) -> str:
    return one_line(text, width)


def _headline(result: SuiteResult) -> str:
    """The answer in one sentence."""
    if result.verdict == "usable":
        least = min((task.weakest for task in result.tasks if task.weakest), key=lambda found: found.margin_low or 0)
        return f"Usable: every task is above its threshold, by at least {points(least.margin_low)} points."
    start = "Not usable" if result.verdict == "unusable" else "Not settled"
    parts = [_shortfall(task) for task in result.tasks if task.verdict == result.verdict]
    return f"{start}: {'; '.join(parts)}."


def _shortfall(task: TaskResult) -> str:
    """What keeps a task from being usable, in a clause."""
    name, weakest = _name(task.task, 40), task.weakest
    if weakest is None:
        return f"{name} was not measured"
    passes = f"{name} passes {percent(weakest.pass_rate)} % at {_name(weakest.condition, 30)}"
    needed = f"{percent(weakest.threshold)} % is needed"
    if task.verdict == "unusable":
        return f"{passes}, where {needed}"
    return f"{passes}, which may stand for anything from {percent(weakest.low)} to {percent(weakest.high)} %; {needed}"


def _bar(condition: ConditionResult) -> str:
    """The interval between 0 and 100 % as a line, the threshold as a mark."""
    cells = ["·"] * _BAR
    if condition.low is not None and condition.high is not None:
        first, last = (min(int(end * _BAR), _BAR - 1) for end in (condition.low, condition.high))
        cells[first : last + 1] = "━" * (last + 1 - first)
    mark = min(int(condition.threshold * _BAR), _BAR - 1)
    cells[mark] = "┃" if cells[mark] == "·" else "╋"
    return "".join(cells)


def _totals(result: SuiteResult) -> str:
    totals = result.totals
    cost = "cost unknown" if totals.cost_usd is None else f"{totals.cost_usd:.2f} USD"
    void = f", {totals.void:,} void" if totals.void else ""
    return f"{totals.calls:,} calls{void}, {cost}, {totals.seconds:.1f} s"


def _wrapped(text: str, *, indent: str = "") -> Iterator[str]:
    yield from textwrap.wrap(printable(text), WIDTH, initial_indent=indent, subsequent_indent=indent)
