"""The curve behind a critical level, as levels and pass rates."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.stats import Scale, curve_through
from evalkit.verdict import ConditionResult, CriticalLevel


def level_curve(critical: CriticalLevel, ladder: Sequence[ConditionResult]) -> list[tuple[float, float]]:
    """Levels and pass rates of the fitted curve over the tested levels; empty where no curve may be read.

    Args:
        critical: What was found; its estimate is where the curve meets the threshold.
        ladder: The conditions of its levels, from easy to hard.
    """
    if critical.estimate is None or critical.fit not in {"ok", "poor"}:
        return []
    tested = [(float(each.level), each) for each in ladder if each.trials and isinstance(each.level, int | float)]
    scale = Scale.of([level for level, _ in tested])
    counts = [(scale.place(level), each.passes, each.trials) for level, each in tested]
    curve = curve_through(counts, ladder[0].threshold, scale.place(critical.estimate))
    return [(scale.level(place), rate) for place, rate in curve]
