"""Small language models that ship with evalkit: `tiny/1m` and its like, in this process.

They are real transformers over characters, made to show what a measurement shows. A prompt is the messages' contents,
one below the other, in lower case; the answer is the line that the model writes below them.

Calls that wait together are answered together, each row of a batch with its own settings and random source: a call is
answered alike whoever shares its batch, but for the last digits of what the arithmetic gives.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from evalkit.adapter import Reply, ReplyError, Request
from evalkit.adapter.code import load_module
from evalkit.errors import AdapterError, did_you_mean
from evalkit.transport.channel import Channel
from evalkit.transport.local_model import Completion, LocalChannel, overflow, settings_of, stops_of
from evalkit.transport.together import Outcome

if TYPE_CHECKING:
    from adapters.tiny_network import Cache, Floats, Network

_HERE = Path(__file__).parent
_ENDING = ".safetensors"
_MOST_ROWS = 64
"""Answers that grow at a time: with more, what attention reads of each no longer fits the processor's caches."""
_MOST_POSITIONS = 24_576
"""Of all rows together: what is kept of them takes 170 MB of the largest model at most."""
_ROUNDED_TO = 64
"""Rows share a cache whose positions differ by less."""
_READ_AT_ONCE = 2048
"""Positions of prompts: more at a time are no faster."""
_REFILL = 0.75
"""Prompts that wait are read once no more than such a part of the rows is in use: a few at a time would be slower."""
_COMPUTING = threading.Semaphore(os.cpu_count() or 1)
"""As many models at a time as there are processors."""


class _OneThread:
    """Keeps NumPy to one thread for each that computes, as long as any channel is in use.

    With matrices as small as these, more threads cost more than they bring, and beside another process a hundredfold.
    How many there are is set for the whole process, and threadpoolctl wants that done and undone by the same thread:
    by the event loop's, therefore, not by those that compute.
    """

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._users: set[TinyChannel] = set()
        self._limit: Any = None

    def keep(self, user: TinyChannel) -> None:
        """Do so until that user has done."""
        # Here, not above: a command that asks no model must not wait for them; threadpoolctl finds what is loaded.
        import numpy  # noqa: F401
        import threadpoolctl

        with self._changing:
            if not self._users:
                self._limit = threadpoolctl.threadpool_limits(limits=1, user_api="blas")
            self._users.add(user)

    def done(self, user: TinyChannel) -> None:
        """Set it back, if nobody else needs it; without effect for one who never did."""
        with self._changing:
            if self._users == {user}:
                self._limit.restore_original_limits()
            self._users.discard(user)


_ONE_THREAD = _OneThread()


