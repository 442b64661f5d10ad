"""Every shipped card loads, its dialect loads, and it builds a request that can be recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.adapter import FoundCard, find_cards, read_card
from evalkit.adapter.catalogue import dialect_of
from evalkit.adapter.endpoint import endpoint_for
from evalkit.content import shipped
from evalkit.transport import open_model
from evalkit.trial import Call, Message

CARDS = find_cards([shipped("adapters")], installed=[])
CALL = Call(
    task="t",
    item="1",
    condition="clean",
    repeat=0,
    messages=(Message(role="system", content="Be brief."), Message(role="user", content="Hello")),
    sampling={"temperature": 0, "max_tokens": 5},
)


def needed(found: FoundCard) -> dict[str, str]:
    """The environment without which a card cannot be used: its key, and an address that only its user knows."""
    card = found.card
    key = {card.key_env: "k"} if card.key_env else {}
    return {**key, card.base_url_env: "https://mine.example"} if card.base_url is None and card.base_url_env else key


every_card = pytest.mark.parametrize("found", CARDS.values(), ids=CARDS)


def test_what_is_promised_is_shipped() -> None:
    assert {"openai", "localhost", "echo", "baseline", "replay", "command", "python"} <= set(CARDS)


@every_card
def test_a_card_is_named_as_its_file(found: FoundCard) -> None:
    assert Path(found.source).stem == found.card.name


@every_card
def test_a_server_has_a_description(found: FoundCard) -> None:
    assert (found.card.transport == "http") == found.card.docs.startswith("https://")


@every_card
def test_its_dialect_builds_what_can_be_recorded(found: FoundCard) -> None:
    endpoint = endpoint_for(found, "some/model", options={}, environment=needed(found))
    request = endpoint.request(CALL, dialect_of(found, []))
    assert json.loads(json.dumps(request.as_json())) == request.as_json()
    assert "Hello" in json.dumps(request.body)
    assert request.hash == endpoint.request(CALL, dialect_of(found, [])).hash


@every_card
def test_what_costs_nothing_needs_no_key(found: FoundCard) -> None:
    assert not (found.card.free and found.card.key_env and found.card.key_required)


@pytest.mark.parametrize("name", [name for name, found in CARDS.items() if found.card.transport == "http"])
def test_a_server_can_be_opened_with_its_key_alone(name: str) -> None:
    model = open_model(
        f"{name}/x",
        options={},
        folders=[shipped("adapters")],
        allow_code=False,
        timeout_s=None,
        code_folders=[],
        environment=needed(CARDS[name]),
    )
    assert model.name == f"{name}/x"


def test_no_card_holds_anything_that_looks_like_a_key() -> None:
    for path in sorted(shipped("adapters").glob("*.toml")):
        assert "sk-" not in path.read_text(encoding="utf-8")
        assert set(read_card(path).headers) <= {"anthropic-version"}
