"""`evalkit models`."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from evalkit.adapter import CardListing, list_cards
from evalkit.adapter.environment import card_folders, env_file
from evalkit.cli.shared import adapters_option, json_option, print_json, say

_WIDTH = 80
_UNVERIFIED = "* written from the provider's documentation, not yet tried against the provider"
_ADDRESS = "-M base_url=ADDRESS sends to another server, and so does the variable after “Address:”."


@click.command(epilog="Example: evalkit models")
@adapters_option
@json_option
def command(adapters: tuple[Path, ...], as_json: bool) -> None:
    """List the providers that can be named, and which keys are set.

    A model is named PROVIDER/MODEL. Keys come from the environment, or from a .env in the current folder; they are
    never shown.
    """
    found = card_folders(adapters)
    listings = list_cards(found, environment=os.environ, env_file=env_file(found))
    if as_json:
        print_json([asdict(listing) for listing in listings])
        return
    for line in _table(listings):
        say(line)


def _table(listings: Sequence[CardListing]) -> Iterator[str]:
    """Two lines or more for each provider: name, key and origin; below them what it is."""
    name_width = max(len(_name(listing)) for listing in listings) + 2
    key_width = max(len(_key(listing)) for listing in listings) + 2
    yield f"{'provider':<{name_width}}{'key':<{key_width}}from"
    for listing in listings:
        yield f"{_name(listing):<{name_width}}{_key(listing):<{key_width}}{listing.origin}"
        yield from textwrap.wrap(_about(listing), _WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield ""
    yield _UNVERIFIED
    yield from textwrap.wrap(_ADDRESS, _WIDTH)


def _name(listing: CardListing) -> str:
    return listing.name if listing.verified else f"{listing.name} *"


def _key(listing: CardListing) -> str:
    if listing.key_env is None:
        return "as the library asks" if listing.asks_itself else "none needed"
    if listing.key_found is not None:
        return f"{listing.key_found}: set in {listing.key_source}"
    return f"{listing.key_env}: not set{'' if listing.key_required else ' (optional)'}"


def _about(listing: CardListing) -> str:
    parts = [listing.about]
    if listing.key_env_also:
        parts.append(f"Key also: {', '.join(listing.key_env_also)}.")
    if listing.base_url_env is not None:
        parts.append(f"Address: {listing.base_url_env}{'' if listing.address else ' (must be set)'}.")
    if listing.needs is not None:
        parts.append(f"Needs: pip install '{listing.needs}'.")
    return " ".join(parts)
