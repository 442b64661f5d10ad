"""Anthropic's message batches: made of one JSON document, results come as JSONL.

Source: https://docs.anthropic.com/en/api/creating-message-batches and its neighbours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from evalkit.adapter import Batch, BatchPage, BatchResult, Reply, Request

MAX_REQUESTS = 100_000
MAX_BYTES = 256_000_000

_STATUS: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""With which status each kind of error comes outside batches."""


def entry(custom_id: str, request: Request) -> bytes:
    """Write one request."""
    return json.dumps({"custom_id": custom_id, "params": request.body}).encode()


def upload(entries: Sequence[bytes], token: str, url: str) -> None:
    """Nothing is uploaded beforehand."""


def uploaded(reply: Reply) -> str:
    """Never asked."""
    raise NotImplementedError


def create(entries: Sequence[bytes], uploaded: str | None, token: str, url: str) -> Request:
    """Make a batch. It has no name of ours; the token stands in its custom ids."""
    body = b'{"requests":[' + b",".join(entries) + b"]}"
    return Request(method="POST", url=_batches(url), body=body)


def poll(batch_id: str, url: str) -> Request:
    """Ask how far a batch is."""
    return Request(method="GET", url=f"{_batches(url)}/{batch_id}", body=None)


def read(reply: Reply) -> Batch:
    """Read a batch."""
    return _batch(reply.json())


def listing(after: str | None, url: str) -> Request:
    """Ask for a page of batches."""
    more = f"&after_id={after}" if after else ""
    return Request(method="GET", url=f"{_batches(url)}?limit=100{more}", body=None)


def listed(reply: Reply) -> BatchPage:
    """Read a page of batches."""
    data = reply.json()
    return BatchPage(
        batches=tuple(_batch(one) for one in data["data"]), after=data.get("last_id") if data.get("has_more") else None
    )


def results(batch: Batch, url: str) -> list[Request]:
    """Fetch the results from where they are documented to be.

    Not from `results_url`: the key goes along, and a reply must not say where to.
    """
    return [Request(method="GET", url=f"{_batches(url)}/{batch.id}/results", body=None)]


def result(line: Mapping[str, Any]) -> BatchResult:
    """Read a line of them."""
    custom_id, found = line["custom_id"], line["result"]
    if found["type"] == "succeeded":
        return BatchResult(custom_id=custom_id, reply=Reply(body=json.dumps(found["message"]).encode()))
    if found["type"] == "errored":
        error = found["error"]
        kind = error.get("error", error).get("type", "")
        return BatchResult(
            custom_id=custom_id, reply=Reply(status=_STATUS.get(kind, 500), body=json.dumps(error).encode())
        )
    kind = str(found["type"]).replace("canceled", "cancelled")
    return BatchResult(custom_id=custom_id, reason=f"batch-{kind}")


def _batches(url: str) -> str:
    return f"{url.partition('?')[0]}/batches"


def _batch(data: Mapping[str, Any]) -> Batch:
    return Batch(
        id=data["id"],
        state="ended" if data["processing_status"] == "ended" else "open",
        status=str(data["processing_status"]).replace("_", " "),
        created=datetime.fromisoformat(data["created_at"]),
        n_requests=sum((data.get("request_counts") or {}).values()),
    )
