from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.adapter import Reply, ReplyError, Request, card_from
from evalkit.adapter.catalogue import FoundCard, dialect_of
from evalkit.adapter.endpoint import endpoint_for
from evalkit.cli import call as call_cli
from evalkit.content import shipped
from evalkit.errors import AdapterError, FatalTransportError, TransportError
from evalkit.transport import Model, open_model
from evalkit.trial import Call, Message, Response
from tests.runs import write_suite

SMALLEST: dict[str, Any] = {"body": {"question": "{prompt}"}, "response": "answer"}
SYSTEM = Message(role="system", content="Be brief.")


def call(*messages: Message | str, **sampling: Any) -> Call:
    given = tuple(one if isinstance(one, Message) else Message(role="user", content=one) for one in messages)
    return Call(task="t", item="1", condition="clean", repeat=0, messages=given or (user("Hi"),), sampling=sampling)


def user(content: str) -> Message:
    return Message(role="user", content=content)


def app(template: Mapping[str, Any]) -> FoundCard:
    given = {"name": "app", "about": "Ours.", "dialect": "http-template", "base_url": "https://app.example"}
    card = card_from({**given, "verified": True, "template": template}, source="app.toml")
    return FoundCard(card=card, source="app.toml", folder=shipped("adapters"))


def build(template: Mapping[str, Any], asked: Call, model: str = "v2") -> Request:
    endpoint = endpoint_for(app(template), model, options={}, environment={})
    return endpoint.request(asked, dialect_of(app(template), []))


def parse(
    template: Mapping[str, Any], body: Any, status: int = 200, content_type: str = "application/json"
) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = Reply(status=status, headers={"content-type": content_type}, body=raw)
    return dialect_of(app({**SMALLEST, **template}), []).parse(reply)


# --- requests


def test_the_question_stands_where_the_template_says() -> None:
    request = build(SMALLEST, call("Where is my order?"))
    assert ("POST", "https://app.example", {"question": "Where is my order?"}) == (
        request.method,
        request.url,
        request.body,
    )


def test_a_text_that_is_one_placeholder_becomes_the_value_itself() -> None:
    template = {
        **SMALLEST,
        "body": {"chat": "{messages}", "limits": {"t": "{temperature}"}, "n": [1, "{n_best}"], "who": "app {model}"},
    }
    request = build(template, call("Hi", temperature=0.5, n_best=3))
    expected = {"chat": [user("Hi").as_json()], "limits": {"t": 0.5}, "n": [1, 3], "who": "app v2"}
    assert expected == request.body


def test_a_setting_that_the_call_does_not_have_is_left_out() -> None:
    body = {"q": "{prompt}", "t": "{temperature}", "more": ["{stop}"]}
    request = build({**SMALLEST, "body": body, "query": {"lang": "{lang}"}}, call("Hi"))
    assert ({"q": "Hi", "more": []}, "https://app.example") == (request.body, request.url)


def test_doubled_braces_are_literal() -> None:
    assert {"q": 'Hi {"a": 1}'} == build({**SMALLEST, "body": {"q": '{prompt} {{"a": 1}}'}}, call("Hi")).body


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_prompt_can_leave_its_place(prompt: str) -> None:
    template = {
        **SMALLEST,
        "path": "/ask/{prompt}/now",
        "query": {"q": "{prompt}", "x": "1"},
        "body": {"q": "Asked: {prompt}", "x": 1},
    }
    request = build(template, call(prompt))
    parts = urlsplit(request.url)
    assert {"q": f"Asked: {prompt}", "x": 1} == json.loads(json.dumps(request.body))
    assert ["", "ask", prompt, "now"] == [unquote(part) for part in parts.path.split("/")]
    assert {"q": [prompt], "x": ["1"]} == parse_qs(parts.query, keep_blank_values=True)


@pytest.mark.parametrize(("expected", "prompt"), [("%2E", "."), ("%2E%2E", ".."), ("a.b", "a.b")])
def test_no_prompt_leads_to_another_place(expected: str, prompt: str) -> None:
    """Two dots would be taken for the way up before they are sent."""
    assert f"/ask/{expected}/now" == urlsplit(build({**SMALLEST, "path": "/ask/{prompt}/now"}, call(prompt)).url).path


