"""Judge a response: extract, check every constraint, put the checks together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalkit.score.constraint import Check, Constraint
from evalkit.score.extract import WHOLE, Extract, Nothing
from evalkit.trial import Response

ANSWERED = "answered"
"""The constraint that every task has: the model gave an answer, and a whole one."""

_NO_ANSWER = {
    "length": "cut off at the length limit",
    "content_filter": "stopped by a content filter",
    "refusal": "refused",
    "context_overflow": "the prompt does not fit the model's context",
}


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


def score(bound: Sequence[BoundConstraint], text: str, tool_calls: Sequence[Mapping[str, Any]] = ()) -> Scored:
    """Judge a response.

    Args:
        bound: The task's constraints for this item, at least one, each with a name of its own.
        text: The response.
        tool_calls: Its tool calls, each `{"name": …, "arguments": {…}}`.

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
            part = parts[id(extract)] = extract.take(text, tool_calls)
        if isinstance(part, Nothing):
            checks[each.name] = Check(passed=False, score=0.0, found=part.reason)
        else:
            checks[each.name] = _printable(each.constraint.check(part))
    return Scored(
        passed=all(check.passed for check in checks.values()),
        score=sum(check.score for check in checks.values()) / len(checks),
        checks=checks,
    )


def _printable(check: Check) -> Check:
    """A check whose reason can be written down: JSON may spell half a character, which no file can hold."""
    if check.found.isascii():
        return check
    return replace(check, found=check.found.encode("utf-8", "replace").decode())


def judge(bound: Sequence[BoundConstraint], response: Response) -> Scored:
    """Judge a response with the way it ended.

    A response that was cut off, filtered, refused or left empty, or whose prompt did not fit, is a fail whatever its
    constraints say: a text that is not there avoids every word. Its score is 0.

    Args:
        bound: As for `score`.
        response: What came back.

    Raises:
        ScoreError: As `score`.
    """
    scored = score(bound, response.text, response.tool_calls)
    found = _NO_ANSWER.get(response.finish_reason, "")
    if not found and not response.text.strip() and not response.tool_calls:
        found = "empty"
    answered = Check(passed=not found, score=float(not found), found=found)
    return Scored(
        passed=scored.passed and answered.passed,
        score=scored.score if answered.passed else 0.0,
        checks={ANSWERED: answered, **scored.checks},
    )
