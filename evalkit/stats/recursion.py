"""What a sequential test will do, exactly: forward recursion over (trials, passes), without scipy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, takewhile

from evalkit.stats.boundary import Boundary

_NEGLIGIBLE = 1e-15
"""Chance below which a path is dropped: far below the error rates, far above what would slow the arithmetic."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prospect:
    """What a test of a pass rate from both sides comes to, at one true pass rate."""

    above: float
    """Chance of the verdict that the rate is above."""
    below: float
    undecided: float
    """Chance that neither is reached, because the trials or the hope ran out."""
    stops: tuple[float, ...]
    """Chance that trials end after 0, 1, 2, … of them."""

    @property
    def mean_trials(self) -> float:
        """Expected number of trials."""
        return sum(trials * chance for trials, chance in enumerate(self.stops))


def prospect(up: Boundary, down: Boundary, pass_rate: float, trials: int, *, futility: bool = True) -> Prospect:
    """What will come of a test when trials pass independently at a rate.

    Args:
        up: Of the test that the rate is above; hits are passes.
        down: Of the test that it is below; hits are fails.
        pass_rate: The true one, 0–1.
        trials: Budget, at least 1.
        futility: Whether the test ends once the rest of the budget cannot be expected to decide it.

    Raises:
        ValueError: If the rate or the budget is out of range.
    """
    if not 0 <= pass_rate <= 1 or trials < 1:
        raise ValueError(f"found pass rate {pass_rate} and {trials} trials, expected a rate from 0 to 1 and a trial")
    hopeless = _hopeless(up, down, trials) if futility else ()
    chances, first = [1.0], 0  # of `first` passes and more
    above = below = 0.0
    stops = [0.0] * (trials + 1)
    for n in range(1, trials + 1):
        chances = _one_more(chances, pass_rate)
        if n < up.least_trials:
            continue
        # What has decided: the highest counts are above, the lowest below.
        decided_above = _cut_off(chances, -1, len(chances) - (up.hits(n) - first))
        decided_below = _cut_off(chances, 0, n - down.hits(n) + 1 - first)
        first += max(n - down.hits(n) + 1 - first, 0)
        above, below = above + decided_above, below + decided_below
        stops[n] += decided_above + decided_below
        if hopeless and n < trials:
            low, high = hopeless[n]
            for passes in range(max(low, first), min(high, first + len(chances) - 1) + 1):
                stops[n] += chances[passes - first]
                chances[passes - first] = 0.0
        stops[n] += _cut_off(chances, -1, sum(1 for _ in takewhile(_negligible, reversed(chances))))
        gone = sum(1 for _ in takewhile(_negligible, chances))
        stops[n] += _cut_off(chances, 0, gone)
        first += gone
        if not chances:
            break
    stops[trials] += sum(chances)
    return Prospect(above=above, below=below, undecided=max(1 - above - below, 0.0), stops=tuple(stops))


def _cut_off(chances: list[float], end: int, number: int) -> float:
    """Take so many chances off an end, the first (0) or the last (-1).

    Returns:
        Their sum.
    """
    number = min(max(number, 0), len(chances))
    gone = slice(0, number) if end == 0 else slice(len(chances) - number, None)
    cut = sum(chances[gone])
    del chances[gone]
    return cut


def _negligible(chance: float) -> bool:
    return chance < _NEGLIGIBLE


def _one_more(chances: Sequence[float], pass_rate: float) -> list[float]:
    """The chances of each number of passes after one more trial."""
    fail_rate = 1 - pass_rate
    middle = [p * pass_rate + q * fail_rate for p, q in pairwise(chances)]
    return [chances[0] * fail_rate, *middle, chances[-1] * pass_rate]


def crossing_chance(boundary: Boundary, hit_rate: float, trials: int) -> float:
    """The chance that a one-sided test is decided within its budget, when trials hit independently at a rate.

    Args:
        boundary: Of the test.
        hit_rate: The true rate, 0–1.
        trials: Budget.
    """
    chances, first, crossed = [1.0], 0, 0.0
    for n in range(1, trials + 1):
        chances = _one_more(chances, hit_rate)
        if n < boundary.least_trials:
            continue
        crossed += _cut_off(chances, -1, len(chances) - (boundary.hits(n) - first))
        gone = sum(1 for _ in takewhile(_negligible, chances))
        _cut_off(chances, 0, gone)
        first += gone
        if not chances:
            break
    return crossed


@lru_cache(maxsize=256)
def _hopeless(up: Boundary, down: Boundary, trials: int) -> tuple[tuple[int, int], ...]:
    """For each number of trials the least and the most passes that leave no hope; none where the first is larger."""
    ranges = []
    least_up = least_down = 0  # hits that leave some
    for n in range(trials):
        least_up = _least_hopeful(up, n, trials - n, least_up)
        least_down = _least_hopeful(down, n, trials - n, least_down)
        ranges.append((n - least_down + 1, least_up - 1))
    return tuple(ranges)


def _least_hopeful(boundary: Boundary, n: int, further: int, least: int) -> int:
    """The least hits in n trials that leave hope, searched from a number that is near."""
    while least <= n and not boundary.hopeful(least, n, further):
        least += 1
    while least > 0 and boundary.hopeful(least - 1, n, further):
        least -= 1
    return least
