"""What programs that load a model into this process have in common: the loading, the settings, the replies."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from evalkit.adapter.wire import Reply, Request
from evalkit.errors import AdapterError
from evalkit.transport.together import Outcome, Picking, TogetherChannel

S = TypeVar("S", bound=BaseModel)


class LocalModel(Protocol):
    """A model that is loaded; used by one thread at a time."""

    def answer(self, requests: Sequence[Request], is_over: Callable[[], bool]) -> Sequence[Outcome]:
        """Answer calls, in their order; gives up soon once it is over."""


class LocalChannel:
    """Loads a model when it is first asked, and asks it for batches.

    Args:
        load: Makes the model.
        check: Refuses a request that the model could not read, before it can spoil the batch of others.
        pick: Composes a batch.
        timeout_s: For one batch; waiting for others does not count.
    """

    def __init__(
        self, load: Callable[[], LocalModel], *, check: Callable[[Request], object], pick: Picking, timeout_s: float
    ) -> None:
        self._load, self._check, self._timeout_s = load, check, timeout_s
        self._loaded: LocalModel | None = None
        self._together = TogetherChannel(self._answer, pick=pick)

    def check(self, request: Request) -> None:
        """Refuse a request that the model could not read.

        Raises:
            AdapterError: If a setting is unknown, or out of range.
        """
        self._check(request)

    async def send(self, request: Request) -> Reply:
        """Wait for the answer.

        Raises:
            AdapterError: If the model cannot be loaded, or a setting is unknown.
            ReplyError: `timeout`, `program-error`.
        """
        self.check(request)
        return await self._together.send(request)

    async def close(self) -> None:
        """Stop what is being generated."""
        await self._together.close()

    def _answer(self, requests: Sequence[Request], closed: threading.Event) -> Sequence[Outcome]:
        if self._loaded is None:
            self._loaded = self._load()
        deadline = time.monotonic() + self._timeout_s
        return self._loaded.answer(requests, lambda: closed.is_set() or time.monotonic() > deadline)


def settings_of(request: Request, known: type[S], *, adapter: str) -> S:
    """Read a call's settings.

    Args:
        request: In the format of chat completions.
        known: What can be set, as fields.
        adapter: For messages.

    Raises:
        AdapterError: If one is unknown, or out of range.
    """
    given = {name: value for name, value in request.body.items() if name not in {"model", "messages", "target"}}
    try:
        return known.model_validate(given)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        found = "it is unknown" if problem["type"] == "extra_forbidden" else problem["msg"]
        raise AdapterError(
            f'adapter "{adapter}": setting "{problem["loc"][0]}": {found}; known are {", ".join(known.model_fields)}'
        ) from None


def stops_of(stop: str | list[str]) -> tuple[str, ...]:
    """The texts that end an answer.

    >>> stops_of("."), stops_of(["", ";"])
    (('.',), (';',))
    """
    return tuple(text for text in ([stop] if isinstance(stop, str) else stop) if text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """An answer that has ended, for a reply in the format of chat completions."""

    model: str
    fingerprint: str
    text: str
    ended: Literal["stop", "length"]
    tokens_in: int
    tokens_out: int
    logprobs: Sequence[tuple[str, float]] | None
    """Each token's text and log-probability; None where nobody asked."""
    target: tuple[float, int] | None
    """The log-probability of the right answer, and its number of tokens; None where nobody asked, or it is unknown."""

    def reply(self) -> Reply:
        """As a server would send it."""
        logprobs = None
        if self.logprobs is not None:
            logprobs = {"content": [{"token": token, "logprob": logprob} for token, logprob in self.logprobs]}
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": self.text},
            "finish_reason": self.ended,
            "logprobs": logprobs,
            "target_logprob": self.target and {"logprob": self.target[0], "tokens": self.target[1]},
        }
        data = {
            "object": "chat.completion",
            "model": self.model,
            "system_fingerprint": self.fingerprint,
            "choices": [choice],
            "usage": {"prompt_tokens": self.tokens_in, "completion_tokens": self.tokens_out},
        }
        return Reply(body=json.dumps(data).encode())


def overflow(context: int | None, n_tokens: int) -> Reply:
    """A prompt that does not fit, refused as servers do."""
    message = f"the maximum context length is {context} tokens, the prompt has {n_tokens}"
    error = {"message": message, "code": "context_length_exceeded"}
    return Reply(status=400, body=json.dumps({"error": error}).encode())
