"""Providers that the library litellm reaches, Bedrock among them: requests in OpenAI's format, replies likewise.

Source: https://docs.litellm.ai/docs/completion and /docs/exception_mapping.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evalkit.adapter import Reply, ReplyError, Request
from evalkit.errors import AdapterError
from evalkit.transport.channel import Channel
from evalkit.transport.library import require_library

_QUIET = {
    "LITELLM_MODE": "PRODUCTION",  # else it takes every variable of a `.env`, addresses too
    # What it would fetch from the network when it is imported, it has on board.
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
}
_NOT_REACHED = frozenset({"ConnectError", "ConnectTimeout", "ClientConnectorError"})


def channel(model: str, *, timeout_s: float, directory: Path) -> Channel:
    """Get ready to ask a model.

    Args:
        model: As litellm names it, such as `bedrock/anthropic.claude-…`.
        timeout_s: For one attempt.
        directory: Not needed: no name means a file.

    Raises:
        AdapterError: If litellm is not installed.
    """
    require_library("litellm", extra="litellm")
    return LiteLLMChannel(model, timeout_s)


class LiteLLMChannel:
    """Asks through litellm, once for each call: retries are the harness's.

    Args:
        model: As litellm names it.
        timeout_s: For one attempt, to the end of the reply.
    """

    def __init__(self, model: str, timeout_s: float) -> None:
        self._model = model
        self._timeout_s = timeout_s
        self._library: Any = None

    async def send(self, request: Request) -> Reply:
        """Send once.

        Raises:
            AdapterError: If litellm knows no such provider, or the provider no such setting.
            ReplyError: `timeout`, `connect`.
        """
        if self._library is None:
            self._library = _load(self._model)
        ours = {
            "model": self._model,
            "timeout": self._timeout_s,
            "num_retries": 0,
            "max_retries": 0,
            "drop_params": False,
        }
        try:
            async with asyncio.timeout(self._timeout_s):
                completion = await self._library.acompletion(**{**request.body, **ours})
        except (TimeoutError, self._library.Timeout) as error:
            raise ReplyError("timeout", f"{request.url}: no whole reply within {self._timeout_s:g} s") from error
        except self._library.UnsupportedParamsError as error:
            raise AdapterError(f'model "litellm/{self._model}": a setting cannot be sent: {error}') from error
        except Exception as error:
            if _NOT_REACHED & {type(link).__name__ for link in _chain(error)}:
                raise ReplyError("connect", f"{request.url}: {error}") from error
            return self._refusal(error)
        return Reply(body=json.dumps(_completed(completion)).encode())

    async def close(self) -> None:
        """Close the connections that litellm keeps for all of its clients."""
        if self._library is not None:
            await self._library.close_litellm_async_clients()

    def _refusal(self, error: Exception) -> Reply:
        """An error as the provider's reply; what is none is raised again."""
        status = getattr(error, "status_code", None)
        if not isinstance(status, int):
            raise error
        code = None
        # litellm knows more providers' words for these than we do.
        if isinstance(error, self._library.ContextWindowExceededError):
            status, code = 400, "context_length_exceeded"
        elif isinstance(error, self._library.ContentPolicyViolationError):
            status, code = 400, "content_filter"
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        wait = {"retry-after": str(headers["retry-after"])} if "retry-after" in headers else {}
        body = {"error": {"message": str(error), "code": code}}
        return Reply(status=status, headers=wait, body=json.dumps(body).encode())


def _load(model: str) -> Any:
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    import litellm

    litellm.suppress_debug_info = True
    logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)
    try:
        litellm.get_llm_provider(model)
    except litellm.BadRequestError as error:
        message = f'model "litellm/{model}": found a provider that litellm does not know'
        raise AdapterError(f"{message}, expected a name such as litellm/bedrock/MODEL") from error
    return litellm


def _completed(completion: Any) -> dict[str, Any]:
    """A completion as OpenAI's JSON, with the price that litellm gives it, where it knows one."""
    data: dict[str, Any] = completion.model_dump(mode="json")
    cost = completion._hidden_params.get("response_cost")
    if cost is not None:
        data["usage"] = {**(data.get("usage") or {}), "cost": cost}
    return data


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what led to it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
