"""A model: builds requests, asks, reads the answers."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from evalkit.adapter.endpoint import Endpoint
from evalkit.adapter.wire import Dialect, Reply, ReplyError, Request
from evalkit.aside import aside
from evalkit.errors import AdapterError, FatalTransportError, did_you_mean
from evalkit.transport.channel import Channel
from evalkit.transport.retry import Retries, retry_after_s
from evalkit.trial import Answer, Call, Response

_MISSHAPEN = (KeyError, IndexError, TypeError, AttributeError, ValueError)


class Model:
    """Something that answers calls: a provider's model, or a program that stands in for one.

    Args:
        endpoint: Which model, where, with which settings.
        dialect: The wire format.
        channel: How requests get there; holds the key.
        retries: What to do when they do not.
        tasks: Those that it can be asked; None when it takes any.
    """

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        dialect: Dialect,
        channel: Channel,
        retries: Retries,
        tasks: Collection[str] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._dialect = dialect
        self._channel = channel
        self._retries = retries
        self._tasks = tasks
        self._reached = False

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
    def free(self) -> bool:
        """Whether a call costs nothing that evalkit could count."""
        return self._endpoint.card.free

    @property
    def steady(self) -> bool:
        """Whether it is known to answer the same request the same way: its card says so.

        A temperature of 0 does not: providers' answers vary all the same.
        """
        return self._endpoint.card.steady

    @property
    def capacity(self) -> int | None:
        """How many calls it takes at a time by now; None when as many as one likes."""
        return self._endpoint.card.limits.concurrency

    def expected_usd(self, request: Request) -> float | None:
        """What a call may cost at most, as far as that can be known before it is made; None when unknown."""
        return 0.0 if self.free else None

    def cost_usd(self, answer: Answer) -> float | None:
        """What an answer cost; None when unknown."""
        return 0.0 if self.free else None

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
            AdapterError: If the settings cannot be sent in the provider's format.
        """
        return self._endpoint.request(call, self._dialect)

    async def ask(self, request: Request) -> Answer:
        """Send a request until it is answered or the retry table says to give up.

        Raises:
            TransportError: If there is no observation; the trial is void.
            FatalTransportError: If no call of this run can succeed.
        """
        try:
            (response, latency_s), attempts = await self._retries.run(lambda: self._attempt(request))
        except FatalTransportError as error:
            message = _advice(error, self._endpoint)
            raise FatalTransportError(error.reason, message, attempts=error.attempts) from error
        return Answer(response=response, latency_s=latency_s, attempts=attempts)

    async def close(self) -> None:
        """Let go of connections."""
        await self._channel.close()

    async def _attempt(self, request: Request) -> tuple[Response, float]:
        sent = time.perf_counter()
        try:
            reply = await self._channel.send(request)
        except ReplyError as error:
            if error.reason == "connect" and not self._reached:
                raise ReplyError("unreachable", str(error)) from error
            raise
        latency_s = time.perf_counter() - sent
        self._reached = True
        return self._read(reply), latency_s

    def _read(self, reply: Reply) -> Response:
        try:
            with aside():
                response = self._dialect.parse(reply)
            return _storable(response)
        except ReplyError as error:
            wait_s = retry_after_s(reply.headers, datetime.now(UTC))
            raise ReplyError(error.reason, str(error), retry_after_s=wait_s) from error
        except _MISSHAPEN as error:
            found = f"{type(error).__name__}: {error}"
            message = f"{self.name}: found a reply of an unexpected shape ({found}): {reply.excerpt()}"
            raise ReplyError("unexpected-reply", message) from error


def _storable(response: Response) -> Response:
    """Replace lone surrogates, which JSON can spell but no file can hold."""
    parts = (response.text, response.served_model, response.finish_reason, response.tool_calls)
    written = json.dumps(parts, ensure_ascii=False)
    try:
        written.encode()
    except UnicodeEncodeError:
        mended = written.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text, served, finish, calls = json.loads(mended)
        return dataclasses.replace(
            response, text=text, served_model=served, finish_reason=finish, tool_calls=tuple(calls)
        )
    return response


def _advice(error: FatalTransportError, endpoint: Endpoint) -> str:
    card = endpoint.card
    who = f'adapter "{card.name}": {endpoint.address}'
    key = card.key_env
    if error.reason == "unreachable":
        return f"{who}: nothing answers there ({error}). Start the server, or set the address with -M base_url=…"
    if error.reason in {"http-401", "http-403"}:
        remedy = f"refused the key in {key}" if key else f"asks for a key, but {endpoint.source} names no key_env"
        return f"{who}: {remedy} ({error}). Set the right key, or change key_env in {endpoint.source}."
    if error.reason in {"quota", "http-402"}:
        return f"{who}: the account is used up ({error}). Add credit, then go on with --resume."
    if error.reason == "http-404":
        return f'{who}: knows no model "{endpoint.model}", or is not the right address ({error}).'
    if error.reason == "certificate":
        return f"{who}: its certificate is not trusted ({error}). Name your CA bundle in SSL_CERT_FILE."
    return f"{who}: is not the right address for {card.dialect} ({error}). Set it with -M base_url=…"
