"""Servers: httpx2's requests and responses over aiohttp.

httpx2's own pool looks through all its connections for every request; aiohttp's does not: six times the
calls per second at 500 connections. Its client is left out as well: what it adds (cookies, redirects, authentication)
is not wanted here, and would cost each call as much as everything else of evalkit's.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from functools import lru_cache
from math import inf
from typing import Any
from urllib.request import getproxies_environment, proxy_bypass

import aiohttp
import httpx2
import yarl

from evalkit.adapter.wire import Reply, ReplyError, Request
from evalkit.errors import AdapterError
from evalkit.transport.channel import SHORTEST_SECRET

CONNECT_TIMEOUT_S = 30.0
"""A server that accepts no connection for this long counts as not reachable."""


MOST_BYTES = 64 * 2**20
"""Of a reply to a call: no answer is as long, and one that never ends would fill the memory."""


class _TooLongError(httpx2.RemoteProtocolError):
    """A reply that is longer than any answer."""


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """Sends httpx2's requests through an aiohttp session; as many connections as there are calls at a time.

    Args:
        proxies: Addresses by the scheme of what is asked for, `all` for the rest.
    """

    def __init__(self, proxies: Mapping[str, str]) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self._proxies = proxies

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request and read the whole reply."""
        try:
            async with self._open_session().request(
                request.method,
                _aiohttp_url(str(request.url)),
                headers=request.headers.multi_items(),
                data=request.content,
                timeout=_timeout(request.extensions["timeout"]),
                allow_redirects=False,
                proxy=self._proxy(request.url),
            ) as reply:
                body = await _whole(reply.content, request.extensions.get("most_bytes", inf))
        except aiohttp.ClientConnectionError as error:
            raise _connection_error(error) from error
        except aiohttp.ClientError as error:
            raise httpx2.RemoteProtocolError(str(error)) from error
        return httpx2.Response(reply.status, headers=list(reply.raw_headers), content=body, request=request)

    async def aclose(self) -> None:
        """Close all connections, and open no others."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    def _open_session(self) -> aiohttp.ClientSession:
        if self._closed:
            raise RuntimeError("the connections are closed")
        # Not in the constructor: a session belongs to the event loop that runs when it is made.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # httpx2 does that
                skip_auto_headers=("User-Agent", "Content-Type", "Accept", "Accept-Encoding"),
            )
        return self._session

    def _proxy(self, url: httpx2.URL) -> str | None:
        # Not aiohttp's trust_env: it also reads ~/.netrc for every call, and refuses a request that has a key then.
        proxy = self._proxies.get(url.scheme) or self._proxies.get("all")
        if proxy is None or proxy_bypass(url.host):
            return None
        proxy = proxy if "://" in proxy else f"http://{proxy}"
        if not proxy.startswith(("http://", "https://")):
            kind = proxy.partition("://")[0]
            raise AdapterError(f"the environment names a {kind} proxy, expected an http one; set HTTPS_PROXY")
        return proxy


# A run asks very few addresses, and reading one takes as long as all else about a request.
_httpx2_url = lru_cache(maxsize=100)(httpx2.URL)


@lru_cache(maxsize=100)
def _aiohttp_url(text: str) -> yarl.URL:
    return yarl.URL(text, encoded=True)


async def _whole(content: aiohttp.StreamReader, most_bytes: float) -> bytes:
    """All of a reply's body, as it came.

    Raises:
        httpx2.RemoteProtocolError: If it is longer than so many bytes.
    """
    parts: list[bytes] = []
    n_bytes = 0
    async for part in content.iter_any():
        parts.append(part)
        n_bytes += len(part)
        if n_bytes > most_bytes:
            raise _TooLongError(f"the reply is longer than {most_bytes / 2**20:g} MiB, which no answer is")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _timeout(limits: dict[str, float | None]) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=limits["connect"], sock_read=limits["read"])


def _connection_error(error: aiohttp.ClientConnectionError) -> httpx2.TransportError:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return httpx2.ConnectTimeout(str(error))
    if isinstance(error, aiohttp.ServerTimeoutError):
        return httpx2.ReadTimeout(str(error))
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError):
        return httpx2.ConnectError(str(error))
    return httpx2.ReadError(str(error) or "the connection was closed")


def _content(body: Any) -> bytes | None:
    """What is sent: bytes as they are (a file to be uploaded), nothing for None, everything else as JSON."""
    return body if body is None or isinstance(body, bytes) else json.dumps(body).encode()


_HEADERS = {
    "user-agent": "evalkit",
    "accept": "*/*",
    "accept-encoding": "gzip, deflate",
    "content-type": "application/json",
}


class HttpChannel:
    """Sends requests to a provider, with the key that only this object knows.

    Args:
        auth_header: The header that carries the key.
        auth_prefix: What stands before it.
        key: The key; None when there is none.
        timeout_s: From connecting to the end of the reply, of what is no call: calls have `Deadlines`.
        idempotency_header: The header by which the provider knows a request that it has answered; None when it has
            none.
    """

    def __init__(
        self,
        *,
        auth_header: str,
        auth_prefix: str,
        key: str | None,
        timeout_s: float,
        idempotency_header: str | None = None,
    ) -> None:
        self._key = key
        self._idempotency_header = idempotency_header
        self._auth = {} if key is None else {auth_header: f"{auth_prefix}{key}"}
        self._timeout_s = timeout_s
        # No deadline between two packets: the one for the whole reply holds, and a timer less is set.
        timeout = httpx2.Timeout(None, connect=min(CONNECT_TIMEOUT_S, timeout_s))
        self._extensions: dict[str, Any] = {"timeout": timeout.as_dict()}
        # What a batch brought is thousands of answers, and may be long.
        self._extensions_of_a_call = {**self._extensions, "most_bytes": MOST_BYTES}
        self._transport = AiohttpTransport(getproxies_environment())

    async def send(self, request: Request) -> Reply:
        """Send once.

        Raises:
            ReplyError: `connect`, `certificate`, `timeout`, `reset`, `truncated`, `too-long`.
        """
        sent, reply = self._built(request), None
        try:
            async with asyncio.timeout(self._timeout_s if request.call is None else None):
                reply = await self._transport.handle_async_request(sent)
        except (TimeoutError, httpx2.HTTPError) as error:
            failure = ReplyError(_reason(error), self._describe(error, request.url))
        if reply is None:
            # Raised here, without its cause: the frames of that hold the key, and some tools print local variables.
            raise failure
        body = reply.content
        if self._key is not None and len(self._key) >= SHORTEST_SECRET:
            # Some servers quote the key that they refuse; what they say is shown and recorded.
            body = body.replace(self._key.encode(), b"[key]")
        return Reply(status=reply.status_code, headers=dict(reply.headers.items()), body=body)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    def _built(self, request: Request) -> httpx2.Request:
        headers = {**_HEADERS, **{name.lower(): value for name, value in request.headers.items()}, **self._auth}
        if self._idempotency_header is not None and request.idempotency_key is not None:
            headers[self._idempotency_header] = request.idempotency_key
        return httpx2.Request(
            request.method,
            _httpx2_url(request.url),
            headers=httpx2.Headers(headers, encoding="utf-8"),  # else httpx2 tries out three, header by header
            content=_content(request.body),
            extensions=self._extensions if request.call is None else self._extensions_of_a_call,
        )

    def _describe(self, error: Exception, url: str) -> str:
        if isinstance(error, TimeoutError | httpx2.ReadTimeout):
            return f"{url}: no whole reply within {self._timeout_s:g} s"
        return f"{url}: {error}"


_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (_TooLongError, "too-long"),
    (httpx2.ConnectTimeout, "connect"),
    (httpx2.ConnectError, "connect"),
    (httpx2.TimeoutException, "timeout"),
    (TimeoutError, "timeout"),
    (httpx2.ReadError, "reset"),
)


def _reason(error: Exception) -> str:
    if isinstance(error.__cause__, aiohttp.ClientConnectorCertificateError):
        return "certificate"
    # What is left began as a reply: cut short, badly compressed, or no HTTP.
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), "truncated")
