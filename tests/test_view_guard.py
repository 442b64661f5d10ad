from __future__ import annotations

from collections.abc import Mapping

import pytest

from evalkit.view.guard import HEADERS, Asked, Guard, Refusal

TOKEN = "a-token"
GUARD = Guard(8123, TOKEN)


def asked(
    method: str = "GET",
    token: str | None = TOKEN,
    cookies: Mapping[str, str] | None = None,
    **headers: str,
) -> Refusal | None:
    given = {"Host": "127.0.0.1:8123"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return GUARD.refusal(Asked(method=method, headers=given, cookies=cookies or {}, token=token))


@pytest.mark.parametrize("host", ["127.0.0.1:8123", "localhost:8123", "LOCALHOST:8123", "[::1]:8123"])
def test_it_answers_to_the_names_of_this_machine(host: str) -> None:
    assert asked(Host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8123",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1.evil.example:8123",
        "0.0.0.0:8123",
        "",
    ],
)
def test_a_name_that_somebody_pointed_here_is_refused(host: str) -> None:
    """DNS rebinding: the browser takes such a page for the site whose name it has."""
    refusal = asked(Host=host)
    assert refusal is not None
    assert 403 == refusal.status
    assert "it answers to" in refusal.why


def test_on_port_80_browsers_leave_the_port_out() -> None:
    guard = Guard(80, TOKEN)
    for host, lets_in in (("localhost", True), ("127.0.0.1:80", True), ("evil.example", False)):
        refusal = guard.refusal(Asked(method="GET", headers={"Host": host}, cookies={}, token=TOKEN))
        assert lets_in == (refusal is None)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
def test_nothing_but_reading_is_known(method: str) -> None:
    refusal = asked(method)
    assert refusal is not None
    assert 405 == refusal.status
    assert asked("HEAD") is None


def test_without_the_token_nobody_is_let_in() -> None:
    for token, cookies in ((None, {}), ("", {}), ("a-toke", {}), (None, {"evalkit-view-8124": TOKEN}), ("ä", {})):
        refusal = asked(token=token, cookies=cookies)
        assert refusal is not None
        assert 403 == refusal.status
        assert "evalkit view printed" in refusal.why


def test_the_cookie_lets_in_who_had_the_token() -> None:
    assert asked(token=None, cookies={GUARD.cookie: TOKEN}) is None


def test_viewers_of_two_ports_have_two_cookies() -> None:
    assert GUARD.cookie != Guard(8124, TOKEN).cookie


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_pages_of_the_browser_are_refused_even_with_the_token(site: str) -> None:
    refusal = asked(Sec_Fetch_Site=site, cookies={GUARD.cookie: TOKEN})
    assert refusal is not None
    assert 403 == refusal.status


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_its_own_pages_and_typed_addresses_are_not(site: str) -> None:
    assert asked(Sec_Fetch_Site=site) is None


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1:8123", "http://localhost:8123"],
)
def test_a_foreign_origin_is_refused(origin: str) -> None:
    assert asked(Origin=origin) is not None
    assert asked(Origin="http://127.0.0.1:8123") is None


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
