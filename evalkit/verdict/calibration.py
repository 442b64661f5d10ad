"""Tests whose error rates are exactly as promised, for one budget.

The evidence that Ville's inequality asks for is enough for any budget, so for a given one it is a little more than
needed. Here it is lowered until the chance of a wrong verdict at the threshold itself, which is where it is highest, is
what the test may err with: found by bisection over the exact recursion. The interval, which is not lowered, begins
before the least number of trials for a verdict, so what it may err with until then is counted in: else both together
would err too often. It saves up to a fifth of the calls to "unusable" and little to "usable". The price: the budget can
never grow, and the trials must be independent.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from evalkit.stats import LEAST_TRIALS, Bet, Boundary, crossing_chance
from evalkit.verdict.terms import SequentialTest

_STEPS = 20
"""Halvings of the range of the logarithm of the evidence: it is found to a millionth."""


def calibrated(test: SequentialTest, threshold: float, units: int) -> SequentialTest:
    """Lower what a test needs to what a budget makes necessary.

    Args:
        test: As `make_test` made it.
        threshold: Of the condition, 0–1.
        units: Its budget.

    Returns:
        The test with the least evidence that keeps its error rates. It is looked up among those found before, in the
        user's cache folder.
    """
    if not 0 < threshold < 1:
        return replace(test, calibrated=units)
    return replace(test, needed=_remembered(test, threshold, units), calibrated=units)


def _remembered(test: SequentialTest, threshold: float, units: int) -> tuple[float, float]:
    key = sha256(json.dumps([1, asdict(test), threshold, units]).encode()).hexdigest()[:32]
    path = _cache_folder() / f"{key}.json"
    with suppress(OSError, ValueError, TypeError):
        up, down = json.loads(path.read_text(encoding="utf-8"))
        if 1 < up <= test.needed[0] and 1 < down <= test.needed[1]:
            return float(up), float(down)
    needed = _needed(test, threshold, units)
    with suppress(OSError):  # a cache that cannot be kept costs time, and nothing else
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(needed), encoding="utf-8")
        partial.replace(path)
    return needed


def _cache_folder() -> Path:
    """Where the XDG base directory specification puts what can be made again."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path("~/.cache").expanduser()) / "evalkit" / "calibration"


@lru_cache(maxsize=64)
def _needed(test: SequentialTest, threshold: float, units: int) -> tuple[float, float]:
    up, down = test.needed
    below = tuple(1 - rate for rate in test.below)
    return _least(Bet(threshold, test.above), up, units), _least(Bet(1 - threshold, below), down, units)


class _Lowered(Boundary):
    """Where a verdict or, before the least number of trials for one, the interval excludes the threshold."""

    def __init__(self, interval: Boundary, needed: float) -> None:
        super().__init__(interval.bet, needed, least_trials=1)
        self._interval = interval

    def hits(self, trials: int) -> int:
        return self._interval.hits(trials) if trials < LEAST_TRIALS else super().hits(trials)


def _least(bet: Bet, needed: float, units: int) -> float:
    """The least evidence whose chance to be reached within the budget, at the threshold, is at most 1 / needed."""
    interval = Boundary(bet, needed)

    def keeps(evidence: float) -> bool:
        return crossing_chance(_Lowered(interval, evidence), bet.threshold, units) <= 1 / needed

    return _bisected(keeps, 1 + 1e-9, needed)


def _bisected(keeps: Callable[[float], bool], low: float, high: float) -> float:
    for _ in range(_STEPS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if keeps(middle) else (middle, high)
    return high
