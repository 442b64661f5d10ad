"""Who may read: the browser that was given the token, asking for this server by its own name, from its own pages.

A page of the web that the same browser shows can make it send requests to a server on this machine. It can know neither
the token nor the cookie, which is not sent for it; a name of its own that it points to this machine (DNS rebinding)
is not one that this server answers to; and what the browser says of where a request comes from is believed. Whatever
else is on this machine can connect, but has no token.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from evalkit.plain import one_line

METHODS = ("GET", "HEAD")
TOKEN = "token"
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Server": "evalkit",
}
"""Of every reply."""
_OWN_SITE = {"same-origin", "none"}
"""What a browser says of requests of this server's own pages, and of addresses that somebody typed or opened."""
_SHOWN = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Why a request gets no answer."""

    status: int
    why: str
    """For whoever sees it in a browser."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Of a request, what tells who asks."""

    method: str
    headers: Mapping[str, str]
    """Their names in any case, if the mapping takes them so."""
    cookies: Mapping[str, str]
    token: str | None
    """In the address."""


class Guard:
    """Lets requests through, or says why not.

    Args:
        port: Where the server listens.
        token: What its user knows and nobody else.
    """

    def __init__(self, port: int, token: str) -> None:
        self._token = token
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        if port == 80:  # which browsers leave out
            self._hosts |= {"127.0.0.1", "localhost", "[::1]"}
        # Cookies of one machine are shared between its ports: two viewers must not take each other's.
        self.cookie = f"evalkit-view-{port}"

    @property
    def token(self) -> str:
        """What its user knows."""
        return self._token

    def refusal(self, asked: Asked) -> Refusal | None:
        """Why a request is refused; None when it is not."""
        host = asked.headers.get("Host", "")
        if host.lower() not in self._hosts:
            found = one_line(host, _SHOWN) or "no name"
            names = ", ".join(sorted(self._hosts))
            return Refusal(status=403, why=f"The viewer was asked for as {found}; it answers to {names} only.")
        if asked.method not in METHODS:
            return Refusal(status=405, why="The viewer shows things, and changes nothing: it knows GET and HEAD only.")
        if self._is_foreign(asked.headers, host):
            return Refusal(
                status=403, why="Another page sent this request. Open the address that evalkit view printed."
            )
        if not (self._knows(asked.token) or self._knows(asked.cookies.get(self.cookie))):
            return Refusal(
                status=403,
                why="This address lacks its token. Open the one that evalkit view printed, to its end: it lets in "
                "whoever started the viewer, and nobody else.",
            )
        return None

    @staticmethod
    def _is_foreign(headers: Mapping[str, str], host: str) -> bool:
        origin = headers.get("Origin")
        if origin is not None and origin.lower() != f"http://{host.lower()}":
            return True
        return headers.get("Sec-Fetch-Site", "none") not in _OWN_SITE

    def _knows(self, given: str | None) -> bool:
        # In constant time: how long it takes tells nothing of the token.
        return given is not None and secrets.compare_digest(given.encode(errors="replace"), self._token.encode())
