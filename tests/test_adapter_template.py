from __future__ import annotations

import datetime
from typing import Any

import pytest

from evalkit.adapter import Card, card_from
from evalkit.adapter.template import Template, lone_field, texts_in
from evalkit.errors import AdapterError

SMALLEST: dict[str, Any] = {"body": {"question": "{prompt}"}, "response": "answer"}


def card(template: Any, **more: Any) -> Card:
    given = {"name": "app", "about": "Ours.", "dialect": "http-template", "base_url": "https://app.example"}
    return card_from({**given, "verified": True, "template": template, **more}, source="app.toml")


def test_the_smallest_template_has_a_question_and_a_place_for_the_answer() -> None:
    template = card(SMALLEST).template
    assert template is not None
    assert ("POST", "", "answer", {"prompt"}) == (template.method, template.path, template.response, template.fields)


def test_it_knows_every_field_that_it_names() -> None:
    body = {"q": "{prompt}", "deep": [{"t": "{top_p}"}, "{{literal}}"], "n": 3}
    template = Template(path="/{model}", query={"l": "{lang}"}, headers={"x-a": "{app}"}, body=body, response="")
    assert {"prompt", "top_p", "model", "lang", "app"} == template.fields


@pytest.mark.parametrize(
    ("message", "change"),
    [
        (r'template\.respons: no such key\. Did you mean "response"\?', {"respons": "a"}),
        (r"template\.response: missing", {"response": ...}),
        (r"template\.response: found 'a\.\.b'", {"response": "a..b"}),
        (r"template\.tokens_in: found ''", {"tokens_in": ""}),
        (r"template\.method: found 'DELETE'", {"method": "DELETE"}),
        (r"template\.path: found 'ask'", {"path": "ask"}),
        (r"template\.path: found '/ask\?x=1'", {"path": "/ask?x=1"}),
        (r"template\.path: found '/\{model': a lone brace at '\{model'", {"path": "/{model"}),
        (r"template\.query\.q: found '\}': a lone brace", {"query": {"q": "}"}}),
        (r"template\.query\.n: found 3", {"query": {"n": 3}}),
        (r"template\.headers", {"headers": {"x y": "1"}}),
        (r"template\.body: a lone brace at '\{ open'", {"body": {"q": "{prompt}", "x": ["{ open"]}}),
        (r"template\.body: .*write dates as text", {"body": {"q": "{prompt}", "day": datetime.date(2026, 1, 2)}}),
        (r"template\.body: .*not JSON compliant", {"body": {"q": "{prompt}", "x": float("nan")}}),
        (r"template: body: a GET request has none; use query or path", {"method": "GET"}),
        (r'found neither \{prompt\} nor \{messages\}.*Did you mean "prompt"\?', {"body": {"q": "{promt}"}}),
        (r"found neither \{prompt\} nor \{messages\}: the question would not be sent\.$", {"body": {"q": "?"}}),
        (r"body: \{messages\} is a list, which stands alone", {"body": {"q": "Chat: {messages}"}}),
        (r"query: \{messages\} is a list, which stands alone in a text of the body", {"query": {"m": "{messages}"}}),
        (r"headers: a prompt may hold what no header can", {"headers": {"x-q": "{prompt}"}}),
        (r"tokens_in, refused: has no place in a reply that is read as text", {"tokens_in": "a", "refused": "b"}),
    ],
)
def test_what_is_wrong_with_it_is_said_when_the_card_is_read(message: str, change: dict[str, Any]) -> None:
    whole = {**SMALLEST, **({"response": ""} if "refused" in change else {}), **change}
    with pytest.raises(AdapterError, match=message):
        card({key: value for key, value in whole.items() if value is not ...})


def test_all_its_problems_are_shown_at_once() -> None:
    with pytest.raises(AdapterError) as caught:
        card({"method": "get", "bdy": {}, "path": "x", "query": {"a": "{"}})
    assert 5 == str(caught.value).count("app.toml: template.")


def test_problems_between_its_keys_are_shown_at_once() -> None:
    with pytest.raises(AdapterError, match=r"a GET request has none.*found neither .*has no place in a reply"):
        card({"method": "GET", "body": {}, "response": "", "served_model": "m"})


@pytest.mark.parametrize(
    ("dialect", "template"), [("http-template", None), ("openai-chat", SMALLEST)], ids=["lacking", "needless"]
)
def test_it_goes_with_its_dialect_only(dialect: str, template: Any) -> None:
    with pytest.raises(AdapterError, match=r'\[template\] goes with dialect "http-template"'):
        card(template, dialect=dialect)


def test_the_header_of_the_key_is_not_written_into_it() -> None:
    with pytest.raises(AdapterError, match="Authorization carries the key; name its variable in key_env") as caught:
        card({**SMALLEST, "headers": {"authorization": "Bearer sk-1"}})
    assert "sk-1" not in str(caught.value)


@pytest.mark.parametrize(
    ("expected", "value"), [("a", "{a}"), (None, " {a}"), (None, "{a}{b}"), (None, "a"), (None, ""), (None, 3)]
)
def test_a_lone_field_is_a_text_of_one_placeholder(expected: str | None, value: Any) -> None:
    assert expected == lone_field(value)


def test_texts_are_found_at_any_depth() -> None:
    assert ["a", "b", "c"] == list(texts_in({"x": "a", "y": [1, "b", {"z": "c"}], "none": None}))
