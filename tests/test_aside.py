from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
from typing import Any

import pytest

from evalkit.aside import aside


def test_what_is_printed_aside_goes_to_standard_error_escaped(capsys: Any) -> None:
    """A terminal must not take commands from other people's code, nor a pipe find anything but results."""
    print("before")
    with aside():
        print("a\x1b[31mb\tc")
        sys.stdout.writelines(["d\n"])
    print("after")
    assert ("before\nafter\n", "a\\x1b[31mb\tc\nd\n") == tuple(capsys.readouterr())


def test_tasks_beside_it_print_as_before(capsys: Any) -> None:
    async def apart() -> None:
        with aside():
            await asyncio.sleep(0.01)
            print("aside")

    async def both() -> None:
        task = asyncio.create_task(apart())
        await asyncio.sleep(0)
        print("result")
        await task

    asyncio.run(both())
    assert ("result\n", "aside\n") == tuple(capsys.readouterr())


def test_it_holds_in_a_thread_with_a_copy_of_the_context(capsys: Any) -> None:
    with aside():
        thread = threading.Thread(target=contextvars.copy_context().run, args=(print, "x"))
        thread.start()
        thread.join()
    assert ("", "x\n") == tuple(capsys.readouterr())


def test_it_can_be_nested_and_ends_with_an_error(capsys: Any) -> None:
    try:
        with aside(), aside():
            print("in")
            raise RuntimeError
    except RuntimeError:
        print("out")
    assert ("out\n", "in\n") == tuple(capsys.readouterr())


def test_standard_output_is_otherwise_what_it_was(capsys: Any) -> None:
    encoding = sys.stdout.encoding
    with aside():
        pass
    assert encoding == sys.stdout.encoding
    assert 2 == sys.stdout.write("ab")
    sys.stdout.flush()
    assert "ab" == capsys.readouterr().out


def test_a_standard_output_that_is_closed_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with aside():
        print("to nobody")
    assert None is sys.stdout
