"""How far a model stays usable as a perturbation or an axis gets harder: the margin sideways.

The verdicts of the tested levels say it with guaranteed error rates, as if harder levels were never easier; a pair of
levels that shows otherwise is named. Beside them stands a curve fitted through all levels, which is model-based.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import inf
from typing import NamedTuple, TypeAlias

from evalkit.stats import Scale, fit_crossing, reach
from evalkit.trial import Level
from evalkit.verdict.results import ConditionResult, CriticalLevel, Fit

POOR = 0.01
"""A fit that chance makes as bad so seldom is called poor."""

Counts: TypeAlias = Sequence[tuple[float, int, int]]
"""Place, passes and trials of each tested level, from easy to hard."""


class _Place(NamedTuple):
    """Where the threshold is met; higher is harder."""

    low: float | None
    estimate: float | None
    high: float | None
    fit: Fit


def critical_level(perturbation: str, ladder: Sequence[ConditionResult], *, strict: bool) -> CriticalLevel:
    """Say where along its levels a perturbation makes the model unusable.

    Args:
        perturbation: Its name.
        ladder: Its conditions from easy to hard, at least one; all have a level and the same threshold.
        strict: Whether the first level that is not shown usable ends the reach, also one that does not count.

    Assumes:
        Harder levels are never easier, unless strict or the data show otherwise: a level without a verdict below a
        usable one is passed over. The estimate and its interval are model-based; see `fit_crossing`.
    """
    contradiction = _contradiction(ladder)
    # Where harder is not harder, a level without a verdict cannot be passed over.
    judged = [
        each
        for each in ladder
        if strict or each.counts or each.verdict != "edge" or (contradiction is not None and each.trials)
    ]
    last = reach([0.0 if each.low is None else each.low for each in judged], ladder[0].threshold)
    usable_to = None if last is None else judged[last].level
    unusable_from = next((each.level for each in ladder if each.verdict == "unusable"), None)
    critical = CriticalLevel(perturbation=perturbation, usable_to=usable_to, unusable_from=unusable_from)
    if contradiction is not None:
        return replace(critical, fit="not monotone", contradiction=contradiction)
    levels = _numbers(ladder)
    if levels is None or not 0 < ladder[0].threshold < 1 or ladder[0].measure == "score":
        return critical  # a curve is fitted to passes, through places, to where it meets the threshold
    if sum(each.trials > 0 for each in ladder) < 2:
        return replace(critical, fit="too few levels")
    return _with_curve(critical, ladder, levels)


def _contradiction(ladder: Sequence[ConditionResult]) -> tuple[Level, Level] | None:
    """Of the pairs whose harder level surely passes more often, the one whose intervals lie furthest apart."""
    widest, found = 0.0, None
    lowest: tuple[float, Level] | None = None
    for each in ladder:
        if each.low is None or each.high is None or each.level is None:
            continue
        if lowest is not None and each.low - lowest[0] > widest:
            widest, found = each.low - lowest[0], (lowest[1], each.level)
        if lowest is None or each.high < lowest[0]:
            lowest = each.high, each.level
    return found


def _numbers(ladder: Sequence[ConditionResult]) -> list[float] | None:
    """The levels, if they are numbers that rise or fall throughout; words have no place between them."""
    levels = [float(each.level) for each in ladder if isinstance(each.level, int | float)]
    if len(levels) < len(ladder):
        return None
    rising = all(earlier < later for earlier, later in pairwise(levels))
    falling = all(earlier > later for earlier, later in pairwise(levels))
    return levels if rising or falling else None


def _with_curve(critical: CriticalLevel, ladder: Sequence[ConditionResult], levels: Sequence[float]) -> CriticalLevel:
    """Add what a fitted curve says, in levels."""
    scale = Scale.of(levels)
    places = [scale.place(level) for level in levels]
    place_of = {each.level: place for each, place in zip(ladder, places, strict=True)}
    floor, ceiling = place_of.get(critical.usable_to, -inf), place_of.get(critical.unusable_from, inf)
    counts = [(place, each.passes, each.trials) for place, each in zip(places, ladder, strict=True) if each.trials]
    found = _place(counts, ladder[0].threshold, floor, ceiling)
    # The way back through a logarithm is not exact; a tested level must be met exactly.
    level_at = dict(zip(places, levels, strict=True))
    low, estimate, high = (
        None if place is None else level_at.get(place, scale.level(place))
        for place in (found.low, found.estimate, found.high)
    )
    if scale.sign < 0:
        low, high = high, low
    return replace(critical, estimate=estimate, low=low, high=high, fit=found.fit)


def _place(counts: Counts, threshold: float, floor: float, ceiling: float) -> _Place:
    """Where a curve meets the threshold, within what the verdicts allow.

    Args:
        counts: As in fit_crossing; two or more, each with a trial.
        threshold: As there.
        floor: Of the hardest usable level; -inf when there is none.
        ceiling: Of the easiest unusable level; inf when there is none.
    """
    crossing = fit_crossing(counts, threshold)
    low, high = crossing.low, crossing.high
    fit: Fit = "poor" if crossing.fit < POOR else "ok"
    gap = _separation(counts)
    if gap is not None:
        # Few trials may leave more open than the gap itself.
        low, high, fit = min(low, gap[0]), max(high, gap[1]), "separated"
    if low > ceiling or high < floor:
        low, high, fit = floor, ceiling, "poor"
    low, estimate, high = (min(max(place, floor), ceiling) for place in (low, crossing.estimate, high))
    return _within_the_tested(low, estimate, high, fit, (counts[0][0], counts[-1][0]))


def _separation(counts: Counts) -> tuple[float, float] | None:
    """Between which two places every trial before passes and every trial after fails; None when there are no such."""
    always = sum(passes == trials for _, passes, trials in counts)
    apart = all(passes == (trials if place < always else 0) for place, (_, passes, trials) in enumerate(counts))
    return (counts[always - 1][0], counts[always][0]) if apart and 0 < always < len(counts) else None


def _within_the_tested(low: float, estimate: float, high: float, fit: Fit, tested: tuple[float, float]) -> _Place:
    """Say nothing of places beyond the tested ones but that the threshold is met there."""
    easiest, hardest = tested
    if estimate > hardest or low >= hardest:
        kept = _Place(min(low, hardest), None, None, "beyond the tested range")
    elif estimate < easiest or high <= easiest:
        kept = _Place(None, None, max(high, easiest), "beyond the tested range")
    else:
        kept = _Place(low, None if fit == "separated" else estimate, high, fit)
    low_end = None if kept.low is None or kept.low < easiest else kept.low
    high_end = None if kept.high is None or kept.high > hardest else kept.high
    if low_end is None and high_end is None:
        return _Place(None, None, None, "open")
    return kept._replace(low=low_end, high=high_end)
