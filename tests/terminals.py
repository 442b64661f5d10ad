"""Commands as they print at a terminal, for whoever tests what people see there."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence

import click
import pytest

from evalkit.cli import call


class Terminal(io.StringIO):
    """A stream that says it is a terminal, and can show any character."""

    def isatty(self) -> bool:
        return True


def printed(arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """A command's exit code and what it prints at a terminal, without colour, whatever the tests themselves run in."""
    for name in ("CI", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    with contextlib.redirect_stdout(Terminal()) as screen:
        code = call(list(arguments))
    return code, click.unstyle(screen.getvalue())