def test_system_messages_have_a_place_of_their_own() -> None:
    body = {"rules": "{system}", "chat": "{messages}"}
    request = build({**SMALLEST, "body": body}, call(SYSTEM, "Hi", SYSTEM))
    assert {"rules": "Be brief.\n\nBe brief.", "chat": [user("Hi").as_json()]} == request.body
    assert {"rules": "", "chat": [user("Hi").as_json()]} == build({**SMALLEST, "body": body}, call("Hi")).body


def test_without_that_place_they_stay_among_the_messages() -> None:
    request = build({**SMALLEST, "body": {"chat": "{messages}"}}, call(SYSTEM, "Hi"))
    assert {"chat": [SYSTEM.as_json(), user("Hi").as_json()]} == request.body


ASSISTANT = Message(role="assistant", content="Hello")


@pytest.mark.parametrize(
    ("message", "body", "asked"),
    [
        (r"system message, which has no place here; name \{system\} or \{messages\}", "{prompt}", call(SYSTEM, "Hi")),
        (r"found 3 turns .* name \{messages\}", "{prompt}", call("Hi", ASSISTANT, "Bye")),
        (r"found 0 turns", "{system} {prompt}", call(SYSTEM)),
        ("no message of the user", ["{prompt}", "{messages}"], call(ASSISTANT)),
    ],
)
def test_no_message_is_dropped_silently(message: str, body: Any, asked: Call) -> None:
    with pytest.raises(AdapterError, match=rf'adapter "app": \[template\]: .*{message}'):
        build({**SMALLEST, "body": body}, asked)


@pytest.mark.parametrize(
    ("message", "template", "settings"),
    [
        (r'setting "max_tokens" has no place here\. Write "\{max_tokens\}" where', {}, {"max_tokens": 5}),
        (r'Did you mean "temprature"\?', {"query": {"t": "{temprature}"}}, {"temperature": 0}),
        (r'setting "system": evalkit fills it itself', {}, {"system": "x"}),
        (r"\{lang\} is needed, .* -M lang=", {"path": "/{lang}"}, {}),
        (
            r"headers\.x-lang: found 'de\\n', which no header can carry",
            {"headers": {"x-lang": "{lang}"}},
            {"lang": "de\n"},
        ),
    ],
)
def test_no_setting_is_dropped_silently(message: str, template: Any, settings: dict[str, Any]) -> None:
    with pytest.raises(AdapterError, match=message):
        build({**SMALLEST, **template}, call("Hi", **settings))


def test_what_the_application_decides_itself_is_ignored_when_the_template_says_so() -> None:
    request = build({**SMALLEST, "ignores": ["max_tokens"]}, call("Hi", max_tokens=5))
    assert {"question": "Hi"} == request.body


# --- replies


@pytest.mark.parametrize(
    ("expected", "place", "body"),
    [
        ("42", "answer", {"answer": "42"}),
        ("42", "choices[0].text", {"choices": [{"text": "42"}]}),
        ("42", "[-1]", ["7", "42"]),
        ("42", "answer", {"answer": 42}),
        ('{"title": "Größe"}', "answer", {"answer": {"title": "Größe"}}),
        ("", "answer", {"answer": ""}),
    ],
)
def test_the_answer_is_read_from_its_place(expected: str, place: str, body: Any) -> None:
    assert expected == parse({"response": place}, body).text


def test_a_label_that_is_not_json_does_not_matter_where_the_answer_is_there() -> None:
    assert "42" == parse({}, {"answer": "42"}, content_type="text/html; charset=utf-8").text


@pytest.mark.parametrize(
    ("expected", "raw", "content_type"),
    [
        ("42\n", b"42\n", "text/plain"),
        ("Größe", "Größe".encode("latin-1"), "text/plain; charset=ISO-8859-1"),
        ("Größe", "Größe".encode(), "text/plain; charset=unheard-of"),
        ("<b>42</b>", b"<b>42</b>", "text/html"),
        ("<html>", b"<html>", "text/plain"),
        ("", b"", "text/plain"),
    ],
)
def test_a_whole_reply_may_be_the_answer(expected: str, raw: bytes, content_type: str) -> None:
    assert expected == parse({"response": ""}, raw, content_type=content_type).text


