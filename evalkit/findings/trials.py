"""Trials to look at one by one, as plain values; `as_json` gives the shape that pages and the viewer read.

All texts and names are printable: control and bidirectional characters are visible escapes. A filter names tasks,
conditions, items and constraints as they are shown; a trial's id is the only thing that names it exactly. What is not
known is null.

TrialSummary
    `{"id", "task", "condition", "item", "repeat", "position", "variant", "outcome": "pass"|"fail"|"void"|"unscored",
    "score", "failed": [constraint, …], "reason", "excerpt", "latency_s", "cost_usd"}`
    `reason` says why there is no (whole) answer: `truncated`, `filtered`, `refused`, `too-long`, `empty`, or why a
    trial is void: `timeout`, ….
FailureGroup
    `{"task", "condition", "kind": "constraint"|"ending"|"void"|"other", "name", "says", "trials", "of", "share",
    "examples": [id, …]}`
    A trial that breaks two constraints is in two groups, so that each agrees with its constraint's pass rate.
TrialPage
    `{"total", "offset", "trials": [TrialSummary, …]}`
TrialDetail
    TrialSummary's keys, and `{"request": {"messages": [{"role", "parts": [{"text", "kind", "was"}]}], "options": {…},
    "exact", "note"}, "response": [{"text", "kind": "plain"|"offending"|"left-out", "constraints": [name, …]}] | null,
    "extracted": [{"text", "constraints": [name, …]}], "tool_calls": [text, …], "finish_reason", "tokens": {"in",
    "out", "cached", "reasoning"}, "attempts", "served_model", "void_message",
    "constraints": [{"name", "holds", "score", "says", "wanted", "about"}],
    "neighbours": [TrialSummary, …], "more_neighbours"}`
    A part of the request is of the kind `same` (as in the clean request of the item), `added`, `changed` (`was` says
    from what), `removed` (not sent) or `left-out` (a remark in place of a long text). `exact` is the recorded request
    as JSON text, if the run kept it. `note` says why the request is not known, or what it hangs on. `messages` is
    empty when it is not known.
FlakyItem
    `{"task", "condition", "item", "asks", "passes", "trials": [id, …]}`
TrialSelection
    `{"says", "total", "trials": [TrialDetail, …], "groups": [FailureGroup, …], "flaky": [FlakyItem, …]}`
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias
from urllib.parse import quote, unquote

from evalkit.plain import rounded

Outcome: TypeAlias = Literal["pass", "fail", "void", "unscored"]
"""`unscored`: answered, and about to be judged by a run that goes on, or to be when it is resumed."""
GroupKind: TypeAlias = Literal["constraint", "ending", "void", "other"]
"""What trials of a group share: a broken constraint, the way their answers ended, the lack of one, or a fail of which
no more is recorded."""
RequestKind: TypeAlias = Literal["same", "added", "changed", "removed", "left-out"]
ResponseKind: TypeAlias = Literal["plain", "offending", "left-out"]

ENDINGS: Mapping[str, str] = {
    "truncated": "the answer was cut off at the length limit",
    "filtered": "the answer was stopped by a content filter",
    "refused": "the model refused",
    "too-long": "the prompt does not fit the model's context",
    "empty": "the answer is empty",
}
"""How an answer that is none, or not whole, ended, and that in words."""


def trial_id(key: tuple[str, str, int, int]) -> str:
    """A trial's name within its run, fit for an address.

    Args:
        key: Task, condition, plan position and repeat.

    >>> trial_id(("ticket title", "noise@0.05", 12, 0))
    'ticket%20title/noise@0.05/12/0'
    """
    task, condition, position, repeat = key
    return f"{quote(task, safe='')}/{quote(condition, safe='@')}/{position}/{repeat}"


def trial_key(identity: str) -> tuple[str, str, int, int] | None:
    """Task, condition, plan position and repeat of a trial's name; None when it is no such name."""
    parts = identity.split("/")
    if len(parts) != 4 or not all(part.isascii() and part.isdecimal() and len(part) < 16 for part in parts[2:]):
        return None
    return unquote(parts[0]), unquote(parts[1]), int(parts[2]), int(parts[3])


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialFilter:
    """Which trials are wanted; None: any."""

    task: str | None = None
    condition: str | None = None
    outcome: Outcome | None = None
    constraint: str | None = None
    """One that is broken."""
    reason: str | None = None
    """As in `TrialSummary.reason`."""
    item: str | None = None
    text: str | None = None
    """What the response or the item's id holds, whatever its case."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialSummary:
    """One trial in a line."""

    id: str
    task: str
    condition: str
    item: str
    repeat: int
    """0-based: how often the item was asked before under this condition."""
    position: int
    """0-based, in the plan of its condition."""
    variant: str | None
    outcome: Outcome
    score: float | None
    failed: tuple[str, ...]
    """Constraints that do not hold; that there is a whole answer is none of them."""
    reason: str | None
    """Why there is no answer, or no whole one, in a word; None when there is one."""
    excerpt: str | None
    """How the response begins, on one line; None when there is none."""
    latency_s: float | None
    cost_usd: float | None

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        shown = {each.name: getattr(self, each.name) for each in fields(self)}
        return shown | {
            "failed": list(self.failed),
            "score": rounded(self.score),
            "latency_s": rounded(self.latency_s),
            "cost_usd": rounded(self.cost_usd),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureGroup:
    """Trials of one condition that went wrong in the same way."""

    task: str
    condition: str
    kind: GroupKind
    name: str
    """The constraint, the ending, or the reason of a void trial."""
    says: str
    """What went wrong, in words."""
    trials: int
    of: int
    """Trials of the condition that are recorded, void ones included."""
    examples: tuple[str, ...]
    """Ids of the first few, in plan order."""

    @property
    def share(self) -> float:
        """Of the condition's trials, above 0 and up to 1."""
        return self.trials / self.of

    @property
    def members(self) -> TrialFilter:
        """What finds its trials."""
        return TrialFilter(
            task=self.task,
            condition=self.condition,
            outcome="void" if self.kind == "void" else "fail",
            constraint=self.name if self.kind == "constraint" else None,
            reason=self.name if self.kind in {"ending", "void"} else None,
        )

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        shown = {each.name: getattr(self, each.name) for each in fields(self)}
        return shown | {"share": rounded(self.share), "examples": list(self.examples)}


