"""Python that a suite brings along: runs only from the suite's folder, and only when the user allows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from evalkit.python_file import PythonFileError, execute
from evalkit.suite.items import path_inside


class CodeError(ValueError):
    """A `file.py:function` cannot be used."""


def load_function(folder: Path, name: str, *, allow_code: bool) -> Callable[..., Any]:
    """The function that `file.py:function` names.

    Args:
        folder: The suite's folder; the file must lie inside.
        name: As the suite writes it.
        allow_code: Whether the user said --allow-code. Without it nothing is executed.

    Raises:
        CodeError: If it is not allowed, not there, unreadable, outside the folder, or fails while loading.
    """
    file, _, function = name.rpartition(":")
    if not file.endswith(".py") or not function.isidentifier():
        raise CodeError(f"found {name!r}, expected file.py:function")
    try:
        path = path_inside(folder, file)
    except ValueError as error:
        raise CodeError(str(error)) from None
    try:
        if not path.is_file():
            raise CodeError(f"no such file: {path}")
        if not allow_code:
            raise CodeError(f"{name} would run Python; read it, then say --allow-code")
        source = path.read_bytes()
    except OSError as error:
        raise CodeError(f"{path} cannot be read: {error.strerror}") from None
    try:
        module = execute(path, source)
    except PythonFileError as error:
        raise CodeError(f"{path} failed while loading: {error}") from error
    found = getattr(module, function, None)
    if not callable(found):
        raise CodeError(f"{path} has no function {function!r}")
    return found  # type: ignore[no-any-return]
