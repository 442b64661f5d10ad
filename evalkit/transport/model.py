"""A model: builds requests, asks, reads the answers."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from evalkit.adapter.batching import BatchDialect
from evalkit.adapter.card import ModelSize
from evalkit.adapter.endpoint import Endpoint
from evalkit.adapter.prices import Prices
from evalkit.adapter.refusal import refused, said_in
from evalkit.adapter.wire import MISSHAPEN, Dialect, Reply, ReplyError, Request
from evalkit.aside import aside
from evalkit.errors import AdapterError, FatalTransportError, did_you_mean
from evalkit.transport.channel import Channel
from evalkit.transport.library import LibraryChannel
from evalkit.transport.ratelimit import retry_after_s
from evalkit.transport.retry import Retries, is_refusal
from evalkit.transport.traffic import Traffic, Tries
from evalkit.trial import Answer, Call, Response

_Result = TypeVar("_Result")

_MOST_TIMED_OUT = 20
"""Attempts that time out without anything having been answered, before the run ends: each may take ten minutes."""
_REFUSED_S = 600.0
"""How long a provider may do nothing but ask for patience: 21 attempts of each of some calls take hours."""


class Model:
    """Something that answers calls: a provider's model, or a program that stands in for one.

    Args:
        endpoint: Which model, where, with which settings.
        dialect: The wire format.
        channel: How requests get there; holds the key.
        retries: What to do when they do not.
        tasks: Those that it can be asked; None when it takes any.
        batch: What its provider's batches speak; None where it has none.
        prices: What its calls cost; not known when None.
        traffic: At what pace, and until when; None when calls begin at once and the channel ends them.
    """

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        dialect: Dialect,
        channel: Channel,
        retries: Retries,
        tasks: Collection[str] | None = None,
        batch: BatchDialect | None = None,
        prices: Prices | None = None,
        traffic: Traffic | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._dialect = dialect
        self._channel = channel
        self._retries = retries
        self._tasks = tasks
        self._traffic = traffic
        self._batch = batch
        self.prices = prices or Prices(endpoint.model, ())
        """What its calls cost, unless it is free."""
        self._reached = False
        self._over: FatalTransportError | None = None
        """What no call can succeed for."""
        self._answered = False
        self._timed_out = 0
        """Attempts that timed out before anything was answered."""
        self._first_failure: float | None = None
        """When an attempt first failed otherwise before that."""

    def __repr__(self) -> str:
        return f"Model({self.name!r}, address={self.address!r})"

    @property
    def name(self) -> str:
        """The full name, such as `openai/x`."""
        return self._endpoint.name

    @property
    def address(self) -> str:
        """The base URL that is asked; for programs the full name."""
        return self._endpoint.address

    @property
    def size(self) -> ModelSize | None:
        """How large it is; None when its card does not say."""
        return self._endpoint.card.sizes.get(self._endpoint.model)

    @property
    def free(self) -> bool:
        """Whether a call costs nothing that evalkit could count: its card says so, and nobody gave it a price."""
        return self._endpoint.card.free and self.prices.quote is None

    @property
    def steady(self) -> bool:
        """Whether it is known to answer the same request the same way: its card says so.

        A temperature of 0 does not: providers' answers vary all the same.
        """
        return self._endpoint.card.steady

    @property
    def usual_concurrency(self) -> int | None:
        """How many calls at a time it is made for; None when its card does not say."""
        return self._endpoint.card.limits.concurrency

    @property
    def capacity(self) -> int | None:
        """How many calls it takes at a time by now; None when as many as one likes."""
        return None if self._traffic is None else self._traffic.capacity

    @property
    def batch(self) -> BatchDialect | None:
        """What its provider's batches speak; None where it has none."""
        return self._batch

    @property
    def batch_discount(self) -> float:
        """The part of the price that a batch saves."""
        return self._endpoint.card.batch_discount

    def expected_usd(self, request: Request) -> float | None:
        """What a call may cost at most, as far as that can be known before it is made; None when unknown."""
        return 0.0 if self.free else self.prices.at_most(request)

    def cost_usd(self, answer: Answer) -> float | None:
        """What an answer cost; None when unknown."""
        return 0.0 if self.free else self.prices.usd(answer.response)

    def check(self, tasks: Sequence[str]) -> None:
        """Refuse tasks that could never be answered, before the first call.

        Raises:
            AdapterError: If it is a program that answers other tasks only.
        """
        wrong = [task for task in tasks if self._tasks is not None and task not in self._tasks]
        if wrong:
            answered = [task for task in tasks if task not in wrong]
            hint = did_you_mean(wrong[0], self._tasks or ())
            others = f" To run the others: --tasks {','.join(answered)}" if answered else ""
            raise AdapterError(f'model "{self.name}": it has no program for {", ".join(wrong)}. {hint}{others}')

    def request(self, call: Call) -> Request:
        """Build the request for a call; pure.

        Raises:
            AdapterError: If the settings cannot be sent in the provider's format, or the library knows none such.
        """
        request = self._endpoint.request(call, self._dialect)
        if isinstance(self._channel, LibraryChannel):
            self._channel.check(request)
        return request

    async def ask(self, request: Request) -> Answer:
        """Send a request until it is answered or the retry table says to give up.

        Raises:
            TransportError: If there is no observation; the trial is void.
            FatalTransportError: If no call of this run can succeed.
        """
        tries = Tries()
        (response, latency_s), attempts = await self.persist(lambda: self._attempt(request, tries))
        return Answer(response=response, latency_s=latency_s, attempts=attempts)

    async def persist(self, attempt: Callable[[], Awaitable[_Result]]) -> tuple[_Result, int]:
        """As `Retries.run`; a failure that ends the run says what to do about it.

        Raises:
            TransportError: If it is given up.
            FatalTransportError: If no call of this run can succeed.
        """
        try:
            return await self._retries.run(attempt)
        except FatalTransportError as error:
            if error is self._over:  # what those get that waited for their turn
                raise
            if self._over is None:
                self._over = self.advised(error)
                if self._traffic is not None:
                    self._traffic.shut(self._over)
            raise self._over from error

    def advised(self, error: FatalTransportError) -> FatalTransportError:
        """The same failure with what to do about it."""
        return FatalTransportError(error.reason, _advice(error, self._endpoint), attempts=error.attempts)

    async def exchange(self, request: Request) -> Reply:
        """Send once what is no call, such as a question about a batch.

        Raises:
            ReplyError: If nothing came back, or no success.
        """
        headers = {**self._endpoint.card.headers, **request.headers}
        reply = await self._send(dataclasses.replace(request, headers=headers))
        if reply.status >= 300:
            try:
                refused(reply)
            except ReplyError as error:
                raise _with_wait(error, reply) from error
            raise ReplyError(f"http-{reply.status}", f"HTTP {reply.status}: {said_in(reply) or reply.excerpt()}")
        return reply

    async def close(self) -> None:
        """Let go of connections."""
        if self._traffic is not None:
            self._traffic.close()
        await self._channel.close()

    async def _attempt(self, request: Request, tries: Tries) -> tuple[Response, float]:
        try:
            made = await self._made(request, tries)
        except ReplyError as error:
            if self._is_silent(error):
                raise ReplyError("silent", str(error)) from error
            raise
        self._answered = True
        return made

    def _is_silent(self, error: ReplyError) -> bool:
        """Whether nothing was answered for so long that nothing will be."""
        if self._answered:
            return False
        if error.reason == "timeout":
            self._timed_out += 1
            return self._timed_out >= _MOST_TIMED_OUT
        now = asyncio.get_running_loop().time()
        self._first_failure = now if self._first_failure is None else self._first_failure
        return is_refusal(error.reason) and now - self._first_failure > _REFUSED_S

    async def _made(self, request: Request, tries: Tries) -> tuple[Response, float]:
        if self._traffic is not None:
            return await self._traffic.attempt(request, tries, send=self._send, read=self.read)
        sent = time.perf_counter()
        reply = await self._send(request)
        latency_s = time.perf_counter() - sent
        return self.read(reply), latency_s

    async def _send(self, request: Request) -> Reply:
        try:
            reply = await self._channel.send(request)
        except ReplyError as error:
            if error.reason == "connect" and not self._reached:
                raise ReplyError("unreachable", str(error)) from error
            raise
        self._reached = True
        return reply

    def read(self, reply: Reply) -> Response:
        """Read a reply to a call.

        Raises:
            ReplyError: If it is no observation.
        """
        try:
            with aside():
                response = self._dialect.parse(reply)
            return _storable(response)
        except ReplyError as error:
            raise _with_wait(error, reply) from error
        except MISSHAPEN as error:
            found = f"{type(error).__name__}: {error}"
            message = f"{self.name}: found a reply of an unexpected shape ({found}): {reply.excerpt()}"
            raise ReplyError("unexpected-reply", message) from error


