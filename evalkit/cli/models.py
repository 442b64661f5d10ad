"""`evalkit models`."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import click

from evalkit.adapter import CardListing, list_cards
from evalkit.adapter.environment import card_folders, env_file
from evalkit.cli.shared import adapters_option, json_option, print_json, say


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
    say(f"{'provider':<12} {'key':<34} about")
    for listing in listings:
        unverified = "" if listing.verified else " (not yet tried against the real provider)"
        say(f"{listing.name:<12} {_key(listing):<34} {listing.about}{unverified}")


def _key(listing: CardListing) -> str:
    if listing.key_env is None:
        return "none needed"
    return f"{listing.key_env}: {f'set in {listing.key_source}' if listing.key_source else 'not set'}"
