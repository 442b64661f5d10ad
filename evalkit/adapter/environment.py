"""What the folder that one works in adds: cards of the project, and keys in a `.env`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evalkit.adapter.catalogue import find_cards
from evalkit.content import folders
from evalkit.errors import AdapterError


def card_folders(adapters: Sequence[Path]) -> list[Path]:
    """Where cards are looked for: folders that the user named, the project's, the shipped ones; each once."""
    every = [*adapters, *folders("adapters")]
    return list({folder.resolve(): folder for folder in every}.values())


def env_file(card_folders: Sequence[Path]) -> dict[str, str]:
    """The keys that a `.env` in the current folder sets.

    It may set the keys that cards name and nothing else: it travels with repositories, and an address from it could
    send a key elsewhere.

    Raises:
        AdapterError: If it cannot be read, or a card is wrong.
    """
    file = Path(".env")
    if not file.is_file():
        return {}
    # Imported here: most runs have no such file.
    from dotenv import dotenv_values

    cards = [found.card for found in find_cards(card_folders).values()]
    allowed = {name for card in cards for name in (card.key_env, *card.key_env_also)}
    try:
        # Some editors put a byte order mark first.
        given = dotenv_values(file, interpolate=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        # Not what a decoder quotes: it may be part of a key.
        kind = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise AdapterError(f"{file}: cannot be read ({kind}), expected lines such as OPENAI_API_KEY=…") from None
    return {name: value for name, value in given.items() if name in allowed and value}
