"""Names and numbers as charts show them: short, apart from each other, and never claiming more than was shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from evalkit.plain import one_line, percent, percent_range, points_between
from evalkit.report.layout import SIGNS, short_models
from evalkit.report.names import labels
from evalkit.report.terminal import guaranteed
from evalkit.verdict import ConditionResult, SuiteResult, TaskResult, Verdict

NAME, MODEL, CONDITION = 28, 18, 24
"""Most characters of a name at an axis, of a model's, and of a condition's."""
_SLUG = 40


def model_labels(results: Iterable[SuiteResult], width: int = MODEL) -> list[str]:
    """What models are called beside each other."""
    return labels(short_models([result.model for result in results]), width)


def slug(text: str) -> str:
    """A name as a part of a figure's id.

    >>> slug("Ticket title!"), slug("題")
    ('ticket-title', 'x')
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_SLUG].strip("-") or "x"


def standing(task: TaskResult | None) -> str:
    """A task's sign and what is guaranteed of its margin, in points: `✓ ≥+2.8`, `? −3…+2`, `–` when not measured."""
    weakest = None if task is None else task.weakest
    if task is None or weakest is None or weakest.margin_low is None or weakest.margin_high is None:
        return "–"
    return f"{SIGNS[task.verdict]} {margin_told(weakest, task.verdict)}"


def margin_told(condition: ConditionResult, verdict: Verdict | None = None) -> str:
    """What is guaranteed of a condition's margin, in points; at the edge, between what it lies."""
    if (verdict or condition.verdict) != "edge":
        return guaranteed(condition)
    if condition.margin_low is None or condition.margin_high is None:
        return "–"
    return points_between(condition.margin_low, condition.margin_high)


def measured_words(condition: ConditionResult) -> str:
    """A condition's numbers in a line, as a pointer that rests on it shows them."""
    name = one_line(condition.condition, 40)
    needs = f"needs {percent(condition.threshold)} %"
    explored = "" if condition.counts else ", explored only: it does not count"
    if not was_asked(condition):
        return f"{name}: not measured, {needs}{explored}"
    void = f" and {condition.void:,} void" if condition.void else ""
    again = condition.repeat
    observed = "trials" if again is None else f"series of up to {again.k} asks of the same item"
    what = "mean score" if condition.measure == "score" else "pass rate"
    return (
        f"{name}: {what} {percent(condition.rate)} % (between {percent_range(condition.low, condition.high)} %), "
        f"{needs}, {condition.trials:,} {observed}{void}, {condition.verdict}{explored}"
    )


def needs(threshold: float) -> str:
    """What a threshold line is called.

    >>> needs(0.95), needs(0.9995)
    ('needs 95 %', 'needs 99.95 %')
    """
    return f"needs {100 * threshold:.4g} %"


def was_asked(condition: ConditionResult) -> bool:
    """Whether there is anything to draw of a condition."""
    return condition.low is not None and condition.high is not None and condition.trials + condition.void > 0


def listed(names: Sequence[str], most: int = 4) -> str:
    """Names in a sentence.

    >>> listed(["a", "b", "c"]), listed(list("abcdef"))
    ('a, b and c', 'a, b, c, d and 2 more')
    """
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else list(names))
