from __future__ import annotations

import asyncio
import dataclasses
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from evalkit.content import shipped
from evalkit.errors import AdapterError
from evalkit.transport import Bounds, Model, open_model, opener
from evalkit.transport.rate import Rate
from evalkit.trial import Call, Message
from tests.server import serving

CALL = Call(
    task="addition", item="1", condition="clean", repeat=0, messages=(Message(role="user", content="What is 2 + 3?"),)
)


def _open(name: str, **settings: Any) -> Model:
    defaults: dict[str, Any] = {
        "options": {},
        "folders": [shipped("adapters")],
        "allow_code": False,
        "timeout_s": None,
        "code_folders": [],
        "environment": {},
    }
    return open_model(name, **{**defaults, **settings})


def _text(model: Model) -> str:
    async def run() -> str:
        try:
            return (await model.ask(model.request(CALL))).response.text
        finally:
            await model.close()

    return asyncio.run(run())


def test_echo() -> None:
    model = _open("echo/x")
    assert (_text(model), model.address, model.free) == ("What is 2 + 3?", "echo/x", True)


def test_a_model_is_as_large_as_its_card_says(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(
        'name = "acme"\nabout = "A."\ndialect = "openai-chat"\nbase_url = "https://acme.example/v1"\nverified = false\n'
        "[sizes.small]\nparams = 70e6\n",
        encoding="utf-8",
    )
    small, other = (_open(f"acme/{name}", folders=[shipped("adapters"), tmp_path]) for name in ("small", "other"))
    assert small.size is not None
    assert (70e6, None) == (small.size.params, other.size)


def test_baseline() -> None:
    assert _text(_open("baseline/rules")) == "5"


def test_replay(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps({"item": "1", "response": "five"}), encoding="utf-8")
    model = _open(f"replay/{path}")
    assert (_text(model), model.free) == ("five", True)


def test_command() -> None:
    model = _open("command:echo 'two words'")
    assert (_text(model), model.name) == ("two words", "command:echo 'two words'")


def test_python(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def f(messages, options):\n    return messages[0]['content'].upper()\n", encoding="utf-8")
    assert _text(_open(f"python:{path}:f", allow_code=True)) == "WHAT IS 2 + 3?"
    with pytest.raises(AdapterError, match="--allow-code"):
        _open(f"python:{path}:f")


def test_a_server_on_this_machine_needs_no_key() -> None:
    with serving(answer="add") as server:
        model = _open("localhost/org/tiny", options={"base_url": server.base_url, "temperature": 0})
        assert (model.name, _text(model)) == ("localhost/org/tiny", "5")
        assert (server.last_body["temperature"], server.last_body["model"]) == (0, "org/tiny")
        assert "Authorization" not in server.last_headers


def test_a_key_comes_from_the_environment_without_its_line_break() -> None:
    with serving(key="k") as server:
        environment = {"OPENAI_API_KEY": "k\n", "OPENAI_BASE_URL": server.base_url}
        assert _text(_open("openai:x", environment=environment)) == "What is 2 + 3?"


@pytest.mark.parametrize("environment", [{}, {"OPENAI_API_KEY": ""}, {"OPENAI_API_KEY": " \n"}])
def test_a_key_that_is_not_set_is_named(environment: dict[str, str]) -> None:
    with pytest.raises(AdapterError, match=r'adapter "openai": OPENAI_API_KEY is not set\. Export it, or write it'):
        _open("openai/x", environment=environment)


def test_every_variable_that_may_hold_a_key_is_named() -> None:
    with pytest.raises(AdapterError, match=r"GEMINI_API_KEY or GOOGLE_API_KEY is not set\."):
        _open("google/x", environment={})


def test_the_projects_prices_are_those_of_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prices.toml").write_text('["localhost/m"]\ninput = 1\noutput = 2\n', encoding="utf-8")
    quotes = [opener([], allow_code=False)(name, {}).prices.quote for name in ("localhost/m", "localhost/n")]
    assert ["prices.toml", None] == [quote and quote.source for quote in quotes]


def test_requests_can_be_built_without_a_key() -> None:
    request = _open("openai/x", need_key=False, options={"max_tokens": 5}).request(CALL)
    assert (request.url, request.body["max_completion_tokens"]) == ("https://api.openai.com/v1/chat/completions", 5)


@pytest.mark.parametrize("key", ["schlüssel", "two\nlines"])
def test_a_key_that_no_header_can_carry_is_refused_unseen(key: str) -> None:
    with pytest.raises(AdapterError, match="holds characters that no header can carry") as caught:
        _open("openai/x", environment={"OPENAI_API_KEY": key})
    assert key not in str(caught.value)


@pytest.mark.parametrize("timeout_s", [0.0, -1.0])
def test_a_deadline_in_the_past_is_refused(timeout_s: float) -> None:
    with pytest.raises(AdapterError, match="expected more than 0 seconds"):
        _open("echo/x", timeout_s=timeout_s)


def test_the_deadline_reaches_a_program() -> None:
    from evalkit.errors import TransportError

    with pytest.raises(TransportError, match=r"no answer within 0\.2 s"):
        _text(_open("command:sleep 20", timeout_s=0.2))


def _local(folder: Path, code: str) -> Path:
    (folder / "mine.toml").write_text(
        'name = "mine"\nabout = "M."\ndialect = "program"\ntransport = "local"\nprogram = "mine"\nverified = true\n',
        encoding="utf-8",
    )
    (folder / "mine.py").write_text(code, encoding="utf-8")
    return folder


def test_a_program_beside_a_card_of_the_user(tmp_path: Path) -> None:
    folder = _local(tmp_path, "def answer(call):\n    return call.item\n")
    assert _text(_open("mine/x", folders=[folder], code_folders=[folder])) == "1"


def test_a_program_without_an_answer_is_refused(tmp_path: Path) -> None:
    folder = _local(tmp_path, "")
    with pytest.raises(AdapterError, match='program "mine" has no function answer'):
        _open("mine/x", folders=[folder], code_folders=[folder])


def test_the_hash_of_a_request_covers_model_and_settings() -> None:
    model = _open("echo/x")
    assert model.request(CALL).hash == _open("echo/x").request(CALL).hash
    assert model.request(CALL).hash != _open("echo/y").request(CALL).hash
    assert model.request(CALL).hash != _open("echo/x", options={"temperature": 1}).request(CALL).hash


@pytest.mark.parametrize(("name", "sees_it"), [("echo/x", True), ("baseline/rules", True), ("command:cat", False)])
def test_a_trials_place_is_part_of_the_request_where_the_program_sees_it(name: str, sees_it: bool) -> None:
    model = _open(name)
    elsewhere = dataclasses.replace(CALL, item="2", repeat=5)
    assert sees_it == (model.request(CALL).hash != model.request(elsewhere).hash)


IMPORTS = """
import sys
from pathlib import Path
import evalkit.adapter
assert not {"httpx2", "aiohttp", "asyncio", "tenacity"} & set(sys.modules)
from evalkit.content import shipped
from evalkit.transport import open_model
settings = dict(allow_code=False, timeout_s=None, code_folders=[], environment={})
for name in ("echo/x", "baseline/rules", f"replay/{sys.argv[1]}", "command:true"):
    open_model(name, options={}, folders=[shipped("adapters")], **settings)
print(sorted({"httpx2", "aiohttp", "pandas", "scipy"} & set(sys.modules)))
"""


def test_programs_import_no_http_client(tmp_path: Path) -> None:
    recorded = tmp_path / "r.jsonl"
    recorded.write_text("", encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", IMPORTS, recorded], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


NAMES = ["replay/recorded.jsonl", "python:mine.py:f", "command:./mine.sh", "command:cat answer.txt"]


@pytest.mark.parametrize("name", NAMES)
def test_files_of_a_name_are_looked_for_where_the_run_was_started(tmp_path: Path, name: str) -> None:
    (tmp_path / "recorded.jsonl").write_text('{"item": "1", "response": "there"}', encoding="utf-8")
    (tmp_path / "mine.py").write_text("def f(messages, options):\n    return 'there'\n", encoding="utf-8")
    (tmp_path / "mine.sh").write_text("#!/bin/sh\ncat answer.txt\n", encoding="utf-8")
    (tmp_path / "mine.sh").chmod(0o755)
    (tmp_path / "answer.txt").write_text("there", encoding="utf-8")
    model = opener([], allow_code=True)(name, {}, tmp_path)
    assert ("there", name) == (_text(model), model.name)
    assert model.address == name  # so that requests hash to the same, wherever the run goes on


def test_a_program_is_asked_for_its_own_tasks_only() -> None:
    model = _open("baseline/rules")
    model.check(["addition", "routing"])
    with pytest.raises(
        AdapterError,
        match=r'it has no program for additoin\. Did you mean "addition".* To run the others: --tasks routing',
    ):
        model.check(["routing", "additoin"])


def test_a_model_that_names_no_tasks_takes_any() -> None:
    model = _open("echo/x")
    model.check(["anything"])
    assert "anything" in model.request(dataclasses.replace(CALL, task="anything")).body["trial"]


# --- pace


def _limited(folder: Path, limits: str, base_url: str) -> Path:
    (folder / "slow.toml").write_text(
        f'name = "slow"\nabout = "S."\ndialect = "openai-chat"\nbase_url = "{base_url}"\nverified = false\n{limits}\n',
        encoding="utf-8",
    )
    return folder


def _seconds(model: Model, calls: int) -> float:
    async def run() -> float:
        started = time.monotonic()
        await asyncio.gather(*(model.ask(model.request(CALL)) for _ in range(calls)))
        await model.close()
        return time.monotonic() - started

    return asyncio.run(run())


def test_the_limits_of_a_card_hold(tmp_path: Path) -> None:
    limits = "[limits]\nconcurrency = 3\nrequests_per_minute = 1200"
    with serving() as server:
        model = _open("slow/x", folders=[_limited(tmp_path, limits, server.base_url)])
        assert 3 == model.capacity
        assert 7 / 20 <= _seconds(model, 10) < 2


def test_what_the_user_says_goes_before_a_cards_limits(tmp_path: Path) -> None:
    limits = "[limits]\nconcurrency = 3\nrequests_per_minute = 1\ntokens_per_minute = 1"
    with serving() as server:
        bounds = Bounds(concurrency=5, rate=Rate(1000, 1.0), tokens_per_minute=10**6)
        model = _open("slow/x", folders=[_limited(tmp_path, limits, server.base_url)], bounds=bounds)
        assert 5 == model.capacity
        assert _seconds(model, 10) < 1


def test_programs_are_paced_where_somebody_says_so() -> None:
    assert _open("echo/x", bounds=Bounds(concurrency=5)).capacity is None
    model = _open("echo/x", bounds=Bounds(rate=Rate(20, 1.0)))
    assert 7 / 20 <= _seconds(model, 10) < 2
