"""Judge a response: extract, check every constraint, put the checks together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalkit.score.constraint import Check, Constraint
from evalkit.score.extract import WHOLE, Extract, Nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class BoundConstraint:
    """A constraint as it stands for one item."""

    name: str
    constraint: Constraint
    extract: Extract | None = None
    """What it reads: its own, or the task's; None for the whole response."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """What a response is worth."""

    passed: bool
    """Whether all constraints hold."""
    score: float
    """Mean of the constraints' scores, 0–1."""
    checks: Mapping[str, Check]
    """By the constraints' names."""


def score(bound: Sequence[BoundConstraint], text: str) -> Scored:
    """Judge a response.

    Args:
        bound: The task's constraints for this item, at least one, each with a name of its own.
        text: The response.

    Raises:
        ScoreError: If a function of the suite's author is broken.
        ValueError: If there is no constraint.
    """
    if not bound:
        raise ValueError("a response cannot be judged without constraints")
    parts: dict[int, str | Nothing] = {}
    checks: dict[str, Check] = {}
    for each in bound:
        extract = each.extract or WHOLE
        # By identity: constraints that leave it to the task share one object, and comparing them costs more.
        part = parts.get(id(extract))
        if part is None:
            part = parts[id(extract)] = extract.take(text)
        if isinstance(part, Nothing):
            checks[each.name] = Check(passed=False, score=0.0, found=part.reason)
        else:
            checks[each.name] = each.constraint.check(part)
    return Scored(
        passed=all(check.passed for check in checks.values()),
        score=sum(check.score for check in checks.values()) / len(checks),
        checks=checks,
    )
