"""Servers: an httpx2 client over aiohttp.

httpx2's own pool looks through all its connections for every request; aiohttp's does not: six times the
calls per second at 500 connections.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from urllib.request import getproxies_environment, proxy_bypass

import aiohttp
import httpx2
import yarl

from evalkit.adapter.wire import Reply, ReplyError, Request
from evalkit.errors import AdapterError

CONNECT_TIMEOUT_S = 30.0
"""A server that accepts no connection for this long counts as not reachable."""


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """Sends httpx2's requests through an aiohttp session; as many connections as there are calls at a time.

    Args:
        proxies: Addresses by the scheme of what is asked for, `all` for the rest.
    """

    def __init__(self, proxies: Mapping[str, str]) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._proxies = proxies

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request and read the whole reply."""
        try:
            async with self._open_session().request(
                request.method,
                yarl.URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=request.content,
                timeout=_timeout(request.extensions["timeout"]),
                allow_redirects=False,
                proxy=self._proxy(request.url),
            ) as reply:
                body = await reply.read()
        except aiohttp.ClientConnectionError as error:
            raise _connection_error(error) from error
        except aiohttp.ClientError as error:
            raise httpx2.RemoteProtocolError(str(error)) from error
        return httpx2.Response(reply.status, headers=list(reply.raw_headers), content=body, request=request)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _open_session(self) -> aiohttp.ClientSession:
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


class HttpChannel:
    """Sends requests to a provider, with the key that only this object knows.

    Args:
        auth_header: The header that carries the key.
        auth_prefix: What stands before it.
        key: The key; None when there is none.
        timeout_s: For one attempt, from connecting to the end of the reply.
    """

    def __init__(self, *, auth_header: str, auth_prefix: str, key: str | None, timeout_s: float) -> None:
        self._key = key
        self._auth = {} if key is None else {auth_header: f"{auth_prefix}{key}"}
        self._timeout_s = timeout_s
        self._client = httpx2.AsyncClient(
            transport=AiohttpTransport(getproxies_environment()),
            timeout=httpx2.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s)),
            headers={"user-agent": "evalkit"},
            follow_redirects=False,
        )

    async def send(self, request: Request) -> Reply:
        """Send once.

        Raises:
            ReplyError: `connect`, `certificate`, `timeout`, `reset`, `truncated`.
        """
        content = json.dumps(request.body).encode()
        headers = {"content-type": "application/json", **request.headers, **self._auth}
        try:
            async with asyncio.timeout(self._timeout_s):
                reply = await self._client.request(request.method, request.url, content=content, headers=headers)
        except (TimeoutError, httpx2.HTTPError) as error:
            raise ReplyError(_reason(error), self._describe(error, request.url)) from error
        body = reply.content
        if self._key is not None:
            # Some servers quote the key that they refuse; what they say is shown and recorded.
            body = body.replace(self._key.encode(), b"[key]")
        return Reply(status=reply.status_code, headers=dict(reply.headers.items()), body=body)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    def _describe(self, error: Exception, url: str) -> str:
        if isinstance(error, TimeoutError | httpx2.ReadTimeout):
            return f"{url}: no whole reply within {self._timeout_s:g} s"
        return f"{url}: {error}"


_REASONS: tuple[tuple[type[Exception], str], ...] = (
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
