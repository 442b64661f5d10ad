"""What a provider means when it refuses a request: an observation of the model, or a failure of the infrastructure.

Providers say the same things under different statuses and names. The words that they use for them are kept here, once,
for all dialects.
"""

from __future__ import annotations

import re

from evalkit.adapter.wire import Reply, ReplyError
from evalkit.trial import Response

_SAID_CHARS = 500

_TOO_LONG = re.compile(
    r"context[ _](?:length|window|size|limit)|maximum context|(?:prompt|input) is too long"
    # Cohere begins with the same words where only the setting max_tokens is too large.
    r"|too many (?:input )?tokens(?!: max tokens must)"
    r"|input token count .{0,40}exceeds|exceeds the (?:maximum|available) (?:number of tokens|context)"
    r"|request_too_large"
    r"|maximum prompt length|`inputs` (?:tokens \+|must have less)",  # xAI; Together and Hugging Face
    re.I,
)
_FILTERED = re.compile(
    r"content[ _](?:filter|policy|management)|usage polic|invalid_prompt|was flagged|content exists risk"
    r"|data_inspection_failed",
    re.I,
)
# Status 403 also says that an account is locked: only what speaks of the input is an observation.
_INPUT_FILTERED = re.compile(r"content[ _]filter|input was flagged|content violates usage guidelines", re.I)
_QUOTA = re.compile(
    r"insufficient_quota|billing_hard_limit|billing_not_active|insufficient balance|credit balance is too low"
    r"|used all available credits|account \S+ is suspended"  # xAI; Fireworks
    r"|billing_error|specified API usage limits|monthly spending cap|prepayment credits|API calls ?/ ?month",
    re.I,
)
_NO_SUCH_MODEL = re.compile(
    r"model_not_found|model_not_available|no such model|model .{0,200}not (?:found|exist)", re.I
)
_NO_KEY = re.compile(
    r"api[ _]key not (?:valid|found)|invalid[ _]api[ _]key|API_KEY_INVALID|incorrect api key|api key expired", re.I
)
_NOT_ALLOWED = re.compile(r"user location is not supported", re.I)
_ABOUT_THIS_REQUEST = frozenset({400, 413, 422})


def refused(reply: Reply, said: str | None = None) -> Response:
    """Read a reply whose status is not 2xx.

    Args:
        reply: What came back.
        said: The provider's words, without what may quote the prompt; those of `said_in` when None.

    Returns:
        A prompt that does not fit (`context_overflow`), or one that a filter holds back (`content_filter`): both are
        observations, whatever their status.

    Raises:
        ReplyError: `quota` (the account is used up); `http-401`, `http-403` and `http-404` where it says in words
            that the key, the account or the model is wrong; else `http-STATUS`.
    """
    said = said_in(reply) if said is None else said
    if reply.status in _ABOUT_THIS_REQUEST and _TOO_LONG.search(said):
        return Response(text="", finish_reason="context_overflow")
    filtered = _INPUT_FILTERED if reply.status == 403 else _FILTERED
    if reply.status in {*_ABOUT_THIS_REQUEST, 403} and filtered.search(said):
        return Response(text="", finish_reason="content_filter")
    message = f"HTTP {reply.status}: {said or reply.excerpt()}"
    if reply.status in {400, 402, 403, 412, 429} and _QUOTA.search(said):
        raise ReplyError("quota", message)
    # Some providers say these with status 400 or 422; 401 to 404 speak for themselves.
    for status, words in ((401, _NO_KEY), (403, _NOT_ALLOWED), (404, _NO_SUCH_MODEL)):
        if reply.status in _ABOUT_THIS_REQUEST and words.search(said):
            raise ReplyError(f"http-{status}", message)
    raise ReplyError(f"http-{reply.status}", message)


def said_in(reply: Reply) -> str:
    """The message, code, type and status of an error, never the rest, which may quote the prompt; "" if unreadable.

    Reads `{"error": {…}}`, `{"error": "…"}`, the same without the envelope, and `{"detail": "…"}`.
    """
    try:
        data = reply.json_body()
    except ReplyError:
        return ""
    error = data.get("error", data)
    names = ("message", "code", "type", "status", "detail")
    parts = [error.get(name) for name in names] if isinstance(error, dict) else [error]
    return " · ".join(part[:_SAID_CHARS] for part in parts if isinstance(part, str))
