"""A card: what is known about a provider, read from a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from evalkit.errors import AdapterError, did_you_mean

KEY_VARIABLE = r"^[A-Za-z][A-Za-z0-9_]*(KEY|TOKEN|SECRET)$"
"""How the variables that hold keys are named."""


class Card(BaseModel):
    """Data about a provider; never a key."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    """What stands before the slash in a model's name."""
    about: str
    """One line for people."""
    dialect: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    """The wire format: `openai-chat` is the file `openai_chat.py` beside the card, else among the shipped ones."""
    transport: Literal["http", "local", "process", "python", "replay"] = "http"
    """Who answers: a server, a program beside the card, a command, a function of a file, or a recording."""
    program: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9-]*$")
    """For `local`: the file beside the card with a function `answer(call)`, named as `dialect` is."""
    base_url: str | None = None
    """For `http`: where the provider listens."""
    base_url_env: str | None = None
    """An environment variable that may name another address, such as `OPENAI_BASE_URL`."""
    key_env: str | None = Field(default=None, pattern=KEY_VARIABLE)
    """The environment variable with the key; None when the provider asks for none.

    Its name must say that it is one: a `.env` file may set the variables that cards name here, and must not be able to
    set an address or a proxy through a card that travels with it.
    """
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
    verified: bool
    """Whether this card has been used against the real provider."""
    free: bool = False
    """Whether a call costs nothing that evalkit could count."""
    steady: bool = False
    """Whether the same request always gets the same answer."""
    docs: str = ""
    """Address of the provider's own description of its format."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.transport == "http":
            check_address(self.base_url or "")
        elif self.base_url is not None or self.key_env is not None:
            raise ValueError(f'a card with transport "{self.transport}" has neither base_url nor key_env')
        if (self.transport == "local") != (self.program is not None):
            raise ValueError('"program" goes with transport "local", and only with it')
        if self.auth_header.lower() in {header.lower() for header in self.headers}:
            raise ValueError(f"headers: {self.auth_header} carries the key; name its variable in key_env")
        return self


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
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{key}: no such key. {did_you_mean(key, Card.model_fields)}"
    if problem["type"] == "missing":
        return f"{key}: missing"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{key}: found {problem['input']!r}: {message}" if key else message
