from __future__ import annotations

import asyncio
import dataclasses
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from evalkit.adapter import Reply, ReplyError, Request
from evalkit.errors import AdapterError
from evalkit.transport.http import AiohttpTransport, HttpChannel
from evalkit.trial import Call
from tests.server import serving

KEY = "sk-very-secret"


def _channel(key: str | None = KEY, timeout_s: float = 10.0) -> HttpChannel:
    return HttpChannel(auth_header="Authorization", auth_prefix="Bearer ", key=key, timeout_s=timeout_s)


def _request(base_url: str, text: str = "hi") -> Request:
    body = {"model": "x", "messages": [{"role": "user", "content": text}]}
    return Request(method="POST", url=f"{base_url}/chat/completions", headers={"X-Own": "1"}, body=body)


def _with(channel: HttpChannel, action: Callable[[HttpChannel], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        try:
            return await action(channel)
        finally:
            await channel.close()

    return asyncio.run(run())


def _send(base_url: str, **channel: Any) -> Reply:
    reply: Reply = _with(_channel(**channel), lambda channel: channel.send(_request(base_url)))
    return reply


@pytest.mark.parametrize(
    ("header", "key", "expected"),
    [("Idempotency-Key", "k1", "k1"), (None, "k1", None), ("Idempotency-Key", None, None)],
)
def test_a_provider_that_knows_requests_by_a_key_is_told_it(
    header: str | None, key: str | None, expected: str | None
) -> None:
    channel = HttpChannel(
        auth_header="Authorization", auth_prefix="Bearer ", key=None, timeout_s=10, idempotency_header=header
    )
    with serving() as server:
        request = dataclasses.replace(_request(server.base_url), idempotency_key=key)
        _with(channel, lambda channel: channel.send(request))
        headers = {name.lower(): value for name, value in server.last_headers.items()}
        assert expected == headers.get("idempotency-key")


def test_a_request_arrives_with_its_body_headers_and_key() -> None:
    with serving() as server:
        reply = _send(server.base_url)
        assert (reply.status, reply.json()["choices"][0]["message"]["content"]) == (200, "hi")
        headers = {name.lower(): value for name, value in server.last_headers.items()}
        assert (f"Bearer {KEY}", "1", "application/json") == (
            headers["authorization"],
            headers["x-own"],
            headers["content-type"],
        )
        assert server.last_body == {"model": "x", "messages": [{"role": "user", "content": "hi"}]}


def test_without_a_key_no_header_is_sent() -> None:
    with serving() as server:
        _send(server.base_url, key=None)
        assert "Authorization" not in server.last_headers


def test_a_lone_surrogate_in_a_prompt_can_be_sent() -> None:
    with serving() as server:
        _with(_channel(), lambda channel: channel.send(_request(server.base_url, "\ud800")))
        assert server.last_body["messages"][0]["content"] == "\ud800"


def test_a_status_is_a_reply() -> None:
    with serving(script=("503:7",)) as server:
        reply = _send(server.base_url)
        assert (reply.status, reply.headers["retry-after"]) == (503, "7")


def test_many_calls_share_one_channel() -> None:
    async def many(channel: HttpChannel) -> list[Reply]:
        return await asyncio.gather(*(channel.send(_request(server.base_url, str(n))) for n in range(50)))

    with serving(delay_s=0.02) as server:
        replies = _with(_channel(), many)
        texts = [reply.json()["choices"][0]["message"]["content"] for reply in replies]
        assert [str(n) for n in range(50)] == texts
        assert server.stats()["calls"] == 50


@pytest.mark.parametrize(
    ("reason", "fault", "timeout_s"),
    [("reset", "reset", 10.0), ("truncated", "truncated", 10.0), ("timeout", "hang", 0.2)],
)
def test_failures_on_the_way_have_a_reason(reason: str, fault: str, timeout_s: float) -> None:
    with serving(script=(fault,)) as server, pytest.raises(ReplyError) as caught:
        _send(server.base_url, timeout_s=timeout_s)
    assert reason == caught.value.reason


def test_a_port_where_nobody_listens_is_a_failure_to_connect() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(ReplyError, match=str(port)) as caught:
        _send(f"http://127.0.0.1:{port}/v1")
    assert caught.value.reason == "connect"


def _serve_raw(content: bytes) -> str:
    """Answer one connection with these bytes, from another thread."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(content)

    threading.Thread(target=answer).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


@pytest.mark.parametrize(
    "content",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
    ],
)
def test_a_reply_that_is_not_whole_http_is_truncated(content: bytes) -> None:
    with pytest.raises(ReplyError) as caught:
        _send(_serve_raw(content))
    assert caught.value.reason == "truncated"


def test_a_reply_that_does_not_end_is_given_up_but_results_of_batches_may_be_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("evalkit.transport.http.MOST_BYTES", 1000)
    content = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + 9 * (b"80\r\n" + 128 * b" " + b"\r\n")
    call = Call(task="t", item="1", condition="clean", repeat=0, messages=())
    request = dataclasses.replace(_request(_serve_raw(content)), call=call)
    with pytest.raises(ReplyError, match="longer than") as caught:
        _with(_channel(), lambda channel: channel.send(request))
    assert "too-long" == caught.value.reason
    assert 9 * 128 == len(_send(_serve_raw(content + b"0\r\n\r\n")).body)


def test_a_redirect_is_not_followed_and_the_key_stays() -> None:
    content = b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\nContent-Length: 0\r\n\r\n"
    assert _send(_serve_raw(content)).status == 302


def test_a_server_that_stops_in_the_middle_times_out() -> None:
    with serving(delay_s=1.0) as server, pytest.raises(ReplyError, match=r"no whole reply within 0\.1 s") as caught:
        _send(server.base_url, timeout_s=0.1)
    assert caught.value.reason == "timeout"


def test_deadlines_of_the_client_reach_the_socket() -> None:
    async def run() -> None:
        async with httpx2.AsyncClient(transport=AiohttpTransport({}), timeout=httpx2.Timeout(5, read=0.1)) as client:
            await client.get(server.base_url.replace("/v1", "/stats"))
            with pytest.raises(httpx2.ReadTimeout):
                await client.post(f"{server.base_url}/chat/completions", json=_request("").body)

    with serving(delay_s=1.0) as server:
        asyncio.run(run())


def test_a_channel_that_was_never_used_can_be_closed_and_sends_nothing_after() -> None:
    async def run(address: str) -> None:
        channel = _channel()
        await channel.close()
        with pytest.raises(RuntimeError, match="closed"):
            await channel.send(_request(address))

    with serving() as server:
        asyncio.run(run(server.base_url))
        assert server.stats()["calls"] == 0


def test_a_key_that_the_server_quotes_is_taken_out() -> None:
    with serving(key="other") as server:
        reply = _send(server.base_url)
    assert reply.status == 401
    assert "Incorrect API key provided: Bearer [key]" in reply.excerpt()
    assert KEY not in repr(_channel())


PROXIED = """
import sys
from tests.test_transport_http import _send
print(_send(sys.argv[1]).status)
"""


def _in_environment(url: str, **environment: str) -> str:
    """Proxies are the process's: only a process of its own can have others."""
    clean = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        [sys.executable, "-c", PROXIED, url], env={**clean, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.slow
def test_the_proxy_of_the_environment_is_used_unless_it_says_not_to() -> None:
    with serving() as server:
        # As a proxy this server is asked for a path that it does not know, at a host that does not exist.
        proxy = f"127.0.0.1:{server.port}"
        assert _in_environment("http://nowhere.invalid", http_proxy=proxy) == "404"
        assert _in_environment(server.base_url, http_proxy="http://127.0.0.1:9", no_proxy="127.0.0.1") == "200"


@pytest.mark.parametrize("proxies", [{"http": "socks5://127.0.0.1:9"}, {"all": "socks4://127.0.0.1:9"}])
def test_a_kind_of_proxy_that_cannot_be_used_is_named(proxies: dict[str, str]) -> None:
    async def run() -> None:
        async with httpx2.AsyncClient(transport=AiohttpTransport(proxies)) as client:
            await client.get("http://nowhere.invalid")

    with pytest.raises(AdapterError, match=r"names a socks[45] proxy, expected an http one"):
        asyncio.run(run())


@pytest.mark.parametrize("address", ["127.0.0.1:{port}", "http://127.0.0.1:{port}"])
def test_a_proxy_is_asked_for_what_the_client_wants(address: str) -> None:
    async def run(port: int) -> int:
        async with httpx2.AsyncClient(transport=AiohttpTransport({"all": address.format(port=port)})) as client:
            return (await client.get("http://nowhere.invalid/stats")).status_code

    with serving() as server:
        assert asyncio.run(run(server.port)) == 200


def test_a_certificate_that_nobody_vouches_for_is_told_apart(tmp_path: Path) -> None:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost "
        f"-keyout {key} -out {cert}".split(),
        capture_output=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip("needs the openssl program to make a certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with listener, listener.accept()[0] as connection, pytest.raises(ssl.SSLError):
            context.wrap_socket(connection, server_side=True)

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(ReplyError) as caught:
        _send(f"https://127.0.0.1:{listener.getsockname()[1]}/v1")
    thread.join()
    assert caught.value.reason == "certificate"


def test_a_server_that_accepts_no_connection_is_a_failure_to_connect() -> None:
    async def run(port: int) -> None:
        timeout = httpx2.Timeout(10, connect=0.2)
        async with httpx2.AsyncClient(transport=AiohttpTransport({}), timeout=timeout) as client:
            with pytest.raises(httpx2.ConnectTimeout):
                await client.get(f"http://127.0.0.1:{port}/")

    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)  # full as soon as one connection waits to be accepted
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        asyncio.run(run(listener.getsockname()[1]))
