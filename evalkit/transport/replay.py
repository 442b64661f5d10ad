"""Recorded responses: a JSONL file stands in for a model."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from evalkit.adapter.wire import ReplyError
from evalkit.errors import AdapterError, Problem, did_you_mean
from evalkit.plain import one_line
from evalkit.transport.function import Given, Program
from evalkit.trial import Call

_MAX_PROBLEMS = 20

_Key: TypeAlias = tuple[str, str | None, str | None, int | None]
"""Item, task, condition, repeat; None matches anything."""


class _Row(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    item: str | int
    response: str
    task: str | None = None
    condition: str | None = None
    repeat: int | None = Field(default=None, ge=0)
    logprob: float | None = None

    @property
    def key(self) -> _Key:
        return (str(self.item), self.task, self.condition, self.repeat)


def replay_program(path: Path) -> Program:
    """Read a recording.

    The row that says most about a trial answers it; among rows that say as much, the task counts before the
    condition, the condition before the repeat. A trial without a row has no observation.

    Args:
        path: One JSON object a line: `item`, `response`, and what narrows the match: `task`, `condition`, `repeat`
            (0-based). `logprob` is the response's, if known.

    Raises:
        AdapterError: If the file cannot be read, or has bad or contradictory rows: up to 20 of them at once.
    """
    rows = _read(path)

    def answer(call: Call) -> Given:
        for task, condition, repeat in _FROM_NARROW_TO_WIDE:
            row = rows.get(
                (
                    call.item,
                    call.task if task else None,
                    call.condition if condition else None,
                    call.repeat if repeat else None,
                )
            )
            if row is not None:
                return {"text": row.response, "logprob": row.logprob}
        where = f"task {call.task!r}, item {call.item!r}, condition {call.condition!r}, repeat {call.repeat}"
        raise ReplyError("not-recorded", f"{path}: found no row for {where}")

    return answer


_FROM_NARROW_TO_WIDE = sorted(itertools.product((True, False), repeat=3), key=lambda given: -sum(given))


def _read(path: Path) -> dict[_Key, _Row]:
    rows: dict[_Key, tuple[int, _Row]] = {}
    problems: list[Problem] = []
    for line, text in _lines(path):
        row = _row(text)
        if isinstance(row, str):
            problems.append(Problem(path=path, line=line, message=row))
        else:
            first, other = rows.setdefault(row.key, (line, row))
            if other != row:
                message = f"found another response for the same trial than in line {first}, expected one of them"
                problems.append(Problem(path=path, line=line, message=message))
        if len(problems) == _MAX_PROBLEMS:
            break
    if problems:
        raise AdapterError("\n".join(str(problem) for problem in problems))
    return {key: row for key, (_, row) in rows.items()}


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from ((line, text) for line, text in enumerate(file, start=1) if text.strip())
    except (OSError, ValueError) as error:
        raise AdapterError(f"{path}: found no readable recording ({error}), expected JSONL") from error


def _row(text: str) -> _Row | str:
    try:
        data = json.loads(text)
        if not isinstance(data, dict):
            return f'found {one_line(text, 40)}, expected an object such as {{"item": "1", "response": "…"}}'
        return _Row.model_validate(data)
    except ValidationError as error:
        return "; ".join(_explain(problem) for problem in error.errors(include_url=False))
    except (ValueError, RecursionError) as error:
        return f"found no JSON: {error}"


def _explain(problem: Any) -> str:
    key = str(problem["loc"][0])
    if problem["type"] == "extra_forbidden":
        return f"{key}: no such key. {did_you_mean(key, _Row.model_fields)}"
    return f"{key}: {problem['msg']}"
