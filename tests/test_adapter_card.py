from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit.adapter import card_from, read_card
from evalkit.adapter.card import check_address
from evalkit.errors import AdapterError

MINIMAL: dict[str, Any] = {
    "name": "acme",
    "about": "Acme.",
    "dialect": "openai-chat",
    "base_url": "https://acme.example/v1",
    "verified": False,
}
PROGRAM: dict[str, Any] = {"name": "p", "about": "P.", "dialect": "program", "verified": True}


def test_a_card_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "acme.toml"
    path.write_text(
        'name = "acme"\nabout = "Acme."\ndialect = "openai-chat"\nbase_url = "https://acme.example/v1"\n'
        'verified = false\nkey_env = "ACME_API_KEY"\n',
        encoding="utf-8",
    )
    card = read_card(path)
    assert (
        card.name,
        card.key_env,
        card.auth_header,
        card.auth_prefix,
    ) == ("acme", "ACME_API_KEY", "Authorization", "Bearer ")


@pytest.mark.parametrize(("expected", "given"), [(False, {}), (True, {"steady": True})])
def test_a_provider_is_not_taken_to_answer_the_same_way_unless_its_card_says_so(
    expected: bool, given: dict[str, Any]
) -> None:
    assert expected is card_from({**MINIMAL, **given}, source="acme.toml").steady


def test_a_card_may_say_how_large_models_are() -> None:
    sizes = {"1m": {"params": 1_008_144, "tokens": 2e7}}
    size = card_from({**MINIMAL, "sizes": sizes}, source="acme.toml").sizes["1m"]
    assert (1_008_144, 2e7, None) == (size.params, size.tokens, size.flops)


@pytest.mark.parametrize(
    ("message", "size"),
    [
        (r"acme: sizes\.1m\.parms: no such key\. Did you mean \"params\"", {"parms": 1}),
        (r"acme: sizes\.1m\.params: found 0: ", {"params": 0}),
    ],
)
def test_a_size_that_is_none_is_named(message: str, size: dict[str, float]) -> None:
    with pytest.raises(AdapterError, match=message):
        card_from({**MINIMAL, "sizes": {"1m": size}}, source="acme")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"none\.toml: found no readable card"):
        read_card(tmp_path / "none.toml")


def test_broken_toml_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("name = \n", encoding="utf-8")
    with pytest.raises(AdapterError, match=r"bad\.toml: .*line 1"):
        read_card(path)


def test_a_misspelt_key_gets_a_suggestion() -> None:
    with pytest.raises(AdapterError, match=r'acme: key_evn: no such key\. Did you mean "key_env"\?'):
        card_from({**MINIMAL, "key_evn": "X"}, source="acme")


@pytest.mark.parametrize(
    ("message", "given"),
    [
        (r"limits\.requests_per_minute: .* less than or equal to", {"limits": {"requests_per_minute": 1e30}}),
        (r'limits\.concurency: no such key\. Did you mean "concurrency"\?', {"limits": {"concurency": 4}}),
        (r'prices\.x\.inputs: no such key\. Did you mean "input"\?', {"prices": {"x": {"inputs": 1.0, "output": 1.0}}}),
    ],
)
def test_a_misspelt_key_inside_another_gets_a_suggestion_from_there(message: str, given: dict[str, Any]) -> None:
    with pytest.raises(AdapterError, match=message):
        card_from({**MINIMAL, **given}, source="acme")


def test_all_problems_are_shown_at_once() -> None:
    with pytest.raises(AdapterError) as caught:
        card_from({"name": "a/b", "about": 3, "dialect": "d", "free": "yes"}, source="c.toml")
    message = str(caught.value)
    assert message.count("c.toml: ") == 4
    assert "c.toml: verified: missing" in message
    assert "c.toml: about: found 3: " in message


@pytest.mark.parametrize("address", [None, "", "acme.example", "ftp://acme.example", "https://"])
def test_a_server_needs_an_address(address: str | None) -> None:
    with pytest.raises(AdapterError, match=r"base_url: found .*, expected an address such as"):
        card_from({**MINIMAL, "base_url": address}, source="c")


@pytest.mark.parametrize(
    "address", ["https://me:secret@acme.example", "https://a.example?key=1", "https://a.example#x"]
)
def test_an_address_with_a_secret_is_refused_without_showing_it(address: str) -> None:
    with pytest.raises(ValueError, match="keys belong in key_env") as caught:
        check_address(address)
    assert "secret" not in str(caught.value)


def test_an_address_loses_its_final_slash() -> None:
    assert check_address("http://h/v1/") == "http://h/v1"


@pytest.mark.parametrize("name", ["OPENAI_BASE_URL", "HTTPS_PROXY", "KEY NAME_KEY", "sk-abc"])
def test_a_key_variable_is_named_as_one(name: str) -> None:
    with pytest.raises(AdapterError, match="key_env: expected the name of a variable that ends in KEY") as caught:
        card_from({**MINIMAL, "key_env": name}, source="c")
    assert not name or repr(name) not in str(caught.value)


def test_a_program_has_neither_address_nor_key() -> None:
    with pytest.raises(AdapterError, match='transport "process" has neither base_url nor key_env'):
        card_from({**PROGRAM, "transport": "process", "key_env": "X_KEY"}, source="c")


@pytest.mark.parametrize("change", [{"transport": "local"}, {"transport": "python", "program": "x"}])
def test_program_and_local_go_together(change: dict[str, str]) -> None:
    with pytest.raises(AdapterError, match='"program" goes with transport "local"'):
        card_from({**PROGRAM, **change}, source="c")


def test_the_key_is_no_static_header() -> None:
    with pytest.raises(AdapterError, match="headers: Authorization carries the key"):
        card_from({**MINIMAL, "headers": {"authorization": "Bearer abc"}}, source="c")


@pytest.mark.parametrize(
    ("found", "given"),
    [
        ("X-Api-Key", {"headers": {"X-Api-Key": "abc"}}),
        ("access_token", {"query": {"access_token": "abc"}}),
    ],
)
def test_no_header_or_query_of_a_card_is_a_key(found: str, given: dict[str, Any]) -> None:
    """They are recorded with every request."""
    with pytest.raises(AdapterError, match=f"{found}: no file holds a key; name its variable in key_env") as caught:
        card_from({**MINIMAL, **given}, source="c")
    assert "abc" not in str(caught.value)
