"""What a gate says, for the terminal: what it comes to and why, then a line for each task."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.findings.gate import BaselineSummary, GatedTask, GateResult
from evalkit.plain import one_line, padded
from evalkit.report.gate_sentences import (
    REGRESSION_SIGNS,
    advice,
    findings,
    headline,
    plain_name,
    points,
    points_range,
    summary,
    tolerated,
)
from evalkit.report.layout import COLOURS, SIGNS, Style, bulleted, plain_style, wrapped

_TASK = 14
_NAMED = 6
"""Findings that are told in a sentence; the table has all."""
_OUTCOMES = {"passed": "good", "edge": "open", "failed": "bad"}
_REGRESSIONS = {"held": "good", "unclear": "open", "regressed": "bad"}


def render_gate(gate: GateResult, *, style: Style = plain_style) -> str:
    """What a gate says as text, at most 80 columns wide.

    Args:
        gate: What it says.
        style: Colours it; `plain_style` for logs and screen readers.
    """
    return "\n".join(_lines(gate, style)) + "\n"


def _lines(gate: GateResult, style: Style) -> Iterator[str]:
    result = gate.result
    yield style(f"Gate of {one_line(result.suite, 28)} with {one_line(result.model, 38)}", "strong")
    yield style(headline(gate).upper(), _OUTCOMES[gate.outcome])
    found = findings(gate)
    shown = found if len(found) <= _NAMED + 1 else found[:_NAMED]
    for finding in shown:
        yield from bulleted(f"{finding.text}.")
    if len(found) > len(shown):
        yield f"- and {len(found) - len(shown)} more"
    for sentence in summary(gate):
        yield from wrapped(sentence)
    yield ""
    yield from _table(gate, style)
    if gate.baseline is not None:
        yield ""
        yield from _baseline(gate.baseline)
    told = list(advice(gate))
    if told:
        yield ""
    for sentence in told:
        yield from wrapped(sentence)


def _table(gate: GateResult, style: Style) -> Iterator[str]:
    if gate.baseline is None:
        yield style(f"  {'task':<{_TASK}} usable?", "dim")
    else:
        head = f"{'usable?':<10} {'baseline':<11} {'points':>6} {'between':>14} {'pairs':>5} worse/better"
        yield style(f"  {'task':<{_TASK}} {head}", "dim")
    for task in gate.tasks:
        yield from _row(task, style)


def _row(task: GatedTask, style: Style) -> Iterator[str]:
    verdict = task.result.verdict
    name, usable = padded(one_line(task.result.task, _TASK), _TASK), f"{SIGNS[verdict]} {verdict}"
    if task.regression is None:
        yield f"  {name} {style(usable, COLOURS[verdict])}"
        return
    line = f"  {name} {style(f'{usable:<10}', COLOURS[verdict])}"
    stand = f"{f'{REGRESSION_SIGNS[task.regression]} {task.regression}':<11}"
    line += f" {style(stand, _REGRESSIONS[task.regression])}"
    worst = task.worst
    if worst is None or worst.paired is None:
        yield f"{line} no pairs"
        return
    paired = worst.paired
    change = "–" if paired.difference is None else points(paired.difference)
    between, flips = points_range(paired.low, paired.high), f"{paired.worse}/{paired.better}"
    yield f"{line} {change:>6} {between:>14} {paired.pairs:>5} {flips:>12}"
    if sum(each.paired is not None for each in task.conditions) > 1:
        yield style(f"    (compared at {plain_name(worst.result.condition)})", "dim")


def _baseline(baseline: BaselineSummary) -> Iterator[str]:
    measured = f"{one_line(baseline.model, 40)}, measured {one_line(baseline.started, 20)}"
    allowed = f"a rate may be lower by {tolerated(baseline.tolerance)}"
    yield from wrapped(f"Compared with {one_line(baseline.name, 60)} ({measured}); {allowed}.")
    if not baseline.changes:
        yield "No change of suite, model or settings since then was found."
        return
    yield "Not as it was then:"
    for change in baseline.changes:
        yield from bulleted(change)
