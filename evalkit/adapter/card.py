"""A card: what is known about a provider, read from a TOML file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evalkit.adapter.template import Template
from evalkit.errors import AdapterError, did_you_mean

KEY_VARIABLE = r"^[A-Za-z][A-Za-z0-9_]*(KEY|TOKEN|SECRET)$"
"""How the variables that hold keys are named."""
_KEY = re.compile(r"(^|_)(api_?key|key|token|secret|password|authorization|credentials?)$")
"""What would be a key, in lower case and with underscores: it would be sent where it is recorded."""
_NO_KEY = frozenset({"prompt_cache_key", "bos_token", "eos_token", "pad_token", "stop_token"})
"""Settings of providers that only read like one."""


def names_key(name: str) -> bool:
    """Whether a setting or header of that name would be a key.

    >>> names_key("X-Api-Key"), names_key("prompt_cache_key")
    (True, False)
    """
    return _KEY.search(name.replace("-", "_").lower()) is not None and name not in _NO_KEY


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Limits(_Part):
    """What a provider lets everybody do; whoever is let do more says so with `--concurrency`, `--rate` and `--tpm`."""

    concurrency: int | None = Field(default=None, ge=1)
    """Calls at a time, such as a local server has slots."""
    requests_per_minute: float | None = Field(default=None, gt=0, le=1e9)
    tokens_per_minute: int | None = Field(default=None, ge=1)


class Price(_Part):
    """What a million tokens of one model cost, in US dollars."""

    input: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)
    cached: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Of the input, what was read from the provider's cache; as `input` when None."""
    cache_write: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Of the input, what was written to it; as `input` when None."""


class ModelSize(_Part):
    """How large one model is; what is not said is None."""

    params: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    tokens: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seen in training."""
    flops: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Floating-point operations of training."""


class Card(_Part):
    """Data about a provider; never a key."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """What stands before the slash in a model's name."""
    about: str
    """One line for people."""
    dialect: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    """The wire format: `openai-chat` is the file `openai_chat.py` beside the card, else among the shipped ones."""
    transport: Literal["http", "local", "library", "process", "python", "replay"] = "http"
    """Who answers: a server, a program beside the card, a library that such a program opens, a command, a function of a
    file, or a recording."""
    program: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9-]*$")
    """For `local`: the file beside the card with a function `answer(call)`, named as `dialect` is; for `library`: the
    one with a function `channel(model, timeout_s=…, directory=…)`."""
    base_url: str | None = None
    """For `http`: where the provider listens; None where everybody has an address of their own, in `base_url_env`."""
    base_url_env: str | None = None
    """An environment variable that may name another address, such as `OPENAI_BASE_URL`."""
    path: str = Field(default="", pattern=r"^(/[A-Za-z0-9._~{}-]+)*$")
    """What follows the address, unless the address that a user names has it already; `{model}` is the model's name."""
    query: dict[str, str] = {}
    """Sent with every request's address, such as `api-version`."""
    key_env: str | None = Field(default=None, pattern=KEY_VARIABLE)
    """The environment variable with the key; None when the provider asks for none.

    Its name must say that it is one: a `.env` file may set the variables that cards name here, and must not be able to
    set an address or a proxy through a card that travels with it.
    """
    key_env_also: tuple[Annotated[str, Field(pattern=KEY_VARIABLE)], ...] = Field(default=(), strict=False)
    """Other variables that may hold the key; the first that is set counts."""
    key_required: bool = True
    """False where a server works with and without a key."""
    auth_header: str = "Authorization"
    """The header that carries the key."""
    auth_prefix: str = "Bearer "
    """What stands before the key in that header."""
    headers: dict[str, str] = {}
    """Sent with every request."""
    rename_sampling: dict[str, str] = {}
    """What this provider calls a sampling setting, such as `max_tokens = "max_completion_tokens"`."""
    settings: dict[str, Any] = {}
    """Sampling settings that are sent unless the suite or the user says otherwise."""
    idempotency_header: str | None = None
    """The header by which the provider knows a request that it has answered already, and does not charge it again."""
    batch: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9-]*$")
    """The wire format of the provider's batches, if it has any, named as `dialect` is."""
    batch_discount: float = Field(default=0.0, ge=0, le=1)
    """The part of the price that a batch saves."""
    limits: Limits = Limits()
    price_provider: str | None = None
    """Whose prices the price list is asked for; the card's name when None."""
    prices: dict[str, Price] = {}
    """By model name: prices that win over the price list."""
    sizes: dict[str, ModelSize] = {}
    """By model name, for `evalkit scale`."""
    template: Template | None = None
    """For the dialect `http-template`: how to build a request and read the reply."""
    verified: bool
    """Whether this card has been used against the real provider."""
    free: bool = False
    """Whether a call costs nothing that evalkit could count."""
    steady: bool = False
    """Whether the same request always gets the same answer."""
    scores_target: bool = False
    """Whether the request may hold the right answer's text as `target`, and the reply says how likely it is."""
    docs: str = ""
    """Address of the provider's own description of its format."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.transport == "http":
            if self.base_url is not None or self.base_url_env is None:
                check_address(self.base_url or "")
        elif self.base_url is not None or (self.key_env is not None and self.transport != "library"):
            raise ValueError(f'a card with transport "{self.transport}" has neither base_url nor key_env')
        if (self.transport in {"local", "library"}) != (self.program is not None):
            raise ValueError('"program" goes with transport "local" or "library", and only with them')
        if (self.dialect == "http-template") != (self.template is not None):
            raise ValueError('[template] goes with dialect "http-template", and only with it')
        headers = [*self.headers, *(self.template.headers if self.template else ())]
        if self.auth_header.lower() in {header.lower() for header in headers}:
            raise ValueError(f"headers: {self.auth_header} carries the key; name its variable in key_env")
        named = [*headers, *self.query, *(self.template.query if self.template else ())]
        if keys := [name for name in named if names_key(name)]:
            raise ValueError(
                f"{', '.join(keys)}: no file holds a key; name its variable in key_env, its header in auth_header"
            )
        return self


_PARTS: Mapping[str, type[BaseModel]] = {"limits": Limits, "prices": Price, "sizes": ModelSize, "template": Template}
"""Keys whose values have keys of their own."""


def check_address(address: str) -> str:
    """Accept a base URL.

    Returns:
        It, without a final slash.

    Raises:
        ValueError: If it is not one, or holds a password.
    """
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"base_url: found {address!r}, expected an address such as https://host/v1")
    if parts.username is not None or parts.query or parts.fragment:
        # Addresses are recorded with a run; keys never are.
        raise ValueError("base_url: expected no user, password, query or fragment in it; keys belong in key_env")
    return address.rstrip("/")


def read_card(path: Path) -> Card:
    """Read a card file.

    Raises:
        AdapterError: If it cannot be read or is wrong; all its problems at once.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AdapterError(f"{path}: found no readable card ({error}), expected TOML") from error
    return card_from(data, source=str(path))


