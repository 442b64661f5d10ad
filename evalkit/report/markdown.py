"""Results as Markdown, fit for a pull request's comment and for the summary of a job.

Names come from suites, models and providers, and may be anything. They stand as code: there a platform makes no link of
them, and tells nobody that they were mentioned.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from evalkit.findings.gate import BaselineSummary, GateResult
from evalkit.plain import one_line, percent, percent_range, printable
from evalkit.report.gate_sentences import (
    REGRESSION_SIGNS,
    Finding,
    advice,
    findings,
    headline,
    points,
    points_range,
    stands,
    summary,
    tolerated,
)
from evalkit.report.layout import SIGNS
from evalkit.report.money import cost_told
from evalkit.report.notes import changes
from evalkit.report.reasons import Provenance
from evalkit.report.terminal import guaranteed
from evalkit.verdict import ConditionResult, PairedResult, SuiteResult, TaskResult

LIMIT = 65_000
"""Characters; a comment on GitHub may have 65,536."""
FIRST_TABLE = 25_000
"""Characters of a table that is open."""
_OPEN_ROWS = 12
"""Conditions up to which all stand in the table that is open."""
_NAMED = 8
"""Findings that are told in a sentence, and likewise changes since the baseline."""
_NAME = 60
_SENTENCE = 300

_BARE_CODE = re.compile(r"[^`|\\]+")
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_NO_WIDTH = "&#8203;"


def markdown(result: SuiteResult, provenance: Provenance, gate: GateResult | None = None) -> str:
    """A run's results as GitHub-flavoured Markdown, at most 65,000 characters.

    The first line is a comment that nobody sees, the same for every run of a suite with a model: whoever posts results
    finds by it what was posted before.

    Args:
        result: What was measured.
        provenance: Of which run.
        gate: What a gate says of it; None: nothing is gated.
    """
    found = [] if gate is None else findings(gate, code)
    head = "\n".join([marker(result.suite, result.model), *_head(result, gate, found)])
    foot = "\n".join(_foot(result, provenance, gate))
    rows = _rows(result, gate)
    table = rows if len(rows) <= _OPEN_ROWS else _weakest_rows(result, gate)
    compared = gate is not None and gate.baseline is not None
    first = _table(table, FIRST_TABLE, compared=compared)
    parts = [head, first]
    if len(rows) > _OPEN_ROWS:
        room = LIMIT - len(head) - len(first) - len(foot) - 200
        every = _table(rows, room, compared=compared)
        parts.append(f"<details>\n<summary>All {len(rows)} conditions</summary>\n\n{every}\n\n</details>")
    return "\n\n".join([*parts, foot]) + "\n"


def marker(suite: str, what: str) -> str:
    """The comment by which what was posted is found again: a model's results, or the map."""
    names = (re.sub(r"[^\w.:/]+", "-", name, flags=re.ASCII)[:100] for name in (suite, what))
    return f"<!-- evalkit: {' '.join(names)} -->"


def code(text: str) -> str:
    """A text from outside as code, on one line, whatever it holds; also within a table.

    >>> code("noise@0.05"), code("a|b")
    ('`noise@0.05`', '<code>a&#124;b</code>')
    """
    shown = one_line(text, _NAME) or "-"
    if _BARE_CODE.fullmatch(shown):
        return f"`{shown}`"
    return f"<code>{_PUNCTUATION.sub(lambda found: f'&#{ord(found[0])};', shown)}</code>"


def prose(text: str) -> str:
    """A sentence that may hold names from outside, as plain text: no mark-up, no link, nobody is mentioned."""
    return _PUNCTUATION.sub(_harmless, " ".join(printable(text).split()))


def _harmless(found: re.Match[str]) -> str:
    mark, around = found[0], found.string
    if mark in ",;'%/()":
        return mark
    inside = found.start() > 0 and around[found.start() - 1].isalnum()
    after = around[found.end() : found.end() + 1]
    if mark in "-." and inside and after.isalnum() and not around[: found.start()].endswith("www"):
        return mark
    if mark == ":" and inside and after == " ":
        return mark
    return f"&#{ord(mark)};" + (_NO_WIDTH if mark in "@#" else "")


# --- its parts


def _head(result: SuiteResult, gate: GateResult | None, found: Sequence[Finding]) -> Iterator[str]:
    name = f"{code(result.suite)} with {code(result.model)}"
    if gate is None:
        yield f"### {SIGNS[result.verdict]} {name}: {result.verdict}"
        sentences = [f"{code(task.task)} {_told(task)}" for task in result.tasks if task.verdict != "usable"]
    else:
        sign = {"passed": "✓", "edge": "?", "failed": "✗"}[gate.outcome]
        yield f"### {sign} Gate {headline(gate)}: {name}"
        sentences = [finding.text for finding in found]
    yield ""
    for sentence in sentences[:_NAMED]:
        yield f"- {sentence}."
    if len(sentences) > _NAMED:
        yield f"- and {len(sentences) - _NAMED} more"
    for note in changes(result):
        yield f"- {prose(one_line(note, _SENTENCE))}"
    if gate is not None:
        yield from ("", *summary(gate))


