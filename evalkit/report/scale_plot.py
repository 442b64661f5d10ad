"""Pass rate and score against size in plain characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalkit.scale.points import place_of, shown_size
from evalkit.scale.result import Ability

_WIDTH = 60
_HEIGHT = 11
_INDENT = 8
_EVERY = 5
"""Rows between two marks of the axis: of eleven rows, those of 0, 50 and 100 %."""


def plot(ability: Ability) -> Iterator[str]:
    """A plot of one series, small sizes on the left.

    Args:
        ability: Its points have pass rates.
    """
    places = [place_of(point, ability.against) for point in ability.points]
    first, last = places[0], places[-1]
    if first == last:
        return
    grid = [[" "] * _WIDTH for _ in range(_HEIGHT)]
    columns = [round((place - first) / (last - first) * (_WIDTH - 1)) for place in places]
    _draw_threshold(grid, ability)
    _draw_curve(grid, ability, first, last)
    scored = _draw_points(grid, ability, columns)
    for index, row in enumerate(grid):
        share = (_HEIGHT - 1 - index) * 10
        mark = f"{share:>3} %" if share % (10 * _EVERY) == 0 else ""
        yield f"{mark:>{_INDENT - 2}} ┤{''.join(row)}".rstrip()
    yield f"{'':>{_INDENT - 2}} └{'─' * _WIDTH}"
    ends = shown_size(10**first), shown_size(10**last)
    yield f"{'':>{_INDENT}}{ends[0]}{ends[1]:>{_WIDTH - len(ends[0])}}"
    marks = ["● pass rate, │ its interval", *(["○ mean score"] if scored else [])]
    marks += ["· fitted curve"] if ability.curve.readable is not None else []
    marks += ["┄ threshold"] if ability.crossing is not None else []
    yield f"{'':>{_INDENT}}{', '.join(marks)}"


def _row(rate: float) -> int:
    return round((1 - min(max(rate, 0.0), 1.0)) * (_HEIGHT - 1))


def _draw_threshold(grid: Sequence[list[str]], ability: Ability) -> None:
    if ability.crossing is not None:
        grid[_row(ability.crossing.threshold)][:] = "┄" * _WIDTH


def _draw_curve(grid: Sequence[list[str]], ability: Ability, first: float, last: float) -> None:
    fitted = ability.curve.readable
    if fitted is not None:
        for column in range(_WIDTH):
            place = first + (last - first) * column / (_WIDTH - 1)
            grid[_row(fitted.rate(place))][column] = "·"


def _draw_points(grid: Sequence[list[str]], ability: Ability, columns: Sequence[int]) -> bool:
    """Draw intervals, then scores, then rates, so that what matters most stays on top.

    Returns:
        Whether a score was drawn.
    """
    scored = False
    for column, point in zip(columns, ability.points, strict=True):
        for row in range(_row(point.high or 0.0), _row(point.low or 0.0) + 1):
            grid[row][column] = "│"
    for column, point in zip(columns, ability.points, strict=True):
        if point.score is not None and 0 <= point.score.value <= 1:
            grid[_row(point.score.value)][column] = "○"
            scored = True
    for column, point in zip(columns, ability.points, strict=True):
        grid[_row(point.pass_rate or 0.0)][column] = "●"
    return scored