def card_from(data: Mapping[str, Any], *, source: str) -> Card:
    """Check the content of a card.

    Args:
        data: As TOML gives it.
        source: The file or entry point, for messages.

    Raises:
        AdapterError: If it is wrong; all its problems at once.
    """
    try:
        return Card.model_validate(data)
    except ValidationError as error:
        problems = [_explain(problem) for problem in error.errors(include_url=False)]
        raise AdapterError("\n".join(f"{source}: {problem}" for problem in problems)) from error


def _explain(problem: Mapping[str, Any]) -> str:
    place = [str(part) for part in problem["loc"]]
    key = ".".join(place)
    if problem["type"] == "extra_forbidden":
        part = _PARTS.get(place[0], Card) if len(place) > 1 else Card
        return f"{key}: no such key. {did_you_mean(place[-1], part.model_fields)}"
    if problem["type"] == "missing":
        return f"{key}: missing"
    if place and place[0] in {"key_env", "key_env_also"}:
        # What stands there may be a key, and is not shown.
        return f"{key}: expected the name of a variable that ends in KEY, TOKEN or SECRET; the key itself stays in it"
    message = problem["msg"].removeprefix("Value error, ")
    found = "" if isinstance(problem["input"], Mapping) else f"found {problem['input']!r:.200}: "
    return f"{key}: {found}{message}" if key else message
