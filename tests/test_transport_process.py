from __future__ import annotations

import asyncio
import shlex
import sys
import time
from pathlib import Path

import pytest

from evalkit.adapter import Reply, ReplyError, Request
from evalkit.errors import AdapterError
from evalkit.transport.process import ProcessChannel

REQUEST = Request(method="CALL", url="command:x", body={"messages": [], "options": {"a": 1}})


def _command(code: str, *arguments: str) -> str:
    return shlex.join([sys.executable, "-c", code, *arguments])


def _send(command: str, timeout_s: float = 20.0) -> Reply:
    channel = ProcessChannel(command, timeout_s=timeout_s)

    async def run() -> Reply:
        try:
            return await channel.send(REQUEST)
        finally:
            await channel.close()

    return asyncio.run(run())


def test_a_program_reads_one_json_line_and_writes_its_answer() -> None:
    code = "import sys, json; print(json.loads(sys.stdin.readline())['options'])"
    assert _send(_command(code)).body == b"{'a': 1}\n"


def test_arguments_are_no_shell() -> None:
    assert _send("echo '$HOME; `id`' a b").body == b"$HOME; `id` a b\n"


def test_a_program_need_not_read_its_input() -> None:
    assert _send("true").body == b""


def test_failure_shows_the_end_of_standard_error() -> None:
    code = "import sys; sys.stderr.write('x' * 10000 + ' at last'); sys.exit(3)"
    with pytest.raises(ReplyError, match=r"exit status 3: x{1,500} at last$") as caught:
        _send(_command(code))
    assert caught.value.reason == "exit-3"


def test_silent_failure_says_so() -> None:
    with pytest.raises(ReplyError, match="exit status 1: nothing on standard error"):
        _send("false")


def test_a_program_out_of_time_is_killed_with_its_children(tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    started = time.monotonic()
    with pytest.raises(ReplyError, match=r"no answer within 0\.3 s") as caught:
        _send(shlex.join(["sh", "-c", f"(sleep 1; touch {mark}) & sleep 30"]), timeout_s=0.3)
    assert caught.value.reason == "program-timeout"
    time.sleep(max(0.0, started + 1.2 - time.monotonic()))
    assert not mark.exists()


def test_a_program_that_leaves_a_child_behind_is_ended_in_time() -> None:
    # The program ends at once, but its child holds standard output open.
    with pytest.raises(ReplyError, match="no answer within"):
        _send(shlex.join(["sh", "-c", "sleep 30 & exit 0"]), timeout_s=0.3)


def test_a_program_dies_with_a_call_that_is_called_off(tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    channel = ProcessChannel(shlex.join(["sh", "-c", f"sleep 0.5; touch {mark}"]), timeout_s=20)

    async def run() -> None:
        task = asyncio.create_task(channel.send(REQUEST))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.5)

    asyncio.run(run())
    assert not mark.exists()


@pytest.mark.parametrize("command", ["no-such-program-here a", " ", "/tmp"])
def test_a_program_that_is_not_there_is_named(command: str) -> None:
    with pytest.raises(AdapterError, match="found no program"):
        ProcessChannel(command, timeout_s=1)


def test_a_quote_left_open_is_named() -> None:
    with pytest.raises(AdapterError, match="cannot be split into words: No closing quotation"):
        ProcessChannel("echo 'a", timeout_s=1)


def test_a_file_that_cannot_be_started_is_an_error_of_the_program(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/no/such/interpreter\n", encoding="utf-8")
    program.chmod(0o755)
    with pytest.raises(ReplyError, match="cannot be started") as caught:
        _send(str(program))
    assert caught.value.reason == "program-error"
