"""A run's results as a notebook shows them: one small table, without a script, a style sheet or a colour of its own.

A notebook may be light or dark, so the text has the notebook's colours, and verdicts are signs and words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape

from evalkit.plain import one_line, percent, percent_range
from evalkit.report.layout import SIGNS
from evalkit.report.money import cost_told
from evalkit.report.notes import changes
from evalkit.report.terminal import guaranteed
from evalkit.verdict import SuiteResult, TaskResult

_NAME = 60
_TABLE = "color:inherit;font:inherit;border-collapse:collapse"
_LEFT, _RIGHT = "text-align:left;padding:.2em .7em", "text-align:right;padding:.2em .7em"
_COLUMNS = (
    ("verdict", _LEFT),
    ("task", _LEFT),
    ("margin", _RIGHT),
    ("weakest condition", _LEFT),
    ("pass %", _RIGHT),
    ("between", _RIGHT),
    ("needs", _RIGHT),
)


def notebook(result: SuiteResult, *, folder: str, ended: bool = True) -> str:
    """A run's results as a piece of HTML; whatever suites, models and providers call things, it is text.

    Args:
        result: What was measured.
        folder: Of the run.
        ended: Whether the run has come to its end.
    """
    return "\n".join(_lines(result, folder, ended))


def _lines(result: SuiteResult, folder: str, ended: bool) -> Iterator[str]:
    yield "<div>"
    yield f"<p><strong>{_text(result.suite)} with {_text(result.model)}: {_headline(result)}</strong></p>"
    if not ended:
        yield f"<p>This run has not come to its end. Go on with <code>evalkit.resume</code>: {_text(folder, 200)}</p>"
    yield f'<table style="{_TABLE}">'
    heads = "".join(f'<th scope="col" style="{align}">{name}</th>' for name, align in _COLUMNS)
    yield f"<thead><tr>{heads}</tr></thead>"
    yield "<tbody>"
    for task in result.tasks:
        cells = "".join(
            f'<td style="{align}">{cell}</td>' for cell, (_, align) in zip(_row(task), _COLUMNS, strict=True)
        )
        yield f"<tr>{cells}</tr>"
    yield "</tbody>"
    yield "</table>"
    yield "".join(f"<p>{_text(note, 300)}</p>" for note in changes(result))
    yield f"<p><small>{_foot(result)} {_text(folder, 200)}</small></p>"
    yield "</div>"


def _headline(result: SuiteResult) -> str:
    counts = Counter(task.verdict for task in result.tasks)
    parts = [f"{counts[verdict]} {verdict}" for verdict in ("unusable", "edge", "usable") if counts[verdict]]
    shares = f" ({', '.join(parts)} of {len(result.tasks)} tasks)" if len(result.tasks) > 1 else ""
    return f"{SIGNS[result.verdict]} {result.verdict}{shares}"


def _row(task: TaskResult) -> Sequence[str]:
    verdict, weakest = f"{SIGNS[task.verdict]} {task.verdict}", task.weakest
    if weakest is None:
        return [verdict, _text(task.task), "–", "not measured", "–", "–", f"{percent(task.threshold)}"]
    rate = percent(weakest.rate) + (" (score)" if weakest.measure == "score" else "")
    between, needs = percent_range(weakest.low, weakest.high), percent(weakest.threshold)
    return [verdict, _text(task.task), escape(guaranteed(weakest)), _text(weakest.condition), rate, between, needs]


def _foot(result: SuiteResult) -> str:
    totals = result.totals
    void = f", {totals.void:,} void" if totals.void else ""
    return (
        f"{totals.calls:,} calls{void}, {escape(cost_told(result))}. The margin is what is guaranteed, in points above "
        "or below what is needed; a dash: nothing is guaranteed, or nothing was measured."
    )


def _text(text: str, width: int = _NAME) -> str:
    return escape(one_line(text, width))
