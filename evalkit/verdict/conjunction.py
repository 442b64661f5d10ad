"""A task is a conjunction: all its constraints must hold. Which of them keeps it down, and do they break together?

Were constraints to hold independently, all of them would hold in the product of their rates. That is why a task may
appear suddenly while its parts improve slowly: four that each go from 70 to 97 % take the task from 24 to 89 %.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Literal, TypeAlias

from evalkit.plain import rounded
from evalkit.score import ANSWERED
from evalkit.stats import Dependence
from evalkit.verdict.terms import Terms

Tie: TypeAlias = Literal["together", "apart"]
"""How constraints break that were shown not to break independently: in the same trials, or in different ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """One constraint among those that must all hold."""

    constraint: str
    rate: float
    """Share of units in which it held in every ask; no task passes more often than that."""
    if_fixed: float
    """Share of units in which all others held: the joint rate if this one never broke."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Conjunction:
    """How a condition's pass rate comes about from its constraints; rates are as observed, 0–1."""

    condition: str
    trials: int
    """Units in which every ask was observed; an item that was drawn again counts again. At least 1."""
    joint: float
    """Share in which all constraints held."""
    links: tuple[Link, ...]
    """In the order of the suite; at least two beside `answered`."""
    together: float
    """Highest evidence so far that they break together rather than independently; 1 at the start."""
    apart: float
    """Likewise that they break apart."""
    needed: float
    """What either must reach to be shown: 1/alpha."""

    @property
    def product(self) -> float:
        """What the joint rate would be if constraints held independently."""
        return prod(link.rate for link in self.links)

    @property
    def ratio(self) -> float | None:
        """Joint rate over product; None where a constraint never held."""
        return self.joint / self.product if self.product else None

    @property
    def limiting_rate(self) -> float:
        """The lowest rate of a constraint: a bound of the joint rate."""
        return min(link.rate for link in self.links)

    @property
    def limiting(self) -> tuple[str, ...]:
        """The constraints that have it; empty where all always held."""
        lowest = self.limiting_rate
        return tuple(link.constraint for link in self.links if link.rate == lowest < 1)

    @property
    def dependence(self) -> Tie | None:
        """What was shown of how they break; None: nothing."""
        if max(self.together, self.apart) < self.needed:
            return None
        return "together" if self.together >= self.apart else "apart"

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "condition": self.condition,
            "trials": self.trials,
            "joint": rounded(self.joint),
            "product": rounded(self.product),
            "ratio": rounded(self.ratio),
            "parts": {link.constraint: rounded(link.rate) for link in self.links},
            "limiting": list(self.limiting),
            "limiting_rate": rounded(self.limiting_rate),
            "if_fixed": {link.constraint: rounded(link.if_fixed) for link in self.links},
            "dependence": self.dependence,
            "evidence": {
                "together": rounded(self.together),
                "apart": rounded(self.apart),
                "needed": rounded(self.needed),
            },
        }


class ConjunctionCounts:
    """Running counts of which constraints broke, and whether alone; memory in constraints, never in units."""

    __slots__ = ("_broken", "_broken_alone", "_dependence", "_joint", "_terms", "_trials")

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._trials = self._joint = 0
        self._broken: Counter[str] = Counter()
        self._broken_alone: Counter[str] = Counter()
        self._dependence = Dependence()

    def add(self, held: Mapping[str, bool], n: int = 1) -> None:
        """Count units in which every ask was observed: whether each constraint held in all of them."""
        if not held:
            return
        broken = [name for name, holds in held.items() if not holds]
        self._trials += n
        self._joint += 0 if broken else n
        if not held.keys() <= self._broken.keys():
            self._broken.update(dict.fromkeys(held, 0))
        for name in broken:
            self._broken[name] += n
        if len(broken) == 1:
            self._broken_alone[broken[0]] += n
        self._dependence.add(held, n)

    def conjunction(self) -> Conjunction | None:
        """What they come to; None for fewer than two constraints, that of giving an answer aside, or without a unit.

        Nor is there any where asking an item ends at its first failure: the units that have all their asks are then
        those that passed.
        """
        if len(self._broken.keys() - {ANSWERED}) < 2 or self._terms.curtail:
            return None
        trials = self._trials
        return Conjunction(
            condition=self._terms.condition,
            trials=trials,
            joint=self._joint / trials,
            links=tuple(
                Link(
                    constraint=name,
                    rate=(trials - broken) / trials,
                    if_fixed=(self._joint + self._broken_alone[name]) / trials,
                )
                for name, broken in self._broken.items()
            ),
            together=self._dependence.together,
            apart=self._dependence.apart,
            needed=1 / self._terms.alpha,
        )
