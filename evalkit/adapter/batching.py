"""What a provider's batches speak: many requests handed in at once, answered within a day, for less.

Like a dialect, a batch dialect is pure translation: it says which requests to send, and reads what came back. Requests
and replies inside a batch are those of the ordinary dialect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from evalkit.adapter.wire import Reply, Request


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """A batch as its provider describes it."""

    id: str
    state: Literal["open", "ended", "failed"]
    """Open: not all its results are there. Failed: it was refused as a whole, and nothing was paid for."""
    status: str
    """The provider's own word for it."""
    created: datetime
    """With a time zone."""
    n_requests: int
    """How many it has; 0 while the provider has not counted them."""
    token: str | None = None
    """What we named it by; None where a provider keeps no such name."""
    files: tuple[str, ...] = ()
    """What its results are fetched by, where they are in files."""
    problem: str = ""
    """Why it failed."""
    queue_full: bool = False
    """Whether it failed only because too much is waiting at the provider; a smaller one may get through."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchPage:
    """Some of an account's batches."""

    batches: tuple[Batch, ...]
    after: str | None
    """What the next page is asked for by; None when this is the last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchResult:
    """What became of one request of a batch."""

    custom_id: str
    reply: Reply | None = None
    """As it would have come over the wire, for the ordinary dialect to read; None when the request was not carried
    out, which costs nothing."""
    reason: str = ""
    """Why it was not, in a word: `batch-expired`, `batch-cancelled`, or another `batch-…`."""


class BatchDialect(Protocol):
    """The wire format of a provider's batches. A module with these names is one.

    `url` is always the address of an ordinary request, from which the address of the batches follows.
    """

    MAX_REQUESTS: int
    MAX_BYTES: int
    """Of all entries together."""

    def entry(self, custom_id: str, request: Request) -> bytes:
        """One request as a batch holds it, in JSON."""

    def upload(self, entries: Sequence[bytes], token: str, url: str) -> Request | None:
        """What is sent before the batch is made, and costs nothing; None where nothing is."""

    def uploaded(self, reply: Reply) -> str:
        """The id of what was uploaded."""

    def create(self, entries: Sequence[bytes], uploaded: str | None, token: str, url: str) -> Request:
        """What makes the batch, which from then on will be paid for."""

    def poll(self, batch_id: str, url: str) -> Request:
        """What asks how far a batch is."""

    def read(self, reply: Reply) -> Batch:
        """The batch that was made or asked for."""

    def listing(self, after: str | None, url: str) -> Request:
        """What asks for the account's batches, a page at a time."""

    def listed(self, reply: Reply) -> BatchPage:
        """That page."""

    def results(self, batch: Batch, url: str) -> Sequence[Request]:
        """What fetches an ended batch's results, each JSONL."""

    def result(self, line: Mapping[str, Any]) -> BatchResult:
        """One line of them."""
