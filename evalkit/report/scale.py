"""Ability against size for the terminal: the answer in sentences, the figures, and a plot in plain characters."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.plain import columns, one_line, padded, percent, percent_range
from evalkit.report.conjunction import conjunction_lines
from evalkit.report.law import law_lines
from evalkit.report.layout import WIDTH, Style, plain_style, short_models, wrapped
from evalkit.report.names import labels
from evalkit.report.scale_plot import plot
from evalkit.report.scale_sentences import sentences
from evalkit.scale.points import Mean, shown_size, size_of
from evalkit.scale.result import Ability
from evalkit.scale.scale import Scale

AGAINST = {"params": "parameters", "tokens": "training tokens", "flops": "training FLOPs"}
"""What sizes are called."""
_ROWS = 24
"""Models that a table lists; of more, only the plot is shown."""
_NAME = 24
_COLOURS = {"smooth": "good", "sharp": "open", "metric-made": "open"}


def render_scale(scale: Scale, *, style: Style = plain_style) -> str:
    """What models of several sizes show, as text of at most 80 columns.

    Args:
        scale: What was found.
        style: Colours it.
    """
    return "\n".join(_lines(scale, style)) + "\n"


def _lines(scale: Scale, style: Style) -> Iterator[str]:
    models = {point.model for ability in scale.abilities for point in ability.points}
    if scale.abilities:
        of = one_line(models.pop(), 40) if len(models) == 1 else f"{len(models)} models"
        yield style(f"Ability against {AGAINST[scale.against]}: {of}", "strong")
    for ability in scale.abilities:
        yield ""
        yield from _ability(ability, style)
    joint = conjunction_lines(scale.conjunctions)
    if joint:
        yield from ("", style("Constraints that must hold together", "strong"), *joint)
    for each in scale.laws:
        of = "over all tasks" if each.task is None else f"of {one_line(each.task, 40)}"
        yield from ("", style(f"Scaling law of the loss {of}", "strong"), *law_lines(each.law))
    for note in scale.notes:
        yield ""
        yield from wrapped(f"note: {note}")


def _ability(ability: Ability, style: Style) -> Iterator[str]:
    verdict = ability.shape.verdict
    told = style(verdict, _COLOURS[verdict]) if verdict else style("shape not known", "dim")
    yield f"{style(one_line(ability.name, 50), 'strong')}  {told}"
    for sentence in sentences(ability):
        yield from wrapped(sentence, indent="  ")
    if len(ability.points) <= _ROWS:
        yield from _table(ability, style)
    yield from plot(ability)


def _table(ability: Ability, style: Style) -> Iterator[str]:
    points = ability.points
    names = labels(short_models([point.model for point in points]), _NAME)
    width = max(columns(name) for name in [*names, "model"])
    worth = "trials" if ability.curve.fitted is None or ability.curve.fitted.worth is None else "worth"
    score = " ".join(f"{head:>7}" for head in ("score", "loss"))
    yield style(f"  {'model':<{width}} {'size':>8} {worth:>6} {'pass %':>6} {'between':>10} {score}", "dim")
    for name, point in zip(names, points, strict=True):
        size = shown_size(size_of(point, ability.against))
        trials = "–" if point.trials is None else f"{point.trials:.0f}"
        row = f"  {padded(name, width)} {size:>8} {trials:>6} {percent(point.pass_rate):>6} "
        yield f"{row}{percent_range(point.low, point.high):>10} {_mean(point.score)} {_mean(point.loss)}"[:WIDTH]


def _mean(mean: Mean | None) -> str:
    if mean is None:
        return f"{'–':>7}"
    return f"{mean.value:>7.3f}" if abs(mean.value) < 100 else f"{mean.value:>7.4g}"
