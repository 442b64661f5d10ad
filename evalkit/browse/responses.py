"""What came back in a trial: the response with what breaks a constraint marked, and what each constraint says."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from evalkit.browse.known_suite import KnownSuite
from evalkit.errors import EvalkitError
from evalkit.findings.trials import ConstraintShown, Extracted, ResponsePart
from evalkit.plain import one_line, printable
from evalkit.record import TrialRow
from evalkit.score import ANSWERED, WHOLE, BoundConstraint, ConstraintSpec, Nothing

_SHOWN = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class ResponseShown:
    """A trial's response, judged."""

    parts: tuple[ResponsePart, ...] | None
    extracted: tuple[Extracted, ...]
    constraints: tuple[ConstraintShown, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """What a constraint reads of a response."""

    bound: BoundConstraint
    text: str | None
    """None: what it looks for is not there."""
    start: int | None
    """Where that stands in the response; None where it stands nowhere, or in several places."""


def response_shown(row: TrialRow, known: KnownSuite) -> ResponseShown:
    """The response of a trial, with what its constraints said when it was scored."""
    checks: dict[str, Any] = json.loads(row.constraints or "{}")
    specs, bound = _constraints(row, known)
    reads = [_read(each, row) for each in bound] if row.response is not None else []
    broken = [read for read in reads if not checks.get(read.bound.name, {"passed": True})["passed"]]
    parts = None if row.response is None else tuple(_parts(row.response, list(_marks(broken))))
    return ResponseShown(
        parts=parts,
        extracted=tuple(_extracted(reads)),
        constraints=tuple(_constraint(name, check, specs.get(name)) for name, check in checks.items()),
    )


def _constraints(
    row: TrialRow, known: KnownSuite
) -> tuple[dict[str, tuple[ConstraintSpec, BoundConstraint]], list[BoundConstraint]]:
    """The constraints of a trial's item; none when the suite does not say them (any more)."""
    item = known.item(row)
    if known.plan is None or item is None:
        return {}, []
    task = known.plan.suite.task(row.task)
    try:
        bound = task.bind(item)
    except EvalkitError:
        return {}, []
    return {spec.name: (spec, each) for spec, each in zip(task.constraints, bound, strict=True)}, bound


def _read(bound: BoundConstraint, row: TrialRow) -> _Read:
    response = row.response or ""
    calls: list[Mapping[str, Any]] = json.loads(row.tool_calls) if row.tool_calls else []
    part = (bound.extract or WHOLE).take(response, calls)
    if isinstance(part, Nothing):
        return _Read(bound=bound, text=None, start=None)
    start = response.find(part) if part else -1
    several = start >= 0 and response.find(part, start + 1) >= 0
    return _Read(bound=bound, text=part, start=None if start < 0 or several else start)


def _extracted(reads: Sequence[_Read]) -> Iterator[Extracted]:
    """What stands in the place of the whole response, each once."""
    by_text: dict[str | None, list[str]] = {}
    for read in reads:
        if read.bound.extract is not None and read.bound.extract != WHOLE:
            by_text.setdefault(read.text, []).append(printable(read.bound.name))
    for text, names in by_text.items():
        yield Extracted(text=None if text is None else printable(text), constraints=tuple(names))


def _marks(broken: Sequence[_Read]) -> Iterator[tuple[int, int, str]]:
    """Where the response breaks a constraint: start, end and the constraint's name."""
    for read in broken:
        if read.text is not None and read.start is not None:
            for start, end in read.bound.constraint.places(read.text):
                yield read.start + start, read.start + end, read.bound.name


def _parts(response: str, marks: Sequence[tuple[int, int, str]]) -> Iterator[ResponsePart]:
    """The response cut where a mark begins or ends."""
    turns: dict[int, Counter[str]] = {0: Counter(), len(response): Counter()}
    for start, end, name in marks:
        turns.setdefault(start, Counter())[printable(name)] += 1
        turns.setdefault(end, Counter())[printable(name)] -= 1
    open_marks = Counter(dict.fromkeys((printable(name) for _, _, name in marks), 0))  # in the suite's order
    for start, end in pairwise(sorted(turns)):
        open_marks.update(turns[start])
        names = tuple(name for name, n_marks in open_marks.items() if n_marks > 0)
        yield ResponsePart(
            text=printable(response[start:end]), kind="offending" if names else "plain", constraints=names
        )


def _constraint(
    name: str, check: Mapping[str, Any], known: tuple[ConstraintSpec, BoundConstraint] | None
) -> ConstraintShown:
    about = "The model gave an answer, and a whole one." if name == ANSWERED else None
    return ConstraintShown(
        name=printable(name),
        holds=check["passed"],
        score=check["score"],
        says=one_line(check.get("found", ""), _SHOWN),
        wanted=None if known is None else _wanted(*known),
        about=about if known is None else known[1].constraint.about,
    )


def _wanted(spec: ConstraintSpec, bound: BoundConstraint) -> str:
    """What the suite demands, with the item's fields filled in, as the suite writes it."""
    given = bound.constraint.model_dump(mode="json", by_alias=True, exclude_unset=True)
    short = bound.constraint.short
    value: Any = given[short] if spec.is_short and short in given else given
    told = json.dumps(value, ensure_ascii=False) if value or value == 0 else ""
    return one_line(f"{spec.key}: {told}" if told else spec.key, _SHOWN)
