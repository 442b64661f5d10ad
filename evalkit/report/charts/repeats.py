"""What asking again shows: how often an item passes so many times in a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from evalkit.plain import one_line, percent
from evalkit.report.charts.channels import APART, by_model, model_shapes, threshold_line
from evalkit.report.charts.theme import SCHEMA
from evalkit.report.charts.words import listed, model_labels
from evalkit.report.figure import Cell, Column, Figure, Table
from evalkit.verdict import ConditionResult, RepeatResult, SuiteResult, TaskResult

_WIDTH, _HEIGHT = 480, 220
_APART = 0.06
"""Asks by which models stand apart at the same number."""
_TICKS = 12
_COLUMNS = (
    Column(name="model"),
    *(Column(name=name, kind="count") for name in ("asks in a row", "series")),
    *(Column(name=name, kind="share") for name in ("all pass", "standard error", "consistent", "agreement")),
)


def repeat_figure(task: str, results: Sequence[SuiteResult]) -> Figure | None:
    """The chance that so many repeats of an item all pass; None where nothing was asked again.

    Args:
        task: Its name.
        results: Of one suite, each of another model.
    """
    models = model_labels(results)
    found = [
        (index, each.repeat, _condition(each))
        for index, result in enumerate(results)
        for each in result.tasks
        if each.task == task and each.repeat is not None
    ]
    if not found:
        return None
    repeats = [(models[index], repeat) for index, repeat, _ in found]
    needed = next((each.threshold for *_, each in found if each is not None and each.counts), None)
    return Figure(
        id="repeats",
        title=f"Asked again and again: {one_line(task, 40)}",
        says=" ".join(_says(repeats, several=len(models) > 1)),
        spec=_spec(repeats, models, needed),
        table=Table(
            columns=_COLUMNS,
            rows=tuple(row for index, repeat, _ in found for row in _rows(results[index].model, repeat)),
        ),
    )


def _condition(task: TaskResult) -> ConditionResult | None:
    return next((each for each in task.conditions if each.repeat is not None), None)


def _says(repeats: Sequence[tuple[str, RepeatResult]], *, several: bool) -> Iterator[str]:
    if several:
        told = [f"{name} {percent(repeat.consistent)} %" for name, repeat in repeats]
        yield f"Share of series of asks of the same item that pass throughout: {listed(told, most=6)}."
    else:
        ((_, repeat),) = repeats
        agreement = "" if repeat.agreement is None else f"; two asks end alike in {percent(repeat.agreement)} %"
        series = f"{repeat.items:,} series of up to {repeat.k} asks of the same item"
        yield f"Of {series}, {percent(repeat.consistent)} % pass throughout{agreement}."
    if any(repeat.standard_error for _, repeat in repeats):
        yield "Lines through points are one standard error to either side."


def _points(name: str, repeat: RepeatResult, shift: float) -> list[dict[str, Any]]:
    """The curve; where asking ended at the first failure, its last point only: the share of consistent items."""
    rates = list(enumerate(repeat.pass_hat_k, 1)) if repeat.pass_hat_k else [(repeat.k, repeat.consistent)]
    errors = repeat.standard_error
    rows = []
    for asks, rate in rates:
        error = None if errors is None or repeat.pass_hat_k is None else errors[asks - 1]
        about = "" if error is None else f" ± {100 * error:.1f} (standard error)"
        rows.append(
            {
                "asks": asks + shift,
                "rate": rate,
                "low": None if error is None else max(rate - error, 0.0),
                "high": None if error is None else min(rate + error, 1.0),
                "model": name,
                "hover": f"{name}: {asks} of {asks} asks pass for {percent(rate)} %{about}",
            }
        )
    return rows


_SHARE: dict[str, Any] = {
    "field": "rate",
    "type": "quantitative",
    "title": "share of series",
    "scale": {"domain": [0, 1]},
    "axis": {"format": ".0%", "tickCount": 5},
}


def _spec(repeats: Sequence[tuple[str, RepeatResult]], models: Sequence[str], needed: float | None) -> dict[str, Any]:
    alone = len(models) == 1
    most = max(repeat.k for _, repeat in repeats)
    middle = (len(repeats) - 1) / 2
    values = [
        row
        for index, (name, repeat) in enumerate(repeats)
        for row in _points(name, repeat, 0.0 if most < 3 else _APART * (index - middle))
    ]
    x = _asks(most)
    shown = [name for name, _ in repeats]
    colour = {} if alone else {"color": {**by_model(models, shown), "legend": None}}
    named = {} if alone else {"color": by_model(models, shown), "shape": model_shapes(models, shown)}
    style = {"style": "measured"} if alone else {}
    data = {"values": values}
    with_error = {"values": [value for value in values if value["low"] is not None]}
    hover = {"tooltip": {"field": "hover"}}
    layers = [
        *([] if needed is None else threshold_line(needed, _SHARE)),
        {
            "data": data,
            "mark": {"type": "line", "strokeWidth": 1.5, **style},
            "encoding": {"x": x, "y": _SHARE, **colour},
        },
        {
            "data": with_error,
            "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.6, **style},
            "encoding": {"x": x, "y": {**_SHARE, "field": "low"}, "y2": {"field": "high"}, **colour, **hover},
        },
        {
            "data": data,
            "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1, **style},
            "encoding": {"x": x, "y": _SHARE, **named, **hover, "description": {"field": "hover"}},
        },
    ]
    return {"$schema": SCHEMA, "width": _WIDTH, "height": _HEIGHT, "layer": layers, "resolve": APART}


def _asks(most: int) -> dict[str, Any]:
    """The channel of asks in a row."""
    return {
        "field": "asks",
        "type": "quantitative",
        "title": "asks of the same item, all of which pass",
        "scale": {"domain": [0.7, most + 0.3], "nice": False, "zero": False},
        "axis": {"values": _ticks(most), "format": "d", "grid": False},
    }


def _ticks(most: int) -> list[int]:
    """Whole numbers, not too many."""
    step = -(-most // _TICKS)
    return sorted({1, *range(step, most + 1, step), most})


def _rows(model: str, repeat: RepeatResult) -> Iterator[tuple[Cell, ...]]:
    for index in range(repeat.k):
        rate = None if repeat.pass_hat_k is None else repeat.pass_hat_k[index]
        error = None if repeat.standard_error is None else repeat.standard_error[index]
        yield (model, index + 1, repeat.items, rate, error, repeat.consistent, repeat.agreement)
