"""What a provider means when it refuses a request: an observation of the model, or a failure of the infrastructure.

Providers say the same things under different statuses and names. The words that they use for them are kept here, once,
for all dialects.
"""

from __future__ import annotations

import re

from evalkit.adapter.wire import Reply, ReplyError
from evalkit.trial import FinishReason, Response

_SAID_CHARS = 500

_TOO_LONG = re.compile(
    r"context[ _](?:length|window|size|limit)|maximum context|(?:prompt|input) is too long"
    # Cohere begins with the same words where only the setting max_tokens is too large.
    r"|too many (?:input )?tokens(?!: max tokens must)"
    r"|input token count .{0,40}exceeds|exceeds the (?:maximum|available) (?:number of tokens|context)"
    r"|request_too_large"
    r"|maximum prompt length|`inputs` (?:tokens \+|must have less)"  # xAI; Together and Hugging Face
    r"|longer than the maximum model length|range of input length",  # vLLM; Alibaba
    re.I,
)
_LIMITS = tuple(
    re.compile(limits, re.I)
    for limits in (
        r"maximum context length is (?P<most>\d+) .{0,200}[(,] ?(?P<answer>\d+) in the (?:completion|output)",
        r"is too large: (?P<answer>\d+)\. This model's maximum context length is (?P<most>\d+)",  # vLLM
        r"must be <= (?P<most>\d+)\. Given: \d+ `inputs` tokens and (?P<answer>\d+) ",  # Together and Hugging Face
        r"exceed context limit: \d+ \+ (?P<answer>\d+) > (?P<most>\d+)",  # Anthropic
    )
)
"""What the context holds, and what is left free in it for the answer: `max_tokens`."""
_ABOUT_A_SETTING = re.compile(
    r"(?:unknown|unrecognized|unsupported|unexpected)[ _](?:request[ _])?(?:parameter|argument|keyword|field|name|key)"
    r"|extra (?:inputs|fields)|invalid schema|invalid_(?:json_schema|function_parameters)",
    re.I,
)
"""Such a message quotes the setting's name, which may be `context_length`, or a tool's."""
_QUOTES_INPUT = re.compile(r"input_value=|['\"]input['\"]: ")
"""Where pydantic's messages begin to quote what was sent (vLLM, FastAPI)."""
_CUT_OFF = re.compile(r"could not finish the message because max_tokens", re.I)
"""OpenAI's reasoning models used all of `max_tokens` up before they answered."""
_FILTERED = re.compile(
    r"content[ _](?:filter|policy|management)|usage polic|invalid_prompt|(?:was|been) flagged|content exists risk"
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
    r"model_not_found|model_not_available|no such model|model .{0,200}not (?:found|exist)"
    r"|not a valid model|(?:invalid|unknown)[ _]model\b(?! (?:output|response))",  # OpenRouter; Mistral and Azure
    re.I,
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
        A prompt that does not fit (`context_overflow`), one that a filter holds back (`content_filter`), or an answer
        of which nothing was left when it was cut off (`length`): all are observations, whatever their status.

    Raises:
        ReplyError: `quota` (the account is used up); `http-401`, `http-403` and `http-404` where it says in words
            that the key, the account or the model is wrong; else `http-STATUS`.
    """
    said = said_in(reply) if said is None else said
    finish = _observed(reply.status, said)
    if finish is not None:
        return Response(text="", finish_reason=finish)
    message = f"HTTP {reply.status}: {said or reply.excerpt()}"
    if reply.status in {400, 402, 403, 412, 429} and _QUOTA.search(said):
        raise ReplyError("quota", message)
    # Some providers say these with status 400 or 422; 401 to 404 speak for themselves.
    for status, words in ((401, _NO_KEY), (403, _NOT_ALLOWED), (404, _NO_SUCH_MODEL)):
        if reply.status in _ABOUT_THIS_REQUEST and words.search(said):
            raise ReplyError(f"http-{status}", message)
    raise ReplyError(f"http-{reply.status}", message)


def _observed(status: int, said: str) -> FinishReason | None:
    if status not in {*_ABOUT_THIS_REQUEST, 403} or _ABOUT_A_SETTING.search(said):
        return None
    if status != 403:
        if _CUT_OFF.search(said):
            return "length"
        if _TOO_LONG.search(said):
            return None if _leaves_no_room(said) else "context_overflow"
    filtered = _INPUT_FILTERED if status == 403 else _FILTERED
    return "content_filter" if filtered.search(said) else None


def _leaves_no_room(said: str) -> bool:
    """Whether `max_tokens` alone is as much as the context holds: then no prompt would fit."""
    found = (limits.search(said) for limits in _LIMITS)
    return any(int(limits["answer"]) >= int(limits["most"]) for limits in found if limits)


def said_in(reply: Reply) -> str:
    """The message, code, type and status of an error, never the rest, which may quote the prompt; "" if unreadable.

    Reads `{"error": {…}}`, `{"error": "…", "message": "…"}`, the same without the envelope, and `{"detail": "…"}`.
    """
    try:
        data = reply.json_body()
    except ReplyError:
        return ""
    error = data.get("error", data)
    names = ("message", "code", "type", "status", "detail")
    holder = error if isinstance(error, dict) else data
    parts = [None if holder is error else error, *(holder.get(name) for name in names)]
    texts = [_QUOTES_INPUT.split(part[:_SAID_CHARS])[0] for part in parts if isinstance(part, str)]
    return " · ".join(dict.fromkeys(filter(None, texts)))
