"""OpenAI's batches: a JSONL file is uploaded, a batch is made of it, results come in two files.

Source: https://platform.openai.com/docs/guides/batch and https://platform.openai.com/docs/api-reference/batch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from evalkit.adapter import Batch, BatchPage, BatchResult, Reply, Request
from evalkit.errors import AdapterError

MAX_REQUESTS = 50_000
MAX_BYTES = 200_000_000

_ENDPOINTS = ("/chat/completions", "/responses", "/completions")
_STATES: Mapping[str, Literal["ended", "failed"]] = {
    "completed": "ended",
    "expired": "ended",
    "cancelled": "ended",
    "failed": "failed",
}
_REASONS: Mapping[str, str] = {"request_timeout": "timeout", "batch_expired": "batch-expired"}
_OUR_NAME = "evalkit"
"""The key of a batch's metadata that our token stands under."""


def entry(custom_id: str, request: Request) -> bytes:
    """Write one line of the input file."""
    _, endpoint = _split(request.url)
    # The endpoint's official name, wherever a proxy may put it.
    return json.dumps(
        {"custom_id": custom_id, "method": "POST", "url": f"/v1{endpoint}", "body": request.body}
    ).encode()


def upload(entries: Sequence[bytes], token: str, url: str) -> Request:
    """Upload the input file, as multipart/form-data (RFC 7578)."""
    boundary = f"evalkit-{token}"
    parts = [
        f"--{boundary}",
        'Content-Disposition: form-data; name="purpose"',
        "",
        "batch",
        f"--{boundary}",
        f'Content-Disposition: form-data; name="file"; filename="evalkit-{token}.jsonl"',
        "Content-Type: application/jsonl",
        "",
        "",
    ]
    body = "\r\n".join(parts).encode() + b"\n".join(entries) + f"\r\n--{boundary}--\r\n".encode()
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return Request(method="POST", url=f"{_split(url)[0]}/files", headers=headers, body=body)


def uploaded(reply: Reply) -> str:
    """Read the input file's id."""
    return str(reply.json()["id"])


def create(entries: Sequence[bytes], uploaded: str | None, token: str, url: str) -> Request:
    """Make a batch of the input file; its metadata say that it is ours."""
    base, endpoint = _split(url)
    body = {
        "input_file_id": uploaded,
        "endpoint": f"/v1{endpoint}",
        "completion_window": "24h",
        "metadata": {_OUR_NAME: token},
    }
    return Request(method="POST", url=f"{base}/batches", body=body)


def poll(batch_id: str, url: str) -> Request:
    """Ask how far a batch is."""
    return Request(method="GET", url=f"{_split(url)[0]}/batches/{batch_id}", body=None)


def read(reply: Reply) -> Batch:
    """Read a batch."""
    return _batch(reply.json())


def listing(after: str | None, url: str) -> Request:
    """Ask for a page of batches."""
    more = f"&after={after}" if after else ""
    return Request(method="GET", url=f"{_split(url)[0]}/batches?limit=100{more}", body=None)


def listed(reply: Reply) -> BatchPage:
    """Read a page of batches."""
    data = reply.json()
    batches = tuple(_batch(one) for one in data["data"])
    return BatchPage(batches=batches, after=batches[-1].id if data.get("has_more") and batches else None)


def results(batch: Batch, url: str) -> list[Request]:
    """Fetch the files of what succeeded and of what did not."""
    base, _ = _split(url)
    return [Request(method="GET", url=f"{base}/files/{file}/content", body=None) for file in batch.files]


def result(line: Mapping[str, Any]) -> BatchResult:
    """Read a line of either file."""
    custom_id, response = line["custom_id"], line.get("response")
    # A request that was never carried out has no response, or one without status and body.
    if response and response.get("status_code"):
        body = json.dumps(response.get("body")).encode()
        return BatchResult(custom_id=custom_id, reply=Reply(status=response["status_code"], body=body))
    code = (line.get("error") or {}).get("code") or "error"
    return BatchResult(custom_id=custom_id, reason=_REASONS.get(code, f"batch-{str(code).removeprefix('batch_')}"))


def _split(url: str) -> tuple[str, str]:
    """Where the provider is, and which of its endpoints an address means."""
    address = url.partition("?")[0]
    for endpoint in _ENDPOINTS:
        if address.endswith(endpoint):
            return address.removesuffix(endpoint), endpoint
    raise AdapterError(f"{address}: has no batches; expected an address that ends in {' or '.join(_ENDPOINTS)}")


def _batch(data: Mapping[str, Any]) -> Batch:
    problems = ((data.get("errors") or {}).get("data")) or []
    return Batch(
        id=data["id"],
        state=_STATES.get(data["status"], "open"),
        status=str(data["status"]).replace("_", " "),
        created=datetime.fromtimestamp(data["created_at"], UTC),
        n_requests=(data.get("request_counts") or {}).get("total") or 0,
        token=(data.get("metadata") or {}).get(_OUR_NAME),
        files=tuple(data[name] for name in ("output_file_id", "error_file_id") if data.get(name)),
        problem="; ".join(f"{problem.get('code')}: {problem.get('message')}" for problem in problems[:3]),
        queue_full=any(problem.get("code") == "token_limit_exceeded" for problem in problems),
    )