@pytest.mark.parametrize(
    ("reason", "template", "body", "content_type"),
    [
        ("unexpected-reply", {}, {"anwser": "42"}, "application/json"),
        ("unexpected-reply", {}, {"answer": None}, "application/json"),
        ("unexpected-reply", {}, ["42"], "application/json"),
        ("not-json", {}, b"upstream sent nothing", "application/json"),
        ("html", {}, b"<html>Bad gateway</html>", "text/html"),
        ("html", {"response": ""}, b"\n<!DOCTYPE html><p>Bad gateway", "text/html"),
    ],
)
def test_a_reply_without_an_answer_is_no_observation(reason: str, template: Any, body: Any, content_type: str) -> None:
    with pytest.raises(ReplyError) as caught:
        parse(template, body, content_type=content_type)
    assert reason == caught.value.reason


def test_what_else_the_template_names_is_read() -> None:
    template = {"tokens_in": "usage.in", "tokens_out": "usage.out", "served_model": "by", "finish_reason": "why"}
    body = {"answer": "4", "usage": {"in": 12, "out": 1}, "by": "m-2", "why": "MAX_TOKENS"}
    expected = Response(text="4", tokens_in=12, tokens_out=1, served_model="m-2", finish_reason="length")
    assert expected == parse(template, body)


def test_what_is_not_there_stays_unknown() -> None:
    template = {"tokens_in": "usage.in", "tokens_out": "usage.out", "served_model": "by", "finish_reason": "why"}
    assert Response(text="4") == parse(template, {"answer": "4", "usage": {"in": -1}, "by": 3, "why": None})


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        (Response(text="", finish_reason="refusal"), {"blocked": True}),
        (Response(text="No.", finish_reason="refusal"), {"blocked": "policy 7", "answer": "No."}),
        (Response(text="4"), {"blocked": False, "answer": "4"}),
        (Response(text="4"), {"answer": "4"}),
    ],
)
def test_a_refusal_is_an_observation(expected: Response, body: Any) -> None:
    assert expected == parse({"refused": "blocked"}, body)


def test_an_error_that_is_an_observation_is_one() -> None:
    assert "context_overflow" == parse({}, {"message": "The prompt is too long"}, status=400).finish_reason


@pytest.mark.parametrize("status", [301, 422, 500])
def test_any_other_status_is_a_failure(status: int) -> None:
    with pytest.raises(ReplyError, match=f"HTTP {status}: .*out of order") as caught:
        parse({}, {"detail": "out of order", "answer": "4"}, status=status)
    assert f"http-{status}" == caught.value.reason


# --- a small application on loopback


@dataclass
class Application:
    """What it was sent, and the statuses that it answers with first."""

    address: str = ""
    statuses: list[int] = field(default_factory=list)
    seen: list[tuple[str, str, Mapping[str, str], bytes]] = field(default_factory=list)


