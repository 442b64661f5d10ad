"""The report that a tired person understands at 80 columns, with or without colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalkit.plain import at_least, at_most, one_line, padded, percent, percent_range
from evalkit.report.bar import BAR, bar
from evalkit.report.layout import COLOURS, SIGNS, Style, bulleted, plain_style, wrapped
from evalkit.report.money import cost_told, money_notes
from evalkit.report.names import labels
from evalkit.report.notes import after_reasons, before_reasons, changes
from evalkit.report.reasons import Provenance, why
from evalkit.verdict import ConditionResult, SuiteResult, TaskResult, Verdict, claims

_NAME = 19
_NAMED_IN_HEADLINE = 3
_NO_MARGIN = "+0.00"
"""What is left of the margin of a test that stopped as soon as it could."""
_IN_WORDS = {"≥": "at least ", "≤": "at most ", ">": "above ", "<": "below "}
_WORDY = 14
"""Columns of a margin in words."""


def render(result: SuiteResult, provenance: Provenance, *, style: Style = plain_style, words_only: bool = False) -> str:
    """A run's results as text, at most 80 columns wide.

    Args:
        result: What was measured.
        provenance: Of which run.
        style: Colours it.
        words_only: Whether words and numbers stand in place of bars and signs, as for screen readers and logs.
    """
    return "\n".join(_Terminal(style, provenance, words_only).suite(result)) + "\n"


def render_together(results: Sequence[SuiteResult], *, alpha: float) -> str:
    """Which verdicts of several runs can be read together, as a last paragraph.

    Args:
        results: Of models or suites that were measured together.
        alpha: Chance that a single verdict "usable" is wrong, and likewise "unusable".
    """
    verdicts = [(f"{each.model} {task.task}", task.verdict) for each in results for task in each.tasks]
    held = claims(verdicts, alpha=alpha)
    lines = [
        f"\nOver all {len(verdicts)} verdicts, with on average at most {100 * held.level:g} % wrong ones among them:"
    ]
    for kind, names in (("usable", held.usable), ("unusable", held.unusable)):
        reached = [name for name, verdict in verdicts if verdict == kind]
        if reached:
            told = f"all {len(names)}" if names else f"none of the {len(reached)}, which are too few to be sure of"
            lines.append(f"  {kind}: {told}")
    return "\n".join(lines) + "\n" if len(lines) > 1 else ""


@dataclass(frozen=True, slots=True)
class _Terminal:
    style: Style
    provenance: Provenance
    words_only: bool

    def suite(self, result: SuiteResult) -> Iterator[str]:
        yield self.style(f"{_short(result.suite, 30)} with {_short(result.model, 44)}", "strong")
        yield from _headline(result)
        if self.provenance.going_on:
            yield "This run goes on; this is what is known so far."
        elif not self.provenance.ended:
            yield "This run has not come to its end. Go on with:"
            yield f"evalkit run --resume {self.provenance.folder}"
        names = labels([task.task for task in result.tasks], _NAME)
        before: TaskResult | None = None
        for name, task in zip(names, result.tasks, strict=True):
            # Tasks of one condition share one table.
            if before is None or len(task.conditions) > 1 or len(before.conditions) > 1:
                yield ""
                yield from self.head(task)
            yield from self.task(task, name)
            before = task
        yield ""
        for line in self.foot(result):
            yield self.style(line, "dim")

    def head(self, task: TaskResult) -> Iterator[str]:
        single = len(task.conditions) == 1
        if not single:
            name = self.style(_short(task.task, 40), "strong") + (":" if self.words_only else " ")
            yield f"{name} {self.verdict(task.verdict)}, needs {percent(task.threshold)} %"
        scored = any(condition.measure == "score" for condition in task.conditions)
        rate = "score" if scored else "pass %"
        left = f"  {'task' if single else 'condition':<{_NAME}} {'trials':>6} {rate:>6} {'between':>10} "
        right = f" {'margin':<{_WORDY}}" if self.words_only else f"{'margin':>6}  {'0':<{BAR - 3}}100"
        yield self.style(f"{left}{right}  verdict", "dim")

    def verdict(self, verdict: Verdict) -> str:
        return self.style(verdict if self.words_only else f"{SIGNS[verdict]} {verdict}", COLOURS[verdict])

    def task(self, task: TaskResult, name: str) -> Iterator[str]:
        asked = [condition for condition in task.conditions if condition.counts or condition.trials or condition.void]
        called = [name if len(task.conditions) == 1 else condition.condition for condition in asked]
        told = [one if condition.counts else f"({one})" for one, condition in zip(called, asked, strict=True)]
        yield from map(self.condition, asked, labels(told, _NAME))
        if any(not condition.counts for condition in asked):
            yield self.style("  (in brackets: explored, does not count for the verdict)", "dim")
        left = [_short(condition.condition, 20) for condition in task.conditions if condition not in asked]
        if left:
            yield from wrapped(f"not asked, and not needed for the verdict: {', '.join(left)}", indent="  ")
        for note in (*before_reasons(task), *why(task, self.provenance), *after_reasons(task)):
            yield from wrapped(note, indent="  ")

    def condition(self, condition: ConditionResult, name: str) -> str:
        trials = f"{condition.trials}×{condition.repeat.k}" if condition.repeat else f"{condition.trials}"
        measured = f"{percent(condition.rate):>6} {percent_range(condition.low, condition.high):>10}"
        if not self.words_only:
            shown = f"{guaranteed(condition):>6}  {bar(condition)}"
        else:
            measured = f"{'not measured':>17}" if condition.rate is None else measured
            shown = f" {in_words(guaranteed(condition)):<{_WORDY}}"
        return f"  {padded(name, _NAME)} {trials:>6} {measured} {shown}  {self.verdict(condition.verdict)}"

    def foot(self, result: SuiteResult) -> Iterator[str]:
        totals = result.totals
        void = f", {totals.void:,} void" if totals.void else ""
        yield f"{totals.calls:,} calls{void}, {cost_told(result)}, {totals.seconds:.1f} s"
        for note in money_notes(result, self.provenance.prices):
            yield from wrapped(note)
        for note in changes(result):
            yield from wrapped(note)
        where = [f"seed {self.provenance.seed}", self.provenance.folder]
        served = [f"served by {', '.join(result.served_model)}"] if result.served_model else []
        yield from wrapped("; ".join([*served, *where]))
        yield from wrapped(
            f"Each task's verdict holds at {100 * self.provenance.confidence:g} %; upper ends allow for the number of "
            "conditions that count. The margin is what is guaranteed, in points."
        )
        yield from wrapped(_together(result))


def _together(result: SuiteResult) -> str:
    """Whether the verdicts of several tasks can be read together."""
    n = len(result.tasks)
    if n < 2 or all(task.verdict == "edge" for task in result.tasks):
        return ""
    few = []
    for verdict, held in (("usable", result.claims.usable), ("unusable", result.claims.unusable)):
        reached = sum(task.verdict == verdict for task in result.tasks)
        if reached > len(held):
            few.append(f"{reached} {verdict}")
    if few:
        return f"Each verdict holds alone; but {' and '.join(few)} of {n} tasks are so few that they may be chance."
    rate = f"{100 * result.claims.level:g} %"
    return f"Taken together, on average at most {rate} of the usable verdicts are wrong, and of the unusable ones."


def _short(text: str, width: int) -> str:
    return one_line(text, width)


def _headline(result: SuiteResult) -> Iterator[str]:
    """The answer in a few sentences: how many tasks are what, and the worst of them."""
    counts = Counter(task.verdict for task in result.tasks)
    parts = [f"{counts[verdict]} {verdict}" for verdict in ("unusable", "edge", "usable") if counts[verdict]]
    shares = f": {', '.join(parts)} of {len(result.tasks)} tasks" if len(result.tasks) > 1 else ""
    yield f"{result.verdict.upper()}{shares}"
    if result.verdict == "usable":
        weakest = min(_weakest(result.tasks), key=lambda pair: pair[1].margin_low or 0.0)
        least = at_least(weakest[1].margin_low or 0.0)
        by = "; by how much was not measured" if least == _NO_MARGIN else f", by at least {least} points"
        yield from wrapped(f"Every task is above its threshold{by} (weakest: {_place(*weakest)}).")
        return
    concerned = [task for task in result.tasks if task.verdict == result.verdict]
    concerned.sort(key=lambda task: (task.weakest.margin_high or 0.0) if task.weakest else 0.0)
    named = concerned if len(concerned) == _NAMED_IN_HEADLINE + 1 else concerned[:_NAMED_IN_HEADLINE]
    for task in named:
        yield from bulleted(_sentence(task))
    if len(concerned) > len(named):
        yield f"- and {len(concerned) - len(named)} more"


def _weakest(tasks: Sequence[TaskResult]) -> list[tuple[TaskResult, ConditionResult]]:
    return [(task, task.weakest) for task in tasks if task.weakest is not None]


def _place(task: TaskResult, condition: ConditionResult) -> str:
    return f"{_short(task.task, 40)}, {_short(condition.condition, 20)}"


def _sentence(task: TaskResult) -> str:
    """What keeps a task from being usable."""
    name, weakest = _short(task.task, 40), task.weakest
    if weakest is None:
        return f"{name} was not measured."
    plain = task.conditions[0]
    if plain.verdict == "unusable" and plain is not weakest:
        return f"{name} fails already at {_stands(plain)}; it is weakest at {_stands(weakest)}."
    if task.verdict == "unusable":
        return f"{name} fails at {_stands(weakest)}."
    return f"{name} could be either: {_stands(weakest)}."


def _stands(condition: ConditionResult) -> str:
    between = percent_range(condition.low, condition.high)
    return f"{_short(condition.condition, 20)} ({between} %, needs {percent(condition.threshold)} %)"


def guaranteed(condition: ConditionResult) -> str:
    """The margin that is guaranteed, in points; at the edge there is none."""
    if condition.verdict == "usable" and condition.margin_low is not None:
        least = at_least(condition.margin_low)
        return ">0" if least == _NO_MARGIN else f"≥{least}"
    if condition.verdict == "unusable" and condition.margin_high is not None:
        most = at_most(condition.margin_high)
        return "<0" if most == _NO_MARGIN else f"≤{most}"
    return "–"


def in_words(margin: str) -> str:
    """A guaranteed margin, as `guaranteed` gives it, without signs.

    >>> in_words("≥+4.9"), in_words("<0"), in_words("–")
    ('at least +4.9', 'below 0', 'none')
    """
    return _IN_WORDS.get(margin[0], "none") + margin[1:]
