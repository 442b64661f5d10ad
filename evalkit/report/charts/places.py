"""Where names of points stand in a chart, so that each is unmistakably that of its point."""

from __future__ import annotations

from collections.abc import Sequence

RADIUS, HALF_LINE = 10, 7
"""Pixels of a point, and of half the height of a name."""
_CLEAR = 6
"""Pixels between a name and what it does not belong to."""

Spot = tuple[str, int, int]
"""How a name is aligned, and pixels to the right of its point and below it; not level with it, a line leads there."""
_Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels."""
_SPOTS: tuple[Spot, ...] = (
    ("left", 13, 0),
    ("right", -13, 0),
    *(
        (align, dx, dy * (6 + 16 * row))
        for align, dx in (("left", 4), ("right", -4))
        for row in range(1, 40)
        for dy in (-1, 1)
    ),
)
"""From the best: beside a point, else like a flag on a pole above or below, to the right before to the left."""


def beside(points: Sequence[tuple[float, float]], widths: Sequence[float], *, floor: float) -> list[Spot]:
    """Where names stand so that none covers another one, the line that leads to it, or a point.

    Args:
        points: Pixels from the left and from the top.
        widths: Of their names, in pixels.
        floor: Pixels from the top at which numbers of an axis begin.
    """
    found: dict[int, Spot] = {}
    names: list[_Box] = []
    lines: list[_Box] = []
    # From the right to the left: a line that goes up then meets no name that hangs to the right of one before.
    for index in sorted(range(len(points)), key=lambda each: points[each], reverse=True):
        x, y = points[index]
        others = [(a - RADIUS, b - RADIUS, a + RADIUS, b + RADIUS) for n, (a, b) in enumerate(points) if n != index]
        free = [
            (spot, line)
            for spot in _SPOTS
            for name, line in ((_name_box(spot, x, y, widths[index]), _line_box(spot, x, y)),)
            if _inside(name, floor)
            and not any(_meet(_grown(name, down=_CLEAR), each) for each in others)
            and not any(_meet(_grown(name, down=0), each) for each in (*names, *lines))
            and not any(_meet(line, each) for each in names)
        ]
        # Where points lie over each other, a line from one may have to cross another.
        clear = [spot for spot, line in free if not any(_meet(line, each) for each in others)]
        spot = [*clear, *(spot for spot, _ in free), _SPOTS[0]][0]
        found[index] = spot
        names.append(_name_box(spot, x, y, widths[index]))
        lines.append(_line_box(spot, x, y))
    return [found[index] for index in range(len(points))]


def _name_box(spot: Spot, x: float, y: float, width: float) -> _Box:
    align, dx, dy = spot
    left = x + dx - (width if align == "right" else 0)
    return left, y + dy - HALF_LINE, left + width, y + dy + HALF_LINE


def _line_box(spot: Spot, x: float, y: float) -> _Box:
    """Of the line from a point to its name; without one, an empty box."""
    dy = spot[2]
    top, bottom = sorted((y + RADIUS * (1 if dy > 0 else -1), y + dy)) if dy else (y, y)
    return x - 1, top, x + 1, bottom


def _grown(box: _Box, *, down: float) -> _Box:
    """With room at both sides, and below, where a point would seem to be the name's."""
    left, top, right, bottom = box
    return left - _CLEAR, top, right + _CLEAR, bottom + down


def _inside(box: _Box, floor: float) -> bool:
    """Whether a box stays clear of the numbers at the axes; at the right there is room."""
    return box[0] >= 0 and box[3] <= floor + RADIUS


def _meet(one: _Box, other: _Box) -> bool:
    """Whether two boxes share a pixel."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