@dataclass(frozen=True, kw_only=True, slots=True)
class FlakyItem:
    """An item that was asked the very same several times, passed some times and failed others."""

    task: str
    condition: str
    item: str
    asks: int
    """Answers that were judged."""
    passes: int
    trials: tuple[str, ...]
    """Ids of the first few asks."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {each.name: getattr(self, each.name) for each in fields(self)} | {"trials": list(self.trials)}


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialPage:
    """Some of the trials that a filter finds."""

    total: int
    """All that it finds."""
    offset: int
    """How many of them stand before these."""
    trials: tuple[TrialSummary, ...]

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {"total": self.total, "offset": self.offset, "trials": [trial.as_json() for trial in self.trials]}


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestPart:
    """A piece of a message, beside the clean request of the same item."""

    text: str
    kind: RequestKind = "same"
    was: str | None = None
    """What stands in the clean request in the place of what is `changed`."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {"text": self.text, "kind": self.kind, "was": self.was}


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestMessage:
    """One message of a request."""

    role: str
    parts: tuple[RequestPart, ...]

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {"role": self.role, "parts": [part.as_json() for part in self.parts]}


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestShown:
    """What the model was asked."""

    messages: tuple[RequestMessage, ...] = ()
    """Empty: not known."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the suite and `-M` set, such as max_tokens."""
    exact: str | None = None
    """The request as it was sent, as JSON; None when the run kept none."""
    note: str | None = None
    """Why it is not known, or how far it can be relied on."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "messages": [message.as_json() for message in self.messages],
            "options": dict(self.options),
            "exact": self.exact,
            "note": self.note,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class ResponsePart:
    """A piece of a response."""

    text: str
    kind: ResponseKind = "plain"
    constraints: tuple[str, ...] = ()
    """Those that it breaks."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {"text": self.text, "kind": self.kind, "constraints": list(self.constraints)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Extracted:
    """What constraints read in place of the whole response."""

    text: str | None
    """None: what they look for is not there."""
    constraints: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {"text": self.text, "constraints": list(self.constraints)}


@dataclass(frozen=True, kw_only=True, slots=True)
class ConstraintShown:
    """What one constraint says of the response."""

    name: str
    holds: bool
    score: float
    says: str
    """What was found, in words; empty when there is nothing to say."""
    wanted: str | None = None
    """What the suite demands of this item, as it writes it; None when it cannot be known."""
    about: str | None = None
    """What this kind of constraint is, in a sentence; likewise."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        shown = {each.name: getattr(self, each.name) for each in fields(self)}
        return shown | {"score": rounded(self.score)}


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialDetail:
    """One trial in full."""

    summary: TrialSummary
    request: RequestShown
    response: tuple[ResponsePart, ...] | None
    """None: void."""
    extracted: tuple[Extracted, ...]
    tool_calls: tuple[str, ...]
    """Each as JSON."""
    finish_reason: str | None
    tokens: Mapping[str, int | None]
    """`in`, `out`, `cached`, `reasoning`."""
    attempts: int
    """Calls made; 0: the answer was already known."""
    served_model: str | None
    void_message: str | None
    constraints: tuple[ConstraintShown, ...]
    """In the suite's order, that there is a whole answer first."""
    neighbours: tuple[TrialSummary, ...]
    """The same item under other conditions, and asked again."""
    more_neighbours: int
    """How many are left out."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            **self.summary.as_json(),
            "request": self.request.as_json(),
            "response": None if self.response is None else [part.as_json() for part in self.response],
            "extracted": [each.as_json() for each in self.extracted],
            "tool_calls": list(self.tool_calls),
            "finish_reason": self.finish_reason,
            "tokens": dict(self.tokens),
            "attempts": self.attempts,
            "served_model": self.served_model,
            "void_message": self.void_message,
            "constraints": [each.as_json() for each in self.constraints],
            "neighbours": [each.as_json() for each in self.neighbours],
            "more_neighbours": self.more_neighbours,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialSelection:
    """Some trials of a run that stand for all, for a file that cannot hold all."""

    says: str
    """Which ones they are, in words."""
    total: int
    """Trials of the run."""
    trials: tuple[TrialDetail, ...]
    groups: tuple[FailureGroup, ...]
    """Of all trials, whichever were selected."""
    flaky: tuple[FlakyItem, ...]
    """Likewise, those that vary the most first."""

    def as_json(self) -> dict[str, Any]:
        """The published shape."""
        return {
            "says": self.says,
            "total": self.total,
            "trials": [trial.as_json() for trial in self.trials],
            "groups": [group.as_json() for group in self.groups],
            "flaky": [item.as_json() for item in self.flaky],
        }
