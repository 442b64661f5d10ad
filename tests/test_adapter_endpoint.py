from __future__ import annotations

from typing import Any

import pytest

from evalkit.adapter import Endpoint, FoundCard, Reply, Request, card_from
from evalkit.adapter.endpoint import endpoint_for
from evalkit.errors import AdapterError
from evalkit.trial import Call, Response

HTTP: dict[str, Any] = {
    "name": "acme",
    "about": "Acme.",
    "dialect": "d",
    "base_url": "https://card.example/v1/",
    "base_url_env": "ACME_BASE_URL",
    "headers": {"X-Card": "1"},
    "rename_sampling": {"max_tokens": "limit"},
    "verified": False,
}
COMMAND: dict[str, Any] = {
    "name": "command",
    "about": "C.",
    "dialect": "program",
    "transport": "process",
    "verified": True,
}


class Plain:
    def build(self, call: Call, model: str, address: str) -> Request:
        return Request(method="POST", url=f"{address}/{model}", headers={"X-Own": "2"}, body=dict(call.sampling))

    def parse(self, reply: Reply) -> Response:
        return Response(text=reply.body.decode())


def _endpoint(
    card: dict[str, Any], options: dict[str, Any] | None = None, environment: dict[str, str] | None = None
) -> Endpoint:
    found = FoundCard(card=card_from(card, source="c"), source="c", folder=None)
    return endpoint_for(found, "x", options=options or {}, environment=environment or {})


@pytest.mark.parametrize(
    ("expected", "options", "environment"),
    [
        ("https://card.example/v1", {}, {}),
        ("https://card.example/v1", {}, {"ACME_BASE_URL": ""}),
        ("http://env.example", {}, {"ACME_BASE_URL": "http://env.example"}),
        ("http://option.example", {"base_url": "http://option.example/"}, {"ACME_BASE_URL": "http://env.example"}),
    ],
)
def test_option_wins_over_environment_wins_over_card(
    expected: str, options: dict[str, str], environment: dict[str, str]
) -> None:
    assert expected == _endpoint(HTTP, options, environment).address


def test_a_card_without_a_variable_ignores_the_environment() -> None:
    assert _endpoint({**HTTP, "base_url_env": None}, {}, {"": "http://x.example"}).address == "https://card.example/v1"


def test_an_address_that_only_the_user_knows_must_be_given() -> None:
    own = {name: value for name, value in HTTP.items() if name != "base_url"}
    assert _endpoint(own, {}, {"ACME_BASE_URL": "https://mine.example/"}).address == "https://mine.example"
    assert _endpoint(own, {"base_url": "https://mine.example"}).address == "https://mine.example"
    with pytest.raises(
        AdapterError, match=r'adapter "acme": ACME_BASE_URL is not set\. Set it .* -M base_url=https://'
    ):
        _endpoint(own)
    with pytest.raises(AdapterError, match="expected an address such as https://host/v1"):
        _endpoint({**own, "base_url_env": None})


def test_a_bad_address_is_refused() -> None:
    with pytest.raises(AdapterError, match=r"base_url: found '8000', expected an address"):
        _endpoint(HTTP, {"base_url": 8000})


def test_a_program_has_no_address() -> None:
    assert _endpoint(COMMAND).address == "command:x"
    with pytest.raises(AdapterError, match="a program has no address"):
        _endpoint(COMMAND, {"base_url": "http://x.example"})


def test_names_have_a_slash_for_providers_and_a_colon_for_programs() -> None:
    assert (_endpoint(HTTP).name, _endpoint(COMMAND).name) == ("acme/x", "command:x")


def test_options_win_over_the_suite_and_are_called_as_the_provider_does() -> None:
    call = Call(
        task="t", item="1", condition="clean", repeat=0, messages=(), sampling={"max_tokens": 5, "temperature": 0}
    )
    request = _endpoint(HTTP, {"temperature": 1, "base_url": "http://h"}).request(call, Plain())
    assert request.body == {"limit": 5, "temperature": 1}
    assert request.headers == {"X-Card": "1", "X-Own": "2"}
    assert request.call is not None
    assert (request.call.item, request.call.sampling) == ("1", {"limit": 5, "temperature": 1})


class Telling(Plain):
    def build(self, call: Call, model: str, address: str) -> Request:
        return Request(method="POST", url=address, body={"target": call.target})


@pytest.mark.parametrize(("expected", "card"), [(None, HTTP), ("42", {**HTTP, "scores_target": True})])
def test_nobody_is_told_the_right_answer_whose_card_does_not_say_that_it_is_scored(
    expected: str | None, card: dict[str, Any]
) -> None:
    call = Call(task="t", item="1", condition="clean", repeat=0, messages=(), target="42")
    request = _endpoint(card).request(call, Telling())
    assert request.call is not None
    assert (expected, expected) == (request.body["target"], request.call.target)


KEYS = (
    "api_key apikey API-KEY OPENAI_API_KEY ACMEKEY x-api-key key token access_token hf-token client_secret password "
    "Authorization proxy-authorization credential google_credentials"
)


@pytest.mark.parametrize("name", KEYS.split())
def test_a_key_is_no_setting(name: str) -> None:
    """It would be sent in the body, and stored with the run."""
    with pytest.raises(AdapterError, match=f'option "{name}": keys come from the environment only') as caught:
        _endpoint(HTTP, {name: "sk-9f1c"})
    assert "sk-9f1c" not in str(caught.value)


@pytest.mark.parametrize("name", ["max_tokens", "logit_bias", "stop_token_ids", "prompt_cache_key", "top_k", "keyed"])
def test_a_setting_that_is_no_key_is_sent(name: str) -> None:
    assert {name: 1} == _endpoint(HTTP, {name: 1}).sampling


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), {"a": [float("-inf")]}, {1, 2}, "\udcff"],
    ids=["nan", "inf", "in", "set", "raw"],
)
def test_a_setting_that_no_request_can_carry_is_refused(value: Any) -> None:
    with pytest.raises(AdapterError, match=r'option "x": found .*, expected a finite number, a text or another JSON'):
        _endpoint(HTTP, {"x": value})


def _sent(card: dict[str, Any], suite: dict[str, Any], options: dict[str, Any]) -> Any:
    call = Call(task="t", item="1", condition="clean", repeat=0, messages=(), sampling=suite)
    return _endpoint(card, options).request(call, Plain()).body


@pytest.mark.parametrize("suites", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("users", ["max_tokens", "max_completion_tokens"])
def test_the_users_limit_wins_under_either_of_its_names(suites: str, users: str) -> None:
    card = {name: value for name, value in HTTP.items() if name != "rename_sampling"}
    assert {users: 5} == _sent(card, {suites: 9}, {users: 5})


def test_a_cards_settings_are_sent_unless_somebody_says_otherwise() -> None:
    card = {**HTTP, "settings": {"a": 1, "b": 1, "c": 1}}
    assert {"a": 1, "b": 2, "c": 3} == _sent(card, {"b": 2, "c": 2}, {"c": 3})
