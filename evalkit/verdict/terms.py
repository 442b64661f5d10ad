"""What a decider is told: the terms of each condition's test, and what each unit brought."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from evalkit.trial import Claim, Level, Measure

Key: TypeAlias = tuple[str, str]
"""A task and the id of one of its conditions."""

Verdict: TypeAlias = Literal["usable", "edge", "unusable"]


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """What several verdicts come to: usable when all are (and there is one), unusable when some is."""
    found = set(verdicts)
    if "unusable" in found:
        return "unusable"
    return "usable" if found == {"usable"} else "edge"


Reason: TypeAlias = Literal[
    "futility", "budget", "cost", "items", "void", "task-decided", "gate-decided", "interrupted"
]
"""Why a condition stayed at the edge."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SequentialTest:
    """What a test that may stop at any trial needs; never changed once a run is made, also when its budget grows."""

    n_max: float
    """Calls at which the alternative nearest to the threshold would reach its goal."""
    above: tuple[float, ...]
    """Pass rates above the threshold that evidence for "usable" bets on; empty where the threshold is 0 or 1."""
    below: tuple[float, ...]
    """Pass rates below the threshold that evidence for "unusable" bets on."""
    needed: tuple[float, float]
    """Evidence that decides for usable and for unusable: 1/alpha and K/alpha, or less when calibrated."""
    calibrated: int | None = None
    """The budget in units for which `needed` was lowered until the error rates are exactly as promised; None when they
    hold for any budget."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """The terms of one condition's test, fixed when a run is made and kept when it is resumed."""

    task: str
    condition: str
    """The condition's id, such as `noise@0.05`."""
    perturbation: str
    level: Level | None
    counts: bool
    """Whether it counts for the task's verdict."""
    threshold: float
    """The pass rate needed for use, 0–1."""
    alpha: float
    """Error rate of one side of the test; 0.025 at confidence 0.95."""
    n_counting: int
    """How many conditions of the task count, whether they run or not; at least 1."""
    units: int
    """Units planned in this run: trials, or items asked `repeats` times; 0 when the condition is not run."""
    exhausted: bool
    """The items end before the wanted number of units."""
    repeats: int = 1
    """Asks a unit: k of `repeat@k`."""
    curtail: bool = False
    """Whether a unit ends at its first failed ask."""
    clustered: bool = False
    """Whether units of one cluster may stand or fall together."""
    test: SequentialTest | None = None
    """None: the number of units is fixed, and judged once."""
    claim: Claim = "population"
    """What the items stand for."""
    named: bool = False
    """Whether it was asked for by name, and not only as a part of the suite."""
    measure: Measure = "pass"
    """Whether the threshold is for the pass rate or for the mean score."""
    steady: bool = False
    """Whether the model answers the same request the same way: an item that is drawn again is not asked again."""
    census: int | None = None
    """Items of the set that a steady model is asked: once every answer is known, so is the pass rate; None: no set."""

    @property
    def key(self) -> Key:
        """What the condition is called within the run."""
        return self.task, self.condition

    @property
    def alpha_high(self) -> float:
        """Error rate of the downward test: shared among the task's counting conditions by one that counts."""
        return self.alpha / self.n_counting if self.counts else self.alpha


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What one unit brought."""

    position: int
    """0-based place in the condition's plan."""
    cluster: str
    """The item's group, or its id."""
    asks: tuple[bool | None, ...]
    """Whether each ask passed; None where it is void. Shorter than planned when the unit was curtailed."""
    score: float | None
    """Mean score of the asks that were observed, 0–1; None when there is none."""
    constraints: Mapping[str, bool]
    """Whether each constraint held in every observed ask; empty when there is none."""
    variant: str | None = None
    """Which of several forms of the prompt was asked, such as `paraphrase 3` or `conflict words`."""
    item: str = ""
    """The item's id."""
    target_loss: float = 0.0
    """How unlikely the model finds the right answer, in nats, over all asks that say it."""
    target_tokens: int = 0
    """Of these answers together; 0 when no ask says it."""

    def value(self, terms: Terms) -> float | None:
        """What the unit adds to the rate that is judged, 0–1; None when it is void."""
        passed = self.passed
        if terms.measure == "pass":
            return None if passed is None else float(passed)
        return None if None in self.asks else self.score

    @property
    def passed(self) -> bool | None:
        """False when an ask failed, even beside a void one; else None when one is void; True when all passed."""
        if False in self.asks:
            return False
        return None if None in self.asks else True
