"""How much of its total change a series makes where: progress along sizes, and the steepest part of it.

Progress runs from 0 at the first place to 1 at the last; a series that changes evenly lies on the diagonal. What a
stretch of places makes of the change, beyond its share of the whole length, is its excess: 0 on the diagonal, near 1
where nearly everything happens in a short stretch. The largest excess of all stretches is Kuiper's statistic of the
progress against the diagonal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A part of the places, from one to a later one."""

    first: int
    """Indexes into the places."""
    last: int
    share: float
    """Of the total change, 0–1."""
    length: float
    """Of the whole length, 0–1."""

    @property
    def excess(self) -> float:
        """Share beyond what an even change would make here."""
        return self.share - self.length


def rising(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The rising series that is nearest to values in weighted squares.

    Args:
        values: In the order of their places.
        weights: Of each; above 0.

    Source:
        Ayer et al. 1955, Annals of Mathematical Statistics 26:641 (pool adjacent violators).

    >>> rising([1, 3, 2, 4], [1, 1, 1, 1])
    [1.0, 2.5, 2.5, 4.0]
    """
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        mean, total, n = float(value), float(weight), 1
        while pools and pools[-1][0] > mean:
            before, heavy, n_before = pools.pop()
            mean = (before * heavy + mean * total) / (heavy + total)
            total, n = heavy + total, n + n_before
        pools.append((mean, total, n))
    return [mean for mean, _, n in pools for _ in range(n)]


def progress(values: Sequence[float], weights: Sequence[float]) -> list[float] | None:
    """What share of the total change is made by each place; dips are levelled out.

    Args:
        values: Rising on the whole, in the order of their places; at least one.
        weights: Of each; above 0.

    Returns:
        From 0 to 1, never falling; None where nothing changes.
    """
    level = rising(values, weights)
    total = level[-1] - level[0]
    return [(value - level[0]) / total for value in level] if total > 0 else None


_NEARLY = 0.9
"""Of the largest excess: a long stretch may have a little more than its steepest part, and says less."""


def steepest(places: Sequence[float], made: Sequence[float]) -> Stretch:
    """The shortest stretch that has nearly the largest excess.

    Args:
        places: Rising; at least two.
        made: Progress at each.

    >>> stretch = steepest([0, 1, 2, 3, 4], [0.0, 0.1, 0.1, 0.9, 1.0])
    >>> (stretch.first, stretch.last, round(stretch.excess, 2))
    (2, 3, 0.55)
    """
    stretches = [
        stretch_of(places, made, first, last) for first in range(len(places)) for last in range(first + 1, len(places))
    ]
    most = max(each.excess for each in stretches)
    return min((each for each in stretches if each.excess >= _NEARLY * most), key=lambda each: each.length)


def stretch_of(places: Sequence[float], made: Sequence[float], first: int, last: int) -> Stretch:
    """What a series makes of its change from one place to a later one."""
    return Stretch(
        first=first,
        last=last,
        share=made[last] - made[first],
        length=(places[last] - places[first]) / (places[-1] - places[0]),
    )
