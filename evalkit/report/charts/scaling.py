"""Scaling curves and laws as figures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

from evalkit.plain import counted, one_line
from evalkit.report.charts.law_chart import law_chart
from evalkit.report.charts.scale_chart import ability_panel
from evalkit.report.charts.theme import SCHEMA
from evalkit.report.charts.words import slug
from evalkit.report.figure import Column, Figure, Table
from evalkit.report.scale import AGAINST
from evalkit.report.scale_sentences import grounds, headline
from evalkit.scale.points import Mean
from evalkit.scale.result import Ability
from evalkit.scale.scale import Scale, TaskLaw

_NAME = 40


class ScaleFigures(NamedTuple):
    """A figure for each series of models, and for each scaling law."""

    telling: list[Figure]
    """Of each task the condition that tells its models apart best; then the laws."""
    others: list[Figure]
    """All other conditions."""
    notes: Sequence[str]
    """What is to be said besides, or why there are no figures."""


def scale_figures(scale: Scale) -> ScaleFigures:
    """Draw what models of several sizes show together.

    Args:
        scale: What was found.
    """
    best: dict[str, Ability] = {}
    for ability in scale.abilities:
        best[ability.task] = max(best.get(ability.task, ability), ability, key=_spread)
    others = [ability for ability in scale.abilities if ability is not best[ability.task]]
    telling = [*map(_ability, best.values()), *map(_law, scale.laws)]
    return ScaleFigures(telling, [_ability(ability) for ability in others], scale.notes)


def _spread(ability: Ability) -> float:
    """How far apart the pass rates of any two models lie, summed up."""
    rates = [point.pass_rate or 0.0 for point in ability.points]
    return sum(abs(one - other) for one, other in combinations(rates, 2))


def _untitled(spec: dict[str, Any]) -> dict[str, Any]:
    """Whoever shows a figure says its title."""
    if "vconcat" in spec:
        return {**spec, "vconcat": [_untitled(panel) for panel in spec["vconcat"]]}
    return {key: value for key, value in spec.items() if key != "title"}


def _ability(ability: Ability) -> Figure:
    return Figure(
        id=f"{slug(ability.name)}-size",
        title=f"With the size of the model: {one_line(ability.name, _NAME)}",
        says=" ".join(headline(ability)),
        more=tuple(grounds(ability)),
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
