"""The capability map as a picture: which model can do what, and by how much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from evalkit.plain import counted, one_line
from evalkit.report.capability_map import SUITE, MapEntry, MappedSuite
from evalkit.report.charts.channels import by_verdict
from evalkit.report.charts.theme import SCHEMA
from evalkit.report.charts.words import listed, measured_words, model_labels, standing
from evalkit.report.figure import Cell, Column, Figure, Table
from evalkit.report.layout import SIGNS
from evalkit.report.names import labels
from evalkit.verdict import ConditionResult, SuiteResult, TaskResult

_NAME = 40
"""Most characters of a task's name, and of a model's: a column is as wide as its model's."""
_ROW, _LEAST_COLUMN, _LETTER = 44, 104, 7
"""Pixels of a row, of the narrowest column, and of a letter of a model's name."""


def in_order(entries: Sequence[MapEntry]) -> list[SuiteResult]:
    """One result a suite and model, suite by suite, with models in the order of the map.

    Args:
        entries: Runs; of two of the same model and suite the later one stays.
    """
    suites: dict[str, list[MapEntry]] = {}
    for entry in entries:
        suites.setdefault(entry.result.suite, []).append(entry)
    return [run.result for runs in suites.values() for run in MappedSuite(runs).shown]


def capability_figure(results: Sequence[SuiteResult]) -> Figure | None:
    """The map of one suite; None where fewer than two models measured it.

    Args:
        results: Of one suite, each of another model, in the order of their columns.
    """
    if len(results) < 2:
        return None
    tasks = list(dict.fromkeys(task.task for result in results for task in result.tasks))
    suite = one_line(results[0].suite, 40)
    return Figure(
        id="map",
        title=f"What each model can do: {suite}",
        says=_says(results, tasks),
        spec=_spec(results, tasks),
        table=_table(results, tasks),
    )


def _says(results: Sequence[SuiteResult], tasks: Sequence[str]) -> str:
    """Who can do what, in two sentences."""
    names = model_labels(results, _NAME)
    whole = [name for name, result in zip(names, results, strict=True) if result.verdict == "usable"]
    what = f"every one of {len(tasks)} tasks" if len(tasks) > 1 else "the task"
    if whole:
        first = f"{listed(whole)} {'is' if len(whole) == 1 else 'are'} shown usable for {what}."
    else:
        best = max(_usable(result) for result in results)
        who = listed([name for name, result in zip(names, results, strict=True) if _usable(result) == best])
        first = f"No model is shown usable for {what}"
        first += f"; {who} for {best}." if best else ", nor for any of them." if len(tasks) > 1 else "."
    return f"{first} Points are what is guaranteed above or below the threshold; below them, where a task is weakest."


def _usable(result: SuiteResult) -> int:
    return sum(task.verdict == "usable" for task in result.tasks)


def _cells(results: Sequence[SuiteResult], tasks: Sequence[str]) -> Iterator[dict[str, Any]]:
    rows = labels([*tasks, SUITE], _NAME)
    for column, result in zip(model_labels(results, _NAME), results, strict=True):
        found = {task.task: task for task in result.tasks}
        for row, name in zip(rows, tasks, strict=False):
            cell = _cell(found.get(name))
            yield {"task": row, "model": column, **cell, "hover": f"{row}, {column}: {cell['hover']}"}
        yield {
            "task": rows[-1],
            "model": column,
            "verdict": result.verdict,
            "sign": SIGNS[result.verdict],
            "margin": f"{_usable(result)} of {len(result.tasks)}",
            "where": "usable",
            "hover": f"{column}: usable for {_usable(result)} of {counted(len(result.tasks), 'task')}",
        }


def _cell(task: TaskResult | None) -> dict[str, Any]:
    sign, _, margin = standing(task).partition(" ")
    weakest = None if task is None else task.weakest
    if task is None or weakest is None or not margin:
        return {"verdict": None, "sign": "", "margin": "–", "where": "not measured", "hover": "not measured"}
    several = sum(condition.counts for condition in task.conditions) > 1
    where = one_line(weakest.condition, 14) if several else ""
    hover = f"{task.verdict}; weakest at {measured_words(weakest)}"
    return {"verdict": task.verdict, "sign": sign, "margin": margin, "where": where, "hover": hover}


def _spec(results: Sequence[SuiteResult], tasks: Sequence[str]) -> dict[str, Any]:
    cells = list(_cells(results, tasks))
    rows, columns = ([*dict.fromkeys(cell[key] for cell in cells)] for key in ("task", "model"))
    axis = {"title": None, "domain": False, "ticks": False, "labelPadding": 8}
    kind = {"type": "nominal", "scale": {"paddingInner": 0.06, "paddingOuter": 0}}
    x = {**kind, "field": "model", "sort": columns, "axis": {**axis, "orient": "top", "labelAngle": 0}}
    y = {**kind, "field": "task", "sort": rows, "axis": axis}
    measured = [cell for cell in cells if cell["verdict"] is not None]
    missing = [cell for cell in cells if cell["verdict"] is None]

    def text(field: str, dy: int, **looks: Any) -> dict[str, Any]:
        shown = [cell for cell in cells if cell[field]]
        coloured = {"color": by_verdict()} if field == "sign" else {}
        encoding = {"x": x, "y": y, "text": {"field": field}, **coloured}
        # The boxes are described as wholes.
        mark = {"type": "text", "dy": dy, "aria": False, **looks}
        return {"data": {"values": shown}, "mark": mark, "encoding": encoding}

    box = {"type": "rect", "cornerRadius": 4}
    encoding = {"x": x, "y": y, "tooltip": {"field": "hover"}, "description": {"field": "hover"}}
    filled = {**encoding, "color": by_verdict("verdict_fill")}
    return {
        "$schema": SCHEMA,
        "width": {"step": max(_LEAST_COLUMN, _LETTER * max(len(name) for name in columns) + 12)},
        "height": {"step": _ROW},
        "layer": [
            {"data": {"values": measured}, "mark": box, "encoding": filled},
            {"data": {"values": missing}, "mark": {**box, "style": "not-measured"}, "encoding": encoding},
            text("sign", -6, dx=-36, fontSize=13, style="sign"),
            text("margin", -6, dx=6, fontSize=12, style="ink"),
            text("where", 11, fontSize=10, style="muted"),
        ],
        "resolve": {"scale": {"color": "independent"}},
    }


def _table(results: Sequence[SuiteResult], tasks: Sequence[str]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name in tasks:
        for result in results:
            task = next((each for each in result.tasks if each.task == name), None)
            weakest = None if task is None else task.weakest
            verdict = None if task is None or weakest is None else task.verdict
            told = (None,) * 5 if weakest is None else (weakest.condition, weakest.threshold, *_margins(weakest))
            rows.append((name, result.model, verdict, *told))
    columns = [Column(name=each) for each in ("task", "model", "verdict", "weakest condition")]
    shares = [Column(name="threshold", kind="share")]
    points = [Column(name=each, kind="points") for each in ("margin", "at least", "at most")]
    return Table(columns=(*columns, *shares, *points), rows=tuple(rows))


def _margins(condition: ConditionResult) -> tuple[Cell, Cell, Cell]:
    return condition.margin, condition.margin_low, condition.margin_high
