"""One trial as the record holds it, and how it is read back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError

from evalkit.score import Check, Scored
from evalkit.trial import Answer, FinishReason, Level, Response

TrialKey: TypeAlias = tuple[str, str, int, int]
"""Task, condition, plan position and repeat."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialRow:
    """One trial as the database holds it; the fields are the columns, in order."""

    task: str
    condition: str
    position: int
    """0-based plan position: of the unit in its condition's sequence."""
    repeat: int
    """0-based: how often the item was asked before under this condition."""
    item: str
    item_group: str | None
    level: Level | None
    variant: str | None
    """Which form of the prompt was drawn, such as `paraphrase 3`."""
    request_hash: str
    response: str | None = None
    """The text; None when void."""
    tool_calls: str | None = None
    """JSON; None when there were none."""
    finish_reason: FinishReason | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    tokens_cache_write: int | None = None
    tokens_reasoning: int | None = None
    served_model: str | None = None
    fingerprint: str | None = None
    logprob: float | None = None
    target_logprob: float | None = None
    """Of the right answer with its end, natural logarithm; None where not offered."""
    target_tokens: int | None = None
    cost_usd: float | None = None
    """None: unknown."""
    latency_s: float | None = None
    attempts: int = 0
    """Calls made for this trial; 0: its answer was already known."""
    constraints: str | None = None
    """JSON: for each constraint whether it held, its score, and what was found; None until scored."""
    passed: bool | None = None
    score: float | None = None
    void_reason: str | None = None
    """Why there is no observation, in a word; None for every trial that has one."""
    void_message: str | None = None
    """What went wrong, in words."""
    request: str | None = None
    """JSON of the exact request, when it was asked to be kept."""

    @property
    def key(self) -> TrialKey:
        """What identifies a trial within its run."""
        return self.task, self.condition, self.position, self.repeat

    @property
    def held(self) -> Mapping[str, bool]:
        """Whether each constraint held; empty until scored."""
        return {} if self.constraints is None else _held(self.constraints)

    def answered(self, answer: Answer, *, cost_usd: float | None) -> TrialRow:
        """This trial with what came back."""
        response = answer.response
        return replace(
            self,
            response=response.text,
            tool_calls=json.dumps(response.tool_calls, ensure_ascii=False) if response.tool_calls else None,
            finish_reason=response.finish_reason,
            tokens_in=response.tokens_in,
            tokens_out=response.tokens_out,
            tokens_cached=response.tokens_cached,
            tokens_cache_write=response.tokens_cache_write,
            tokens_reasoning=response.tokens_reasoning,
            served_model=response.served_model,
            fingerprint=response.fingerprint,
            logprob=response.logprob,
            target_logprob=response.target_logprob,
            target_tokens=response.target_tokens,
            cost_usd=cost_usd,
            latency_s=answer.latency_s,
            attempts=answer.attempts,
        )

    def scored(self, scored: Scored) -> TrialRow:
        """This trial with its score."""
        checks = {
            name: {"passed": check.passed, "score": check.score, **({"found": check.found} if check.found else {})}
            for name, check in scored.checks.items()
        }
        return replace(
            self, constraints=json.dumps(checks, ensure_ascii=False), passed=scored.passed, score=scored.score
        )

    def as_answer(self) -> Answer:
        """The recorded answer, as it came back; the trial must have one."""
        return Answer(
            response=Response(
                text=self.response or "",
                finish_reason=self.finish_reason or "stop",
                tool_calls=tuple(json.loads(self.tool_calls)) if self.tool_calls else (),
                tokens_in=self.tokens_in,
                tokens_out=self.tokens_out,
                tokens_cached=self.tokens_cached,
                tokens_cache_write=self.tokens_cache_write,
                tokens_reasoning=self.tokens_reasoning,
                served_model=self.served_model,
                fingerprint=self.fingerprint,
                logprob=self.logprob,
                target_logprob=self.target_logprob,
                target_tokens=self.target_tokens,
            ),
            latency_s=self.latency_s or 0.0,
            attempts=0,
        )


COLUMNS = tuple(field.name for field in fields(TrialRow))
values_of = attrgetter(*COLUMNS)
"""A row's values in the order of the columns."""

_ROW = TypeAdapter(TrialRow)
_CHECKS = TypeAdapter(dict[str, Check])
_CALLS = TypeAdapter(list[dict[str, Any]])


@lru_cache(maxsize=4096)
def _held(constraints: str) -> Mapping[str, bool]:
    """Whether each constraint held, as recorded; kept, since most trials of a run say the same.

    Raises:
        ValueError: If it is none that is ever written.
    """
    # Not pydantic's reader: it reads less deeply nested JSON than was written.
    checks = _CHECKS.validate_python(json.loads(constraints))
    return _shared(tuple([(name, check.passed) for name, check in checks.items()]))


@lru_cache(maxsize=4096)
def _shared(held: tuple[tuple[str, bool], ...]) -> Mapping[str, bool]:
    """The same object for the same content, whatever else was found: what is the same is counted at once."""
    return MappingProxyType(dict(held))


def read_row(values: Sequence[Any]) -> TrialRow:
    """A row from the database, which knows no types.

    Raises:
        ValueError: If a value is none that is ever written.
    """
    given = dict(zip(COLUMNS, values, strict=True))
    try:
        row = _ROW.validate_python(given)
        if row.constraints is not None:
            _held(row.constraints)
        if row.tool_calls is not None:
            _CALLS.validate_python(json.loads(row.tool_calls))
    except (ValidationError, ValueError, RecursionError) as error:
        details = error.errors(include_url=False) if isinstance(error, ValidationError) else []
        wrong = details[0] if details else {"loc": (), "msg": str(error)}
        where = ".".join(str(part) for part in wrong["loc"]) or "JSON"
        trial = ", ".join(str(given[name]) for name in ("task", "condition", "position", "repeat"))
        raise ValueError(f"trial {trial}: {where}: {wrong['msg']}") from None
    return row
