"""Execute a Python file that the user named, as a module under a private name."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import ModuleType

from evalkit.aside import aside


class PythonFileError(ValueError):
    """A file failed while it was executed."""


def execute(path: Path, source: bytes) -> ModuleType:
    """Execute a file once for each content that it has: what is run is what the file holds now.

    Args:
        path: Where it lies, for messages and tracebacks; not read.
        source: What it holds.

    Returns:
        The module, which no import can reach and which shadows no library, whatever the file is called.

    Raises:
        PythonFileError: If it raises something, or ends in `sys.exit()`.
    """
    digest = hashlib.sha256(str(path.resolve()).encode() + b"\0" + source).hexdigest()
    name = f"_evalkit_{path.stem}_{digest[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # before execution: dataclasses look their module up
    try:
        # Not by an import loader: it may take compiled code of an earlier content from a cache.
        with aside():
            exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise PythonFileError(f"{type(error).__name__}: {error}") from error
    return module
