from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapter import ReplyError, Request
from evalkit.errors import AdapterError
from evalkit.transport.function import FunctionChannel, Program, python_program
from evalkit.trial import Call, Message

CALL = Call(
    task="t",
    item="1",
    condition="clean",
    repeat=0,
    messages=(Message(role="user", content="hi"),),
    sampling={"temperature": 0},
)
USER = """
import threading, time

def plain(messages, options):
    return f"{messages[-1]['content']} {options['temperature']} {threading.current_thread().name}"

async def slow(messages, options):
    import asyncio
    await asyncio.sleep(float(options.get("sleep", 60)))

async def structured(messages, options):
    return {"text": "a", "usage": {"prompt_tokens": 1}}

def fails(messages, options):
    raise TimeoutError("their own")

def naps(messages, options):
    time.sleep(0.3)
    return "rested"

def sleeps(messages, options):
    time.sleep(30)

def leaves(messages, options):
    raise SystemExit(3)

def stops(messages, options):
    raise StopIteration

async def leaves_later(messages, options):
    raise SystemExit(3)

def loud(messages, options):
    print("\\x1b[2Jplain")
    return "a"

async def loud_later(messages, options):
    print("later")
    return "a"

nothing = None
"""


def _ask(program: Program, timeout_s: float = 10.0) -> Any:
    request = Request(method="CALL", url="p/x", body={}, call=CALL)
    channel = FunctionChannel(program, timeout_s=timeout_s)

    async def run() -> bytes:
        try:
            return (await channel.send(request)).body
        finally:
            await channel.close()

    return json.loads(asyncio.run(run()))


def _user(tmp_path: Path, name: str) -> Program:
    (tmp_path / "user.py").write_text(USER, encoding="utf-8")
    return python_program(f"{tmp_path / 'user.py'}:{name}", allow_code=True)


def test_a_text_is_an_answer() -> None:
    assert _ask(lambda call: '{"text": 1}') == {"text": '{"text": 1}'}


def test_a_program_sees_the_trial() -> None:
    assert _ask(lambda call: f"{call.task} {call.item}") == {"text": "t 1"}


@pytest.mark.parametrize("given", [None, 3, {"texts": "a"}, {"text": None}, ["a"]])
def test_anything_else_is_an_error_of_the_program(given: Any) -> None:
    with pytest.raises(ReplyError, match='expected a text or a dict with "text"') as caught:
        _ask(lambda call: given)
    assert caught.value.reason == "program-error"


def test_an_answer_that_json_cannot_hold_is_an_error_of_the_program() -> None:
    with pytest.raises(ReplyError, match="JSON cannot hold"):
        _ask(lambda call: {"text": "a", "usage": {1, 2}})


def test_an_error_that_evalkit_explains_goes_through() -> None:
    def refuses(call: Call) -> str:
        raise AdapterError("unknown task")

    with pytest.raises(AdapterError, match="unknown task"):
        _ask(refuses)


def test_a_missing_observation_goes_through() -> None:
    def absent(call: Call) -> str:
        raise ReplyError("not-recorded", "no row")

    with pytest.raises(ReplyError, match="no row"):
        _ask(absent)


def test_a_users_function_runs_beside_the_event_loop(tmp_path: Path) -> None:
    content, temperature, thread = _ask(_user(tmp_path, "plain"))["text"].split(" ", 2)
    assert (content, temperature) == ("hi", "0")
    assert thread != threading.main_thread().name


def test_a_users_async_function_may_give_more_than_text(tmp_path: Path) -> None:
    assert _ask(_user(tmp_path, "structured")) == {"text": "a", "usage": {"prompt_tokens": 1}}


def test_a_users_exception_is_an_error_of_the_program(tmp_path: Path) -> None:
    with pytest.raises(ReplyError, match="TimeoutError: their own") as caught:
        _ask(_user(tmp_path, "fails"))
    assert caught.value.reason == "program-error"


def test_a_users_async_function_is_stopped_in_time(tmp_path: Path) -> None:
    with pytest.raises(ReplyError, match=r"no answer within 0\.05 s") as caught:
        _ask(_user(tmp_path, "slow"), timeout_s=0.05)
    assert caught.value.reason == "program-timeout"


def test_a_users_file_runs_only_when_allowed(tmp_path: Path) -> None:
    (tmp_path / "bomb.py").write_text("raise SystemExit('executed')", encoding="utf-8")
    with pytest.raises(AdapterError, match="add --allow-code"):
        python_program(f"{tmp_path / 'bomb.py'}:f", allow_code=False)


def test_every_function_in_flight_has_a_thread_and_its_deadline_to_itself(tmp_path: Path) -> None:
    """Calls that queue for a thread would count as too slow, whatever the function does."""
    channel = FunctionChannel(_user(tmp_path, "naps"), timeout_s=3.0)
    request = Request(method="CALL", url="p/x", body={}, call=CALL)

    async def many() -> list[bytes]:
        return [reply.body for reply in await asyncio.gather(*(channel.send(request) for _ in range(400)))]

    assert [b'{"text": "rested"}'] * 400 == asyncio.run(many())


LEAVES = """
import asyncio, sys
from evalkit.adapter import Request
from evalkit.transport.function import FunctionChannel, python_program
from evalkit.trial import Call
call = Call(task="t", item="1", condition="clean", repeat=0, messages=())
channel = FunctionChannel(python_program(sys.argv[1] + ":sleeps", allow_code=True), timeout_s=0.1)
try:
    asyncio.run(channel.send(Request(method="CALL", url="p/x", body={}, call=call)))
except Exception as error:
    print(error)
"""


def test_a_function_that_sleeps_on_does_not_keep_the_program_from_ending(tmp_path: Path) -> None:
    _user(tmp_path, "sleeps")
    arguments = [sys.executable, "-c", LEAVES, str(tmp_path / "user.py")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=20)
    assert ("p/x: no answer within 0.1 s\n", "") == (done.stdout, done.stderr)


@pytest.mark.parametrize("name", ["leaves", "leaves_later"])
def test_a_function_that_ends_the_program_is_an_error_of_the_program(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReplyError, match="p/x: SystemExit: 3") as caught:
        _ask(_user(tmp_path, name))
    assert caught.value.reason == "program-error"


def test_a_function_that_raises_what_no_coroutine_may_is_an_error_of_the_program(tmp_path: Path) -> None:
    with pytest.raises(ReplyError, match="StopIteration"):
        _ask(_user(tmp_path, "stops"))


@pytest.mark.parametrize(("expected", "name"), [("\\x1b[2Jplain\n", "loud"), ("later\n", "loud_later")])
def test_what_a_function_prints_is_no_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], expected: str, name: str
) -> None:
    _ask(_user(tmp_path, name))
    assert ("", expected) == tuple(capsys.readouterr())


@pytest.mark.parametrize("target", ["none.py:f", "user.py", ":f"])
def test_a_file_that_is_not_there_is_named(target: str) -> None:
    with pytest.raises(AdapterError, match=r"expected python:FILE\.py:FUNCTION"):
        python_program(target, allow_code=True)


@pytest.mark.parametrize("name", ["other", "nothing"])
def test_a_function_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(AdapterError, match=f"found no function '{name}'"):
        _user(tmp_path, name)