@contextlib.contextmanager
def application(*statuses: int) -> Iterator[Application]:
    """A help desk with a format of its own: POST /desk/NAME takes JSON, GET /search?q= gives plain text."""
    state = Application(statuses=list(statuses))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            state.seen.append(("POST", self.path, dict(self.headers), body))
            if self.headers.get("x-desk-key") != "sesame-4711":
                self._send(401, b'{"error": "who are you?"}')
            elif state.statuses:
                self._send(state.statuses.pop(0), b'{"detail": "the desk is closed"}')
            else:
                said = {"reply": {"text": f"About {json.loads(body)['ticket']['text']}"}, "spent": [11, 3]}
                self._send(200, json.dumps(said).encode())

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            state.seen.append(("GET", self.path, dict(self.headers), body))
            asked = parse_qs(urlsplit(self.path).query)["q"][0]
            self._send(200, f"found: {asked}".encode(), "text/plain; charset=utf-8")

        def _send(self, status: int, body: bytes, content_type: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


DESK = """
name = "desk"
about = "Our help desk."
dialect = "http-template"
base_url = "https://desk.example"
key_env = "DESK_API_KEY"
auth_header = "x-desk-key"
auth_prefix = ""
verified = true

[template]
path = "/desk/{model}"
headers = { x-team = "{team}" }
body = { ticket = { text = "{prompt}", tone = "{tone}" } }
response = "reply.text"
tokens_in = "spent[0]"
tokens_out = "spent[1]"
"""
SEARCH = """
name = "search"
about = "Our search."
dialect = "http-template"
base_url = "https://search.example"
verified = true

[template]
method = "GET"
path = "/search"
query = { q = "{prompt}", in = "{model}" }
response = ""
"""


@pytest.fixture
def folder(tmp_path: Any) -> Any:
    (tmp_path / "desk.toml").write_text(DESK, encoding="utf-8")
    (tmp_path / "search.toml").write_text(SEARCH, encoding="utf-8")
    return tmp_path


def opened(name: str, folder: Any, desk: Application, key: str = "sesame-4711") -> Model:
    return open_model(
        name,
        options={"base_url": desk.address},
        folders=[folder],
        allow_code=False,
        timeout_s=10,
        code_folders=[],
        environment={"DESK_API_KEY": key},
    )


def ask(model: Model, asked: Call) -> Response:
    async def once() -> Response:
        try:
            return (await model.ask(model.request(asked))).response
        finally:
            await model.close()

    return asyncio.run(once())


def test_an_application_is_asked_in_its_own_format(folder: Any) -> None:
    with application() as desk:
        response = ask(opened("desk/eu west/2", folder, desk), call("a {kettle}", tone="kind", team="a"))
    assert Response(text="About a {kettle}", tokens_in=11, tokens_out=3) == response
    ((method, path, headers, body),) = desk.seen
    assert ("POST", "/desk/eu%20west%2F2", "a") == (method, path, headers["x-team"])
    assert {"ticket": {"text": "a {kettle}", "tone": "kind"}} == json.loads(body)


def test_an_application_may_be_asked_by_get_and_answer_in_plain_text(folder: Any) -> None:
    with application() as desk:
        response = ask(opened("search/all", folder, desk), call("50 % & “more” +1?"))
    assert Response(text="found: 50 % & “more” +1?") == response
    ((method, _, headers, body),) = desk.seen
    assert ("GET", False, b"") == (method, "x-desk-key" in headers, body)


def test_an_application_that_is_closed_is_asked_again(folder: Any) -> None:
    with application(503) as desk:
        response = ask(opened("desk/x", folder, desk), call("a kettle"))
    assert ("About a kettle", 2) == (response.text, len(desk.seen))


def test_an_application_that_refuses_a_request_makes_the_trial_void(folder: Any) -> None:
    with application(422) as desk, pytest.raises(TransportError, match="the desk is closed") as caught:
        ask(opened("desk/x", folder, desk), call("a kettle"))
    assert ("http-422", 1) == (caught.value.reason, len(desk.seen))


def test_a_key_that_the_application_refuses_ends_the_run(folder: Any) -> None:
    with application() as desk, pytest.raises(FatalTransportError, match="refused the key in DESK_API_KEY") as caught:
        ask(opened("desk/x", folder, desk, key="sk-wrong"), call("a kettle"))
    assert "sk-wrong" not in str(caught.value)


def run_of(model: str, desk: Application, folder: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """A whole run of five calls."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DESK_API_KEY", "sesame-4711")
    write_suite(folder, constraints="[{mentions: [What is]}]")
    named = ["--adapters", str(folder), "--model", model, "-M", f"base_url={desk.address}"]
    return call_cli(["run", "sums.yaml", *named, "--fixed", "5", "--json"])


def test_a_whole_run_measures_an_application_and_what_it_costs(
    folder: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    (folder / "desk.toml").write_text(f"{DESK}\n[prices.shop]\ninput = 1.0\noutput = 10.0\n", encoding="utf-8")
    with application() as desk:
        assert 0 == run_of("desk/shop", desk, folder, monkeypatch), capsys.readouterr().err
    (task,) = json.loads(capsys.readouterr().out)["tasks"]
    (clean,) = task["conditions"]
    assert (5, 5, 0) == (clean["trials"], clean["passes"], clean["void"])
    assert (55, 15) == (task["tokens"]["in"], task["tokens"]["out"])
    assert pytest.approx(55e-6 + 150e-6) == task["cost_usd"]


def test_a_whole_run_may_ask_by_get(folder: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    with application() as desk:
        assert 0 == run_of("search/all", desk, folder, monkeypatch), capsys.readouterr().err
    (task,) = json.loads(capsys.readouterr().out)["tasks"]
    assert (5, None) == (task["conditions"][0]["passes"], task["cost_usd"])


def test_a_template_that_does_not_fit_the_suite_ends_the_run_before_its_first_call(
    folder: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    (folder / "desk.toml").write_text(DESK.replace("/desk/{model}", "/desk/{tone}"), encoding="utf-8")
    with application() as desk:
        assert 2 == run_of("desk/shop", desk, folder, monkeypatch)
    assert [] == desk.seen
    assert 'adapter "desk": [template]: {tone} is needed, but the call has no such setting' in capsys.readouterr().err
