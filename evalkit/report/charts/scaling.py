"""Scaling curves and laws as figures."""

from __future__ import annotations

from typing import Any

from evalkit.plain import counted, one_line
from evalkit.report.charts.law_chart import law_chart
from evalkit.report.charts.scale_chart import ability_panel
from evalkit.report.charts.theme import SCHEMA
from evalkit.report.charts.words import slug
from evalkit.report.figure import Column, Figure, Table
from evalkit.report.scale import AGAINST
from evalkit.report.scale_sentences import sentences
from evalkit.scale.points import Mean
from evalkit.scale.result import Ability
from evalkit.scale.scale import Scale, TaskLaw

_NAME = 40


def scale_figures(scale: Scale) -> list[Figure]:
    """A figure for each series of models, and for each scaling law.

    Args:
        scale: What was found.
    """
    return [*(_ability(ability) for ability in scale.abilities), *(_law(each) for each in scale.laws)]


def _untitled(spec: dict[str, Any]) -> dict[str, Any]:
    """Whoever shows a figure says its title."""
    if "vconcat" in spec:
        return {**spec, "vconcat": [_untitled(panel) for panel in spec["vconcat"]]}
    return {key: value for key, value in spec.items() if key != "title"}


def _ability(ability: Ability) -> Figure:
    return Figure(
        id=f"{slug(ability.name)}-size",
        title=f"With the size of the model: {one_line(ability.name, _NAME)}",
        says=" ".join(f"{told[:1].upper()}{told[1:].rstrip('.')}." for told in sentences(ability)),
        spec={"$schema": SCHEMA, **_untitled(ability_panel(ability))},
        table=Table(
            columns=(
                Column(name="model"),
                Column(name=AGAINST[ability.against], kind="number"),
                *(Column(name=name, kind="share") for name in ("pass rate", "low", "high")),
                *(Column(name=name, kind="number") for name in ("mean score", "loss")),
            ),
            rows=tuple(
                (
                    *(point.model, point.size.of(ability.against), point.pass_rate, point.low, point.high),
                    *(_mean(point.score), _mean(point.loss)),
                )
                for point in ability.points
            ),
        ),
    )


def _mean(mean: Mean | None) -> float | None:
    return None if mean is None else mean.value


def _law(each: TaskLaw) -> Figure:
    law = each.law
    whose = "all tasks" if each.task is None else one_line(each.task, _NAME)
    gaps = " The law has gaps, so it is drawn within what was measured only." if law.problems else ""
    return Figure(
        id=f"{slug(each.task or 'all')}-law",
        title=f"Loss against training compute: {whose}",
        says=f"{counted(len(law.points), 'point')}, a line for each size; dashed is the least loss of all sizes.{gaps}",
        spec=_untitled(law_chart(law)),
        table=Table(
            columns=(
                Column(name="model"),
                *(Column(name=name, kind="number") for name in ("parameters", "tokens", "training FLOPs", "loss")),
            ),
            rows=tuple((point.model, point.params, point.tokens, point.flops, point.loss) for point in law.points),
        ),
    )
