"""Python that a suite brings along: runs only from the suite's folder, and only when the user allows it."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
        CodeError: If it is not allowed, not there, outside the folder, or fails while loading.
    """
    file, _, function = name.rpartition(":")
    if not file.endswith(".py") or not function.isidentifier():
        raise CodeError(f"found {name!r}, expected file.py:function")
    try:
        path = path_inside(folder, file)
    except ValueError as error:
        raise CodeError(str(error)) from None
    if not path.is_file():
        raise CodeError(f"no such file: {path}")
    if not allow_code:
        raise CodeError(f"{name} would run Python; read it, then say --allow-code")
    module_name = f"_evalkit_suite_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    if module_name not in sys.modules:
        spec = importlib.util.spec_from_file_location(module_name, path)
        if spec is None or spec.loader is None:
            raise CodeError(f"{path} cannot be loaded as Python")
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module  # before execution: dataclasses look their module up
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            del sys.modules[module_name]
            raise CodeError(f"{path} failed while loading: {type(error).__name__}: {error}") from error
    found = getattr(sys.modules[module_name], function, None)
    if not callable(found):
        raise CodeError(f"{path} has no function {function!r}")
    return found  # type: ignore[no-any-return]
