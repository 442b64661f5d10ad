from __future__ import annotations

from itertools import combinations

from evalkit.report.charts.places import Spot, beside

Box = tuple[float, float, float, float]


def boxes(
    points: list[tuple[float, float]], widths: list[float], spots: list[Spot]
) -> tuple[list[Box], list[Box], list[Box]]:
    """Names, lines that lead to them, and points: what must not lie over each other."""
    names, lines = [], []
    for (x, y), width, (align, dx, dy) in zip(points, widths, spots, strict=True):
        left = x + dx - (width if align == "right" else 0)
        names.append((left, y + dy - 7, left + width, y + dy + 7))
        lines.append((x, min(y, y + dy), x, max(y, y + dy)))
    return names, lines, [(x - 10, y - 10, x + 10, y + 10) for x, y in points]


def meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def test_a_name_stands_at_the_right_of_its_point_or_at_the_left_where_the_right_is_taken() -> None:
    assert [("left", 13, 0)] == beside([(50, 100)], [40], floor=200)
    assert [("right", -13, 0), ("left", 13, 0)] == beside([(80, 100), (110, 100)], [40, 40], floor=200)


def test_names_of_a_crowd_cover_no_name_no_line_and_no_other_point_however_wide_the_chart_becomes() -> None:
    crowd = [(25.0, 200.0), (90.0, 200.0), (43.0, 200.0), (49.0, 200.0), (61.0, 200.0), (61.0, 200.0), (40.0, 180.0)]
    widths = [70.0, 75.0, 70.0, 85.0, 80.0, 60.0, 70.0]
    spots = beside(crowd, widths, floor=200)
    for wider in (1.0, 1.7, 3.0):
        points = [(x * wider, y) for x, y in crowd]
        names, lines, marks = boxes(points, widths, spots)
        assert [] == [pair for pair in combinations(names, 2) if meet(*pair)]
        assert [] == [(name, line) for name in names for line in lines if meet(name, line)]
        assert [] == [(name, mark) for name in names for mark in marks if meet(name, mark)]
    assert 1 < len({dy for _, _, dy in spots})


def test_names_stay_off_the_numbers_of_the_axes() -> None:
    points = [(5.0, 198.0), (12.0, 198.0)]
    names, _, _ = boxes(points, [60.0, 60.0], beside(points, [60.0, 60.0], floor=200))
    assert all(left >= 0 and bottom <= 210 for left, _, _, bottom in names)
