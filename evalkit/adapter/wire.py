"""What passes between a dialect and the transport: request, reply, and the error that says there is no observation.

A dialect is pure translation. `build` turns a call into a request, `parse` turns a reply into a response; somebody
else owns the socket, the key, the clock and the retries.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from evalkit.trial import Call, Response

_EXCERPT_CHARS = 300
MISSHAPEN = (KeyError, IndexError, TypeError, AttributeError, ValueError)
"""What reading a reply raises that has not the expected shape."""
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


class ReplyError(Exception):
    """A call brought nothing that can be scored.

    The transport looks `reason` up in its retry table: the call is made again, or the trial becomes void, or the run
    stops.

    Args:
        reason: A short word: `http-429`, `not-json`, `quota`, `timeout`, ….
        message: For people.
        retry_after_s: How long the provider asks to be left alone, in seconds; None when it does not say.
    """

    def __init__(self, reason: str, message: str, *, retry_after_s: float | None = None) -> None:
        self.reason = reason
        self.retry_after_s = retry_after_s
        super().__init__(message)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request as it will be sent, except for the key, which only the transport knows."""

    method: str
    """An HTTP method, or `CALL` for a program."""
    url: str
    """The full address, or a program's full model name."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Without the key."""
    body: Any
    """A JSON value; for what is no call also bytes, or None for no body."""
    call: Call | None = None
    """What it was built from, for programs that look at a trial's place in the run; filled in by the transport."""
    idempotency_key: str | None = None
    """The same for the same trial of the same run, however often it is sent; no part of what is asked."""

    @property
    def hash(self) -> str:
        """SHA-256 (hex) over method, address and body: equal when a provider could not tell two requests apart."""
        return hashlib.sha256(_CANONICAL.encode([self.method, self.url, self.body]).encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """The request as records and `evalkit show` give it."""
        return {"method": self.method, "url": self.url, "headers": dict(self.headers), "body": self.body}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What came back over the wire, whole and decompressed."""

    status: int = 200
    """HTTP status; programs that end well give 200."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names in lower case."""
    body: bytes

    def excerpt(self) -> str:
        """The start of the body on one line, for messages."""
        text = self.body[: 4 * _EXCERPT_CHARS].decode("utf-8", "replace")
        return " ".join(text.split())[:_EXCERPT_CHARS] or "an empty body"

    def json(self) -> dict[str, Any]:
        """Read the body of a successful reply.

        Returns:
            The JSON object.

        Raises:
            ReplyError: If the status is not 2xx, or the body is not a JSON object labelled as JSON. A label that is
                missing is accepted, a wrong one is not: proxies put error pages under status 200.
        """
        if not 200 <= self.status < 300:
            raise ReplyError(f"http-{self.status}", f"HTTP {self.status}: {self.excerpt()}")
        return self.json_body()

    def json_body(self) -> dict[str, Any]:
        """Read the body whatever the status says.

        Raises:
            ReplyError: As `json`, but for the status.
        """
        if self.body[:64].lstrip().startswith(b"<"):
            raise ReplyError("html", f"found a web page, expected JSON: {self.excerpt()}")
        label = self.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if not label.endswith(("/json", "+json")):
            raise ReplyError("content-type", f"found content type {label!r}, expected application/json")
        try:
            # Python reads NaN, which JSON does not have and no record may hold.
            value = json.loads(self.body, parse_constant=lambda name: None)
        except (ValueError, RecursionError) as error:
            raise ReplyError("not-json", f"found no JSON ({error}): {self.excerpt()}") from error
        if not isinstance(value, dict):
            raise ReplyError("not-json", f"found a JSON {type(value).__name__}, expected an object: {self.excerpt()}")
        return value


class Dialect(Protocol):
    """A wire format. A module with these two functions is one."""

    def build(self, call: Call, model: str, address: str) -> Request:
        """Turn a call into a request; pure.

        Args:
            call: What to ask; `sampling` holds the suite's and the user's settings.
            model: The model's name without its provider.
            address: The base URL without a final slash; for a program, its full model name.

        Raises:
            AdapterError: If the settings cannot be sent in this format.
        """

    def parse(self, reply: Reply) -> Response:
        """Turn a reply into a response; pure.

        A refusal, an empty answer, a content filter and a context overflow are observations, whatever their status.

        Raises:
            ReplyError: If the reply is no observation. `KeyError`, `TypeError` and their like are taken to mean that
                the reply has not the expected shape.
        """
