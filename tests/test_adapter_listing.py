from __future__ import annotations

import os
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import pytest

from evalkit.adapter import CardListing, catalogue, list_cards
from evalkit.content import shipped

CARD = """
name = "{name}"
about = "Ours."
dialect = "openai-chat"
base_url = "https://acme.example"
base_url_env = "ACME_BASE_URL"
key_env = "ACME_API_KEY"
key_env_also = ["ACME_TOKEN"]
limits = {{ concurrency = 4 }}
verified = false
"""
LIBRARY = """
name = "{name}"
about = "A library."
dialect = "openai-chat"
transport = "library"
program = "{name}"
verified = false
"""


def folder_of(path: Path, text: str = CARD, name: str = "acme") -> Path:
    path.mkdir(exist_ok=True)
    (path / f"{name}.toml").write_text(text.format(name=name), encoding="utf-8")
    return path


def listed(folder: Path, environment: dict[str, str] | None = None) -> CardListing:
    (listing,) = list_cards([folder], environment=environment or {})
    return listing


@pytest.mark.parametrize(
    ("expected", "environment", "env_file"),
    [
        ((None, None), {}, {}),
        ((None, None), {"ACME_API_KEY": ""}, None),
        (("ACME_API_KEY", "environment"), {"ACME_API_KEY": "k"}, {"ACME_API_KEY": "other"}),
        (("ACME_API_KEY", ".env"), {}, {"ACME_API_KEY": "other"}),
        (("ACME_TOKEN", "environment"), {"ACME_TOKEN": "k"}, {}),
        (("ACME_API_KEY", ".env"), {"ACME_TOKEN": "k"}, {"ACME_API_KEY": "other"}),
    ],
)
def test_it_says_which_key_counts_and_where_it_is_never_what(
    tmp_path: Path,
    expected: tuple[str | None, str | None],
    environment: dict[str, str],
    env_file: dict[str, str] | None,
) -> None:
    (listing,) = list_cards([folder_of(tmp_path)], environment=environment, env_file=env_file)
    assert expected == (listing.key_found, listing.key_source)
    assert ("acme", "ACME_API_KEY", True) == (listing.name, listing.key_env, listing.key_required)
    assert "other" not in repr(listing)


def test_a_card_without_a_key_requires_none() -> None:
    listings = {listing.name: listing for listing in list_cards([shipped("adapters")], environment={})}
    echo = listings["echo"]
    assert (None, None, None, False) == (echo.key_env, echo.key_found, echo.key_source, echo.key_required)
    assert sorted(listings) == list(listings)


@pytest.mark.parametrize(
    ("expected", "environment"),
    [
        ("https://acme.example", {}),
        ("https://proxy.example/v1", {"ACME_BASE_URL": "https://proxy.example/v1/"}),
        (None, {"ACME_BASE_URL": "https://me:secret@proxy.example"}),
        (None, {"ACME_BASE_URL": "proxy"}),
    ],
)
def test_it_says_where_calls_go(tmp_path: Path, expected: str | None, environment: dict[str, str]) -> None:
    assert expected == listed(folder_of(tmp_path), environment).address


def test_it_says_what_the_card_knows(tmp_path: Path) -> None:
    listing = listed(folder_of(tmp_path))
    assert ({"concurrency": 4}, "ACME_BASE_URL", ("ACME_TOKEN",), False) == (
        listing.limits,
        listing.base_url_env,
        listing.key_env_also,
        listing.verified,
    )


def test_it_says_where_a_card_came_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(
        CARD={
            "name": "shared",
            "about": "",
            "dialect": "d",
            "base_url": "https://shared.example",
            "verified": True,
        }
    )
    entry = EntryPoint(name="shared", value="shared", group=catalogue.GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda _: module)
    monkeypatch.setattr(catalogue, "installed_adapters", lambda: (entry,))
    monkeypatch.chdir(tmp_path)
    own = folder_of(tmp_path / "adapters", name="own")
    named = folder_of(tmp_path / "more", name="named")
    found = list_cards([named, Path("adapters"), shipped("adapters")], environment={})
    origins = {listing.name: listing.origin for listing in found}
    assert ("--adapters", "project", "entry point", "shipped") == tuple(
        origins[name] for name in ("named", "own", "shared", "echo")
    )
    assert os.fspath(own / "own.toml") in {listing.source for listing in found}


@pytest.mark.parametrize(
    ("expected", "name", "installed"),
    [(("evalkit[litellm]", True), "litellm", False), ((None, True), "litellm", True), ((None, False), "tiny", False)],
)
def test_it_says_what_a_shipped_card_lacks_if_it_opens_a_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: tuple[str | None, bool], name: str, installed: bool
) -> None:
    folder = folder_of(tmp_path, LIBRARY, name)
    monkeypatch.setattr("evalkit.adapter.listing.shipped", lambda _: folder)
    monkeypatch.setattr("evalkit.adapter.listing.find_spec", lambda _: object() if installed else None)
    found = listed(folder)
    assert expected == (found.needs, found.asks_itself)


def test_of_a_card_of_ones_own_it_cannot_say_that(tmp_path: Path) -> None:
    found = listed(folder_of(tmp_path, LIBRARY, "no-such-library"))
    assert (None, True) == (found.needs, found.asks_itself)
