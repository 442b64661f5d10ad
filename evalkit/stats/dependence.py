"""Whether yes/no demands hold independently of each other, from trials that check all of them.

Theory of operation. Take two trials, one after the other, and the demands in which they differ. If demands hold
independently of each other, it is a fair coin for each of these which of the two trials it holds in, whatever its rate
is. So all s of them hold in one and the same trial with chance 2^(1−s). More often than that they hold, and break,
together; less often, apart. Each pair is one bet on that, so the evidence is a likelihood ratio that may be looked at
whenever one likes: were the demands independent, the chance that it ever reaches 1/a would be at most a (Ville 1939).
Conditioning on what differs is Fisher's way to be rid of the rates (Fisher 1935, J. R. Stat. Soc. 98:39).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log

_ODDS = (2.0, 4.0, 16.0)
"""How many times higher (or lower) than by independence the odds are that bets are placed on: weak to strong ties."""
_MOST = 700.0
"""Logarithm of the largest evidence that is told: JSON knows no infinity."""


class Dependence:
    """Evidence that demands break together, or apart, rather than independently.

    Assumes:
        Trials are exchangeable: no place in their order is special. Their number need not be fixed.
    """

    __slots__ = ("_apart", "_before", "_most_apart", "_most_together", "_together")

    def __init__(self) -> None:
        self._before: Mapping[str, bool] | None = None
        self._together = [0.0] * len(_ODDS)
        """Logarithms of the evidence for each odds ratio."""
        self._apart = [0.0] * len(_ODDS)
        self._most_together = self._most_apart = 1.0

    def add(self, held: Mapping[str, bool], n: int = 1) -> None:
        """Take in trials, one after the other: whether each demand, by name, held in all of them."""
        before, after = self._before, n if self._before is None else n - 1
        # Two that are alike say nothing of each other.
        self._before = held if after % 2 else None
        if before is None or before == held:  # most pairs; the rest of this would find the same
            return
        wins = [before[name] for name in before.keys() & held.keys() if before[name] != held[name]]
        if len(wins) < 2:
            return
        alike, chance = len(set(wins)) == 1, 2.0 ** (1 - len(wins))
        for index, odds in enumerate(_ODDS):
            self._together[index] += growth(chance, odds, alike=alike)
            self._apart[index] += growth(chance, 1 / odds, alike=alike)
        self._most_together = max(self._most_together, _mean(self._together))
        self._most_apart = max(self._most_apart, _mean(self._apart))

    @property
    def together(self) -> float:
        """The highest that the evidence for "together" has been; at least 1, its value at the start."""
        return self._most_together

    @property
    def apart(self) -> float:
        """Likewise for "apart"."""
        return self._most_apart


def growth(chance: float, odds: float, *, alike: bool) -> float:
    """What a pair adds to the logarithm of a likelihood ratio: odds of `alike` that are so many times as high."""
    return (log(odds) if alike else 0.0) - log(1 - chance + odds * chance)


def _mean(logs: list[float]) -> float:
    return sum(exp(min(each, _MOST)) for each in logs) / len(logs)