class _Settings(BaseModel):
    """What can be set for a call."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    temperature: float = Field(default=0.0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(default=64, ge=1)
    stop: str | list[str] = []
    seed: int | None = None
    logprobs: bool = False


def channel(model: str, *, timeout_s: float, directory: Path) -> Channel:
    """Get ready to load a model; that is done by the first call.

    Args:
        model: The name of a shipped one, or a file of weights that ends in `.safetensors`.
        timeout_s: For one batch; waiting for others does not count.
        directory: Where a file is looked for.

    Raises:
        AdapterError: If there is no such model.
    """
    is_file = model.endswith(_ENDING)
    path = directory / model if is_file else _HERE / "tiny" / f"{model}{_ENDING}"
    if not path.is_file():
        if is_file:
            raise AdapterError(f"found no file {path}, expected the weights of a model; check the path")
        known = [found.stem for found in sorted((_HERE / "tiny").glob(f"*{_ENDING}"))]
        raise AdapterError(f'found no model "{model}". {did_you_mean(model, known)}')
    return TinyChannel(model, path, timeout_s)


class TinyChannel(LocalChannel):
    """Computes with one thread.

    Args:
        name: As the user gave it.
        path: Its weights.
        timeout_s: For one batch.
    """

    def __init__(self, name: str, path: Path, timeout_s: float) -> None:
        super().__init__(lambda: _TinyModel(name, path), check=_settings, pick=_next_batch, timeout_s=timeout_s)

    async def send(self, request: Request) -> Reply:
        """Wait for the answer; raises as any local model does."""
        _ONE_THREAD.keep(self)
        return await super().send(request)

    async def close(self) -> None:
        """Stop what is being generated."""
        await super().close()
        _ONE_THREAD.done(self)


def _settings(request: Request) -> _Settings:
    return settings_of(request, _Settings, adapter="tiny")


def _next_batch(waiting: Sequence[Request]) -> tuple[Sequence[int], bool]:
    """All that wait; whether that fills the rows."""
    return range(len(waiting)), len(waiting) >= _MOST_ROWS


@dataclass(eq=False, kw_only=True, slots=True)
class _Row:
    """An answer that grows character by character."""

    prompt: list[int]
    target: list[int] | None
    """The right answer with its end; None where nobody asks for its probability."""
    room: int
    """Most characters that it may have."""
    settings: _Settings
    rng: random.Random
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    text: str = ""
    ended: Literal["stop", "length"] | None = None
    target_logprob: float | None = None

    @property
    def given(self) -> list[int]:
        """What is read before the answer begins; the last token of a target has nothing after it to be predicted."""
        return self.prompt + (self.target or [])[:-1]

    @property
    def positions(self) -> int:
        """Most that the row may take."""
        return max(len(self.prompt) + self.room, len(self.given))

    def add(self, token: int, logprob: float, network: Network) -> None:
        """Take one more token, and see whether the answer ends with it."""
        if token == network.end:
            self.ended = "stop"
            return
        self.tokens.append(token)
        self.logprobs.append(logprob)
        self.text += network.vocabulary[token]
        # The first stop of all to be complete ends the answer before it.
        ends = [stop for stop in stops_of(self.settings.stop) if self.text.endswith(stop)]
        if ends:
            self.ended = "stop"
            n_left = len(self.text) - max(map(len, ends))
            self.text, self.tokens, self.logprobs = self.text[:n_left], self.tokens[:n_left], self.logprobs[:n_left]
        elif len(self.tokens) >= self.room:
            self.ended = "length"


class _TinyModel:
    """A network with what is needed to answer calls; used by one thread at a time.

    Args:
        name: As the user gave it.
        path: Its weights.

    Raises:
        AdapterError: If it cannot be loaded.
    """

    def __init__(self, name: str, path: Path) -> None:
        import numpy

        self._np = numpy
        self._name = name
        try:
            self._network: Network = load_module(_HERE / "tiny_network.py").Network(path)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        except (ValueError, OSError) as error:
            raise AdapterError(f'model "tiny/{name}": {path}: {error}') from error
        self._fingerprint = f"weights {digest}, numpy {numpy.__version__}"

    def answer(self, requests: Sequence[Request], is_over: Callable[[], bool]) -> list[Outcome]:
        """Answer calls, in their order."""
        rows = [self._row(request) for request in requests]
        fitting = sorted((row for row in rows if row.room > 0), key=lambda row: (_rounded(row), len(row.given)))
        with _COMPUTING:
            for positions, group in itertools.groupby(fitting, key=_rounded):
                self._answer_alike(deque(group), positions, is_over)
        return [self._reply(row) for row in rows]

    def _row(self, request: Request) -> _Row:
        settings = _settings(request)
        network = self._network
        # As in training: a line break, and no other white space, stands between prompt and answer.
        prompt = network.encode("\n".join(message["content"] for message in request.body["messages"]).rstrip() + "\n")
        target = request.body.get("target")
        scored = None if target is None else [*network.encode(target), network.end]
        if scored is not None and len(prompt) + len(scored) > network.context:
            scored = None
        return _Row(
            prompt=prompt,
            target=scored,
            room=min(settings.max_tokens, network.context - len(prompt)),
            settings=settings,
            rng=random.Random(settings.seed),
        )

    def _answer_alike(self, waiting: deque[_Row], positions: int, is_over: Callable[[], bool]) -> None:
        """Let answers grow that take about as many positions, until all have ended, or time is up."""
        most = max(1, min(len(waiting), _MOST_ROWS, _MOST_POSITIONS // positions))
        cache = self._network.cache(most, positions)
        growing: list[_Row] = []
        while (waiting or growing) and not is_over():
            if waiting and len(growing) <= _REFILL * most:
                self._read(cache, waiting, growing)
            else:
                last = self._np.array([row.tokens[-1] for row in growing])
                places = self._np.array([len(row.prompt) + len(row.tokens) - 1 for row in growing])
                self._add(growing, self._network.step(cache, last, places))
            for place in reversed(range(len(growing))):
                if growing[place].ended is not None:
                    moved = growing.pop()
                    if place < len(growing):
                        cache.move(len(growing), place, len(moved.prompt) + len(moved.tokens))
                        growing[place] = moved

    def _read(self, cache: Cache, waiting: deque[_Row], growing: list[_Row]) -> None:
        """Read prompts that wait, as many as there is room for, and begin their answers."""
        rows: list[_Row] = []
        while waiting and len(growing) + len(rows) < cache.shape[0]:
            longest = max(len(row.given) for row in (*rows, waiting[0]))
            if rows and longest * (len(rows) + 1) > _READ_AT_ONCE:
                break
            rows.append(waiting.popleft())
        ids = self._np.zeros((len(rows), max(len(row.given) for row in rows)), dtype=self._np.int64)
        for place, row in enumerate(rows):
            ids[place, : len(row.given)] = row.given
        since = min(len(row.prompt) for row in rows) - 1
        read = self._network.read(cache, len(growing), ids, since)
        for row, positions in zip(rows, read, strict=True):
            self._begin(row, self._network.logits(positions[len(row.prompt) - 1 - since : len(row.given) - since]))
        growing.extend(rows)

    def _begin(self, row: _Row, logits: Floats) -> None:
        """Begin an answer, from what may follow the prompt and each character of the target."""
        if row.target is not None:
            row.target_logprob = float(self._logprobs(logits, row.target).sum())
        # As long as the answer happens to be the target, what follows is known, and no step is needed to find it.
        for place, expected in enumerate(row.target or [None]):
            self._add([row], logits[place : place + 1])
            if row.ended is not None or row.tokens[-1] != expected:
                break

    def _add(self, rows: Sequence[_Row], logits: Floats) -> None:
        """Give each row its next token: the likeliest, or one drawn."""
        tokens = logits.argmax(-1)
        drawing = [place for place, row in enumerate(rows) if row.settings.temperature > 0]
        if drawing:
            tokens[drawing] = self._drawn(logits[drawing], [rows[place] for place in drawing])
        asked = any(row.settings.logprobs for row in rows)
        logprobs = self._logprobs(logits, tokens).tolist() if asked else [0.0] * len(rows)
        for row, token, logprob in zip(rows, tokens.tolist(), logprobs, strict=True):
            row.add(token, logprob, self._network)

    def _logprobs(self, logits: Floats, tokens: Any) -> Any:
        """Of one token each."""
        known = logits.astype(self._np.float64)
        known -= known.max(-1, keepdims=True)
        return known[self._np.arange(len(tokens)), tokens] - self._np.log(self._np.exp(known).sum(-1))

    def _drawn(self, logits: Floats, rows: Sequence[_Row]) -> Any:
        """Draw from as few of the likeliest tokens as hold the share top_p (Holtzman et al. 2020)."""
        numpy = self._np
        temperature, top_p = numpy.array([(row.settings.temperature, row.settings.top_p) for row in rows]).T[..., None]
        order = (-logits).argsort(-1, kind="stable")
        best = numpy.take_along_axis(logits.astype(numpy.float64), order, -1)
        shares = numpy.exp((best - best[:, :1]) / temperature)
        shares /= shares.sum(-1, keepdims=True)
        shares *= shares.cumsum(-1) - shares < top_p
        reached = shares.cumsum(-1)
        drawn = numpy.array([row.rng.random() for row in rows])[:, None] * reached[:, -1:]
        places = numpy.minimum((reached <= drawn).sum(-1), (shares > 0).sum(-1) - 1)
        return order[numpy.arange(len(rows)), places]

    def _reply(self, row: _Row) -> Outcome:
        if row.room <= 0:
            return overflow(self._network.context, len(row.prompt))
        if row.ended is None:
            return ReplyError("timeout", f"tiny/{self._name}: no whole answer in time")
        tokens = [self._network.vocabulary[token] for token in row.tokens]
        target = None
        if row.target is not None and row.target_logprob is not None:
            target = (row.target_logprob, len(row.target))
        return Completion(
            model=self._name,
            fingerprint=self._fingerprint,
            text=row.text,
            ended=row.ended,
            tokens_in=len(row.prompt),
            tokens_out=len(row.tokens),
            logprobs=list(zip(tokens, row.logprobs, strict=True)) if row.settings.logprobs else None,
            target=target,
        ).reply()


def _rounded(row: _Row) -> int:
    """The positions of a cache that the row fits."""
    return -(-row.positions // _ROUNDED_TO) * _ROUNDED_TO
