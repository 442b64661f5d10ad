"""A condition's interval against its threshold, as a small bar of characters."""

from __future__ import annotations

from evalkit.verdict import ConditionResult

BAR = 12
"""Columns."""


def bar(condition: ConditionResult) -> str:
    """The interval between 0 and 100 % as a line, the threshold as a mark that it crosses only at the edge.

    The line is one column longer rather than hidden by the mark: on which side of the threshold it lies is what counts.
    """
    mark = min(max(int(condition.threshold * BAR), 1), BAR - 2)
    cells = ["·"] * BAR
    low, high = condition.low, condition.high
    if low is not None and high is not None:
        first, last = min(int(low * BAR), BAR - 1), min(int(high * BAR), BAR - 1)
        if low > condition.threshold:
            first, last = max(first, mark + 1), max(last, mark + 1)
        elif high < condition.threshold:
            first, last = min(first, mark - 1), min(last, mark - 1)
        else:
            first, last = min(first, mark), max(last, mark)
        cells[first : last + 1] = "━" * (last + 1 - first)
    cells[mark] = "╋" if cells[mark] == "━" else "┃"
    return "".join(cells)
