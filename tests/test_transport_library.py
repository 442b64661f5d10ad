from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import AdapterError, FatalTransportError, TransportError
from evalkit.transport import Model, open_model
from evalkit.transport.library import require_library
from evalkit.trial import Answer, Call, Message

CARD = """
name = "shelf"
about = "A library of the tests' own."
dialect = "openai-chat"
transport = "library"
program = "shelf"
verified = true
"""
PROGRAM = """
import json
from evalkit.adapter import Reply, ReplyError
from evalkit.errors import AdapterError

class Shelf:
    def __init__(self, *given):
        self.given = given

    async def send(self, request):
        print("a library talks")
        what = request.body["messages"][-1]["content"]
        if what == "raise":
            raise RuntimeError("no key such as long-secret-1 works")
        if what == "void":
            raise ReplyError("program-timeout", "long-secret-1 took too long")
        if what == "wrong":
            raise AdapterError("no such setting")
        if what.isdigit():
            return Reply(status=int(what), body=json.dumps({"error": {"message": "long-secret-1"}}).encode())
        text = what if what != "given" else " ".join(map(str, self.given))
        choice = {"message": {"content": text}, "finish_reason": "length"}
        return Reply(body=json.dumps({"choices": [choice], "usage": {"prompt_tokens": 7}}).encode())

    async def close(self):
        print("closed")

def channel(model, *, timeout_s, directory):
    return Shelf(model, timeout_s, directory.name)
"""
ENVIRONMENT = {"SHELF_API_KEY": "long-secret-1\n", "OTHER_TOKEN": "short", "SHELF_HOME": "/somewhere/else"}


def shelf(folder: Path, program: str = PROGRAM, **settings: Any) -> Model:
    (folder / "shelf.toml").write_text(CARD, encoding="utf-8")
    (folder / "shelf.py").write_text(program, encoding="utf-8")
    defaults: dict[str, Any] = {
        "options": {},
        "folders": [folder],
        "allow_code": False,
        "timeout_s": 9.0,
        "code_folders": [folder],
        "environment": ENVIRONMENT,
    }
    return open_model("shelf/org/tiny", **{**defaults, **settings})


def asked(model: Model, text: str) -> Answer:
    message = Message(role="user", content=text)
    call = Call(task="t", item="1", condition="clean", repeat=0, messages=(message,))

    async def run() -> Answer:
        try:
            return await model.ask(model.request(call))
        finally:
            await model.close()

    return asyncio.run(run())


def test_its_program_is_told_model_deadline_and_folder(tmp_path: Path) -> None:
    assert "org/tiny 9.0 here" == asked(shelf(tmp_path, directory=Path("here")), "given").response.text


def test_its_replies_are_read_as_a_server_s(tmp_path: Path) -> None:
    response = asked(shelf(tmp_path), "Hello").response
    assert ("Hello", "length", 7) == (response.text, response.finish_reason, response.tokens_in)


def test_what_it_prints_is_no_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked(shelf(tmp_path), "Hello")
    assert ("", "a library talks\nclosed\n") == tuple(capsys.readouterr())


@pytest.mark.parametrize(
    ("what", "reason"), [("raise", "program-error"), ("void", "program-timeout"), ("418", "http-418")]
)
def test_what_fails_is_void_and_names_no_key(what: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(TransportError, match=re.escape("[key]")) as caught:
        asked(shelf(tmp_path), what)
    assert reason == caught.value.reason
    assert "long-secret-1" not in str(caught.value)


def test_a_key_that_it_refuses_ends_the_run_and_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(FatalTransportError, match="as the library shelf wants them") as caught:
        asked(shelf(tmp_path), "401")
    assert "long-secret-1" not in str(caught.value)


def test_a_short_value_or_one_that_is_no_key_stays_in_replies(tmp_path: Path) -> None:
    assert "a short way to /somewhere/else" == asked(shelf(tmp_path), "a short way to /somewhere/else").response.text


def test_a_setting_that_it_refuses_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="no such setting"):
        asked(shelf(tmp_path), "wrong")


def test_a_library_that_is_missing_is_named_with_what_installs_it(tmp_path: Path) -> None:
    program = (
        "from evalkit.transport.library import require_library\n"
        "def channel(model, *, timeout_s, directory):\n    require_library('no_such_library', extra='shelf')\n"
    )
    with pytest.raises(AdapterError, match=r'adapter "shelf": .*no_such_library.*pip install \'evalkit\[shelf\]\''):
        shelf(tmp_path, program)


def test_a_library_that_is_there_is_not_asked_for() -> None:
    require_library("json", extra="none")


def test_a_program_without_a_channel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="has no function channel"):
        shelf(tmp_path, "")


def test_code_of_a_folder_that_nobody_named_does_not_run(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="--adapters"):
        shelf(tmp_path, code_folders=[])


def test_the_request_can_be_recorded(tmp_path: Path) -> None:
    message = Message(role="user", content="Hello")
    call = Call(task="t", item="1", condition="clean", repeat=0, messages=(message,), sampling={"max_tokens": 5})
    request = shelf(tmp_path).request(call)
    expected = {"model": "org/tiny", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}
    assert expected == json.loads(json.dumps(request.body))
