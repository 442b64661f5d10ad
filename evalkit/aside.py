"""Keep what other people's Python prints away from standard output, which is for results.

`contextlib.redirect_stdout` would not do: it holds for the whole process, and calls run beside each other in tasks and
threads. Here a stand-in for `sys.stdout` asks, at each write, whether the writer is such code. It stays in place once
it is needed; for everybody else it changes nothing. What does not go through `sys.stdout` (a process of their own,
file descriptor 1, a thread that the code starts itself) is out of reach.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO

from evalkit.plain import printable

_ASIDE = ContextVar("_ASIDE", default=False)


@contextmanager
def aside() -> Iterator[None]:
    """Send what is printed here to standard error, its control characters escaped.

    Holds for the code within, the tasks that it starts, and threads that run in a copy of its context.
    """
    # It is None where standard output is closed: there, nothing that is printed goes anywhere.
    if not isinstance(sys.stdout, _Divided | None):
        sys.stdout = _Divided(sys.stdout)
    token = _ASIDE.set(True)
    try:
        yield
    finally:
        _ASIDE.reset(token)


class _Divided:
    """Standard output for most; standard error for who prints aside."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        if _ASIDE.get():
            sys.stderr.write(printable(text))
            return len(text)
        return self._out.write(text)

    def writelines(self, lines: Iterator[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._out, name)
