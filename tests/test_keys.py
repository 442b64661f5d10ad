"""A marked key is looked for in everything that a run leaves behind or says: it must be nowhere."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from evalkit.adapter import ReplyError, Request
from evalkit.cli import call
from evalkit.content import shipped
from evalkit.transport import Model, open_model
from evalkit.transport.http import HttpChannel
from evalkit.trial import Call, Message
from tests.loopback import answering
from tests.runs import write_suite

KEY = "sk-9f1c-found-nowhere"
CALL = Call(task="t", item="1", condition="clean", repeat=0, messages=(Message(role="user", content="1 + 1?"),))


class Parrot:
    """A server that quotes the key it was sent in every reply: errors, pages, headers, answers."""

    def __init__(self, *, refuses: bool) -> None:
        self.refuses = refuses
        self.calls = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.calls += 1
        key = request.headers["Authorization"]
        headers = {"X-Request": key.replace(" ", "-")}
        if self.refuses:
            return web.json_response({"error": {"message": f"bad key: {key}"}}, status=401, headers=headers)
        kind = self.calls % 4
        if kind == 1:
            return web.json_response({"error": {"message": f"failed for {key}", "code": key}}, status=500)
        if kind == 2:
            return web.Response(text=f"<html>{key}</html>", content_type="text/html", headers=headers)
        if kind == 3:
            return web.json_response({"error": {"message": f"cannot read {key}", "type": key}}, status=400)
        choice = {"index": 0, "message": {"role": "assistant", "content": f"2, {key}"}, "finish_reason": "stop"}
        return web.json_response({"model": f"m-{key}", "choices": [choice], "system_fingerprint": key}, headers=headers)


@contextlib.contextmanager
def _parroting(*, refuses: bool) -> Iterator[str]:
    with answering("/v1/chat/completions", Parrot(refuses=refuses).answer) as address:
        yield f"{address}/v1"


def _evalkit(folder: Path, *arguments: str, **environment: str) -> str:
    """Everything that a command says, on both streams."""
    return _said(folder, ["-m", "evalkit", *arguments], **environment)


def _said(folder: Path, program: list[str], **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *program],
        cwd=folder,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "EVALKIT_DEBUG": "1", "LOCALHOST_API_KEY": KEY, **environment},
        timeout=60,
    )
    assert done.returncode in {0, 2, 4, 70}
    return (done.stdout + done.stderr).decode()


def _quoting(folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


def _run(address: str, *more: str) -> list[str]:
    return ["run", "sums.yaml", "--model", "localhost/m", "-M", f"base_url={address}", "--keep-requests", *more]


@pytest.mark.slow
def test_a_run_that_is_answered_leaves_no_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALHOST_API_KEY", KEY)
    write_suite(tmp_path, n_items=8)
    with _parroting(refuses=False) as address:
        said = _evalkit(tmp_path, *_run(address, "--max-void", "1", "--concurrency", "4"))
    (folder,) = (tmp_path / "runs").iterdir()
    assert "[key]" in (folder / "trials.db").read_bytes().decode("utf-8", "replace")
    for form in ("terminal", "json", "jsonl", "csv"):
        assert 0 == call(["report", str(folder), "--format", form])
    shown = "".join(capsys.readouterr())
    said += shown
    assert "[key]" in shown
    assert KEY not in said
    assert [] == _quoting(tmp_path)


def test_a_key_that_is_refused_is_not_repeated(tmp_path: Path) -> None:
    write_suite(tmp_path)
    with _parroting(refuses=True) as address:
        said = _evalkit(tmp_path, *_run(address))
    assert "LOCALHOST_API_KEY" in said
    assert "Traceback" in said
    assert KEY not in said
    assert [] == _quoting(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("address", ["http://127.0.0.1:9/v1", "https://127.0.0.1:9/v1"])
def test_a_server_that_is_not_there_is_named_without_the_key(tmp_path: Path, address: str) -> None:
    write_suite(tmp_path)
    said = _evalkit(tmp_path, *_run(address, "--max-void", "1", "--limit", "1"))
    assert address in said
    assert KEY not in said
    assert [] == _quoting(tmp_path)


@pytest.mark.slow
def test_a_crash_shows_no_key(tmp_path: Path) -> None:
    """A traceback shows lines of code, and the text of exceptions; a dialect of one's own may fail in any way."""
    write_suite(tmp_path)
    own = tmp_path / "own"
    own.mkdir()
    (own / "mine.toml").write_text(
        'name = "mine"\nabout = "Mine."\ndialect = "mine"\nbase_url = "http://127.0.0.1:9/v1"\n'
        'key_env = "MINE_KEY"\nverified = false\n',
        encoding="utf-8",
    )
    (own / "mine.py").write_text(
        "def build(call, model, address):\n    raise RuntimeError(repr((call, model, address)))\n\n\n"
        "def parse(reply):\n    return None\n",
        encoding="utf-8",
    )
    arguments = ["run", "sums.yaml", "--model", "mine/m", "--adapters", "own"]
    said = _evalkit(tmp_path, *arguments, MINE_KEY=KEY)
    assert "RuntimeError" in said
    assert KEY not in said


@pytest.mark.slow
def test_what_only_lists_or_shows_needs_no_key(tmp_path: Path) -> None:
    write_suite(tmp_path)
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={KEY}\n", encoding="utf-8")
    said = _evalkit(tmp_path, "models") + _evalkit(tmp_path, "models", "--json")
    said += _evalkit(tmp_path, "show", "sums.yaml", "--task", "add", "--n", "1")
    assert "LOCALHOST_API_KEY" in said
    assert KEY not in said


def _model() -> Model:
    return open_model(
        "localhost/m",
        options={"base_url": "http://127.0.0.1:9/v1"},
        folders=[shipped("adapters")],
        allow_code=False,
        timeout_s=5,
        code_folders=[],
        environment={"LOCALHOST_API_KEY": KEY},
    )


def _reachable(value: object, seen: set[int], depth: int = 0) -> Iterator[object]:
    """Whatever hangs on an object by its attributes."""
    if id(value) in seen or depth > 6:
        return
    seen.add(id(value))
    yield value
    for part in [*getattr(value, "__dict__", {}).values(), *_slots(value)]:
        yield from _reachable(part, seen, depth + 1)


def _slots(value: object) -> list[object]:
    names = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    return [getattr(value, name) for name in names if hasattr(value, name)]


def test_no_repr_shows_the_key() -> None:
    model = _model()
    found = [repr(part) for part in _reachable(model, set()) if type(part).__module__.startswith("evalkit")]
    assert len(found) > 3
    assert [] == [text for text in found if KEY in text]
    assert KEY not in json.dumps(model.request(CALL).as_json())


def test_a_traceback_with_local_variables_shows_no_key() -> None:
    """As debuggers and error collectors print it."""

    async def send() -> str:
        channel = HttpChannel(auth_header="x-api-key", auth_prefix="", key=KEY, timeout_s=5)
        try:
            await channel.send(Request(method="POST", url="http://127.0.0.1:9/v1", body={}))
        except ReplyError as error:
            return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        finally:
            await channel.close()
        raise AssertionError("the server should not be there")

    said = asyncio.run(send())
    assert "127.0.0.1:9" in said
    assert "request = " in said
    assert KEY not in said
