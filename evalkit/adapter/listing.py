"""What people are told of each adapter: its key, its address, where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeAlias

from evalkit.adapter.card import Card, check_address
from evalkit.adapter.catalogue import FoundCard, find_cards
from evalkit.content import folders, shipped

Origin: TypeAlias = Literal["shipped", "project", "--adapters", "entry point"]
"""Where a card came from: with evalkit, from the project's folder, one that the user named, an installed package."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CardListing:
    """One entry of `evalkit models`."""

    name: str
    about: str
    dialect: str
    transport: str
    address: str | None
    """Where calls go without `-M base_url=`; None for programs, and where nothing usable is named."""
    base_url_env: str | None
    """The variable of the real environment that may name another address."""
    key_env: str | None
    """The variable with the key; None when none is needed."""
    key_env_also: tuple[str, ...]
    """Others that may hold it."""
    key_required: bool
    asks_itself: bool
    """Whether it opens a library, which looks for keys of its own."""
    key_found: str | None
    """The one of these variables that is set."""
    key_source: Literal["environment", ".env"] | None
    """Where it is set; None when it is not."""
    limits: Mapping[str, float]
    """What the provider lets everybody do, as far as its card says."""
    needs: str | None
    """What must be installed first, such as `evalkit[litellm]`."""
    verified: bool
    """Whether the card has been used against the real provider."""
    origin: Origin
    source: str
    """The card's file or entry point."""
    docs: str


def list_cards(
    card_folders: Sequence[Path], *, environment: Mapping[str, str], env_file: Mapping[str, str] | None = None
) -> list[CardListing]:
    """Describe every adapter, sorted by name.

    Args:
        card_folders: Where to look for cards.
        environment: The real environment.
        env_file: What a `.env` file sets, if there is one; the real environment wins.

    Raises:
        AdapterError: As `find_cards`.
    """
    return [_listing(found, environment, env_file or {}) for found in find_cards(card_folders).values()]


def _listing(found: FoundCard, environment: Mapping[str, str], env_file: Mapping[str, str]) -> CardListing:
    card = found.card
    origin = _origin(found)
    key_found, key_source = _key(card, environment, env_file)
    return CardListing(
        name=card.name,
        about=card.about,
        dialect=card.dialect,
        transport=card.transport,
        address=_address(card, environment),
        base_url_env=card.base_url_env,
        key_env=card.key_env,
        key_env_also=card.key_env_also,
        key_required=card.key_env is not None and card.key_required,
        asks_itself=card.transport == "library" and (origin != "shipped" or card.program in _extras()),
        key_found=key_found,
        key_source=key_source,
        limits=card.limits.model_dump(exclude_none=True),
        needs=_needs(card, origin),
        verified=card.verified,
        origin=origin,
        source=found.source,
        docs=card.docs,
    )


def _origin(found: FoundCard) -> Origin:
    if found.folder is None:
        return "entry point"
    folder = found.folder.resolve()
    if folder == shipped("adapters").resolve():
        return "shipped"
    return "project" if folder in {one.resolve() for one in folders("adapters")} else "--adapters"


def _needs(card: Card, origin: Origin) -> str | None:
    # The programs of shipped cards are named like the libraries that they open, and so are evalkit's extras.
    if origin != "shipped" or card.program not in _extras() or find_spec(card.program):
        return None
    return f"evalkit[{card.program}]"


def _extras() -> list[str]:
    """What can be installed beside evalkit."""
    return metadata("evalkit").get_all("Provides-Extra") or []


def _address(card: Card, environment: Mapping[str, str]) -> str | None:
    named = environment.get(card.base_url_env, "") if card.base_url_env else ""
    try:
        return check_address(named) if named else card.base_url
    except ValueError:  # it may hold a password
        return None


def _key(
    card: Card, environment: Mapping[str, str], env_file: Mapping[str, str]
) -> tuple[str | None, Literal["environment", ".env"] | None]:
    """Which of a card's variables counts, and where it is set."""
    for name in (card.key_env, *card.key_env_also):
        if name is not None and environment.get(name, env_file.get(name, "")).strip():
            return name, "environment" if name in environment else ".env"
    return None, None