def _told(task: TaskResult) -> str:
    if task.weakest is None:
        return "was not measured"
    return f"{'is unusable' if task.verdict == 'unusable' else 'could be either'}: {stands(task.weakest, code)}"


def _foot(result: SuiteResult, provenance: Provenance, gate: GateResult | None) -> Iterator[str]:
    if gate is not None and gate.baseline is not None:
        yield from _baseline(gate.baseline)
    if gate is not None:
        for sentence in advice(gate):
            yield from (sentence, "")
    totals = result.totals
    void = f", {totals.void:,} without an answer" if totals.void else ""
    spent = f"{totals.calls:,} calls{void}, {cost_told(result)}, {totals.seconds:.0f} s, seed {provenance.seed}"
    holds = f"Each task's verdict holds at {100 * provenance.confidence:g} %"
    unfinished = "" if provenance.ended else " This run has not come to its end."
    unfinished = " This run goes on." if provenance.going_on else unfinished
    yield (
        f"<sub>{spent}. {holds}; the margin is what is guaranteed, in points above or below what is needed. "
        f"A dash: nothing is guaranteed, or nothing was measured.{unfinished}</sub>"
    )


def _baseline(baseline: BaselineSummary) -> Iterator[str]:
    measured = f"{code(baseline.model)}, measured {code(baseline.started)}"
    allowed = f"a rate may be lower by {tolerated(baseline.tolerance)}"
    yield f"Compared with {code(baseline.name)} ({measured}); {allowed}."
    if baseline.changes:
        yield from ("", "Not as it was then:", "")
    for change in baseline.changes[:_NAMED]:
        yield f"- {prose(one_line(change, _SENTENCE))}"
    if len(baseline.changes) > _NAMED:
        yield f"- and {len(baseline.changes) - _NAMED} more"
    yield ""


# --- its tables


def _rows(result: SuiteResult, gate: GateResult | None) -> list[str]:
    """Of every condition."""
    pairs = _pairs(gate)
    return [
        _row(task, condition, pairs.get((task.task, condition.condition)), compared=_compared(gate))
        for task in result.tasks
        for condition in task.conditions
    ]


def _weakest_rows(result: SuiteResult, gate: GateResult | None) -> list[str]:
    """Of each task the condition that its verdict hangs on, and the one that its comparison hangs on."""
    pairs, rows = _pairs(gate), []
    worst = {} if gate is None else {task.result.task: task.worst for task in gate.tasks}
    for task in result.tasks:
        compared = worst.get(task.task)
        weakest = task.weakest or task.conditions[0]
        shown = [weakest] if compared is None or compared.result is weakest else [weakest, compared.result]
        for each in shown:
            rows.append(_row(task, each, pairs.get((task.task, each.condition)), compared=_compared(gate)))
    return rows


def _compared(gate: GateResult | None) -> bool:
    return gate is not None and gate.baseline is not None


def _pairs(gate: GateResult | None) -> dict[tuple[str, str], PairedResult | None]:
    tasks = () if gate is None else gate.tasks
    return {
        (task.result.task, condition.result.condition): condition.paired
        for task in tasks
        for condition in task.conditions
    }


def _row(task: TaskResult, condition: ConditionResult, paired: PairedResult | None, *, compared: bool) -> str:
    asked = condition.trials + condition.void > 0
    between = percent_range(condition.low, condition.high) if asked else "–"
    verdict = f"{SIGNS[condition.verdict]} {condition.verdict}" if asked else "not asked"
    where = code(condition.condition) if condition.counts else f"({code(condition.condition)})"
    needs = percent(condition.threshold)
    cells = [verdict, code(task.task), where, percent(condition.rate), between, needs, guaranteed(condition)]
    if compared:
        cells.append("–" if paired is None else _against(paired))
    return f"| {' | '.join(cells)} |"


def _against(paired: PairedResult) -> str:
    change = "–" if paired.difference is None else points(paired.difference)
    sign = REGRESSION_SIGNS[paired.regression]
    return f"{sign} {paired.regression}: {change} ({points_range(paired.low, paired.high)}), {paired.pairs:,} pairs"


def _table(rows: Sequence[str], room: int, *, compared: bool) -> str:
    """A table with as many rows as there is room for, in characters."""
    names = ["verdict", "task", "condition", "pass %", "between", "needs", "margin"]
    lines = [*names, "against the baseline, in points"] if compared else names
    right = {"pass %", "between", "needs", "margin"}
    rule = " | ".join("--:" if name in right else "---" for name in lines)
    return table_within([f"| {' | '.join(lines)} |", f"| {rule} |"], rows, room)


def table_within(head: Sequence[str], rows: Sequence[str], room: int) -> str:
    """A table with as many rows as there is room for, and how many there is none for.

    Args:
        head: Its first two lines.
        rows: The others.
        room: In characters.
    """
    table = list(head)
    room -= sum(len(line) + 1 for line in table)
    for n_shown, row in enumerate(rows):
        room -= len(row) + 1
        if room < 0:
            return "\n".join([*table, "", f"{len(rows) - n_shown:,} more rows have no room here."])
        table.append(row)
    return "\n".join(table)