def _with_wait(error: ReplyError, reply: Reply) -> ReplyError:
    """A failure with how long the provider asks to be left alone: in the body, as the dialect read it, or a header."""
    wait_s = error.retry_after_s
    if wait_s is None:
        wait_s = retry_after_s(reply.headers, datetime.now(UTC))
    return ReplyError(error.reason, str(error), retry_after_s=wait_s)


def _storable(response: Response) -> Response:
    """Replace lone surrogates, which JSON can spell but no file can hold."""
    parts = (response.text, response.served_model, response.fingerprint, response.finish_reason, response.tool_calls)
    written = json.dumps(parts, ensure_ascii=False)
    try:
        written.encode()
    except UnicodeEncodeError:
        mended = written.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text, served, fingerprint, finish, calls = json.loads(mended)
        return dataclasses.replace(
            response,
            text=text,
            served_model=served,
            fingerprint=fingerprint,
            finish_reason=finish,
            tool_calls=tuple(calls),
        )
    return response


def _advice(error: FatalTransportError, endpoint: Endpoint) -> str:
    card = endpoint.card
    who = f'adapter "{card.name}": {endpoint.address}'
    key = card.key_env
    if card.transport == "library":
        return f"{who}: {error}. Keys and addresses are set as the library {card.program} wants them."
    if error.reason == "unreachable":
        return f"{who}: nothing answers there ({error}). Start the server, or set the address with -M base_url=…"
    if error.reason == "silent":
        remedy = "See whether it works and may be asked, or allow more time with --timeout"
        return f"{who}: has answered nothing so far ({error}). {remedy}."
    if error.reason in {"http-401", "http-403"}:
        if key is None:
            return f"{who}: asks for a key ({error}). Name its variable with key_env in {endpoint.source}."
        remedy = f"refused the key in {' or '.join((key, *card.key_env_also))}"
        if not card.key_required:
            remedy = f"asks for a key, or {remedy}"
        return f"{who}: {remedy} ({error}). Set the right key there."
    if error.reason in {"quota", "http-402"}:
        return f"{who}: the account is used up ({error}). Add credit, then go on with --resume."
    if error.reason == "http-404":
        remedy = "Start a new run with the right one"
        return f'{who}: knows no model "{endpoint.model}", or is not the right address ({error}). {remedy}.'
    if error.reason == "certificate":
        return f"{who}: its certificate is not trusted ({error}). Name your CA bundle in SSL_CERT_FILE."
    return f"{who}: is not the right address for {card.dialect} ({error}). Set it with -M base_url=…"
