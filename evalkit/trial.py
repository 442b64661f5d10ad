"""The values that flow through a run: prompt, call, response, trial.

All are plain, frozen and serialisable. Nothing here reads a file, a clock or the network.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Level: TypeAlias = str | int | float
"""Strength of a perturbation, or a value of a difficulty axis."""

Measure: TypeAlias = Literal["pass", "score"]
"""What a threshold is for: the share of trials that pass, or their mean score."""

Claim: TypeAlias = Literal["population", "set"]
"""What items stand for: something larger that they are drawn from, or themselves."""

CLEAN = "clean"

FinishReason: TypeAlias = Literal["stop", "length", "content_filter", "refusal", "tool_calls", "context_overflow"]
"""Why a response ended. All of them are observations, never void."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One turn of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str

    def as_json(self) -> dict[str, str]:
        """The shape that every provider's chat format starts from."""
        return {"role": self.role, "content": self.content}


Messages: TypeAlias = tuple[Message, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One question with its target."""

    id: str
    """Unique within a task."""
    fields: Mapping[str, Any]
    """What prompts and constraints may name in braces; JSON values."""
    group: str | None = None
    """Items of one group stand or fall together (the same source story)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """A perturbation at a level."""

    perturbation: str
    """`clean`, `paraphrase`, `noise`, `context`, `conflict`, `repeat`, or the field of a difficulty axis."""
    level: Level | None = None

    @property
    def id(self) -> str:
        """Perturbation, `@` and the level as the suite writes it, such as `noise@0.05`."""
        return self.perturbation if self.level is None else f"{self.perturbation}@{self.level}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """What a model is asked, after perturbation."""

    messages: Messages
    variant: str | None = None
    """Which of several forms was drawn, such as `paraphrase 3` or `conflict words`; None when there is one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A prompt on its way to a model, with its place in the run.

    Providers see `messages` and `sampling` only. The place serves programs that stand in for a model: a replay looks
    its answer up by item.
    """

    task: str
    item: str
    condition: str
    repeat: int
    """0-based."""
    messages: Messages
    sampling: Mapping[str, Any] = field(default_factory=dict)
    """Sent with the request; what is not named is not sent."""
    target: str | None = None
    """The text of the right answer, for models that say how likely it is to them; None where the task names none.

    It is sent to those alone whose card says that they score it.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """What came back."""

    text: str
    finish_reason: FinishReason = "stop"
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    """Each `{"name": …, "arguments": {…}}`."""
    tokens_in: int | None = None
    """All prompt tokens, cached ones included; None when the provider does not say."""
    tokens_out: int | None = None
    """All tokens of the answer, reasoning included."""
    tokens_cached: int | None = None
    """How many of `tokens_in` were read from the provider's cache."""
    tokens_cache_write: int | None = None
    """How many of `tokens_in` were written to it at a price of their own."""
    tokens_reasoning: int | None = None
    """How many of `tokens_out` are reasoning that is not part of the text."""
    cost_usd: float | None = None
    """What the provider itself says that the call cost; None when it does not say."""
    served_model: str | None = None
    """The model id that the provider says it used."""
    fingerprint: str | None = None
    """What else the provider says of the configuration that answered, such as `system_fingerprint`."""
    logprob: float | None = None
    """Sum of the answer's token log-probabilities, natural logarithm; None where not offered."""
    target_logprob: float | None = None
    """Log-probability of the right answer with its end, natural logarithm, at most 0; None where not offered."""
    target_tokens: int | None = None
    """How many tokens that is, at least 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A response with what getting it took."""

    response: Response
    latency_s: float | None
    """Of the last attempt, from sending to the whole reply; None where it says nothing of the model, as in a batch."""
    attempts: int
    """Calls made, the successful one included."""


def rng_for(*parts: str | int) -> random.Random:
    """A random source determined by its parts alone, the same on every machine and Python.

    >>> rng_for(0, "item-1", "noise").random() == rng_for(0, "item-1", "noise").random()
    True
    """
    digest = hashlib.sha256(json.dumps(parts).encode()).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))
